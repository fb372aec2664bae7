"""The house, where import-linter cannot see: what runs beside student code, who speaks of the reference, who prints."""

import ast
import functools
import importlib
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.sandbox import walls
from autograder.sandbox.walls import Inside

ROOT = Path(__file__).resolve().parent.parent
ENGINE = ROOT / "autograder"
ASSIGNMENTS = ENGINE / "assignments"
NEW = ENGINE / "releasing" / "new"
MODULES = {
    path.relative_to(ENGINE).as_posix(): path
    for path in sorted(ENGINE.rglob("*.py"))
    if not path.is_relative_to(ASSIGNMENTS) and not path.is_relative_to(NEW)
}
GUEST = {name: path for name, path in MODULES.items() if name.startswith(("sandbox/guest/", "sandbox/examiner/"))}
PROBES = [
    *ASSIGNMENTS.glob("*/probes.py"),
    *(ROOT / "tests" / "courses").glob("*/autograder/assignments/*/probes.py"),
    NEW / "probes.py",
]
BESIDE_STUDENTS = {"numpy", "IPython", "matplotlib", "traitlets"}  # traitlets is IPython's settings
# folders of files that are copied or filled in, never imported
DATA = {"releasing/new", "desk/templates", "pages/templates", "pages/templates/formgrade"}

# Who may speak of solutions/, and why. Most read it as text and never run it.
SPEAK_OF_THE_REFERENCE = {
    "course/config.py": "parses it: a task without a reference is an error",
    "course/fingerprint.py": "hashes it: a verdict is old when it changes",
    "course/records.py": "says where it stands",
    "course/solution_regions.py": "puts its lines into the source notebooks",
    "grading/made_up.py": "makes right and planted submissions of it, and trains its net",
    "judging/judge.py": "judges by it",
    "judging/known_mistakes.py": "makes known mistakes in it",
    "judging/by_machine/slips.py": "makes edits in it",
    "releasing/baked.py": "asks it for the numbers of the visible checks",
    "releasing/course_copy.py": "copies it with its assignment",
    "releasing/drift.py": "a release is old where a given class of it has other lines now",
    "releasing/leaks.py": "scans the release for its lines and answers",
    "releasing/trials/mutants.py": "makes single edits of it",
    "releasing/trials/public_cells.py": "tries public cells in it, and in right answers in other words",
    "releasing/new_assignment.py": "says where that of a new assignment is to stand",
}
RUN_THE_REFERENCE = {
    "judging/judge.py": "judges by it",
    "judging/known_mistakes.py": "asks it with a mistake in it",
    "judging/by_machine/slips.py": "asks it with an edit in it",
    "grading/made_up.py": "trains a net for made-up submissions",
    "releasing/baked.py": "what it answers to public inputs, and with each mistake in it",
    "releasing/leaks.py": "the large numbers that it answers must not be in the release",
    "releasing/trials/mutants.py": "does an edit of plain assignments come to the same values?",
    "releasing/trials/public_cells.py": "does a public cell show a mistake, and no right answer as one?",
}
IMPORT_NBGRADER = {
    "gradebook/database.py": "opens its database",
    "gradebook/nbgrader_feedback.py": "is loaded by it",
    "gradebook/nbgrader_plugins.py": "is loaded by it",
    "grading/nbgrader_autograde.py": "is loaded by it",
    "releasing/nbgrader_steps.py": "is loaded by it",
    "releasing/release.py": "runs its generate_assignment",
}
LONGEST = 300  # lines; a longer module says in its docstring why: "It is long"
MOST = 10  # modules of a folder
SLOW = {"nbgrader", "numpy", "matplotlib", "dask", "distributed", "IPython", "nbconvert", "nbformat", "jinja2",
        "mlxtend", "sqlalchemy", "traitlets"}  # fmt: skip
OF_HW4 = r"twolayernet|two-layer|best_net|mnist|hw4|minibatch|\bW[12]\b|\bb[12]\b|1-basics"


@functools.cache  # each module is asked about a dozen times, and nobody changes its tree
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> set[str]:
    """Full names of all that a file imports, inside functions too."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, f"{path}: relative import"
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def tops(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports(path)}


def names(path: Path) -> set[str]:
    """Last names of all that a file calls, hands on or looks up."""
    nodes = ast.walk(tree(path))
    return {n.attr if isinstance(n, ast.Attribute) else n.id for n in nodes if isinstance(n, ast.Attribute | ast.Name)}


def test_there_is_something_to_look_at() -> None:
    """A test over files passes on none."""
    assert len(MODULES) > 60 and len(GUEST) >= 6 and len(PROBES) >= 3


# ---- imports ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*GUEST.values(), *PROBES], ids=lambda p: f"{p.parent.name}/{p.name}")
def test_guest_and_probes_import_only_what_a_student_has(path: Path) -> None:
    allowed = set(sys.stdlib_module_names) | BESIDE_STUDENTS
    if path.name == "picture_reader.py":  # beside which no student's code runs
        allowed |= {"PIL", "pi_heif", "pypdfium2"}
    if path in GUEST.values():
        allowed |= {other.stem for other in GUEST.values()} | {other.parent.name for other in GUEST.values()}
    assert tops(path) <= allowed


def test_what_the_guest_and_the_host_share_is_named() -> None:
    """The guest is plain files to the host, but for what asks the reference the same, and the doctor's look."""
    inside = re.compile(r"autograder\.sandbox\.(guest|examiner)(\.|$)")
    found = {name for name, path in MODULES.items() if any(inside.match(i) for i in imports(path))}
    assert found == {"commands/wall_diagnoses.py", "judging/known_mistakes.py"}


def dotted(path: Path) -> Iterator[str]:
    """Texts that name a class."""
    for node in ast.walk(tree(path)):
        text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
        if re.fullmatch(r"(autograder|nbgrader)(\.\w+)+\.[A-Z]\w+", text):
            yield text


@pytest.mark.parametrize("name", sorted(set(dotted(ENGINE / "nbgrader_settings.py"))))
def test_every_class_that_nbgrader_is_told_of_is_there(name: str) -> None:
    module, _, what = name.rpartition(".")
    assert isinstance(getattr(importlib.import_module(module), what), type)


def test_the_classes_that_nbgrader_is_told_of_are_found() -> None:
    assert len(set(dotted(ENGINE / "nbgrader_settings.py"))) >= 10


def test_only_named_modules_import_nbgrader() -> None:
    assert {name for name, path in MODULES.items() if "nbgrader" in tops(path)} == set(IMPORT_NBGRADER)


def test_the_command_line_starts_without_what_is_slow() -> None:
    code = (
        "import json, sys\nfrom autograder.cli import main\nassert main(['--help']) == 0\n"
        f"sys.stderr.write(json.dumps(sorted({SLOW!r} & set(sys.modules))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stderr) == []
    assert "grade" in done.stdout


def test_the_gradebook_is_opened_without_nbgraders_servers_and_nbgrader_is_whole_for_who_asks() -> None:
    code = (
        "import sys\nfrom autograder.gradebook import database\n"
        "assert not any(name.startswith('nbgrader.server_extensions') for name in sys.modules)\n"
        "from nbgrader.server_extensions import formgrader\n"  # which imports in a ring where nbgrader is whole by then
        "import nbgrader\nassert nbgrader.api is database.api and nbgrader.__version__\n"
        "assert nbgrader.load_formgrader is formgrader.load_jupyter_server_extension\n"
        "assert not hasattr(nbgrader, 'no_such_name')"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_nothing_unpickles() -> None:
    """Who imports pickle is import-linter's to find."""
    for path in ENGINE.rglob("*.py"):
        nodes = [n for n in ast.walk(tree(path)) if isinstance(n, ast.Call)]
        for call in nodes:
            allowed = [k.value for k in call.keywords if k.arg == "allow_pickle"]
            assert all(isinstance(a, ast.Constant) and a.value is False for a in allowed), path
            if isinstance(call.func, ast.Attribute) and ast.unparse(call.func) == "np.load":
                assert allowed, f"{path}: np.load without allow_pickle=False"


# ---- the reference ------------------------------------------------------------------------------


def test_only_named_modules_speak_of_the_reference() -> None:
    words = {"solution", "solutions", "reference_text"}
    found = {name for name, path in MODULES.items() if names(path) & words or "def solution" in path.read_text("utf-8")}
    assert found == set(SPEAK_OF_THE_REFERENCE)


def test_only_named_modules_run_the_reference() -> None:
    def runs(path: Path) -> bool:
        loads = "load_author_module" in names(path) and names(path) & {"solution"}
        return "run_text" in names(path) or bool(loads)

    assert {name for name, path in MODULES.items() if runs(path)} == set(RUN_THE_REFERENCE)
    for name, path in MODULES.items():
        assert "solutions" not in tops(path), name


def test_checks_get_the_reference_from_the_judge() -> None:
    for path in [*ASSIGNMENTS.rglob("*.py"), *NEW.glob("*.py")]:
        assert not names(path) & {"solution", "run_text"}, path
        text = [n.module or "" for n in ast.walk(tree(path)) if isinstance(n, ast.ImportFrom)]
        assert "solutions" not in text, path


# ---- who prints ---------------------------------------------------------------------------------


def test_only_the_command_line_prints_and_exits() -> None:
    for name, path in MODULES.items():
        if name == "cli.py" or name.startswith("commands/"):
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called not in ("print", "exit", "quit", "input", "sys.exit", "sys.stdout.write"), name


# ---- nothing of an assignment -------------------------------------------------------------------


def texts() -> dict[str, str]:
    """Every file of the engine as text."""
    paths = [path for kind in ("*.py", "*.toml", "*.html", "*.css", "*.js") for path in ENGINE.rglob(kind)]
    return {
        path.relative_to(ENGINE).as_posix(): path.read_text(encoding="utf-8")
        for path in paths
        if not path.is_relative_to(ASSIGNMENTS)
    }


def test_the_engine_names_nothing_of_the_homework_that_comes_with_it() -> None:
    for name, text in texts().items():
        found = [match[0] for match in re.finditer(OF_HW4, text, re.IGNORECASE)]
        assert not found, f"{name} speaks of {found}"


def test_no_module_of_the_engine_knows_a_task_or_a_notebook(repo: Course) -> None:
    hw4 = repo.assignment("hw4")
    known = {"hw4", *hw4.notebooks, *(task.name for task in hw4.tasks)}
    for name, path in MODULES.items():
        said = {n.value for n in ast.walk(tree(path)) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
        assert not said & known, name


def test_help_speaks_of_the_assignment_that_new_makes() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from autograder.cli import main; main(['grade', '--help'])"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "for example hw5" in done.stdout


# ---- rooms --------------------------------------------------------------------------------------


def folders() -> list[Path]:
    return [path for path in (ENGINE, *ENGINE.rglob("*")) if path.is_dir() and path.name != "__pycache__"]


def test_every_folder_of_the_engine_is_a_package_or_data() -> None:
    without = {path.relative_to(ENGINE).as_posix() for path in folders() if not (path / "__init__.py").is_file()}
    assert without == DATA


def test_no_folder_holds_more_than_can_be_held_in_the_head() -> None:
    for folder in folders():
        if folder == ENGINE / "commands" or folder.relative_to(ENGINE).as_posix() in DATA:
            continue
        found = [path.name for path in folder.glob("*.py") if path.name != "__init__.py"]
        # an assignment's checks are a file a topic
        most = MOST + 1 if folder.is_relative_to(ASSIGNMENTS) else MOST
        assert len(found) <= most, f"{folder.name}: {len(found)} modules: {found}"


def test_a_long_module_says_why() -> None:
    # lists of an assignment, and its probes, which are one file by contract
    lists = {"mistakes.py", "right_variants.py", "probes.py"}
    for path in ENGINE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if len(text.splitlines()) > LONGEST and not (path.is_relative_to(ASSIGNMENTS) and path.name in lists):
            assert "It is long" in (ast.get_docstring(ast.parse(text)) or ""), f"{path}: split it"


def test_every_module_says_what_it_is() -> None:
    for path in ENGINE.rglob("*.py"):
        assert ast.get_docstring(tree(path)) or not path.read_text(encoding="utf-8").strip(), path


# ---- what leaves this machine, and what enters the sandbox --------------------------------------


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names in the wheel, built from a copy."""
    folder = tmp_path_factory.mktemp("wheel")
    leave = shutil.ignore_patterns("__pycache__", "build", "*.egg-info")
    shutil.copytree(ENGINE, folder / "kit" / "autograder", ignore=leave)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / "kit" / name)
    line = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index",
            "--disable-pip-version-check", "--wheel-dir", str(folder), str(folder / "kit")]  # fmt: skip
    subprocess.run(line, check=True, capture_output=True, text=True, cwd=folder)
    (made,) = folder.glob("*.whl")
    with zipfile.ZipFile(made) as file:
        return {name for name in file.namelist() if not name.startswith("course_autograder-")}


def test_the_wheel_holds_no_check_mistake_solution_or_probe_of_an_assignment(wheel: set[str]) -> None:
    theirs = {path.relative_to(ROOT).as_posix() for path in ASSIGNMENTS.rglob("*") if path.is_file()}
    assert not [name for name in wheel if name.startswith("autograder/assignments") or name in theirs]
    assert not [name for name in wheel if re.search(r"hw4|solutions/|source/|tests/|(^|/)release/", name)]


def test_the_wheel_holds_all_of_the_engine(wheel: set[str]) -> None:
    wanted = {
        path.relative_to(ROOT).as_posix()
        for path in ENGINE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.is_relative_to(ASSIGNMENTS)
    }
    assert wheel == wanted
    assert {"autograder/course/engine_messages.toml", "autograder/releasing/new/messages.toml"} <= wheel
    assert [name for name in wheel if name.startswith("autograder/pages/templates/")]


def test_the_linters_contracts_hold_every_folder() -> None:
    """A folder that no contract names would be seen by none."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = next(c for c in settings["contracts"] if c["type"] == "layers")
    assert layers["exhaustive"]
    placed = {name.strip() for layer in layers["layers"] for name in layer.split("|")}
    there = {path.stem for path in ENGINE.glob("*.py")} | {path.name for path in folders() if path.parent == ENGINE}
    assert placed == there - {"__init__"}
    (engine,) = (c for c in settings["contracts"] if c.get("forbidden_modules") == ["autograder.assignments"])
    assert {name.removeprefix("autograder.") for name in engine["source_modules"]} == placed - {"assignments"}


@pytest.mark.parametrize("trial", [False, True])
def test_of_an_assignment_only_its_probes_enter_the_sandbox(
    repo: Course, monkeypatch: pytest.MonkeyPatch, trial: bool
) -> None:
    monkeypatch.setattr(walls, "bubblewrap", lambda: "/usr/bin/bwrap")
    probes = repo.part("probes", "hw4")
    line = walls.walls(Inside(probes, (repo.source("hw4") / "hw4_helpers.py",), trial=trial))
    inside = {Path(word) for flag, word in itertools.pairwise(line) if flag.startswith("--ro-bind")}
    shown = {path for path in inside if path.is_relative_to(ROOT) and not path.is_relative_to(ROOT / ".venv")}
    assert shown == {probes, walls.GUEST, repo.source("hw4") / "hw4_helpers.py"}
    hidden = [word for flag, word in itertools.pairwise(line) if flag == "--tmpfs"]
    for number in range(len(walls.packages())):
        if Path(walls.packages()[number], "autograder").is_dir():
            assert f"/packages{number}/autograder" in hidden


@pytest.mark.parametrize(
    ("module", "line", "ends"),
    [
        ("course/late.py", "", 0),
        ("course/late.py", "from autograder.pages import report", 1),
        ("judging/judge.py", "from autograder.grading import pipeline", 1),
        ("lms/export.py", "from autograder.pages import feedback", 1),
        ("sandbox/guest/frames.py", "from autograder.course import secret", 1),
        ("grading/pipeline.py", "from autograder.assignments.hw4 import mistakes", 1),
        ("assignments/hw4/mistakes.py", "from autograder.course import secret", 1),
        ("sandbox/answers.py", "import pickle", 1),
    ],
)
def test_the_floors_hold_and_an_import_planted_upward_breaks_the_check(
    module: str, line: str, ends: int, tmp_path: Path
) -> None:
    shutil.copytree(ROOT / "autograder", tmp_path / "autograder", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    path = tmp_path / "autograder" / module
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")
    command = [Path(sys.executable).parent / "lint-imports", "--no-logo", "--no-cache"]
    around = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=around, capture_output=True, text=True, timeout=120)
    assert done.returncode == ends, done.stdout + done.stderr
    assert ("BROKEN" in done.stdout) == bool(ends)
