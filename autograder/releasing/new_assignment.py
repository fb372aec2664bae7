"""A new assignment: small, whole and working, to be edited. Its files stand in autograder/releasing/new/."""

import ast
import contextlib
import keyword
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.course import ASSIGNMENT_NAME, Course, load_course
from autograder.errors import CourseError
from autograder.files import write_whole

TEMPLATES = Path(__file__).parent / "new"
KIT = Path(__file__).resolve().parents[2]  # where the engine stands, and in a clone of the kit its own course
CONFIG, SETTINGS, README, GITIGNORE = "course_config.py", "nbgrader_config.py", "README.md", ".gitignore"
ENTRY = """{variable} = Assignment(
    name="{name}",
    title="{name}",
    tasks=(
        Task("T1", notebook="1-questions"),
        Task("T2", notebook="1-questions", graded_by="person"),
    ),
)
"""


SIMPLE = '{variable} = Assignment.from_notebooks("{name}")\n'


@dataclass(frozen=True)
class Made:
    """What was written, lines about it, and the lines that the course's owner has to add, if any."""

    files: tuple[Path, ...]
    said: tuple[str, ...] = ()
    to_add: str = ""


def write(root: Path, name: str, simple: bool = False) -> Made:
    """Write a working assignment into the course folder, a new course where there is none. Overwrites nothing.

    simple: one notebook whose own tests decide, and one line in course_config.py.
    """
    check_name(name)
    refuse_known(root, name)
    if (KIT / CONFIG).is_file() and (KIT / "source" / name).is_dir():
        raise CourseError(
            f"{name} is the kit's own assignment, and this would write a small sample of another kind: nothing was "
            f"written. To have {name} here: `autograder new {name} --from {KIT}`; the sample under another name: "
            f"`autograder new my-{name}`"
        )
    course = Course(name="", assignments=(), root=root)
    if simple:
        return write_simple(root, name, {Path(f"{name}.ipynb"): (TEMPLATES / "simple.ipynb").read_bytes()})
    files = {
        course.source(name) / "1-questions.ipynb": "questions.ipynb",
        course.solution(name): "solutions.py",
        **{course.part(kind, name): f"{kind}.py" for kind in ("probes", "checks", "mistakes", "right_variants")},
        course.part("messages", name): "messages.toml",
    }
    return _write(root, name, entry(name), {path: (TEMPLATES / one).read_bytes() for path, one in files.items()})


def write_simple(root: Path, name: str, files: Mapping[Path, bytes]) -> Made:
    """Write an assignment that is its notebooks: these files of its source folder, and its line in course_config.py."""
    source = Course(name="", assignments=(), root=root).source(name)
    line = SIMPLE.format(variable=variable(name), name=name)
    return _write(root, name, line, {source / place: data for place, data in files.items()})


def _write(root: Path, name: str, lines: str, files: Mapping[Path, bytes]) -> Made:
    config = root / CONFIG
    text = (config if config.is_file() else TEMPLATES / CONFIG).read_text(encoding="utf-8")
    changed = with_assignment(text, name, lines)
    said, beside = around(root)
    written = lay(root, {**files, **beside, config: (changed or text).encode("utf-8")}, [name])
    to_add = "" if changed else f"{lines}and {variable(name)} among the `assignments` of the course"
    return Made(written, said, to_add)


# ---- what every way of making one needs ----------------------------------------------------------


def check_name(name: str) -> None:
    """Refuse what cannot be an assignment's name."""
    if not re.fullmatch(ASSIGNMENT_NAME, name):
        raise CourseError(f"{name!r}: use only letters, digits, - and _ in an assignment's name, for example hw5")


def refuse_known(root: Path, name: str) -> None:
    """Refuse a name that the course has already."""
    config = root / CONFIG
    if config.is_file() and name in [assignment.name for assignment in load_course(root).assignments]:
        raise CourseError(f"{config}: has {name} already; choose another name")


def around(root: Path, ignore: str = "", readme: bytes = b"") -> tuple[tuple[str, ...], dict[Path, bytes]]:
    """(lines about it, what stands around a course's assignments): nbgrader's settings, .gitignore, a README.

    ignore: lines of .gitignore beside the usual; readme: the text of the README in place of the usual.
    """
    files, said = {}, []
    if not (root / SETTINGS).is_file():
        files[root / SETTINGS] = (TEMPLATES / SETTINGS).read_bytes()
    if not (root / CONFIG).is_file() and not (root / README).exists():
        files[root / README] = readme or (TEMPLATES / README).read_bytes()
    path = root / GITIGNORE
    there = path.read_text(encoding="utf-8") if path.is_file() else ""
    usual = (TEMPLATES / "gitignore").read_text(encoding="utf-8")
    wanted = [line for line in f"{ignore}\n{usual}".splitlines() if line.strip()]
    missing = [line for line in dict.fromkeys(wanted) if line.strip() not in map(str.strip, there.splitlines())]
    if count := sum(bool(line) and not line.startswith("#") for line in missing):
        if there:
            said.append(f"{path}: was there; {count} lines were added at its end")
        files[path] = (there + "\n" * bool(there and not there.endswith("\n")) + "\n".join(missing) + "\n").encode()
    return tuple(said), files


def lay(root: Path, files: Mapping[Path, bytes], names: Iterable[str]) -> tuple[Path, ...]:
    """Write the files, in this order -> those that are new or changed. All of them, or none where one cannot be.

    A file that is there stays: the same text is left, another is refused, but for the two that are edited. So is any
    file in the folders of `names`, the assignments. A run that was killed leaves whole files without their entry in
    course_config.py; the same command goes on from there.
    """
    course = Course(name="", assignments=(), root=root)
    own = [folder for name in names for folder in (course.source(name), course.assignment_folder(name))]
    edited = {root / CONFIG, root / GITIGNORE}
    before = {path: path.read_bytes() for path in files if path.is_file()}
    for path in (*files, *(path for folder in own for path in sorted(folder.rglob("*")) if path.is_file())):
        if path.exists() and path not in edited and (path not in files or before.get(path) != files[path]):
            raise CourseError(f"{path}: there already, and nothing was written; choose another name, or move it away")
    folders = {folder for path in files for folder in path.parents if not folder.exists()}
    todo = [path for path, data in files.items() if before.get(path) != data]
    try:
        for path in todo:
            write_whole(path, files[path])
        load_course(root)
    except BaseException:
        for path in todo:
            if path in before:
                write_whole(path, before[path])
            else:
                path.unlink(missing_ok=True)
        for folder in sorted(folders, reverse=True):
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise
    return tuple(todo)


# ---- its lines in course_config.py ---------------------------------------------------------------


def with_assignment(text: str, name: str, lines: str = "") -> str:
    """course_config.py's text with the assignment's lines, or those of the sample.

    "": it is written in a way that is not known here.
    """
    lines = lines or entry(name)
    tree = ast.parse(text)
    bound = {alias.asname or alias.name for n in tree.body if isinstance(n, ast.ImportFrom) for alias in n.names}
    course = next((n for n in tree.body if isinstance(n, ast.Assign) and _is_course(n)), None)
    needed = {word for word in ("Assignment", "Task") if f"{word}(" in lines or f"{word}." in lines}
    if course is None or not needed <= bound or variable(name) in _names(tree) | bound:
        return ""
    listed = next((k.value for k in course.value.keywords if k.arg == "assignments"), None)  # type: ignore[attr-defined]
    if not isinstance(listed, ast.Tuple | ast.List):
        return ""
    items = [ast.get_source_segment(text, item) or "" for item in listed.elts] + [variable(name)]
    inside = ", ".join(items) + ("," if len(items) == 1 else "")
    before = (course.lineno, 0, course.lineno, 0)
    return edited(text, {before: f"{lines}\n", place(listed): f"({inside})"})


Place = tuple[int, int, int, int]  # first line and column, last line and column, as ast has them


def place(node: ast.expr | ast.stmt) -> Place:
    """Where a node stands."""
    return node.lineno, node.col_offset, node.end_lineno or node.lineno, node.end_col_offset or node.col_offset


def edited(text: str, edits: Mapping[Place, str]) -> str:
    """A text with other words in these places."""
    data = text.encode("utf-8")  # ast counts bytes
    starts = [0]
    for line in data.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for (first, column, last, end), new in sorted(edits.items(), reverse=True):
        data = data[: starts[first - 1] + column] + new.encode() + data[starts[last - 1] + end :]
    return data.decode("utf-8")


def _is_course(node: ast.Assign) -> bool:
    named = [target.id for target in node.targets if isinstance(target, ast.Name)]
    return named == ["course"] and isinstance(node.value, ast.Call)


def _names(tree: ast.Module) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def variable(name: str) -> str:
    """The assignment's name as a name of Python."""
    found = re.sub(r"\W", "_", name)
    usable = found.isidentifier() and not keyword.iskeyword(found) and found != "course"
    return found if usable else f"assignment_{found}"


def entry(name: str) -> str:
    """The lines of the sample."""
    return ENTRY.format(variable=variable(name), name=name)
