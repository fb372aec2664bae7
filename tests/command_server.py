"""The environment's commands as processes of their own, with the imports paid once.

A server imports what `autograder` and `nbgrader` need, and has one command find that its course has nothing to show.
For each command it forks, and the fork runs the installed script from its first line, with its own arguments, folder
and output. A worker that this command starts is forked from it in turn, where Python would import all once more.
"""

import atexit
import contextlib
import gc
import importlib
import io
import json
import multiprocessing.util
import os
import pwd
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

BIN = Path(sys.executable).parent
COURSE = Path(__file__).resolve().parent / "courses" / "warmup"
COMMANDS = ("autograder", "nbgrader")
IMPORTS = (
    "alembic.script",
    "autograder.cli",
    "autograder.commands.console_tables",
    "autograder.grading.nbgrader_autograde",
    "autograder.grading.session",
    "autograder.grading.workers",
    "autograder.lms.collect",
    "autograder.pages.report",
    "autograder.releasing.trials.audit",
    "autograder.releasing.nbgrader_steps",
    "autograder.releasing.release",
    "latex2mathml.converter",
    "matplotlib.backends.backend_svg",
    "nbgrader.apps.nbgraderapp",
)


class CommandServer:
    """The server, as the tests see it."""

    def __init__(self, environment: Mapping[str, str], before: Sequence[str] = ()) -> None:
        self._process = subprocess.Popen(
            [*before, sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def run(
        self, command: Sequence[str], cwd: Path, environment: Mapping[str, str], seconds: float, account: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        """As subprocess.run, output captured. account: the user that runs it, where that is another one."""
        assert self._process.stdin and self._process.stdout
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            where = {"cwd": str(cwd), "environment": dict(environment), "out": _path(out), "err": _path(err)}
            request = {"command": command, "seconds": seconds, "account": account, **where}
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            code = json.loads(self._process.stdout.readline())
            texts = []
            for file in (out, err):
                file.seek(0)
                texts.append(file.read().decode("utf-8"))
        if code is None:
            raise subprocess.TimeoutExpired(command, seconds, *texts)
        return subprocess.CompletedProcess(command, code, *texts)

    def close(self) -> None:
        """End it."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


def _path(file: Any) -> str:
    """Where another process opens a file without a name."""
    return f"/proc/{os.getpid()}/fd/{file.fileno()}"


@contextlib.contextmanager
def command_server(environment: Mapping[str, str], before: Sequence[str] = ()) -> Iterator[CommandServer]:
    """A server for the time of the block. before: what stands before its own command."""
    server = CommandServer(environment, before)
    try:
        yield server
    finally:
        server.close()


# ---- in the server ------------------------------------------------------------------------------


def requests() -> dict[str, Any] | None:
    """Serve to the end -> None; in a fork, what it has to run."""
    for line in sys.stdin:
        request: dict[str, Any] = json.loads(line)
        child = os.fork()
        if not child:
            return request
        print(json.dumps(_code(child, request["seconds"])), flush=True)
    return None


def _code(child: int, seconds: float) -> int | None:
    """Exit code of a child as subprocess has it; None where it took too long and was killed."""
    signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGKILL))
    signal.setitimer(signal.ITIMER_REAL, seconds)
    _, status = os.waitpid(child, 0)
    left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
    return os.waitstatus_to_exitcode(status) if left else None


def become(request: Mapping[str, Any]) -> None:
    """The process of a command that was started anew."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(request["environment"])
    for number, name in ((0, os.devnull), (1, request["out"]), (2, request["err"])):
        found = os.open(name, os.O_RDWR)
        os.dup2(found, number)
        os.close(found)
    if request["account"]:
        user = pwd.getpwnam(request["account"])
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
    os.chdir(request["cwd"])
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.argv = list(request["command"])
    sys.path[0] = str(BIN)


def warm_up() -> None:
    """Pay once for what is only made when it is first asked for: commands, records, tables, templates, colours."""
    from sqlalchemy.orm import configure_mappers

    from autograder import cli
    from autograder.pages import html_page, markdown

    configure_mappers()
    markdown.code("pass")
    pages = html_page._templates()
    for name in pages.list_templates(extensions=["html"]):
        pages.get_template(name)
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        cli.main(["scores", "warmup", "--course", str(COURSE)])
    assert "no submissions of warmup" in said.getvalue(), said.getvalue()


def fork_workers() -> None:
    """multiprocessing's workers of this process are forks of it: all is imported, nothing is open, and they run on."""
    start = multiprocessing.util.spawnv_passfds

    def fork(path: bytes, line: Sequence[str], passed: Sequence[int]) -> int:
        if "--multiprocessing-fork" not in line:  # its tracker of resources
            return int(start(path, line, passed))
        sys.stdout.flush()
        if child := os.fork():
            return child
        code = 1
        try:
            for number in {int(name) for name in os.listdir("/proc/self/fd")} - {0, 1, 2, *passed}:
                with contextlib.suppress(OSError):  # of the listing itself
                    os.close(number)
            sys.argv = ["-c", *line[line.index("-c") + 2 :]]
            exec(line[line.index("-c") + 1], {"__name__": "__main__"})
        except SystemExit as end:
            code = int(end.code or 0)
        except BaseException:
            traceback.print_exc()
        finally:
            _end(code)

    multiprocessing.util.spawnv_passfds = fork


def run_script() -> None:
    """Run the script of sys.argv to its end, and end at once: to take all modules down costs 0.1 s."""
    code: int | str | None = 0
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as end:
        code = end.code
    if isinstance(code, str):
        print(code, file=sys.stderr)
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    _end(code or 0)


def _end(code: int) -> NoReturn:
    """End this process at once, with what it has said."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    for name in IMPORTS:
        importlib.import_module(name)
    warm_up()
    gc.freeze()
    if work := requests():
        become(work)
        fork_workers()
        run_script()
