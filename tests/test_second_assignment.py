"""A second assignment, of another field, is files and one entry of the config: the engine needs no edit."""

import ast
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.commands import made_up_class
from autograder.course import Course, load_course
from autograder.grading import made_up

ROOT = Path(__file__).resolve().parent.parent
WARMUP = ROOT / "tests" / "courses" / "warmup"
Run = Callable[..., Any]
LIMITS = "limits=Limits(cell_seconds=1, question_seconds=1, check_seconds=1),"  # one of the class never ends
OF_HW4 = ("TwoLayerNet", "best_net", "hw4", "mnist", "W1", "minibatch")


@pytest.fixture(scope="module")
def warmup(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The sample course, released, with a right, a wrong, an endless and a blank submission, graded."""
    root = tmp_path_factory.mktemp("second") / "course"
    shutil.copytree(WARMUP, root)
    config = root / "course_config.py"
    text = config.read_text(encoding="utf-8").replace("Course, Task", "Course, Limits, Task")
    config.write_text(text.replace("    tasks=(", f"    {LIMITS}\n    tasks=(", 1), encoding="utf-8")
    done = run("autograder", "release", "warmup", "--course", root)
    assert done.returncode == 0, done.stderr
    course = load_course(root)
    assignment = course.assignment("warmup")
    right = made_up.answers(course, assignment)
    swapped = {**right, "T2": right["T2"].replace("return slope, intercept", "return intercept, slope")}
    nan = {**right, "T1": right["T1"].replace("    deviation[deviation == 0] = 1\n", "")}
    classmates = {
        "right": right,
        "swapped": swapped,
        "nan": nan,
        "endless": {**right, "T1": made_up_class.endless(right["T1"])},
        "own": {**right, "T2": "def fit_line(x, y):\n    return np.polyfit(x, y, 1)"},
        "strange": {**right, "T2": "def fit_line(x, y):\n    return 1.0, 2.0"},
        "blank": {},
    }
    for name, answers in classmates.items():
        made_up.write(course.submitted("warmup", name), made_up.hand_in(course, assignment, answers))
    done = run("autograder", "grade", "warmup", "--course", root, "--jobs", 1)
    assert done.returncode == 0, done.stderr + done.stdout
    return course


@pytest.fixture(scope="module")
def marks(warmup: Course, run: Run) -> Any:
    done = run("autograder", "scores", "warmup", "--json", "--course", warmup.root)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_its_source_stands_with_the_reference_in_its_solution_regions(warmup: Course) -> None:
    assert (warmup.source("warmup") / "1-lines.ipynb").read_bytes() == (
        WARMUP / "source" / "warmup" / "1-lines.ipynb"
    ).read_bytes()


def test_its_release_holds_stubs_and_no_answer(warmup: Course) -> None:
    text = (warmup.release("warmup") / "1-lines.ipynb").read_text(encoding="utf-8")
    assert 'raise NotImplementedError(\\"T1\\")' in text and 'raise NotImplementedError(\\"T2\\")' in text
    assert "deviation == 0" not in text and "np.sum" not in text
    assert (warmup.root / "release" / "warmup.zip").is_file()


@pytest.mark.parametrize(
    ("student", "scores", "status"),
    [
        ("right", (1, 1, None), ("passed", "passed", "needs grading")),
        ("own", (1, 1, None), ("passed", "passed", "needs grading")),
        ("swapped", (1, 0, None), ("passed", "failed", "needs grading")),
        ("nan", (0.75, 1, None), ("failed", "passed", "needs grading")),
        ("endless", (0, 1, None), ("not checked", "passed", "needs grading")),
        ("strange", (1, 0, None), ("passed", "failed", "needs grading")),
        ("blank", (0, 0, 0), ("not checked", "not checked", "not checked")),
    ],
)
def test_each_submission_has_its_marks(
    marks: Any, student: str, scores: tuple[float | None, ...], status: tuple[str, ...]
) -> None:
    found = marks[student]
    assert tuple(found[task]["score"] for task in ("T1", "T2", "T3")) == scores
    assert tuple(found[task]["status"] for task in ("T1", "T2", "T3")) == status


def test_its_messages_name_the_mistake_or_say_what_was_asked(marks: Any) -> None:
    assert marks["swapped"]["T2"]["mistake"] == "swapped"
    assert "Slope and intercept have changed places" in marks["swapped"]["T2"]["message"]
    assert marks["nan"]["T1"]["mistake"] == "constant-column-becomes-nan"
    assert "time limit" in marks["endless"]["T1"]["message"]
    assert "not written yet" in marks["blank"]["T1"]["message"]
    strange = marks["strange"]["T2"]["message"].splitlines()
    assert [line.split(":")[0] for line in strange] == ["Asked", "Got", "Hint"]
    for tasks in marks.values():
        for verdict in tasks.values():
            assert not any(word in verdict["message"] for word in OF_HW4)


def test_its_students_see_an_input_on_which_they_are_wrong(warmup: Course, run: Run) -> None:
    done = run("autograder", "scores", "warmup", "--json", "--counterexamples", "--course", warmup.root)
    found = json.loads(done.stdout)
    assert {name: [*tasks] for name, tasks in found.items() if tasks} == {"swapped": ["T2"], "strange": ["T2"]}
    assert found["swapped"]["T2"] == {
        "cell": "tuple(fit_line(np.array([0, 1, 2], float), np.array([0, 1, 5], float)))",
        "gives": "(-0.5, 2.5)",
        "right": "(2.5, -0.5)",
    }


def test_its_marks_stand_in_nbgraders_gradebook(warmup: Course, gradebook_of: Callable[[Course], Any]) -> None:
    found = gradebook_of(warmup)
    assert {task: mark[0] for task, mark in found["nan"].items()} == {"T1": 0.75, "T2": 1.0, "T3": None}
    assert found["nan"]["T3"][2] and not found["blank"]["T3"][2]


def test_its_students_get_feedback_and_its_instructor_a_report(warmup: Course, run: Run, tmp_path: Path) -> None:
    root = tmp_path / "course"
    shutil.copytree(warmup.root, root)
    done = run("autograder", "report", "warmup", "--course", root)
    assert done.returncode == 0, done.stderr + done.stdout
    page = (root / "feedback" / "nan" / "warmup" / "1-lines.html").read_text(encoding="utf-8")
    assert "A column of equal numbers has deviation 0, and you divided by it." in page
    report = next((root / "reports").rglob("*.html")).read_text(encoding="utf-8")
    assert "Warm-up: a straight line through points" in report and "constant-column-becomes-nan" in report
    assert not any(word in page + report for word in ("TwoLayerNet", "MNIST", "best_net"))


def test_its_hidden_tests_are_audited(warmup: Course, run: Run) -> None:
    done = run("autograder", "audit", "warmup", "--course", warmup.root, "--jobs", 1)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "10 mistakes: 0 survivors, 0 with collateral, 100 % named; 5 right variants: 0 lost marks" in done.stdout
    assert "counterexamples: for 4 of 4 (100 %), with 5 numbers in the middle, 6 at most; " in done.stdout


def test_an_audit_before_the_release_says_what_is_missing(run: Run, tmp_path: Path) -> None:
    shutil.copytree(WARMUP, tmp_path / "course")
    done = run("autograder", "audit", "warmup", "--course", tmp_path / "course")
    assert done.returncode == 1 and "run `autograder release warmup`" in done.stderr


def test_a_mistake_that_no_check_sees_fails_the_audit(warmup: Course, run: Run, tmp_path: Path) -> None:
    shutil.copytree(warmup.root, tmp_path / "course", ignore=shutil.ignore_patterns("gradebook.db", "submitted"))
    checks = tmp_path / "course" / "autograder" / "assignments" / "warmup" / "checks.py"
    text = checks.read_text(encoding="utf-8")
    checks.write_text(text.replace("    constant[:, 1] = 7.0\n", ""), encoding="utf-8")
    done = run("autograder", "audit", "warmup", "--course", tmp_path / "course", "--jobs", 1)
    assert done.returncode == 1
    assert "survivor" in done.stdout and "constant-column-becomes-nan: costs nothing" in done.stdout


@pytest.mark.proof
def test_the_demo_makes_a_class_for_it(warmup: Course, run: Run, tmp_path: Path) -> None:
    line = ("autograder", "demo", "warmup", "--course", warmup.root, "--into", tmp_path / "demo", "--jobs", 1)
    done = run(*line, env={"PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stderr + done.stdout
    rows = {line.split()[0]: line.split()[-2] for line in done.stdout.splitlines() if line.split()[-1:] == ["3"]}
    assert rows == {"anong": "2", "bua": "1", "chai": "1", "blank": "0", "endless": "1", "crash": "2",
                    "duplicate": "2", "สมชาย": "2"}  # fmt: skip
    assert "mark T3" in done.stdout and "digits" not in done.stdout
    activate = re.search(r"^  \. (/\S+/activate) +so that the commands are found$", done.stdout, re.MULTILINE)
    assert activate and Path(activate[1]).is_file()


def words(path: Path) -> set[str]:
    """Every name and every text of a Python file but its docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    bodies = [n.body for n in ast.walk(tree) if isinstance(n, ast.Module | ast.FunctionDef | ast.ClassDef)]
    said = {id(b[0].value) for b in bodies if b and isinstance(b[0], ast.Expr)}  # type: ignore[attr-defined]
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            found.add(node.value)
        found |= {str(getattr(node, field)) for field in ("id", "attr", "name", "arg") if hasattr(node, field)}
    return found


def test_the_engine_knows_no_assignment_by_name() -> None:
    root = ROOT / "autograder"
    own = (root / "assignments", root / "releasing" / "new")  # what an assignment is made of
    engine = [path for path in root.rglob("*.py") if not any(path.is_relative_to(folder) for folder in own)]
    assert len(engine) > 80
    for path in engine:
        assert not {word for word in words(path) if any(name in word for name in OF_HW4)}, path
