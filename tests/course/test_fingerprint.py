"""The grader fingerprint hangs on each file that decides about a mark, and on no other."""

import ast
import platform
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from shares import one_in

from autograder.course import Assignment, Course, Late, fingerprint, secret
from autograder.course.fingerprint import FOR_PEOPLE, MANIFEST, deciding_files, grader_fingerprint

ENGINE = Path(__file__).resolve().parents[2] / "autograder"
START = "autograder.grading.pipeline"  # what imports all that makes a verdict

# What the pipeline imports and no mark hangs on, and why.
DECIDES_NOTHING = {
    "__init__.py": "the version, which is hashed by itself",
    "deadline.py": "when work of our own ends",
    "errors.py": "a name for errors",
    "files.py": "how files are written",
    "pages/__init__.py": "a docstring",
    "pages/cleaned/__init__.py": "a docstring",
    "pages/cleaned/pictures.py": "what of a student's pictures people see",
    "pages/cleaned/placing.py": "where they see them",
    "pages/cleaned/text.py": "what of a student's text people see",
    "pages/graded_notebook.py": "what people read, made from the verdict",
}
# The judge, the guest and the rest that nobody would miss on a list unless it is written down.
MUST_DECIDE = (
    "author.py",
    "course/engine_messages.toml",
    "course/records.py",
    "course/solution_regions.py",
    "grading/calibration.py",
    "grading/notebook_run.py",
    "grading/pipeline.py",
    "judging/checking.py",
    "judging/contract.py",
    "judging/judge.py",
    "judging/known_mistakes.py",
    "judging/mutations.py",
    "sandbox/answers.py",
    "sandbox/guest/notebook_process.py",
    "sandbox/guest/zygote.py",
    "sandbox/walls.py",
    "source_notebooks.py",
    "submissions/align.py",
    "submissions/merge.py",
    "submissions/saved_model.py",
)


def imported(path: Path) -> Iterator[str]:
    """Dotted names that a file imports, those inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def closure(start: str) -> set[str]:
    """Files of the engine that a module imports, and what these import."""
    found: set[str] = set()
    todo = [start]
    while todo:
        parts = todo.pop().split(".")
        if parts[0] != "autograder":
            continue
        place = ENGINE.joinpath(*parts[1:])
        path = place.with_suffix(".py") if place.with_suffix(".py").is_file() else place / "__init__.py"
        name = path.relative_to(ENGINE).as_posix()
        if path.is_file() and name not in found:
            found.add(name)
            todo += imported(path)
            todo += [".".join(parts[:count]) for count in range(1, len(parts))]  # the packages that it lies in
    return found


def engine_files() -> list[str]:
    """Files of the engine that are hashed."""
    return [name.removeprefix("engine/") for name in hashed() if name.startswith("engine/")]


def hashed() -> list[str]:
    """Paths of the manifest's files, as `engine/FOLDER/FILE`."""
    paths = [path for name in MANIFEST for path in sorted([ENGINE / name, *(ENGINE / name).rglob("*")])]
    kinds = fingerprint.KINDS
    return [
        f"engine/{path.relative_to(ENGINE).as_posix()}"
        for path in paths
        if path.is_file() and path.suffix in kinds and "__pycache__" not in path.parts
    ]


def test_all_that_the_pipeline_imports_is_hashed_or_decides_nothing() -> None:
    needed = closure(START)
    assert {"judging/judge.py", "submissions/merge.py", "sandbox/answers.py"} < needed
    assert needed - set(engine_files()) == set(DECIDES_NOTHING)


def test_what_decides_is_hashed() -> None:
    assert set(MUST_DECIDE) <= set(engine_files())
    guest = {path.relative_to(ENGINE).as_posix() for path in (ENGINE / "sandbox" / "guest").glob("*.py")}
    assert len(guest) >= 6 and guest <= set(engine_files())


def test_what_only_shows_or_carries_marks_is_not_hashed() -> None:
    for folder in ("cli.py", "commands", "gradebook", "lms", "marks", "pages", "releasing", "assignments"):
        assert not [name for name in engine_files() if name.split("/")[0] == folder], folder


# ---- touched, it changes ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def copied(course: Course, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Course]:
    """A course and an engine to touch, each a copy."""
    folder = tmp_path_factory.mktemp("touched")
    leave = shutil.ignore_patterns("__pycache__", "assignments")
    shutil.copytree(ENGINE, folder / "engine", ignore=leave)
    shutil.copytree(course.root, folder / "course", ignore=shutil.ignore_patterns("__pycache__", "data"))
    patch = pytest.MonkeyPatch()
    patch.setattr(fingerprint, "ENGINE", folder / "engine")
    yield replace(course, root=folder / "course")
    patch.undo()


@pytest.fixture
def before(copied: Course, hw4: Assignment) -> str:
    return grader_fingerprint(copied, hw4)


def touched(paths: Sequence[Path], course: Course, assignment: Assignment) -> str:
    """The fingerprint with one more byte in each of these files, which are put back."""
    kept = {path: path.read_bytes() for path in paths}
    try:
        for path, data in kept.items():
            path.write_bytes(data + b"\n")
        return grader_fingerprint(course, assignment)
    finally:
        for path, data in kept.items():
            path.write_bytes(data)


@pytest.mark.parametrize("name", one_in(6, sorted(set(engine_files()))))
def test_a_byte_in_a_file_of_the_engine_that_decides_changes_it(
    copied: Course, hw4: Assignment, before: str, name: str
) -> None:
    assert touched([fingerprint.ENGINE / name], copied, hw4) != before
    assert grader_fingerprint(copied, hw4) == before


def test_a_byte_in_all_other_files_of_the_engine_does_not(copied: Course, hw4: Assignment, before: str) -> None:
    others = [path for path in fingerprint.ENGINE.rglob("*") if path.is_file()]
    others = [path for path in others if path.relative_to(fingerprint.ENGINE).as_posix() not in engine_files()]
    assert len(others) > 30
    assert touched(others, copied, hw4) == before


def of_the_course(course: Course, assignment: Assignment) -> list[Path]:
    """Files of the course that decide."""
    folder = course.assignment_folder(assignment.name)
    mine = [path for path in folder.rglob("*") if path.is_file()]
    release = [path for kind in ("*.ipynb", "*.py") for path in course.release(assignment.name).glob(kind)]
    return [*mine, course.solution(assignment.name), *release]


def test_a_byte_in_a_file_of_the_assignment_changes_it(copied: Course, hw4: Assignment, before: str) -> None:
    paths = of_the_course(copied, hw4)
    names = {path.name for path in paths}
    assert {"probes.py", "mistakes.py", "messages.toml", "loss.py", "hw4.py", "hw4_helpers.py"} <= names
    assert {f"{name}.ipynb" for name in hw4.notebooks} <= names
    for path in paths:
        assert (touched([path], copied, hw4) == before) == (path.name == FOR_PEOPLE), path
    assert FOR_PEOPLE in names  # by which people mark: no verdict hangs on it


@pytest.mark.parametrize("name", ["expected.npz", "rows.csv", "deeper/words.json"])
def test_data_that_an_author_lays_beside_the_checks_counts(
    copied: Course, hw4: Assignment, before: str, name: str
) -> None:
    path = copied.assignment_folder("hw4") / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"1")
    there = grader_fingerprint(copied, hw4)
    assert before != there != touched([path], copied, hw4)
    path.unlink()


def test_a_file_that_moves_or_goes_changes_it(copied: Course, hw4: Assignment, before: str) -> None:
    path = copied.assignment_folder("hw4") / "checks" / "loss.py"
    path.rename(path.with_name("losses.py"))
    assert grader_fingerprint(copied, hw4) != before
    path.with_name("losses.py").rename(path)
    assert grader_fingerprint(copied, hw4) == before


CHANGES: dict[str, Any] = {
    "dataset": "mnist",
    "sample": "",
    "thresholds": {"sample": (0.5, 0.5)},
    "name": "hw4",  # the same: nothing changes
    "title": "Another",
    "due": "2026-11-10 23:59",
    "canvas": "Homework 4 (1)",
    "late": Late(percent_a_day=20.0),
}
DECIDE = {"dataset", "sample", "thresholds"}


@pytest.mark.parametrize("field", CHANGES)
def test_of_the_config_what_a_verdict_hangs_on_changes_it(
    copied: Course, hw4: Assignment, before: str, field: str
) -> None:
    changed = replace(hw4, **{field: CHANGES[field]})
    assert (grader_fingerprint(copied, changed) != before) == (field in DECIDE)


def test_limits_tasks_and_the_language_change_it(copied: Course, hw4: Assignment, before: str) -> None:
    slower = replace(hw4, limits=replace(hw4.limits, question_seconds=hw4.limits.question_seconds + 1))
    fewer = replace(hw4, tasks=hw4.tasks[:-1])
    assert len({before, grader_fingerprint(copied, slower), grader_fingerprint(copied, fewer)}) == 3
    assert grader_fingerprint(replace(copied, language="th"), hw4) != before


def test_another_secret_or_version_changes_it(
    copied: Course, hw4: Assignment, before: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(secret, "load_secret", lambda course: b"another")
        assert grader_fingerprint(copied, hw4) != before
    monkeypatch.setattr(fingerprint, "__version__", "another")
    assert grader_fingerprint(copied, hw4) != before


@pytest.mark.parametrize("package", ["pandas", "toy_package", "another"])
def test_another_version_of_a_package_that_a_notebook_may_use_or_a_file_imports_changes_it(
    copied: Course, hw4: Assignment, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    path = copied.assignment_folder("hw4") / "checks" / "imports.py"
    path.write_text("import toy_package.part\n", encoding="utf-8")
    before = grader_fingerprint(copied, hw4)
    monkeypatch.setattr(fingerprint, "_version", lambda name: "0.0" if name == package else "")
    changed = grader_fingerprint(copied, hw4)
    monkeypatch.setattr(fingerprint, "_version", lambda name: "0.1" if name == package else "")
    assert (changed != grader_fingerprint(copied, hw4)) == (package != "another")
    path.unlink()
    monkeypatch.undo()
    assert before != grader_fingerprint(copied, hw4)


def test_versions_are_those_that_are_installed_and_python_s() -> None:
    python, *packages = fingerprint.versions(("pytest", "no_such_package"))
    assert python == f"python {platform.python_version()}" and f"pytest {pytest.__version__}" in packages
    assert {line.split()[0] for line in packages} >= {"ipython", "matplotlib", "numpy", "pandas"}
    assert not [line for line in packages if line.startswith("no_such_package")]


@pytest.mark.parametrize("text", ["import torch", '"from torch.nn import Linear"', '"x = 1\\nimport torch"'])
def test_what_a_file_imports_is_read_off_its_text(text: str) -> None:
    assert fingerprint.IMPORTED.findall(text.encode())[0] == b"torch"


def test_it_is_the_same_wherever_course_and_engine_lie(
    copied: Course, hw4: Assignment, before: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(copied.root, tmp_path / "elsewhere")
    shutil.copytree(fingerprint.ENGINE, tmp_path / "lib" / "engine")
    monkeypatch.setattr(fingerprint, "ENGINE", tmp_path / "lib" / "engine")
    moved = replace(copied, root=tmp_path / "elsewhere")
    assert grader_fingerprint(moved, hw4) == before
    names = [name for name, _ in deciding_files(moved, hw4)]
    assert len(names) == len(set(names)) and not [name for name in names if str(tmp_path) in name]
