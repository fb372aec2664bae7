"""A real Jupyter server for the tests: Lab and nbgrader's formgrader, with home and settings folders of its own."""

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

BIN = Path(sys.executable).parent
START_SECONDS = 90
SETTINGS = {  # Lab asks nothing and fetches nothing, and draws every cell
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
}


@dataclass(frozen=True)
class Server:
    """Where a running server is, and how to get in."""

    base: str
    token: str
    root: Path
    pid: int = 0

    def url(self, path: str) -> str:
        """The address of a page, with the token."""
        return f"{self.base}/{path}{'&' if '?' in path else '?'}token={self.token}"


def free_port() -> int:
    """A port on this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def environment(home: Path) -> dict[str, str]:
    """The tests' environment, with every folder that Jupyter writes to below `home`."""
    settings = home / "config" / "lab" / "user-settings" / "@jupyterlab"
    for name, values in SETTINGS.items():
        path = settings / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values), encoding="utf-8")
    folders = {
        "HOME": home,
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "IPYTHONDIR": home / "ipython",
        "MPLCONFIGDIR": home / "matplotlib",
    }
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, **{name: str(folder) for name, folder in folders.items()}, "PATH": path}


@contextlib.contextmanager
def running(root: Path, course: Path, home: Path, more: Mapping[str, str]) -> Iterator[Server]:
    """A server over the folder `root`, started in the folder `course`, ended with all its kernels."""
    server = Server(f"http://127.0.0.1:{free_port()}", secrets.token_hex(16), root)
    command = [BIN / "jupyter", "lab", "--no-browser", f"--ServerApp.root_dir={root}"]
    command += ["--ServerApp.ip=127.0.0.1", f"--ServerApp.port={server.base.rpartition(':')[2]}"]
    command += ["--ServerApp.port_retries=0", "--ServerApp.open_browser=False"]
    command += [f"--{app}.expose_app_in_browser=True" for app in ("LabApp", "JupyterNotebookApp")]
    if os.name == "posix" and os.geteuid() == 0:
        command.append("--allow-root")
    around = {**environment(home), **more, "JUPYTER_TOKEN": server.token}
    log = home / "server.log"
    with log.open("wb") as file:
        process = subprocess.Popen(command, cwd=course, env=around, stdout=file, stderr=subprocess.STDOUT)
        try:
            _wait(server, process, log)
            yield replace(server, pid=process.pid)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(server: Server, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Until the server answers; AssertionError with its log where it does not."""
    finish = time.monotonic() + START_SECONDS
    while time.monotonic() < finish and process.poll() is None:
        try:
            with urllib.request.urlopen(server.url("api/status"), timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)  # between two questions to a server that starts
    raise AssertionError(f"jupyter lab did not start:\n{log.read_text(encoding='utf-8', errors='replace')[-4000:]}")
