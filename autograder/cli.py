"""The command line: the only module that prints and exits.

Exit codes: 0 done, bad submissions included; 1 the user can mend it; 3 a bug of ours.
"""

import json
import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from autograder import course as course_module
from autograder import files, marks, verdicts
from autograder.course import Assignment, Course, CourseError
from autograder.progress import Progress

USER_ERROR, OUR_BUG, INTERRUPTED = 1, 3, 130

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)
# where nobody watches, lines are not cut to the width of a screen
WIDTH = None if sys.stdout.isatty() else 130
out = Console(highlight=False, soft_wrap=True, width=WIDTH)
err = Console(stderr=True, highlight=False, soft_wrap=True)

CourseDir = Annotated[Path, typer.Option("--course", help="Course folder, with course_config.py.")]
Name = Annotated[str, typer.Argument(help="Assignment, for example hw4.")]
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=1, help="Submissions at a time.")]
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _load(root: Path, name: str) -> tuple[Course, Assignment]:
    course = course_module.load(root)
    return course, course.assignment(name)


@app.command()
def release(assignment: Name, course: CourseDir = Path()) -> None:
    """Make release/ASSIGNMENT/ and its zip from source/, and scan it for leaks."""
    loaded, wanted = _load(course, assignment)
    archive = _release(loaded, wanted)
    out.print(f"next: give students {archive}, then `autograder grade {wanted.name}`")


def _release(loaded: Course, wanted: Assignment) -> Path:
    """Make the release -> its zip."""
    from autograder import gradebook  # nbgrader takes seconds to import
    from autograder import release as release_module

    out.print(f"making {wanted.name} for students from {loaded.source(wanted.name)}, and scanning it for leaks")
    archive = release_module.release(loaded, wanted)
    with gradebook.connect(loaded) as book:
        gradebook.register(book, loaded, wanted)
    out.print(f"released: {loaded.release(wanted.name)}")
    return archive


@app.command(name="grade")
def grade_command(
    assignment: Name,
    student: Annotated[list[str] | None, typer.Argument(help="Only these students.")] = None,
    course: CourseDir = Path(),
    jobs: Jobs = CORES,
    force: Annotated[bool, typer.Option("--force", help="Grade again what has not changed.")] = False,
    cluster: Annotated[
        str, typer.Option("--cluster", metavar="ADDRESS", help="A dask scheduler, for example tcp://host:8786.")
    ] = "",
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Only make the gradebook again, from the kept verdicts.")
    ] = False,
    explain: Annotated[
        str, typer.Option("--explain", metavar="TASK", help="Only replay one student's verdict on TASK, for an appeal.")
    ] = "",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no table.")] = False,
    unsafe: Annotated[
        bool, typer.Option("--unsafe-no-sandbox", help="Run code without walls. Only for code you trust.")
    ] = False,
) -> None:
    """Grade submitted/*/ASSIGNMENT/ into nbgrader's gradebook."""
    loaded, wanted = _load(course, assignment)
    names = verdicts.students(loaded, wanted, student or [])
    if explain:
        from autograder import explain as explain_module  # numpy and the judge

        return _say(explain_module.explain(loaded, wanted, student or [], explain))
    if rebuild:
        from autograder import session  # nbgrader takes seconds to import

        return _say(session.rebuild(loaded, wanted, names))
    from autograder import grading  # nbgrader takes seconds to import

    if unsafe:
        err.print("[bold red]warning:[/] --unsafe-no-sandbox: submitted code can do what you can do")
    how = grading.How(jobs, force, unsafe, cluster)
    graded, failed = grading.grade_class(loaded, wanted, names, how, out, quiet)
    if not quiet and graded:
        _table(loaded, wanted, graded)
    if not quiet:
        out.print(f"next: `autograder report {wanted.name}` writes the feedback and the class report")
    if failed:
        raise CourseError(f"{len(failed)} not graded, or not whole ({', '.join(failed[:3])}...); the others are safe")


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        out.print(line, markup=False)


@app.command(name="collect")
def collect_command(
    assignment: Name,
    archives: Annotated[list[Path], typer.Argument(help="Archives or folders of a class, as an LMS gives them.")],
    course: CourseDir = Path(),
    student: Annotated[str, typer.Option("--student", help="All of it is this student's.")] = "",
    worksheet: Annotated[Path | None, typer.Option("--worksheet", help="Moodle's grading worksheet.")] = None,
) -> None:
    """Sort submissions into submitted/STUDENT/ASSIGNMENT/."""
    loaded, wanted = _load(course, assignment)
    from autograder import collect

    done = collect.collect(loaded, wanted, archives, student, worksheet)
    _say([*done.notes, *(f"not taken: {line}" for line in done.strangers)])
    out.print(f"collected {len(done.taken)} new or changed, {len(done.same)} as before")
    if done.strangers:
        raise CourseError(
            f"{len(done.strangers)} not taken, listed above; mend {loaded.roster} or the files, then collect again"
        )
    out.print(f"next: `autograder grade {wanted.name}`")


@app.command(name="export")
def export_command(
    assignment: Name,
    to: Annotated[str, typer.Option("--to", help="canvas, moodle or csv.")],
    course: CourseDir = Path(),
    worksheet: Annotated[Path | None, typer.Option("--worksheet", help="What the LMS gave you, to fill in.")] = None,
    output: Annotated[Path | None, typer.Option("--output", help="The file; exports/ASSIGNMENT-LMS.csv.")] = None,
    partial: Annotated[bool, typer.Option("--partial", help="Marks as they stand, T4 missing.")] = False,
) -> None:
    """Write the marks as a file for an LMS."""
    loaded, wanted = _load(course, assignment)
    from autograder import standing  # nbgrader takes seconds to import

    path, made = standing.export_file(loaded, wanted, to, worksheet, output, partial)
    _say([*made.notes, *(f"not in the file: {line}" for line in made.missing)])
    out.print(f"written: {path}")
    if made.missing:
        raise CourseError(f"{len(made.missing)} marks are not in {path}, listed above; mend {loaded.roster}")


@app.command()
def scores(
    assignment: Name,
    course: CourseDir = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="JSON alone on standard output.")] = False,
) -> None:
    """Show the marks, task by task."""
    loaded, wanted = _load(course, assignment)
    names = verdicts.students(loaded, wanted)
    if as_json:
        data = marks.as_data(loaded, wanted, names)
        sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=1) + "\n")
        return
    _table(loaded, wanted, names)
    out.print(f"next: `autograder report {wanted.name}` writes the feedback and the class report")


@app.command(name="report")
def report_command(
    assignment: Name,
    course: CourseDir = Path(),
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Write each student's feedback and the class report, as HTML."""
    loaded, wanted = _load(course, assignment)
    from autograder import report  # draws with matplotlib, which takes a second to import

    report.make(loaded, wanted, out, quiet)
    if not quiet:
        out.print("next: open the report in a browser; then give each student the page of feedback")


def _table(course: Course, assignment: Assignment, names: Sequence[str]) -> None:
    from autograder import tables

    results = {name: verdicts.load_result(course, assignment.name, name) for name in sorted(names)}
    given = marks.read(course, assignment)
    graded = [marks.applied(course, assignment, r, given.get(n, {})) for n, r in results.items() if r is not None]
    out.print(tables.marks(assignment, graded))
    _say(tables.below(assignment, graded, [name for name, result in results.items() if result is None]))


@app.command()
def audit(assignment: Name, course: CourseDir = Path(), jobs: Jobs = CORES) -> None:
    """Plant known mistakes and right variants: does each lose its own marks and no others?"""
    from autograder import audit as audit_module  # numpy and more
    from autograder import tables

    loaded, wanted = _load(course, assignment)
    with tempfile.TemporaryDirectory() as scratch, Progress(0, out) as progress:
        found = audit_module.audit(loaded, wanted, Path(scratch) / "course", jobs, progress.at)
    out.print(tables.matrix(wanted, found))
    for line in tables.rows(found):
        out.print(line)
    if not found.passed:
        raise CourseError(f"{wanted.name}: the hidden tests do not do their work; mend the checks named above")


@app.command()
def doctor(course: CourseDir = Path()) -> None:
    """Check what grading needs: python, packages, sandbox, jupyter, data, disk, gradebook, course."""
    from autograder import doctor as doctor_module  # numpy and more
    from autograder import tables

    out.print("looking at this machine and this course; the slow part is Jupyter's own list of its extensions")
    found = list(doctor_module.examine(course))
    out.print(tables.findings(found))
    wrong = [finding.what for finding in found if not finding.ok and finding.stops]
    if wrong:
        raise CourseError(
            f"grading cannot work until this is mended: {', '.join(wrong)}; then `autograder doctor` again"
        )
    minor = sum(not finding.ok for finding in found)
    out.print("grading can work" + (f"; {minor} smaller problems above" if minor else ""))
    out.print("next: `autograder release`, `autograder grade`; or `autograder demo` to see the whole loop")


@app.command()
def new(assignment: Name, course: CourseDir = Path()) -> None:
    """Write a small assignment that works, to be edited; docs/author.md goes on from there."""
    from autograder import skeleton

    made = skeleton.write(course, assignment)
    for path in made.files:
        out.print(f"wrote: {path}")
    if made.to_add:
        out.print(f"now add this to {course / 'course_config.py'}:\n{made.to_add}")
    out.print(f"next: `autograder release {assignment}`, then `autograder audit {assignment}`; then edit these files")


@app.command()
def demo(
    assignment: Annotated[str, typer.Argument(help="Assignment; the course's first by default.")] = "",
    folder: Annotated[Path | None, typer.Option("--into", help="Scratch folder; a fresh one by default.")] = None,
    course: CourseDir = Path(),
    jobs: Jobs = CORES,
) -> None:
    """The whole loop on a made-up class, in a scratch folder; data are the offline sample."""
    from autograder import demo as demo_module
    from autograder import grading, report, sample

    on_path = shutil.which("autograder") is not None
    loaded = course_module.load(course)
    wanted = loaded.assignment(assignment) if assignment else loaded.assignments[0]
    if folder is not None and folder.exists() and any(folder.iterdir()):
        raise CourseError(f"{folder}: not empty; name a new folder with --into")
    target = folder or Path(tempfile.mkdtemp(prefix="autograder-demo-")) / "course"
    on_sample = " on 5,000 real digits" if wanted.dataset else ""
    out.print(f"1. a copy of the course{on_sample}: {target}")
    here = sample.scratch_course(loaded, target)
    out.print("2. release: source notebooks -> student notebooks, scanned for leaks")
    _release(here, here.assignment(wanted.name))
    trains = any(task.saved_model for task in wanted.tasks)
    out.print("3. a made-up class hands in" + (" (one net is trained for it)" if trains else ""))
    there = here.assignment(wanted.name)
    names = demo_module.make_class(here, there)
    for name, story in names.items():
        out.print(f"   {name:16} {story}")
    out.print("4. grade")
    grading.grade_class(here, there, list(names), grading.How(jobs), out)
    _table(here, there, list(names))
    out.print("5. feedback for each student, and the class report")
    page = report.make(here, there, out)
    _say(demo_module.closing(here, there, page, on_path))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
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
            return _mendable(f"{error.format_message()}; `autograder --help` lists the commands")
        if isinstance(error, OSError) and error.errno in files.REMEDIES:  # a full disk, a folder that is read-only
            return _mendable(str(files.unwritable(error.filename or "a temporary file", error)))
        traceback.print_exc()
        err.print("this is a bug in the autograder, not in the course; please report the lines above")
        return OUR_BUG
    return 0


def _mendable(text: str) -> int:
    err.print("[bold red]error:[/]", end=" ")
    err.print(text, markup=False)
    return USER_ERROR


def run() -> None:
    """Entry point of the installed command."""
    sys.exit(main())
