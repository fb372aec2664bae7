"""Commands as real unix users other than this one: accounts that every Linux has, none is made."""

import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from autograder.sandbox.walls import bubblewrap

ROOT = Path(__file__).resolve().parent.parent
ACCOUNTS = ("nobody", "daemon")
NEEDED = (ROOT, Path(sys.prefix), Path(sys.base_prefix))


@contextmanager
def open_place() -> Iterator[Path]:
    """A folder that every user can pass through (pytest's own are for one user), and nobody else can write into."""
    place = Path(tempfile.mkdtemp(prefix="exchange-", dir="/var/tmp"))
    place.chmod(0o755)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def view() -> list[str]:
    """A prefix: the same files, but folders on the way to this environment that are root's alone can be passed."""
    closed: dict[Path, list[Path]] = {}
    for path in dict.fromkeys(path.resolve() for path in NEEDED):
        way = [parent for parent in reversed(path.parents) if not parent.stat().st_mode & stat.S_IXOTH]
        if way:
            closed.setdefault(way[0], []).append(path)
    line = [bubblewrap(), "--dev-bind", "/", "/", "--cap-add", "ALL"]
    for folder, paths in closed.items():
        line += ["--perms", "0755", "--tmpfs", str(folder)]
        for path in paths:
            for parent in reversed(path.parents[: path.parents.index(folder)]):
                line += ["--perms", "0755", "--dir", str(parent)]
            line += ["--ro-bind", str(path), str(path)]
    return [*line, "--"]


def need_accounts() -> None:
    """Skip where nobody can become somebody else, or others cannot run this environment."""
    if os.getuid() != 0:
        pytest.skip("needs root, to become other users")
    for account in ACCOUNTS:
        tried = run_as(account, [sys.executable, "-c", "import autograder"], Path("/"))
        if tried.returncode:
            pytest.skip(f"{account} cannot run this environment: {tried.stderr.strip()[-200:]}")


def run_as(account: str, command: Sequence[str | Path], cwd: Path) -> "subprocess.CompletedProcess[str]":
    """Run a command as that account, with nothing in its environment."""
    user = pwd.getpwnam(account)
    drop = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--bounding-set=-all"]
    line = [*view(), *drop, "--inh-caps=-all", "env", "-i", "LANG=C.UTF-8", *map(str, command)]
    return subprocess.run(line, cwd=cwd, capture_output=True, text=True, timeout=240)
