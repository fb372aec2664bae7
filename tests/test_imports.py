"""The import rules: data flows one way, and no rule is kept by memory alone."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.course import Course

ENGINE = Path(__file__).resolve().parent.parent / "autograder"
MODULES = {path.stem: path for path in sorted(ENGINE.glob("*.py"))}
GUEST = {path.stem: path for path in sorted((ENGINE / "guest").glob("*.py"))}
PROBES = sorted((ENGINE / "probes").glob("*.py"))
BESIDE_STUDENTS = {"numpy", "IPython", "matplotlib", "traitlets"}  # traitlets is IPython's settings

# Who may speak of solutions/, and why. All but judge, release and sample read it as text and never run it.
READ_THE_REFERENCE = {
    "judge": "judges by it",
    "course": "parses it: a task without a reference is an error; and says where it stands",
    "grade": "hashes it: a verdict is old when it changes",
    "regions": "puts its lines into the source notebooks",
    "release": "scans the release for its lines and answers",
    "sample": "makes right and planted submissions of it, and trains its net",
    "skeleton": "says where that of a new assignment is to stand",
}
RUN_THE_REFERENCE = {
    "judge": "judges by it",
    "release": "the large numbers that it answers must not be in the release",
    "sample": "trains a net for made-up submissions",
}
IMPORT_NBGRADER = {"release", "gradebook", "ledger", "standing", "plugins"}


def imports(path: Path) -> set[str]:
    """Full names of all that a file imports, inside functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def tops(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports(path)}


def calls(path: Path) -> set[str]:
    """Last names of all functions and methods that a file calls or hands on."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return {n.attr if isinstance(n, ast.Attribute) else n.id for n in nodes if isinstance(n, ast.Attribute | ast.Name)}


def siblings(path: Path) -> set[str]:
    """Modules of the engine that a file imports."""
    names = (name.split(".") for name in imports(path) if name.startswith("autograder."))
    return {parts[1] for parts in names if parts[1] in MODULES}


@pytest.mark.parametrize("path", [*GUEST.values(), *PROBES], ids=lambda p: f"{p.parent.name}/{p.name}")
def test_guest_and_probes_import_only_what_a_student_has(path: Path) -> None:
    allowed = set(sys.stdlib_module_names) | BESIDE_STUDENTS
    if path.parent.name == "guest":
        allowed |= set(GUEST)
    assert tops(path) <= allowed


def test_probes_do_not_import_the_guest() -> None:
    for path in PROBES:
        assert not tops(path) & (set(GUEST) - set(sys.stdlib_module_names))


def test_only_named_modules_speak_of_the_reference() -> None:
    found = {name for name, path in MODULES.items() if calls(path) & {"solution", "solutions", "reference_text"}}
    assert found == set(READ_THE_REFERENCE)


def test_only_the_judge_and_two_named_modules_run_the_reference() -> None:
    found = {name for name, path in MODULES.items() if "run_text" in calls(path)}
    assert found - {"planting"} == set(RUN_THE_REFERENCE)
    for name, path in MODULES.items():
        assert not any(name.startswith("solutions") for name in tops(path)), name


def test_checks_get_the_reference_from_the_judge() -> None:
    for path in (ENGINE / "checks").glob("*.py"):
        assert not calls(path) & {"solution", "run_text"}
        assert not {"solutions"} & tops(path)


def test_only_named_modules_import_nbgrader() -> None:
    assert {name for name, path in MODULES.items() if "nbgrader" in tops(path)} == IMPORT_NBGRADER


def test_only_the_command_line_prints_and_exits() -> None:
    for name, path in MODULES.items():
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        named = {n.func.id for n in nodes if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
        assert name == "cli" or not named & {"print", "exit", "quit"}, name


def test_nobody_imports_the_command_line() -> None:
    assert not [name for name, path in MODULES.items() if "cli" in siblings(path)]


def test_there_is_no_import_cycle() -> None:
    graph = {name: siblings(path) - {name} for name, path in MODULES.items()}
    done: set[str] = set()

    def walk(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " -> ".join([*way, name])
        if name not in done:
            for other in graph[name]:
                walk(other, (*way, name))
            done.add(name)

    for name in graph:
        walk(name, ())


def test_what_judges_does_not_know_the_sandbox() -> None:
    for name in ("judge", "checking", "answers", "planting", "texts"):
        assert not siblings(MODULES[name]) & {"sandbox", "grade", "classroom", "gradebook"}, name


def test_nothing_unpickles() -> None:
    for path in [*MODULES.values(), *GUEST.values(), *PROBES]:
        assert not tops(path) & {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal"}, path
        text = path.read_text(encoding="utf-8")
        assert "allow_pickle=True" not in text, path


def test_the_command_line_starts_without_what_is_slow() -> None:
    code = (
        "import json, sys\nfrom autograder.cli import main\nassert main(['--help']) == 0\n"
        "slow = {'nbgrader', 'matplotlib', 'dask', 'distributed', 'IPython', 'nbconvert', 'mlxtend', 'sqlalchemy'}\n"
        "sys.stderr.write(json.dumps(sorted(slow & set(sys.modules))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stderr) == []
    assert "grade" in done.stdout


def test_the_engine_is_small_enough_to_hold_in_the_head() -> None:
    for name, path in MODULES.items():
        assert len(path.read_text(encoding="utf-8").splitlines()) < 320, f"{name} has grown: split it"


def test_a_new_assignment_needs_no_engine_module(repo: Course) -> None:
    """No module of the engine knows the homework: tasks and notebooks are named in its own files alone."""
    hw4 = repo.assignment("hw4")
    for name, path in MODULES.items():
        text = path.read_text(encoding="utf-8")
        if name == "demo":  # made for the homework that comes with the kit
            continue
        words = {n.value for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
        assert not words & {task.name for task in hw4.tasks}, name
        assert not words & {"hw4", *hw4.notebooks}, name
