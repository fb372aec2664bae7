"""A new assignment: small, whole and working, to be edited. Its files stand in autograder/releasing/new/."""

import ast
import keyword
import re
from dataclasses import dataclass
from pathlib import Path

from autograder.course import ASSIGNMENT_NAME, Course, load_course
from autograder.errors import CourseError
from autograder.files import write_whole

TEMPLATES = Path(__file__).parent / "new"
CONFIG, SETTINGS = "course_config.py", "nbgrader_config.py"
ENTRY = """{variable} = Assignment(
    name="{name}",
    title="{name}",
    tasks=(
        Task("T1", notebook="1-questions"),
        Task("T2", notebook="1-questions", graded_by="person"),
    ),
)
"""


@dataclass(frozen=True)
class Skeleton:
    """What was written, and the lines that the course's owner has to add, if any."""

    files: tuple[Path, ...]
    to_add: str = ""


def write(root: Path, name: str) -> Skeleton:
    """Write a working assignment into the course folder, a new course where there is none. Overwrites nothing."""
    if not re.fullmatch(ASSIGNMENT_NAME, name):
        raise CourseError(f"{name!r}: use only letters, digits, - and _ in an assignment's name, for example hw5")
    config = root / CONFIG
    if config.is_file():
        known = [assignment.name for assignment in load_course(root).assignments]
        if name in known:
            raise CourseError(f"{config}: has {name} already; choose another name")
    course = Course(name="", assignments=(), root=root)
    files = {
        course.source(name) / "1-questions.ipynb": "questions.ipynb",
        course.solution(name): "solutions.py",
        **{course.part(kind, name): f"{kind}.py" for kind in ("probes", "checks", "mistakes", "right_variants")},
        course.part("messages", name): "messages.toml",
    }
    if there := [path for path in files if path.exists()]:
        raise CourseError(f"{there[0]}: there already, and nothing was written; choose another name, or move it away")
    text = (config if config.is_file() else TEMPLATES / CONFIG).read_text(encoding="utf-8")
    changed = with_assignment(text, name)
    if not (root / SETTINGS).is_file():
        files[root / SETTINGS] = SETTINGS
    for path, template in files.items():
        write_whole(path, (TEMPLATES / template).read_bytes())
    write_whole(config, (changed or text).encode("utf-8"))  # last: what it names is there
    to_add = "" if changed else f"{_entry(name)}and {_variable(name)} among the `assignments` of the course"
    return Skeleton((*files, config), to_add)


def with_assignment(text: str, name: str) -> str:
    """course_config.py's text with the assignment added; "" where it is written in a way that is not known here."""
    tree = ast.parse(text)
    bound = {alias.asname or alias.name for n in tree.body if isinstance(n, ast.ImportFrom) for alias in n.names}
    course = next((n for n in tree.body if isinstance(n, ast.Assign) and _is_course(n)), None)
    if course is None or not {"Assignment", "Task"} <= bound or _variable(name) in _names(tree) | bound:
        return ""
    listed = next((k.value for k in course.value.keywords if k.arg == "assignments"), None)  # type: ignore[attr-defined]
    if not isinstance(listed, ast.Tuple | ast.List):
        return ""
    data = text.encode("utf-8")  # ast counts bytes
    starts = [0]
    for line in data.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    items = [ast.get_source_segment(text, item) or "" for item in listed.elts] + [_variable(name)]
    inside = ", ".join(items) + ("," if len(items) == 1 else "")
    first, last = starts[listed.lineno - 1] + listed.col_offset, starts[(listed.end_lineno or 0) - 1]
    last += listed.end_col_offset or 0
    begin = starts[course.lineno - 1]
    entry = f"{_entry(name)}\n".encode()
    return (data[:begin] + entry + data[begin:first] + f"({inside})".encode() + data[last:]).decode("utf-8")


def _is_course(node: ast.Assign) -> bool:
    named = [target.id for target in node.targets if isinstance(target, ast.Name)]
    return named == ["course"] and isinstance(node.value, ast.Call)


def _names(tree: ast.Module) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _variable(name: str) -> str:
    """The assignment's name as a name of Python."""
    found = re.sub(r"\W", "_", name)
    usable = found.isidentifier() and not keyword.iskeyword(found) and found != "course"
    return found if usable else f"assignment_{found}"


def _entry(name: str) -> str:
    return ENTRY.format(variable=_variable(name), name=name)
