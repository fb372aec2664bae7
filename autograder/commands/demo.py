"""`autograder demo`: the whole loop on a made-up class."""

import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from autograder.commands.console import CORES, CourseDir, Jobs, out, refuse_own_tests, say
from autograder.commands.grade import How, grade_class
from autograder.commands.release import release
from autograder.commands.scores import show_marks
from autograder.course import load_course
from autograder.errors import CourseError
from autograder.gradebook.reader import read_rows


def command(
    assignment: Annotated[str, typer.Argument(help="Assignment; the course's first by default.")] = "",
    folder: Annotated[Path | None, typer.Option("--into", help="Scratch folder; a fresh one by default.")] = None,
    course: CourseDir = Path(),
    jobs: Jobs = CORES,
) -> None:
    """The whole loop on a made-up class, in a scratch folder. The data are small and always there."""
    from autograder.commands import made_up_class
    from autograder.grading import made_up
    from autograder.pages import report

    on_path = shutil.which("autograder") is not None
    loaded = load_course(course)
    wanted = loaded.assignment(assignment) if assignment else loaded.assignments[0]
    refuse_own_tests(wanted, "demo")
    if folder is not None and folder.exists() and any(folder.iterdir()):
        raise CourseError(f"{folder}: not empty; name a new folder with --into")
    target = folder or Path(tempfile.mkdtemp(prefix="autograder-demo-")) / "course"
    on_sample = f" on the dataset {wanted.sample!r}" if wanted.sample else ""
    out.print(f"1. a copy of the course{on_sample}: {target}")
    here = made_up.scratch_course(loaded, target)
    out.print("2. release: source notebooks -> student notebooks, scanned for leaks")
    release(here, here.assignment(wanted.name))
    trains = any(task.saved_model for task in wanted.tasks)
    out.print("3. a made-up class hands in" + (" (one net is trained for it)" if trains else ""))
    there = here.assignment(wanted.name)
    names = made_up_class.make_class(here, there)
    for name, story in names.items():
        out.print(f"   {name:16} {story}")
    out.print("4. grade")
    grade_class(here, there, list(names), How(jobs), out)
    show_marks(here, there, list(names))
    out.print("5. feedback for each student, and the class report")
    page = report.make(here, there, read_rows(here, there), out).page
    say(made_up_class.closing(here, there, page, on_path))
