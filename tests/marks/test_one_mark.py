"""One mark: every state of a mark, in each of the seven places that show it. The tasks are worth unequal points.

docs/architecture.md has the table of which place shows what; here each place is read as its reader
reads it, and what it shows is held against what the others show.
"""

import csv
import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from killing import give
from nbgrader.api import Gradebook

from autograder import cli
from autograder.course import Course, load_course
from autograder.grading import made_up
from autograder.marks import manual_marks

ROOT = Path(__file__).resolve().parents[2]
WARMUP = ROOT / "tests" / "courses" / "warmup"
TASKS = ("T1", "T2", "T3")
NAME = "warmup"
ON_TIME, LATE = "2026-11-10 10:00:00 UTC", "2026-11-12 13:00:00 UTC"
DUE = "2026-11-10 12:00"
WRONG = {"T1": "def standardise(X):\n    return X - X.mean(axis=0)"}
CRASH = {"T1": "def standardise(X):\n    raise ValueError('x')"}
Run = Callable[..., Any]


@dataclass(frozen=True)
class State:
    """A student: what was handed in when, what a person gave, and the mark that is right (T1, T2, T3).

    All as shares of the tasks' points.
    """

    tasks: tuple[float | None, float | None, float | None]
    answers: Mapping[str, str] = field(default_factory=dict)
    gives: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    late: bool = False


# T2 is optional here. Who waits has T3 unmarked. Marks are written as shares of these points.
POINTS = {"T1": 4.0, "T2": 0.25, "T3": 122.5}
BEST = 126.5  # what is required
READ = {"T3": {"score": 0.5}}
STATES = {
    "untouched": State((1, 1, 0.5), gives=READ),
    "up": State((0.75, 1, 0.5), WRONG, READ | {"T1": {"score": 0.75, "comment": "ดีมาก"}}),
    "down": State((0.25, 1, 0.5), gives=READ | {"T1": {"score": 0.25}}),
    "extra-nothing": State((1, 1, 0.5), gives=READ | {"T1": {"extra": 0.0}}),
    "extra-half": State((1.5, 1, 0.5), gives=READ | {"T1": {"extra": 0.5}}),
    "no-bonus": State((1, 0, 0.5), {"T2": "def fit_line(x, y):\n    return 1.0, 2.0"}, READ),
    "late": State((1, 1, 0.5), gives=READ, late=True),
    "late-up": State((0.75, 1, 0.5), WRONG, READ | {"T1": {"score": 0.75}}, late=True),
    "late-waiting": State((1, 1, None), late=True),
    "forgiven": State((1, 1, 0.5), gives=READ, late=True),
    "extended": State((1, 1, 0.5), gives=READ, late=True),
    "changed": State((None, 1, None), gives=READ | {"T1": {"score": 0.25}}),
    "changed-extra-nothing": State((1, 1, 0.5), gives=READ | {"T1": {"extra": 0.0}}),
    "unreadable": State((0.25, 1, 0.5), gives=READ | {"T1": {"score": 0.25}}),
    "not-checked": State((0, 1, 0.5), CRASH, READ),
    "waiting": State((1, 1, None)),
    "fault": State((None, 1, 0.5), {"T1": "def standardise(X):\n    return 0 * X + 77.0"}, READ),
}  # fmt: skip
SHARE = {"none": {}, "daily": {"late": 0.4, "late-up": 0.4, "late-waiting": 0.4}}
SHARE["zero"] = dict.fromkeys(("late", "late-up", "late-waiting"), 1.0)
WHO = 'extensions={"extended": 5}, forgiven=("forgiven",)'
POLICIES = {
    "none": "",
    "daily": f'late=Late("daily", percent_a_day=20.0, grace_days=1, {WHO}),',
    "zero": f'late=Late("zero", {WHO}),',
}
# a check that stumbles over one student's values: rule 7
FAULT = (
    "    if context.value(0, 'columns') is not None and np.all(context.value(0, 'columns') == 77.0):\n        1 / 0\n"
)


@dataclass(frozen=True)
class Shown:
    """What a place shows of one student; None where it does not show that item at all."""

    tasks: Mapping[str, float | None] | None = None
    waits: frozenset[str] | None = None
    penalty: float | None = None
    total: float | str | None = None  # "waits" where it says so
    points: Mapping[str, float] | None = None  # what the tasks are worth
    best: float | None = None  # what all required ones give


def run(*line: str | Path) -> int:
    return cli.main([str(word) for word in line])


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The class, graded, marked by a person, and graded again; no policy for lateness."""
    root = tmp_path_factory.mktemp("one-mark") / "course"
    shutil.copytree(WARMUP, root)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    config = root / "course_config.py"
    text = config.read_text()
    for task, points in POINTS.items():
        more = f'notebook="1-lines", points={points}' + (", optional=True" if task == "T2" else "")
        text = text.replace(f'Task("{task}", notebook="1-lines"', f'Task("{task}", {more}')
    text = text.replace("import Assignment, Course, Task", "import Assignment, Course, Late, Task")
    config.write_text(text.replace("    tasks=(", f'    due="{DUE}",\n    # policy\n    tasks=(', 1))
    checks = root / "autograder/assignments/warmup/checks.py"
    doc = '    """The columns have mean 0 and deviation 1; a constant column is all zeros."""\n'
    assert doc in checks.read_text()
    checks.write_text(checks.read_text().replace(doc, doc + FAULT))
    assert run("release", NAME, "--course", root) == 0
    course = load_course(root)
    right = made_up.answers(course, course.assignment(NAME))
    for name, state in STATES.items():
        hand_in(course, name, {**right, **state.answers}, LATE if state.late else ON_TIME)
    assert run("grade", NAME, "--jobs", 2, "-q", "--course", root) == 1  # one could not be judged, and is said
    for name, state in STATES.items():
        for task, given in state.gives.items():
            give(course, name, task, **in_points(task, given))
    run("grade", NAME, "-q", "--course", root)  # takes up what the person gave
    for name in ("changed", "changed-extra-nothing"):
        comment = "# another\n"
        changed = {**right, "T1": comment + right["T1"], **({"T3": "another"} if name == "changed" else {})}
        hand_in(course, name, changed, ON_TIME)
    sheet = manual_marks.sheet_file(course, NAME, "unreadable")
    sheet.write_text('{"marks": {"T1": ')
    assert run("grade", NAME, "--jobs", 2, "-q", "--course", root) == 1  # the sheet is named
    return course


def in_points(task: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """What a person gives: the numbers are shares of the task's points."""
    return {name: value * POINTS[task] if isinstance(value, float) else value for name, value in given.items()}


def hand_in(course: Course, name: str, answers: Mapping[str, str], time: str) -> None:
    files = made_up.hand_in(course, course.assignment(NAME), answers)
    made_up.write(course.submitted(NAME, name), {**files, "timestamp.txt": time.encode()})


@pytest.fixture(scope="module", params=list(POLICIES))
def policy(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def course(graded: Course, policy: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Course]:
    """That class under each policy."""
    root = tmp_path_factory.mktemp(policy) / "course"
    shutil.copytree(graded.root, root)
    config = root / "course_config.py"
    config.write_text(config.read_text().replace("    # policy\n", f"    {POLICIES[policy]}\n"))
    run("grade", NAME, "-q", "--course", root)
    yield load_course(root)


# ---- the seven places ---------------------------------------------------------------------------


def gradebook(course: Course, capsys: Any) -> dict[str, Shown]:
    """What the formgrader reads: nbgrader's own records."""
    shown = {}
    with Gradebook(f"sqlite:///{course.gradebook}") as book:
        for name in STATES:
            handed = book.find_submission(NAME, name)
            grades = {g.name: g for paper in handed.notebooks for g in paper.grades}
            waits = frozenset(task for task, grade in grades.items() if grade.needs_manual_grade)
            tasks = {task: None if task in waits else grade.score for task, grade in grades.items()}
            penalty = sum(paper.late_submission_penalty or 0.0 for paper in handed.notebooks)
            total = "waits" if waits else max(0.0, handed.score - penalty)
            points = {task: grade.max_score for task, grade in grades.items()} | {"T2": POINTS["T2"]}  # 0 in nbgrader
            assert grades["T2"].max_score == 0
            shown[name] = Shown(tasks, waits, penalty, total, points, handed.max_score)
    return shown


def scores(course: Course, capsys: Any) -> dict[str, Shown]:
    """`scores --json --totals`; and `scores --json` has the same tasks."""
    capsys.readouterr()
    assert run("scores", NAME, "--json", "--totals", "--course", course.root) == 0
    found = json.loads(capsys.readouterr().out)
    assert run("scores", NAME, "--json", "--course", course.root) == 0
    assert json.loads(capsys.readouterr().out) == {name: one["tasks"] for name, one in found.items()}
    shown = {}
    for name, one in found.items():
        assert set(one) == {"tasks", "penalty", "reason", "total"}
        tasks = {task: verdict["score"] for task, verdict in one["tasks"].items()}
        waits = frozenset(task for task, score in tasks.items() if score is None)
        points = {task: verdict["max_score"] for task, verdict in one["tasks"].items()}
        shown[name] = Shown(tasks, waits, one["penalty"], "waits" if one["total"] is None else one["total"], points)
        for verdict in one["tasks"].values():
            assert not verdict["parts"] or same(sum(p["max_score"] for p in verdict["parts"]), verdict["max_score"])
        assert bool(one["penalty"]) <= bool(one["reason"])
    return shown


def table(course: Course, capsys: Any) -> dict[str, Shown]:
    """`scores`, the table."""
    capsys.readouterr()
    assert run("scores", NAME, "--course", course.root) == 0
    shown = {}
    for line in capsys.readouterr().out.splitlines():
        words = line.split()
        if words and words[0] in STATES and len(words) >= 6:
            tasks = {t: None if w == "..." else float(w.rstrip("?")) for t, w in zip(TASKS, words[1:4], strict=True)}
            waits = frozenset(task for task, score in tasks.items() if score is None)
            penalty = -float(words[4]) if len(words) == 7 else 0.0
            total = "waits" if waits - {"T2"} else float(words[-2])
            shown[words[0]] = Shown(tasks, waits, penalty, total, best=float(words[-1]))
    return shown


def number(text: str) -> float | None:
    return None if text.strip() in ("-", "…", "") else float(text.strip().rstrip("?"))


def feedback(course: Course, capsys: Any) -> dict[str, Shown]:
    """What the student reads."""
    assert run("report", NAME, "-q", "--course", course.root) == 0
    return {name: _page(course.root / "feedback" / name / NAME / "feedback.html") for name in STATES}


def _page(path: Path) -> Shown:
    text = path.read_text(encoding="utf-8")
    cells = re.findall(r'<span class="mark">(T\d): ([^<]*) / ([^<]*)<', text)
    tasks = {task: number(score) for task, score, _ in cells}
    points = {task: float(most) for task, _, most in cells}
    waits = frozenset(task for task, score in tasks.items() if score is None)
    said = re.search(r'<p class="late">Late: ([0-9.e-]+) of these points', text)
    total = re.search(r'<p class="big">[^:]*: ([0-9.]+) of ([0-9.]+)', text)
    assert total is not None
    counted = re.search(r"(\d+) still to be marked", text)
    assert (int(counted[1]) if counted else 0) == len(waits)
    mark = "waits" if waits - {"T2"} else float(total[1])
    return Shown(tasks, waits, float(said[1]) if said else 0.0, mark, points, float(total[2]))


def report(course: Course, capsys: Any) -> dict[str, Shown]:
    """The class report."""
    text = (course.root / "reports" / NAME / "index.html").read_text(encoding="utf-8")
    late = '<th scope="col">Late</th>' in text
    shown = {}
    for name in STATES:
        row = re.search(rf'<a href="[^"]*">{re.escape(name)}</a></th>(.*?)</tr>', text)
        assert row is not None, name
        cells = re.findall(r"<td[^>]*>([^<]*)</td>", row[1])
        tasks = {task: number(cell) for task, cell in zip(TASKS, cells, strict=False)}
        waits = frozenset(task for task, score in tasks.items() if score is None)
        penalty = -float(cells[3] or 0) if late else 0.0
        shown[name] = Shown(tasks, waits, penalty, "waits" if waits - {"T2"} else float(cells[-1]))
    assert f"of {BEST} points" in text
    return shown


def export(course: Course, capsys: Any) -> dict[str, Shown]:
    """The table for another system."""
    assert run("export", NAME, "--to", "csv", "--course", course.root) == 0
    with (course.root / "exports" / f"{NAME}-csv.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    shown = {}
    for name in STATES:
        tasks = {task: number(rows[name][task]) for task in TASKS}
        waits = frozenset(task for task, score in tasks.items() if score is None)
        total = rows[name]["score"]
        mark, best = float(total) if total else "waits", float(rows[name]["max_score"])
        shown[name] = Shown(tasks, waits, float(rows[name]["penalty"]), mark, best=best)
    return shown


def explained(course: Course, capsys: Any) -> dict[str, Shown]:
    """`--explain` of T3, which replays nothing: the total and the penalty stand there too."""
    shown = {}
    for name in STATES:
        capsys.readouterr()
        assert run("grade", NAME, name, "--explain", "T3", "--course", course.root) == 0
        said = capsys.readouterr().out
        total = re.search(r"all tasks together: ([0-9.]+) of ([0-9.]+)[^\n]*", said)
        late = re.search(r"late: -([0-9.e-]+) of all tasks", said)
        assert total is not None, said
        waits = "waits for a person" in total[0]
        mark = "waits" if waits else float(total[1])
        shown[name] = Shown(penalty=float(late[1]) if late else 0.0, total=mark, best=float(total[2]))
    return shown


PLACES = (gradebook, scores, table, feedback, report, export, explained)


def expected(name: str, policy: str) -> Shown:
    """What is right."""
    shares = dict(zip(TASKS, STATES[name].tasks, strict=True))
    tasks = {task: None if share is None else share * POINTS[task] for task, share in shares.items()}
    penalty = SHARE[policy].get(name, 0.0) * sum(score or 0 for score in tasks.values())
    waits = frozenset(task for task, score in tasks.items() if score is None)
    total = "waits" if waits - {"T2"} else max(0.0, sum(score or 0 for score in tasks.values()) - penalty)
    return Shown(tasks, waits, penalty, total, POINTS, BEST)


def test_every_place_shows_the_mark_and_no_other(course: Course, policy: str, capsys: Any) -> None:
    wrong = []
    for place in PLACES:
        shown = place(course, capsys)
        for name in STATES:
            right, here = expected(name, policy), shown[name]
            for item in ("tasks", "waits", "penalty", "total", "points", "best"):
                found, wanted = getattr(here, item), getattr(right, item)
                if found is not None and not same(found, wanted):
                    wrong.append(f"{place.__name__}, {name}: {item}: {found}, not {wanted}")
    assert not wrong, "\n".join(wrong)


def same(found: Any, wanted: Any) -> bool:
    """Equal, numbers to what three digits show."""
    if isinstance(wanted, Mapping):
        return set(found) == set(wanted) and all(same(found[key], wanted[key]) for key in wanted)
    if isinstance(wanted, int | float) and isinstance(found, int | float):
        return abs(found - wanted) < 5e-3
    return bool(found == wanted)


@pytest.mark.proof
@pytest.mark.parametrize("policy", POLICIES, indirect=True, scope="module")
def test_nbgraders_own_commands_give_the_same_marks(course: Course, policy: str, run: Run, capsys: Any) -> None:
    before = gradebook(course, capsys)
    done = run("nbgrader", "autograde", NAME, "--force", cwd=course.root)
    assert "unreadable.json" in done.stderr
    assert gradebook(course, capsys) == before
    done = run("nbgrader", "generate_feedback", NAME, "--force", cwd=course.root)
    assert done.returncode == 0, done.stderr[-2000:]
    for name in STATES:
        shown = _page(course.root / "feedback" / name / NAME / "1-lines.html")
        assert same(shown.penalty, expected(name, policy).penalty), name
        assert same(shown.total, expected(name, policy).total), name


def test_after_an_override_the_student_reads_what_was_overruled(course: Course, capsys: Any) -> None:
    run("report", NAME, "-q", "--course", course.root)
    text = (course.root / "feedback" / "up" / NAME / "feedback.html").read_text(encoding="utf-8")
    assert "A person changed this mark." in text and "Overruled, what the check had said:" in text and "ดีมาก" in text
    capsys.readouterr()
    assert cli.main(["grade", NAME, "up", "--explain", "T1", "--course", str(course.root)]) == 0
    said = capsys.readouterr().out
    assert "a person gave 3: the mark is 3; what the check had said is overruled" in said


def test_an_unreadable_sheet_is_never_written_over_and_stops_a_rebuild(course: Course, capsys: Any) -> None:
    sheet = manual_marks.sheet_file(course, NAME, "unreadable")
    before, book = sheet.read_bytes(), course.gradebook.read_bytes()
    capsys.readouterr()
    assert cli.main(["grade", NAME, "--rebuild", "--course", str(course.root)]) == 1
    said = capsys.readouterr().err
    assert str(sheet) in said.replace("\n", "") and "cannot be read" in said
    assert sheet.read_bytes() == before and course.gradebook.read_bytes() == book
