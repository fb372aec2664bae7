"""An assignment of another course, or a whole course for its next semester, copied into a folder.

What belongs to people and to one semester stays behind: submissions, marks, the secret, the roster; and of
course_config.py due dates, late policies with their names, columns of a learning system, the gradebook's address.
"""

import ast
import builtins
import fnmatch
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.course import Assignment, Course, load_course, load_module
from autograder.course.late import NONE, Late
from autograder.errors import CourseError
from autograder.files import sweep
from autograder.releasing import new_assignment
from autograder.releasing.new_assignment import CONFIG, GITIGNORE, KIT, README, SETTINGS, Made, Place, place

LEFT_OUT = (".*", "__pycache__", "*.pyc", "*.part", "*.zip", "search-*")
CLEARED = {"due": '""', "canvas": '""', "db_url": '""', "policy": f'"{NONE}"', "extensions": "{}", "forgiven": "()"}
OF_ONE_SEMESTER = {"Assignment": ("due", "canvas"), "Course": ("db_url",), "Late": ("policy", "extensions", "forgiven")}
SILENT = ("db_url", "extensions", "forgiven")  # a password, and names: no comment keeps them
STARTS = re.compile(r"(\s*)\w+\s*=[^=]")  # a line that begins with a keyword, so that a comment may stand above it
LATE = ("policy", "percent_a_day", "grace_days", "extensions", "forgiven")  # in their order


def assignment_from(root: Path, origin: Path, name: str) -> Made:
    """Copy one assignment of the course in `origin` into the course in `root`, a new one where there is none."""
    new_assignment.check_name(name)
    there = _origin(root, origin)
    wanted = there.assignment(name)
    new_assignment.refuse_known(root, name)
    config = root / CONFIG
    old = (config if config.is_file() else new_assignment.TEMPLATES / CONFIG).read_text(encoding="utf-8")
    entry = _entry(_cleared(there), wanted)
    changed = new_assignment.with_assignment(_with_needed(old, entry, config), name, entry.text)
    files = {root / path: data for path, data in _files_of(there, wanted).items()}
    said, around = new_assignment.around(root)
    said = (*said, *_links(there, [wanted]))
    written = new_assignment.lay(root, {**files, **around, config: (changed or old).encode("utf-8")}, [name])
    lines = "".join(f"{line}\n" for line in entry.needs.values()) + entry.text
    to_add = "" if changed else f"{lines}and {new_assignment.variable(name)} among the `assignments` of the course"
    return Made(written, (*said, *_to_set(there, [wanted])), to_add)


def next_semester(root: Path, origin: Path) -> Made:
    """Copy the whole course in `origin` into a folder that has none yet."""
    there = _origin(root, origin)
    if (root / CONFIG).exists():
        name = there.assignments[0].name if there.assignments else "hw1"
        raise CourseError(
            f"{root / CONFIG}: there is a course already; choose a new folder with --course, or copy one assignment: "
            f"`autograder new {name} --from {origin}`"
        )
    files: dict[Path, bytes] = {}
    for assignment in there.assignments:
        files |= _files_of(there, assignment)
    files |= {Path("solutions") / path.name: path.read_bytes() for path in sorted(_solutions(there).glob("*.py"))}
    if (there.root / SETTINGS).is_file():
        files[Path(SETTINGS)] = (there.root / SETTINGS).read_bytes()
    own = there.root != KIT  # the kit's README and .gitignore are about the kit
    readme = (there.root / README).read_bytes() if own and (there.root / README).is_file() else b""
    ignore = (there.root / GITIGNORE).read_text(encoding="utf-8") if own and (there.root / GITIGNORE).is_file() else ""
    said, around = new_assignment.around(root, f"{ignore}\n{there.roster}" if ignore else there.roster, readme)
    placed = {root / path: data for path, data in files.items()}
    text = _cleared(there).encode("utf-8")
    beside = {path: data for path, data in around.items() if path not in placed}
    names = [assignment.name for assignment in there.assignments]
    written = new_assignment.lay(root, {**placed, **beside, root / CONFIG: text}, names)
    return Made(
        written, (*said, *_links(there, there.assignments), *_to_set(there, there.assignments), *_to_bring(there))
    )


def _origin(root: Path, origin: Path) -> Course:
    if not (origin / CONFIG).is_file():
        raise CourseError(f"--from {origin}: no course there: {origin / CONFIG} is not found; name a course's folder")
    if origin.resolve() == root.resolve():
        raise CourseError(f"--from {origin}: that is this folder; name another one with --course, for the new course")
    sweep([root, root / "solutions", root / "source", root / "autograder" / "assignments"])
    return load_course(origin)


# ---- its files ----------------------------------------------------------------------------------


def _files_of(course: Course, assignment: Assignment) -> dict[Path, bytes]:
    """The files that belong to an assignment, by their place in the course folder."""
    left_out = (*LEFT_OUT, *({assignment.model_file} - {""}))
    found = {}
    for folder in (course.source(assignment.name), course.assignment_folder(assignment.name)):
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            parts = path.relative_to(folder).parts
            if not any(fnmatch.fnmatch(part, pattern) for part in parts for pattern in left_out):
                found[path.relative_to(course.root)] = path.read_bytes()
    if assignment.environment:
        lock = course.root / assignment.environment
        found[lock.relative_to(course.root)] = lock.read_bytes()
    for path in () if assignment.by_examiner else _with_imports(course.solution(assignment.name)):
        found[path.relative_to(course.root)] = path.read_bytes()
    return found


def _links(course: Course, assignments: Iterable[Assignment]) -> Iterator[str]:
    """Lines on links that are not copied: to a folder, or to nothing. What a link to a file leads to is."""
    for one in assignments:
        for folder in (course.source(one.name), course.assignment_folder(one.name)):
            for path in sorted(path for path in folder.rglob("*") if path.is_symlink() and not path.is_file()):
                yield f"not copied: {path} is a link to {path.readlink()}; copy what is needed of it by hand"


def _solutions(course: Course) -> Path:
    return course.solution("any").parent


def _with_imports(path: Path) -> list[Path]:
    """A reference, and the modules beside it that it imports."""
    found, todo = [path], [path]
    while todo:
        for node in ast.walk(ast.parse(todo.pop().read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for beside in (path.with_name(f"{name.rpartition('.')[2]}.py") for name in names):
                if beside.is_file() and beside not in found:
                    found.append(beside)
                    todo.append(beside)
    return found


# ---- its lines in course_config.py ---------------------------------------------------------------


def _cleared(course: Course) -> str:
    """course_config.py's text without what belongs to one semester; CourseError where that cannot be taken out."""
    path = course.root / CONFIG
    text = path.read_text(encoding="utf-8")
    edits: dict[Place, str] = {}
    for value, was, new in _of_one_semester(ast.parse(text)):
        edits[place(value)] = new
        line, above = text.splitlines()[value.lineno - 1], (value.lineno, 0, value.lineno, 0)
        if was and (found := STARTS.match(line)):
            edits[above] = edits.get(above, "") + f"{found[1]}# was: {was}\n"
    cleared = new_assignment.edited(text, edits)
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / CONFIG).write_text(cleared, encoding="utf-8")
        found_course: Course = load_module(Path(scratch) / CONFIG, "course_config").course
    found_ones = [one.with_points() for one in found_course.assignments]
    wanted = [_without_semester(one) for one in course.assignments]
    left = [one.name for one, other in zip(found_ones, wanted, strict=True) if one != other]
    if left or found_course.db_url:
        where = f"{left[0]}: its due, late or canvas" if left else "db_url"
        raise CourseError(
            f"{path}: {where} cannot be taken out: it does not stand in Assignment(...), Late(...) or Course(...) "
            "itself; write it there, or empty it, then the same command again. Nothing was written"
        )
    return cleared


def _without_semester(assignment: Assignment) -> Assignment:
    late = replace(assignment.late, policy=NONE, extensions={}, forgiven=())
    return replace(assignment, due="", canvas="", late=late)


def _of_one_semester(tree: ast.Module) -> Iterator[tuple[ast.expr, str, str]]:
    """(the value, what it was in words or "", what takes its place) of each such keyword."""
    for name, call in _calls(tree):
        given = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
        if name == "Late":
            given |= dict(zip(LATE, call.args, strict=False))
        for word in OF_ONE_SEMESTER.get(name, ()):
            value = given.get(word)
            if value is not None and not (isinstance(value, ast.Constant) and value.value in ("", NONE)):
                said = "" if word in SILENT else f"{word}={ast.unparse(value)}"
                yield value, said, CLEARED[word]


def _calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """(the record's own name, the call) of all calls of the course's records."""
    known = {a.asname or a.name: a.name for n in tree.body if isinstance(n, ast.ImportFrom) for a in n.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield known.get(node.func.id, ""), node
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr, node


MAKERS = ("Assignment", "from_notebooks")  # what is called to make one


@dataclass(frozen=True)
class _Entry:
    """An assignment's lines, and the lines that they need above them: by the name that is bound there."""

    text: str
    needs: Mapping[str, str]


def _entry(text: str, assignment: Assignment) -> _Entry:
    """An assignment's lines out of a course_config.py."""
    tree = ast.parse(text)
    call = next((call for name, call in _calls(tree) if name in MAKERS and _named(call) == assignment.name), None)
    if call is None:
        wanted = f'Assignment(name="{assignment.name}", ...)'
        raise CourseError(f"{CONFIG}: {assignment.name} is not written as {wanted} in the other course; write it so")
    bound = _bound(tree, text)
    needed: set[str] = set()
    todo: list[ast.AST] = [call]
    while todo:
        below = list(ast.walk(todo.pop()))
        nodes = [node for node in below if isinstance(node, ast.Name)]
        arguments = {node.arg for node in below if isinstance(node, ast.arg)}
        own = {node.id for node in nodes if isinstance(node.ctx, ast.Store)} | arguments
        for name in {node.id for node in nodes} - own - needed - set(dir(builtins)):
            if name not in bound:
                raise CourseError(f"{CONFIG}: {assignment.name} needs {name}, and that is bound there in no plain line")
            needed.add(name)
            todo.append(ast.parse(bound[name]))
    segment = ast.get_source_segment(text, call) or ""
    needs = {name: line for name, line in bound.items() if name in needed}  # in the order in which they stand there
    return _Entry(f"{new_assignment.variable(assignment.name)} = {segment}\n", needs)


def _named(call: ast.Call) -> object:
    """The value of its keyword `name`, or of its first argument."""
    given = [*(keyword.value for keyword in call.keywords if keyword.arg == "name"), *call.args[:1]]
    first = given[0] if given else None
    return first.value if isinstance(first, ast.Constant) else None


def _bound(tree: ast.Module, text: str) -> dict[str, str]:
    """What a module binds at its top -> the line or lines that bind it, imports one by one."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                found[alias.asname or alias.name] = ast.unparse(ast.ImportFrom(node.module, [alias], node.level))
        elif isinstance(node, ast.Import):
            for alias in node.names:
                found[(alias.asname or alias.name).partition(".")[0]] = ast.unparse(ast.Import([alias]))
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.FunctionDef):
            lines = "\n".join(text.splitlines()[node.lineno - 1 : node.end_lineno])
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            for target in targets:
                found[target.id if isinstance(target, ast.Name) else getattr(node, "name", "")] = lines
    return found


def _with_needed(text: str, entry: _Entry, config: Path) -> str:
    """course_config.py's text with what an assignment's lines need above them."""
    tree = ast.parse(text)
    bound = _bound(tree, text)
    for name, line in entry.needs.items():
        if name in bound and ast.dump(ast.parse(bound[name])) != ast.dump(ast.parse(line)):
            raise CourseError(
                f"{config}: {name} stands for something else there ({bound[name]}) than in the other course ({line}); "
                "rename one of them, then the same command again"
            )
    missing = [line for name, line in entry.needs.items() if name not in bound]
    imports = [line for line in missing if line.startswith(("from ", "import "))]
    others = [line for line in missing if line not in imports]
    ends = [node.end_lineno or 0 for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    lines = text.splitlines()
    at = max(ends, default=0)
    above = [*imports, *(["", *others] if others else [])]
    return "\n".join([*lines[:at], *above, *lines[at:]]) + "\n"


# ---- what is told -------------------------------------------------------------------------------


def _to_set(course: Course, assignments: tuple[Assignment, ...] | list[Assignment]) -> Iterator[str]:
    """Lines on what was taken out of course_config.py, and is to be set again."""
    for one in assignments:
        if one.due:
            policy = f' and late=Late("{one.late.policy}", ...)' if one.late.policy != NONE else ""
            yield f'set in {CONFIG}: {one.name}: due, which was "{one.due}"{policy}: until then nothing is late'
        elif one.late != replace(Late(), percent_a_day=one.late.percent_a_day):
            yield f"set in {CONFIG}: {one.name}: late, which was {one.late.policy}"
        if one.canvas:
            yield f'set in {CONFIG}: {one.name}: canvas, the title of this semester\'s column; it was "{one.canvas}"'


def _to_bring(course: Course) -> Iterator[str]:
    yield f"bring this semester's roster as {course.roster}, if you use one"
    if course.db_url:
        yield f"set in {CONFIG}: db_url, another one: the other semester's marks are in {course.gradebook_name}"
    settings = course.root / SETTINGS
    if settings.is_file() and settings.read_bytes() != (new_assignment.TEMPLATES / SETTINGS).read_bytes():
        yield f"look through {SETTINGS}: it came along with settings of the other course's own"
