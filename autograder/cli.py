"""The command line: its commands, and what becomes of their errors. Each command has a file in commands/.

Exit codes: 0 done, bad submissions included; 1 the user can mend it; 3 a bug of ours.
"""

import io
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from autograder import __version__, files
from autograder.commands import (
    adopt,
    audit,
    collect,
    demo,
    doctor,
    export,
    grade,
    mark,
    new,
    release,
    report,
    scores,
)  # fmt: skip
from autograder.commands.console import err
from autograder.errors import CourseError

USER_ERROR, OUR_BUG, INTERRUPTED = 1, 3, 130

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)
MODULES = (release, grade, mark, collect, export, scores, report, audit, doctor, new, adopt, demo)
NAMES = tuple(module.__name__.rpartition(".")[2] for module in MODULES)
for name, module in zip(NAMES, MODULES, strict=True):
    app.command(name=name)(module.command)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"autograder {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version, and end.")
    ] = False,
) -> None:
    """Hand assignments out, grade what comes back, hand the marks back."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):  # a name that the terminal cannot show must not end a command
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = app(args=list(sys.argv[1:] if arguments is None else arguments), standalone_mode=False)
        if code == INTERRUPTED:  # where the command line's library has caught it already
            raise KeyboardInterrupt
    except CourseError as error:
        return _mendable(str(error))
    except typer.Exit as stop:
        return stop.exit_code
    except (KeyboardInterrupt, typer.Abort):
        err.print("interrupted; what is graded is kept, run the same command again for the rest")
        return INTERRUPTED
    except Exception as error:
        if hasattr(error, "format_message"):  # an unknown option or a missing argument
            return _mendable(_usage(error))
        if isinstance(error, OSError) and error.errno in files.REMEDIES:  # a full disk, a folder that is read-only
            return _mendable(str(files.unwritable(error.filename or "a temporary file", error)))
        traceback.print_exc()
        err.print("this is a bug in the autograder, not in the course; please report the lines above")
        return OUR_BUG
    return 0


def _usage(error: Any) -> str:
    """What is wrong with a command line, and whose help says more."""
    context = getattr(error, "ctx", None)
    name = context.info_name if context is not None and context.parent is not None else ""
    more = f"`autograder {name} --help` lists what it takes" if name else "`autograder --help` lists the commands"
    return f"{error.format_message().rstrip('.')}; {more}"


def _mendable(text: str) -> int:
    err.print("[bold red]error:[/]", end=" ")
    err.print(text, markup=False)
    return USER_ERROR


def run() -> None:
    """Entry point of the installed command."""
    # or each worker process would load this script again, and with it what only a command line needs
    vars(sys.modules["__main__"]).pop("__file__", None)
    sys.exit(main())
