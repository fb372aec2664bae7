"""The contract with an author: a slip is told in one line that names the place, and no student pays for it."""

import csv
import json
import re
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from shares import in_each_run, one_in
from toy import Toy

from autograder import cli
from autograder.course import Course, load_course
from autograder.errors import CourseError
from autograder.grading import made_up, pipeline
from autograder.submissions.submission import Submission, read_submission

Run = Callable[..., Any]
Gradebook = Callable[[Course], Any]


@dataclass(frozen=True)
class Said:
    """What a command said in a course with a slip."""

    code: int
    out: str
    err: str
    course: Course

    @property
    def verdicts(self) -> list[Path]:
        """The verdict files that are there."""
        return sorted((self.course.state / "verdicts").rglob("*.json"))


Plant = Callable[..., Said]


def hand_in(course: Course, name: str, students: Mapping[str, Mapping[str, str]]) -> None:
    for student, answers in students.items():
        made_up.write(course.submitted(name, student), made_up.hand_in(course, course.assignment(name), answers))


@pytest.fixture(scope="module")
def hw5(hw5: Course, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The new assignment, with three submissions. Only copied."""
    course = replace(hw5, root=tmp_path_factory.mktemp("contract") / "course")
    shutil.copytree(hw5.root, course.root)
    right = made_up.answers(course, course.assignment("hw5"))
    wrong = {**right, "T1": right["T1"].replace("axis=0", "axis=1")}
    hand_in(course, "hw5", {"right": right, "wrong": wrong, "blank": {}})
    return course


@pytest.fixture(scope="module")
def warmup(toy: Toy, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Two judged tasks, released; nobody has answered the question for a person. Only copied."""
    course = toy.copy(tmp_path_factory.mktemp("contract") / "course")
    right = {task: toy.right[task] for task in ("T1", "T2")}
    wrong = {**right, "T2": "def fit_line(x, y):\n    return 1000.0, 0.0"}
    hand_in(course, "warmup", {"right": right, "wrong": wrong, "blank": {}})
    return course


def commanded(run: Run, course: Course, command: str) -> Said:
    done = run("autograder", command, course.assignments[0].name, "--jobs", 1, "--course", course.root)
    return Said(done.returncode, done.stdout, done.stderr, course)


@pytest.fixture
def plant(tmp_path: Path, run: Run) -> Plant:
    """Copy a course, replace a text in one of its files, and run a command there."""

    def plant(course: Course, file: str, old: str, new: str, command: str = "grade") -> Said:
        name = course.assignments[0].name
        copied = replace(course, root=tmp_path / "course")
        shutil.copytree(course.root, copied.root)
        path = copied.assignment_folder(name) / file
        path = path if path.is_file() else copied.root / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), encoding="utf-8")
        return commanded(run, copied, command)

    return plant


# ---- slips that stop the command ----------------------------------------------------------------

RETURN = 'return [PartResult("means", 1.0, first(problems))]'
HALF = 'PartResult("means", 0.5, first(problems))'
RECORD = 'TaskChecks("T1", cases=T1_cases, check=T1),'
TUPLE = f"ASSIGNMENT = AssignmentChecks(\n    tasks=({RECORD}),"
CASES = 'return [{"X": rng.normal(3, 2, shape)} for shape in ((5, 3), (4, 7))]'
PROBE = 'yield "means", lambda: student.function("column_means")(case["X"])'
TASK = 'Task("T1", notebook="1-questions")'

# name -> (file, its text, what stands there instead, what is said after the file's name)
SLIPS = {
    # a check that gives no result
    "a check with a yield": (
        "checks.py", RETURN, RETURN.replace("return [", "yield (").replace("]", ")"),
        r": T1: check=T1 has a `yield`; return a list instead",
    ),
    "a check without parts": ("checks.py", RETURN, "return []", ": T1: the check returned no part at all"),
    "a check without a return": ("checks.py", RETURN, "problems.sort", ": T1: the check returned None; it should"),
    "a check that returns a dict": ("checks.py", RETURN, 'return {"means": 1}', ": T1: the check returned dict"),
    "a check that returns problems": ("checks.py", RETURN, "return problems", ": T1: the check returned list"),
    "a check that returns one result": (
        "checks.py", RETURN, RETURN.replace("[", "").replace("]", ""), ": T1: the check returned PartResult",
    ),
    "half of the marks": ("checks.py", RETURN, f"return [{HALF}]", r": T1: the shares .* add up to 0\.5 \(0\.5\), not"),
    "a part twice": ("checks.py", RETURN, f"return [{HALF}, {HALF}]", ": T1: the check named the part 'means' twice"),
    "a negative share": (
        "checks.py", RETURN, RETURN.replace("1.0", "1.5").replace("))]", ')), PartResult("more", -0.5)]'),
        r": T1: the shares .* \(1\.5 \+ -0\.5\), not to 1",
    ),
    "a share that is no number": (
        "checks.py", RETURN, RETURN.replace("1.0", "'1'"),
        ": T1: the share of 'means' is '1'",
    ),
    "a share that is nan": ("checks.py", RETURN, RETURN.replace("1.0", "np.nan"), ": T1: the shares .* add up to nan"),
    "words for a problem": (
        "checks.py", RETURN, RETURN.replace("first(problems)", "'wrong'"),
        ": T1: the check says str 'wrong' of 'means'",
    ),
    "a check that nothing can fail": (
        "checks.py", RETURN, 'return [PartResult("means", 1.0)]', ": T1: the check gives means to .* answers nothing",
    ),
    "an error in a check": (
        "checks.py", RETURN, "return problem",
        r":\d+: T1: the check, .*: NameError: name 'problem'",
    ),
    "no Python in checks.py": ("checks.py", RETURN, "return [", r":\d+: '\[' was never closed"),
    # its record
    "a misspelt keyword": (
        "checks.py", "cases=T1_cases", "case=T1_cases",
        r":\d+: TypeError: .*keyword argument 'case'",
    ),
    "an unknown task": (
        "checks.py", RECORD, RECORD + RECORD.replace('"T1"', '"T9"'), ": T9: no judged task of that name",
    ),
    "a task that a person marks": (
        "checks.py", RECORD, RECORD + RECORD.replace('"T1"', '"T2"'), ": T2: no judged task of that name",
    ),
    "two records of a task": ("checks.py", RECORD, RECORD + RECORD, ": T1: two records of TaskChecks"),
    "no record of a task": ("checks.py", RECORD, "", ": T1: has no TaskChecks; add one to ASSIGNMENT"),
    "asks is no function": (
        "checks.py", RECORD, RECORD.replace("check=T1", 'check=T1, asks="not a function"'),
        ": T1: asks='not a function' is not a function",
    ),
    "one prefix for a pair": (
        "checks.py", RECORD, RECORD.replace("check=T1", 'check=T1, distinguishing="own"'),
        ": T1: distinguishing='own' is no pair of prefixes",
    ),
    "no ASSIGNMENT": ("checks.py", "ASSIGNMENT =", "HW5 =", ": ASSIGNMENT is not there; write ASSIGNMENT ="),
    "a list of records": (
        "checks.py", TUPLE, f"ASSIGNMENT = AssignmentChecks(tasks=[{RECORD}],", ": ASSIGNMENT: tasks= takes a tuple",
    ),
    "a dataset that is no recipe": ("checks.py", RECORD + ")", RECORD + "), dataset={}", ": ASSIGNMENT: dataset=dict"),
    # its cases
    "cases that raise": ("checks.py", CASES, CASES.replace("3, 2", "3, -2"), r":\d+: T1: cases: ValueError: scale < 0"),
    "cases in a dict": (
        "checks.py", CASES, 'return {"X": np.ones((40, 3))}',
        ": T1: cases returned dict .* a list of dict",
    ),
    "no cases": ("checks.py", CASES, "return []", ": T1: cases returned an empty list"),
    "cases without a return": ("checks.py", CASES, "CASES = 0", ": T1: cases returned None"),
    "cases of words": (
        "checks.py", CASES, CASES.replace("}", ', "mode": "fast"}'),
        ": T1: .*input 'mode' is str 'fast'",
    ),
    # its probe
    "a probe that asks for another input": (
        "probes.py", PROBE, PROBE.replace('"X"', '"Y"'), r":8: T1: MissingInput: the case has no input 'Y'; it has 'X'",
    ),
    "a probe whose body asks for another input": (
        "probes.py", PROBE, f'Y = case["Y"]\n    {PROBE}',
        ":8: T1: MissingInput: the case has no input 'Y'; it has 'X'",
    ),
    "an unknown name in a question": (
        "probes.py", PROBE, PROBE.replace("case[", "caze["), ":8: T1: NameError: name 'caze' is not defined",
    ),
    "an unknown name in a probe's body": (
        "probes.py", PROBE, f'X = caze["X"]\n    {PROBE}', ":8: T1: NameError: name 'caze' is not defined",
    ),
    "an error after the questions": ("probes.py", PROBE, f"{PROBE}\n    1 / 0", ":9: T1: ZeroDivisionError"),
    "a probe without a yield": (
        "probes.py", PROBE, PROBE.replace('yield "means",', "return"),
        ": T1: yields no questions",
    ),
    "a question without a name": ("probes.py", PROBE, PROBE.replace('"means", ', ""), ": T1: TypeError: cannot unpack"),
    "a question that fails with the reference": (
        "probes.py", PROBE, PROBE.replace("column_means", "column_meens"),
        ": T1: the question 'means' fails with the reference: NameError: column_meens is not defined",
    ),
    "a question that ends the process": (
        "probes.py", PROBE, f"import os\n    {PROBE.replace('student', 'os._exit(0) or student')}",
        ": T1: .*the reference",
    ),
    "no Python in probes.py": ("probes.py", PROBE, "yield (", r":\d+: '\(' was never closed"),
    "an import that is not there": ("probes.py", "def T1(", "import numpie\ndef T1(", r":\d+: ModuleNotFoundError"),
    # its mistakes and words
    "an unknown name in mistakes.py": (
        "mistakes.py", "MISTAKES = (", "MISTAKES = (Mistaek,", r":\d+: NameError: name 'Mistaek' is not defined",
    ),
    "no MISTAKES": ("mistakes.py", "MISTAKES =", "MISTAKE =", ": MISTAKES is not there, or no list of Mistake"),
    "a mistake of an unknown task": (
        "mistakes.py", 'Mistake("T1", "sum', 'Mistake("T7", "sum', ": sum-not-mean: course_config.py has no task 'T7'",
    ),
    "an unknown key in messages.toml": (
        "messages.toml", "[T1.mistakes]", "[T1.bugs]",
        r": \[T1\] has 'bugs'; a task has",
    ),
    "no TOML in messages.toml": ("messages.toml", "[T1.mistakes]", "[T1.mistakes", ": Expected ']'"),
    # the course
    "an unknown time zone": (
        "course_config.py", 'name="my-course",', 'name="my-course", timezone="Bangkok",',
        ": timezone 'Bangkok' is not known; try",
    ),
    "a saved model without a name": (
        "course_config.py", TASK, TASK.replace(")", ", saved_model=True)"),
        ": hw5: T1: saved_model=True is no file's name",
    ),
    "a misspelt setting": ("course_config.py", TASK, TASK.replace("notebook", "notebok"), ": TypeError: .*'notebok'"),
}  # fmt: skip


def one_line(said: Said) -> str:
    """The one line of an error that the user can mend."""
    assert said.code == 1
    assert said.err.startswith("error: ") and said.err.count("\n") == 1 and "Traceback" not in said.err, said.err
    return said.err.strip()


@pytest.mark.parametrize("slip", one_in(16, SLIPS))
def test_a_slip_is_told_in_one_line_with_its_place_and_nobody_has_a_mark(
    hw5: Course, plant: Plant, gradebook_of: Gradebook, slip: str
) -> None:
    file, old, new, told = SLIPS[slip]
    said = plant(hw5, file, old, new)
    assert re.search(rf"\b{re.escape(file)}{told}", one_line(said)), said.err
    assert said.verdicts == []
    assert all(mark[0] is None for tasks in gradebook_of(said.course).values() for mark in tasks.values())


OF_THE_AUDIT = {
    "a mistake whose text does not stand in the reference": (
        "mistakes.py", '"X.mean(axis=0)", "X.sum(axis=0)"', '"X.maen(axis=0)", "X.sum(axis=0)"',
        r": T1: sum-not-mean: 'X\.maen\(axis=0\)' stands 0 times in the reference, not once",
    ),
    "a mistake that is no Python": (
        "mistakes.py", '"X.sum(axis=0)"', '"X.sum((axis=0)"', ": T1: sum-not-mean: the edited reference is no Python",
    ),
    "a right variant whose text does not stand in the reference": (
        "right_variants.py", '"X.mean(axis=0)"', '"X.maen(axis=0)"', r": added-by-hand: .* stands 0 times",
    ),
    "no RIGHT_VARIANTS": ("right_variants.py", "RIGHT_VARIANTS =", "RIGHT =", ": RIGHT_VARIANTS is not there"),
}  # fmt: skip


@pytest.mark.parametrize("slip", OF_THE_AUDIT)
def test_a_slip_that_only_the_audit_meets_is_told_with_its_place(hw5: Course, plant: Plant, slip: str) -> None:
    file, old, new, told = OF_THE_AUDIT[slip]
    said = plant(hw5, file, old, new, "audit")
    assert re.search(rf"\b{re.escape(file)}{told}", one_line(said)), said.err


def test_a_course_in_the_old_shape_is_told_how_to_move(
    hw5: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "course"
    shutil.copytree(hw5.root, root)
    there = replace(hw5, root=root).assignment_folder("hw5")
    for kind, name in {"probes": "probes.py", "checks": "checks.py", "bugs": "mistakes.py"}.items():
        (root / "autograder" / kind).mkdir()
        (there / name).rename(root / "autograder" / kind / "hw5.py")
    shutil.rmtree(there.parent)
    capsys.readouterr()
    assert cli.main(["grade", "hw5", "--course", str(root)]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "autograder/probes/hw5.py: the shape of an older version" in err
    assert f"{there}/ as probes.py, checks.py, mistakes.py, messages.toml" in err


def test_the_command_itself_says_the_same_line(hw5: Course, run: Run, tmp_path: Path) -> None:
    shutil.copytree(hw5.root, tmp_path / "course")
    path = tmp_path / "course" / "autograder" / "assignments" / "hw5" / "checks.py"
    path.write_text(path.read_text(encoding="utf-8").replace(RETURN, "return []"), encoding="utf-8")
    done = run("autograder", "grade", "hw5", "--course", tmp_path / "course", "--jobs", 1)
    assert done.returncode == 1
    assert done.stderr == (
        f"error: {path}: T1: the check returned no part at all; it should return one PartResult a part\n"
    )


# ---- slips that one student's values meet -------------------------------------------------------

FIT = 'yield "line", lambda: tuple(student.function("fit_line")(case["x"], case["y"]))'
PAIR = 'pair = tuple(student.function("fit_line")(case["x"], case["y"]))\n    '
LINE = 'return [PartResult("slope", 0.5, first(slopes)), PartResult("intercept", 0.5, first(intercepts))]'
THEIRS = 'line = context.answers.get(0, "line.0")\n    if line is not None and line == 1000:\n        '
FITTED = 'return [{"x": rng.normal(2, 1, N), "y": rng.normal(-3, 2, N)} for N in (7, 12)]'

# name -> (file, its text, what stands there instead, who meets it, what is said)
SOME = {
    "a check raises": ("checks.py", LINE, f"{THEIRS}1 / 0\n    {LINE}", "wrong", r"checks\.py:\d+: ZeroDivisionError"),
    "a check returns nothing": (
        "checks.py", LINE, f"{THEIRS}return\n    {LINE}", "wrong", r"checks\.py: the check returned None",
    ),
    "a check gives half": (
        "checks.py", LINE, f"{THEIRS}return [PartResult('slope', 0.5)]\n    {LINE}", "wrong",
        r"checks\.py: the shares of the parts add up to 0\.5",
    ),
    "a check has a problem without words": (
        "checks.py", LINE, f"{THEIRS}return [PartResult('slope', 1.0, Problem('wrnog'))]\n    {LINE}", "wrong",
        r"checks\.py: KeyError: 'wrnog'",
    ),
    "a question asks for another input": (
        "probes.py", FIT, f'{PAIR}yield "line", lambda: pair if pair[0] != 1000 else case["z"]', "wrong",
        r"probes\.py:\d+: MissingInput: the case has no input 'z'; it has 'x', 'y'",
    ),
    "a question has an unknown name": (
        "probes.py", FIT, f'{PAIR}yield "line", lambda: pair if pair[0] != 1000 else pairs', "wrong",
        r"probes\.py:\d+: NameError: name 'pairs' is not defined",
    ),
    "a probe's body raises": (
        "probes.py", FIT, f'{PAIR}1 / (pair[0] - 1000)\n    yield "line", lambda: pair', "wrong",
        r"probes\.py:\d+: ZeroDivisionError",
    ),
    # the first draw is the trial at the start, the second that of the first student
    "cases raise": (
        "checks.py", FITTED, f"calls.append(1)\n    if len(calls) == 2:\n        1 / 0\n    {FITTED}\n\n\ncalls = []\n",
        "blank", r"checks\.py:\d+: ZeroDivisionError",
    ),
    "cases are empty": (
        "checks.py", FITTED,
        f"calls.append(1)\n    if len(calls) == 2:\n        return []\n    {FITTED}\n\n\ncalls = []\n",
        "blank", r"checks\.py: cases returned an empty list",
    ),
}  # fmt: skip
MARKS = {"right": (1, 1), "wrong": (1, 0), "blank": (0, 0)}


def scores(said: Said, capsys: pytest.CaptureFixture[str]) -> Any:
    capsys.readouterr()
    assert cli.main(["scores", "--json", said.course.assignments[0].name, "--course", str(said.course.root)]) == 0
    return json.loads(capsys.readouterr().out)


TWO = {"a check raises", "a probe's body raises"}  # in each test run


@pytest.mark.parametrize("slip", in_each_run(SOME, TWO))
def test_where_one_students_values_meet_a_slip_that_student_waits_for_a_person_and_the_class_goes_on(
    warmup: Course, plant: Plant, gradebook_of: Gradebook, capsys: pytest.CaptureFixture[str], slip: str
) -> None:
    file, old, new, who, told = SOME[slip]
    said = plant(warmup, file, old, new)
    assert one_line(said) == f"error: 1 not graded, or not whole ({who}): told above; the others are safe"
    place = rf"^{who}: T2: not judged, autograder/assignments/warmup/{told}.*; mark it by hand$"
    assert re.search(place, said.out, re.MULTILINE), said.out
    assert len(said.verdicts) == 3
    notes = json.loads((said.course.state / "verdicts" / "warmup" / f"{who}.json").read_text(encoding="utf-8"))["notes"]
    assert any(re.search(told, note) for note in notes)
    marks = scores(said, capsys)
    for student, (first, second) in MARKS.items():
        assert marks[student]["T1"]["score"] == first
        assert marks[student]["T2"]["score"] == (None if student == who else second)
    assert marks[who]["T2"]["status"] == "not checked" and "your teacher will look" in marks[who]["T2"]["message"]
    book = gradebook_of(said.course)
    assert {student: tasks["T2"][2] for student, tasks in book.items()} == {name: name == who for name in MARKS}
    assert book[who]["T2"][0] is None
    assert exported(said) == {s: "" if s == who else str(sum(of_tasks)) for s, of_tasks in MARKS.items()}


def exported(said: Said) -> dict[str, str]:
    """student -> total, as the export has it."""
    path = said.course.root / "marks.csv"
    line = ["export", "warmup", "--to", "csv", "--output", str(path), "--course", str(said.course.root)]
    assert cli.main(line) == 0
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {row["id"]: row["score"] for row in csv.DictReader(file)}


def test_the_mark_that_a_person_gives_takes_the_place_of_the_missing_one(
    warmup: Course, plant: Plant, capsys: pytest.CaptureFixture[str]
) -> None:
    file, old, new, who, _ = SOME["a check raises"]
    said = plant(warmup, file, old, new)
    database = sqlite3.connect(said.course.gradebook)
    database.execute(
        """UPDATE grade SET manual_score = 0.5, needs_manual_grade = 0 WHERE needs_manual_grade
           AND cell_id IN (SELECT id FROM base_cell WHERE name = 'T2')"""
    )
    database.commit()
    database.close()
    assert exported(said)[who] == "1.5"
    assert scores(said, capsys)[who]["T2"]["score"] == 0.5


def test_a_mended_slip_gives_the_student_the_mark(
    warmup: Course, plant: Plant, run: Run, capsys: pytest.CaptureFixture[str], gradebook_of: Gradebook
) -> None:
    file, old, new, who, _ = SOME["a question asks for another input"]
    slipped = plant(warmup, file, old, new)
    shutil.copy(warmup.assignment_folder("warmup") / file, slipped.course.assignment_folder("warmup") / file)
    mended = commanded(run, slipped.course, "grade")
    assert mended.code == 0
    assert scores(mended, capsys)[who]["T2"]["score"] == 0
    assert not gradebook_of(mended.course)[who]["T2"][2]


# ---- what the student's code raises -------------------------------------------------------------

HEAD = "def column_means(X):\n    "
OWN = {
    "keyerror": f'{HEAD}return {{}}["X"]',
    "nameerror": f"{HEAD}return x.mean(axis=0)",
    "own-missing-input": f"class MissingInput(KeyError):\n    pass\n\n\n{HEAD}raise MissingInput('the case has no X')",
    "own-fault": f"class Fault(Exception):\n    pass\n\n\n{HEAD}raise Fault({{'type': 'NameError'}})",
    "guests-missing-input": f"from namespace import MissingInput\n\n\n{HEAD}raise MissingInput('the case has no X')",
    "in-a-comprehension": f"{HEAD}return [colunm.mean() for column in X.T]",
    "without-a-traceback": f"{HEAD}raise NameError('x').with_traceback(None)",
    "from-a-thread": (
        f"import concurrent.futures as f\n\n\n{HEAD}return f.ThreadPoolExecutor().submit(lambda: y).result()"
    ),
    "no-function": "column_means = 3",
    "missing-function": "columns_mean = None",
    "returns-none": f"{HEAD}X.mean(axis=0)",
    "text-of-a-program": 'exec("def column_means(X): return Y")',
    "another-signature": "def column_means():\n    return 0",
}  # fmt: skip

# Code that means to be taken for the author's. It may get a person to look, and never a mark.
WRONG = f"{HEAD}return X.mean(axis=1)\n"
FILE = "/probes/probes.py"  # as the sandbox has it
SLY = {
    "frames-of-the-probes": f"""
exec(compile("def column_means(X): raise NameError('x')", "{FILE}", "exec"))
""",
    "an-input-that-the-probes-miss": f"""
import namespace
exec(compile("def column_means(X): raise namespace.MissingInput('x')", "{FILE}", "exec"))
""",
    "a-builtin-is-gone": f"""
import builtins
{WRONG}
del builtins.tuple, builtins.list, builtins.dict
""",
    "no-inputs": f"""
import namespace
{WRONG}
namespace.Case.__contains__ = lambda case, name: False
""",
    "inputs-that-raise": f"""
import namespace
{WRONG}
def get(case, name):
    raise namespace.MissingInput(name)
namespace.Case.__getitem__ = get
""",
    "a-function-of-the-guest": """
import namespace
column_means = namespace.Namespace({}).function
""",
    "another-probe": """
import sys
def column_means(X):
    caller = sys._getframe(1).f_back.f_back
    caller.f_globals["questions"] = missing = None
    return X.mean(axis=1)
""",
    "their-own-fault": f"""
import notebook_process as guest
{WRONG}
def probe_cases(*line):
    raise guest.Fault({{"type": "T1", "text": "[bold]\\x1b[31m marked", "line": "7", "cell": ""}})
guest.probe_cases = probe_cases
""",
    "a-fault-beside-answers": f"""
import frames, numpy as np
{WRONG}
encode = frames.encode
def both(header, arrays):
    answers = {{"0/means": np.zeros(3), "1/means": np.zeros(7)}}
    return encode({{**header, "fault": {{"type": "passed"}}}}, answers)
frames.encode = both
""",
}


def graded(hw5: Course, root: Path, answers: Mapping[str, str], run: Run) -> Said:
    """Grade students with these answers to T1, beside those who are there."""
    shutil.copytree(hw5.root, root)
    course = load_course(root)
    hand_in(course, "hw5", {name: {"T1": source} for name, source in answers.items()})
    return commanded(run, course, "grade")


def test_what_a_students_code_raises_stays_the_students(
    hw5: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str], run: Run
) -> None:
    said = graded(hw5, tmp_path / "course", OWN, run)
    assert (said.code, said.err) == (0, "")
    marks = scores(said, capsys)
    assert {name: marks[name]["T1"]["score"] for name in OWN} == dict.fromkeys(OWN, 0)
    assert {marks[name]["T1"]["status"] for name in OWN} == {"not checked"}


def test_code_that_poses_as_the_authors_earns_nothing_and_costs_nobody_else(
    hw5: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str], run: Run
) -> None:
    said = graded(hw5, tmp_path / "course", SLY, run)
    marks = {name: tasks["T1"]["score"] for name, tasks in scores(said, capsys).items()}
    assert [marks.pop(name) for name in ("right", "wrong", "blank")] == [1, 0, 0]
    assert set(marks) == set(SLY) and set(marks.values()) <= {0, None}, marks
    assert said.code == (1 if None in marks.values() else 0)
    assert "\x1b" not in said.out


def test_a_probe_that_fails_with_the_reference_refuses_everybody_who_comes_after_too(
    hw5: Course, tmp_path: Path
) -> None:
    course = replace(hw5, root=tmp_path / "course")
    shutil.copytree(hw5.root, course.root)
    probes = course.part("probes", "hw5")
    probes.write_text(probes.read_text(encoding="utf-8").replace('case["X"]', 'case["Z"]'), encoding="utf-8")
    with (grader := pipeline.open_grader(course, course.assignment("hw5"))).guest:
        for student in ("right", "wrong"):
            handed_in = read_submission(course.submitted("hw5", student), student)
            with pytest.raises(CourseError, match="the case has no input 'Z'"):
                pipeline.grade_submission(grader, handed_in)


BODY = """
def T1(student, case):
    means = student.function("column_means")
    means(case["X"])
    yield "means", lambda: means(case["X"])
"""


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("def means_of_columns(X):\n    return X.mean(axis=0)", "Your notebook has no column_means"),
        ("def column_means(X):\n    raise ValueError('mine')", "ValueError: mine"),
    ],
    ids=["no such name", "it raises"],
)
def test_what_a_students_code_raises_in_a_probes_body_is_the_students(
    hw5: Course, tmp_path: Path, answer: str, said: str
) -> None:
    course = replace(hw5, root=tmp_path / "course")
    shutil.copytree(hw5.root, course.root)
    course.part("probes", "hw5").write_text(BODY, encoding="utf-8")
    assignment = course.assignment("hw5")
    with (grader := pipeline.open_grader(course, assignment)).guest:
        files = made_up.hand_in(course, assignment, {"T1": answer})
        verdict = pipeline.grade_submission(grader, Submission("x", files)).verdicts["T1"]
    assert (verdict.score, verdict.fault) == (0.0, "") and said in verdict.message, verdict
