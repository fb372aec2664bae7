"""`autograder mark`: the desk, a page on this machine for marking by hand."""

import contextlib
import getpass
import re
import socket
import stat
import unicodedata
from pathlib import Path
from typing import Annotated

import typer

from autograder.commands.console import CourseDir, Name, load, out, say
from autograder.course import Course
from autograder.errors import CourseError

HERE = "127.0.0.1"
GRADER = re.compile(r"[LN][LMN_ .-]{0,39}")  # of a name in the kinds of its characters: M is what stands above a letter


def command(
    assignment: Name,
    course: CourseDir = Path(),
    grader: Annotated[
        list[str] | None, typer.Option("--grader", help="Who marks; several times for several, each with a link.")
    ] = None,
    second: Annotated[
        int, typer.Option("--second", min=0, max=100, help="Percent that a second grader marks as well.")
    ] = 0,
    host: Annotated[
        str, typer.Option("--host", help="By which name or address other machines reach this one; only this machine.")
    ] = HERE,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="A free one by default.")] = 0,
) -> None:
    """Mark by hand in a browser, by keys."""
    loaded, wanted = load(course, assignment)
    graders = list(dict.fromkeys(grader or [getpass.getuser()]))
    for name in graders:
        kinds = "".join(c if c in "_ .-" else unicodedata.category(c)[0] for c in name)
        if not GRADER.fullmatch(kinds):
            raise CourseError(f"--grader {name!r}: a name of letters, digits, dots and dashes, 40 at most")
    door = _door(host, port)
    from autograder.desk import marking, web  # nbgrader and a server take seconds to import

    with door:
        where = f"{host}:{door.getsockname()[1]}"
        with marking.opened(loaded, wanted, second) as desk:
            say(desk.notes)
            progress = desk.waiting.progress(graders[0])
            out.print(
                f"{progress.done} of {progress.of} answers of {wanted.name} are marked, {progress.waiting} to look at"
            )
            if open_to_others(loaded):
                closes = f"`chmod 700 {loaded.root}` closes them"
                out.print(f"the gradebook and the submissions can be read by other accounts of this machine: {closes}")
            if host != HERE:
                out.print("[bold]everybody on the way can read what goes over an open network: use one that you trust")
            with contextlib.suppress(KeyboardInterrupt):  # the usual end
                web.serve(desk, graders, door, where, lambda line: out.print(line, markup=False))
            progress = desk.waiting.progress(graders[0])
            out.print(f"ended; {progress.done} of {progress.of} answers of {wanted.name} are marked")


def open_to_others(course: Course) -> bool:
    """Whether other accounts of this machine can come to the gradebook's file and read it."""
    if course.db_url:
        return False
    way = course.gradebook.resolve().parents
    return bool(course.gradebook.stat().st_mode & stat.S_IROTH) and all(
        folder.stat().st_mode & stat.S_IXOTH for folder in way
    )


def _door(host: str, port: int) -> socket.socket:
    """A socket that listens, or a line that says why not."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        if address[0] in ("0.0.0.0", "::"):
            raise CourseError(f"--host {host}: name the address by which the graders reach this machine")
        door = socket.socket(family, kind, protocol)
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(address)
        door.listen(64)
    except OSError as error:
        raise CourseError(
            f"--host {host} --port {port}: {error.strerror or error}; leave out --port for a free one"
        ) from error
    return door
