"""Source -> release, through nbgrader's generate_assignment; stamps points, scans for leaks, zips."""

import contextlib
import glob
import io
import logging
import re
import shutil
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from autograder.course import Assignment, Course
from autograder.course.solution_regions import sync
from autograder.errors import CourseError
from autograder.grading.by_examiner.submission import open_examination, try_reference
from autograder.judging.by_examiner.cells import exam_cells
from autograder.nbgrader_settings import configure
from autograder.releasing import baked, drift, testing_tools
from autograder.releasing.leaks import leaks, leaks_of_modules, leaks_of_notebooks, leaks_of_numbers
from autograder.releasing.trials.trial_run import trial_run

FIRST, LAST = 1980, 2107  # years that a zip can hold


# ---- the release --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Released:
    """A made release: its zip, and lines about what its trial run left out, and what does not count."""

    archive: Path
    said: tuple[str, ...] = ()


def release(course: Course, assignment: Assignment) -> Released:
    """Make release/<assignment>/ and its zip, both whole or not at all."""
    for name in assignment.notebooks if assignment.by_examiner else ():
        exam_cells(course.source(assignment.name) / f"{name}.ipynb")  # names the cell where nbgrader would name none
    apart = drift.other_points(course, assignment)
    sync(course, assignment)
    _bake(course, assignment)
    testing_tools.lay(course, assignment)
    target = course.release(assignment.name)
    target.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".release-") as scratch:
        generate(course, assignment, Path(scratch))
        made = Path(scratch) / assignment.name
        find = leaks_of_notebooks if assignment.by_examiner else leaks
        if leaking := list(find(course, assignment, made)):
            raise CourseError(f"release of {assignment.name} stopped, nothing changed: " + "; ".join(leaking))
        said = [] if assignment.by_examiner else trial_run(course, assignment, made)
        archive = Path(scratch) / f"{assignment.name}.zip"
        _zip(made, archive, assignment.name, _date(course.source(assignment.name)))
        old = Path(scratch) / "old"
        if target.exists():
            target.rename(old)
        made.rename(target)
        if assignment.by_examiner:
            _try_reference(course, assignment, target, old)
        shutil.move(archive, target.parent / archive.name)
    drift.stamp_points(course, assignment)  # at the end: what is told above must not be gone before it is told
    apart += drift.no_tasks(course.source(assignment.name), assignment)
    apart += drift.untested(course, assignment)
    return Released(target.parent / f"{assignment.name}.zip", (*said, *apart))


def _try_reference(course: Course, assignment: Assignment, target: Path, old: Path) -> None:
    """Have the examiner run the source's own answers; where they do not pass, the release before stands again."""
    with contextlib.closing(open_examination(course, assignment)) as context:
        try:
            try_reference(context)
        except CourseError:
            shutil.rmtree(target)
            if old.exists():
                old.rename(target)
            raise


def _bake(course: Course, assignment: Assignment) -> None:
    """Bake the visible checks' numbers anew where the reference gives others; not over what a person put in."""
    path = baked.file_of(course, assignment)
    if path is None:
        return
    wrong = list(leaks_of_modules(course, assignment))
    if path.is_file():
        found = [*(["edited by hand"] if baked.edited(path) else []), *leaks_of_numbers(course, assignment, path)]
        wrong += [f"{', '.join(found)}; take {path} away, and release makes it again"] if found else []
    if wrong:
        raise CourseError(f"release of {assignment.name} stopped, nothing changed: {'; '.join(wrong)}")
    baked.write(course, assignment)


def generate(course: Course, assignment: Assignment, into: Path) -> None:
    """nbgrader's generate_assignment into the folder `into`, without a gradebook."""
    with tempfile.TemporaryDirectory() as scratch:
        root = course.root
        if glob.has_magic(str(root)):  # nbgrader would look for folders that the path fits as a pattern
            root = Path(scratch) / "course"
            root.symlink_to(course.root, target_is_directory=True)
        _generate(root, assignment, into)


def _generate(root: Path, assignment: Assignment, into: Path) -> None:
    config = Config()
    configure(config, root)
    config.CourseDirectory.assignment_id = assignment.name
    config.CourseDirectory.ignore = config.GenerateAssignmentApp.CourseDirectory.ignore
    config.CourseDirectory.release_directory = str(into)
    config.GenerateAssignment.no_database = True
    # without a gradebook there is nothing to save cells into
    steps = config.GenerateAssignment.preprocessors
    config.GenerateAssignment.preprocessors = [s for s in steps if not s.endswith("SaveCells")]
    said = io.StringIO()
    logger = logging.Logger("autograder.release", logging.ERROR)
    logger.addHandler(logging.StreamHandler(said))
    app = GenerateAssignment(coursedir=CourseDirectory(config=config), config=config, log=logger)
    app.force = True
    try:
        app.start()
    except Exception as error:
        lines = [line for line in said.getvalue().splitlines() if re.match(r"[\w.]*(Error|Exception)\b", line)]
        cause = lines[-1] if lines else error
        raise CourseError(f"nbgrader could not release {assignment.name}: {cause}") from error


Date = tuple[int, int, int, int, int, int]


def _date(source: Path) -> Date:
    """When the source was last changed: the date of every file in the zip. Same input, same bytes."""
    newest = max((path.stat().st_mtime for path in source.rglob("*") if path.is_file()), default=0.0)
    year, month, day, hour, minute, second, *_ = time.gmtime(newest)
    return (year, month, day, hour, minute, second) if FIRST <= year <= LAST else (FIRST, 1, 1, 0, 0, 0)


def _zip(folder: Path, archive: Path, top: str, date: Date) -> None:
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            info = zipfile.ZipInfo(f"{top}/{path.relative_to(folder).as_posix()}", date)
            info.external_attr = 0o644 << 16
            file.writestr(info, path.read_bytes(), zipfile.ZIP_DEFLATED)


def same_release(course: Course, assignment: Assignment) -> list[str]:
    """Files in which the committed release differs from what the source gives now."""
    with tempfile.TemporaryDirectory() as scratch:
        generate(course, assignment, Path(scratch))
        made, kept = Path(scratch) / assignment.name, course.release(assignment.name)
        names = {p.relative_to(f).as_posix() for f in (made, kept) for p in f.rglob("*") if p.is_file()}
        return sorted(
            name
            for name in names
            if not ((made / name).is_file() and (kept / name).is_file())
            or (made / name).read_bytes() != (kept / name).read_bytes()
        )
