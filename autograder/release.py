"""Source -> release, through nbgrader's generate_assignment; stamps points, scans for leaks, zips."""

import ast
import io
import json
import logging
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets.config import Config

from autograder import course as course_module
from autograder import planting
from autograder.course import Assignment, Course, CourseError
from autograder.nbgrader_settings import configure
from autograder.notebook import SKIP_TAG
from autograder.regions import sync

SUFFIXES = (".ipynb", ".py", ".md", ".txt", ".png", ".svg", ".pdf")
ABSOLUTE = re.compile(r"(?<![\w.:/])(/home/|/root/|/Users/|/work/|/tmp/|/mnt/|[A-Z]:\\\\Users)")
OLD = (1980, 1, 1, 0, 0, 0)  # of every file in the zip: same input, same bytes


# ---- steps of nbgrader's conversion -------------------------------------------------------------


def _assignment_of(resources: Any, root: str) -> tuple[Course, Assignment]:
    course = course_module.load(Path(root))
    return course, course.assignment(resources["nbgrader"]["assignment"])


class FillSolutions(NbGraderPreprocessor):  # type: ignore[misc]
    """Refuses a source whose solution regions are not the reference's lines."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        course, assignment = _assignment_of(resources, self.parent.parent.coursedir.root)
        different = sync(course, assignment, write=False)
        if different:
            raise CourseError(
                f"source and solutions differ in {', '.join(different)}; run `autograder release {assignment.name}`"
            )
        return nb, resources


class StampTasks(NbGraderPreprocessor):  # type: ignore[misc]
    """Gives each test cell its points, and each stub the name of its task."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        _, assignment = _assignment_of(resources, self.parent.parent.coursedir.root)
        answers = {task.answer_cell: task for task in assignment.tasks}
        tests = {task.name: task for task in assignment.tasks}
        for cell in nb.cells:
            grading = cell.metadata.get("nbgrader", {})
            grade_id = grading.get("grade_id", "")
            if grade_id in tests and grading.get("grade"):
                grading["points"] = tests[grade_id].points
            if grade_id in answers and cell.cell_type == "code":
                task = answers[grade_id].name
                cell.source = cell.source.replace("raise NotImplementedError", f'raise NotImplementedError("{task}")')
        return nb, resources


# ---- the release --------------------------------------------------------------------------------


def release(course: Course, assignment: Assignment) -> Path:
    """Make release/<assignment>/ and its zip, both whole or not at all; returns the zip's path."""
    sync(course, assignment)
    target = course.release(assignment.name)
    target.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".release-") as scratch:
        generate(course, assignment, Path(scratch))
        made = Path(scratch) / assignment.name
        if leaks := list(audit(course, assignment, made)):
            raise CourseError(f"release of {assignment.name} stopped, nothing changed: " + "; ".join(leaks))
        archive = Path(scratch) / f"{assignment.name}.zip"
        _zip(made, archive, assignment.name)
        old = Path(scratch) / "old"
        if target.exists():
            target.rename(old)
        made.rename(target)
        shutil.move(archive, target.parent / archive.name)
    return target.parent / f"{assignment.name}.zip"


def generate(course: Course, assignment: Assignment, into: Path) -> None:
    """nbgrader's generate_assignment into the folder `into`, without a gradebook."""
    config = Config()
    configure(config, course.root)
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


def _zip(folder: Path, archive: Path, top: str) -> None:
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            info = zipfile.ZipInfo(f"{top}/{path.relative_to(folder).as_posix()}", OLD)
            info.external_attr = 0o644 << 16
            file.writestr(info, path.read_bytes(), zipfile.ZIP_DEFLATED)


# ---- the scan for leaks -------------------------------------------------------------------------


def audit(course: Course, assignment: Assignment, folder: Path) -> Iterator[str]:
    """What students must not get, found in a made release: one line a leak."""
    secrets = _secret_lines(course, assignment)
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        if path.suffix not in SUFFIXES or not (course.source(assignment.name) / name).is_file():
            yield f"{name}: a stray file"
            continue
        if path.suffix in (".png", ".pdf"):
            continue
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".ipynb":
            notebook = json.loads(text)
            yield from _cell_leaks(name, notebook, assignment)
            text = "\n".join("".join(cell["source"]) for cell in notebook["cells"])
        if found := ABSOLUTE.search(text):
            yield f"{name}: an absolute path ({found[0]}...)"
        if re.search(r"^\s*(from|import)\s+(autograder|solutions)\b", text, re.MULTILINE):
            yield f"{name}: imports the reference or the autograder"
        for line in (line.strip() for line in text.splitlines()):
            if line in secrets:
                yield f"{name}: a line of {secrets[line]}: {line}"
        for value, where in _secret_values(course, assignment):
            if re.search(rf"(?<!\d){value:,}(?!\d)|(?<!\d){value}(?!\d)", text):
                yield f"{name}: the hidden value of {where}"


def _cell_leaks(name: str, notebook: Any, assignment: Assignment) -> Iterator[str]:
    answers = {task.answer_cell for task in assignment.tasks}
    for number, cell in enumerate(notebook["cells"], start=1):
        if cell.get("outputs"):
            yield f"{name}: cell {number} has an output"
        if cell.get("execution_count") is not None or "execution" in cell["metadata"]:
            yield f"{name}: cell {number} has an execution count"
        source = "".join(cell["source"])
        grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
        if "BEGIN SOLUTION" in source or "BEGIN HIDDEN" in source:
            yield f"{name}: {grade_id}: a solution or hidden region is left"
        if grade_id in answers and cell["cell_type"] == "code" and "NotImplementedError(" not in source:
            yield f"{name}: {grade_id}: the stub does not raise NotImplementedError"
        if SKIP_TAG not in cell["metadata"].get("tags", []) and "skip-execution" in source:
            yield f"{name}: {grade_id}: speaks of {SKIP_TAG} but is not tagged"


def _secret_lines(course: Course, assignment: Assignment) -> dict[str, str]:
    """Lines that only the reference's functions and the checks have -> where they stand."""
    secrets: dict[str, str] = {}
    given: set[str] = set()
    for path in (course.solution(assignment.name), course.part("checks", assignment.name)):
        text = path.read_text(encoding="utf-8")
        for node in ast.parse(text).body:
            lines = [line.strip() for line in text.splitlines()[node.lineno - 1 : node.end_lineno]]
            if isinstance(node, ast.ClassDef):
                given.update(lines)
            elif isinstance(node, ast.FunctionDef):
                documented = len(ast.get_docstring(node) or "") > 0
                start = node.body[0].end_lineno - node.lineno + 1 if documented and node.body[0].end_lineno else 1
                secrets.update({line: f"{path.name}:{node.name}" for line in lines[start:] if len(line) >= 28})
    return {line: where for line, where in secrets.items() if line not in given and not line.startswith("#")}


def _secret_values(course: Course, assignment: Assignment) -> Iterator[tuple[int, str]]:
    """Large whole numbers that the reference answers: nobody writes them by chance."""
    names = planting.run_text(course.solution(assignment.name).read_text(encoding="utf-8"), "reference")
    for task in assignment.tasks:
        if callable(names.get(task.name)) and _takes_nothing(names[task.name]):
            for value in names[task.name]().values():
                if isinstance(value, int) and value >= 10_000:
                    yield value, task.name


def _takes_nothing(function: Any) -> bool:
    return bool(function.__code__.co_argcount == 0)


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
