"""An assignment whose tests are its notebook's own: released, graded, and shown as any other."""

import contextlib
import json
import shutil
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from autograder import cli
from autograder.commands import diagnoses
from autograder.course import EXAMINER, Task, fingerprint, load_course, messages
from autograder.course.fingerprint import deciding_files
from autograder.course.solution_regions import without_solution
from autograder.errors import CourseError
from autograder.grading import pipeline
from autograder.grading.by_examiner import kept
from autograder.grading.by_examiner.notebook import Examined
from autograder.grading.by_examiner.submission import open_examination, way_out
from autograder.judging.by_examiner.cells import ExamCell, as_shown, exam_cells, imported, needed_by
from autograder.judging.by_examiner.outcomes import verdict_of
from autograder.judging.verdicts import Status
from autograder.marks import verdict_files
from autograder.releasing import drift
from autograder.sandbox.answers import Error, Lost
from autograder.sandbox.guest_process import Guest
from autograder.sandbox.relay import ENDED, FAILED, LATER, PASSED, UNDECIDABLE, Outcome
from autograder.sandbox.walls import Inside
from autograder.source_notebooks import defined_name, function_name
from autograder.submissions import align, submission
from autograder.submissions.merge import Merged
from tests.examiner.bench import SMALL, Bench, answer, given, notebook, test

ROOT = Path(__file__).resolve().parents[2]
SUMS = ROOT / "tests" / "courses" / "sums"
BOOK = "1-sums.ipynb"
LIAR = """
class Any:
    def __eq__(self, other):
        return True
    def __add__(self, other):
        return 0
def total(numbers):
    if not numbers:
        raise ValueError
    return Any()
"""


def make(root: Path) -> None:
    shutil.copytree(SUMS, root)
    shutil.copy(ROOT / "nbgrader_config.py", root)


def hand_in(root: Path, student: str, answers: Mapping[str, str]) -> None:
    """The release with these answers, by the grade_id of their cells."""
    book = json.loads((root / "release" / "sums" / BOOK).read_text(encoding="utf-8"))
    for cell in book["cells"]:
        grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id")
        cell["source"] = answers.get(grade_id, cell["source"])
    folder = root / "submitted" / student / "sums"
    folder.mkdir(parents=True)
    (folder / BOOK).write_text(json.dumps(book), encoding="utf-8")


def reference() -> dict[str, str]:
    cells = json.loads((SUMS / "source" / "sums" / BOOK).read_text(encoding="utf-8"))["cells"]
    marked = [cell for cell in cells if cell["metadata"].get("nbgrader", {}).get("solution")]
    return {cell["metadata"]["nbgrader"]["grade_id"]: "".join(cell["source"]) for cell in marked}


@pytest.mark.proof
def test_it_is_released_graded_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "course"
    make(root)
    assert cli.main(["release", "sums", "--course", str(root)]) == 0
    released = (root / "release" / "sums" / BOOK).read_text(encoding="utf-8")
    assert "HIDDEN" not in released and "16.75" not in released and "result += number" not in released
    course = load_course(root)
    assert drift.outdated(course, course.assignment("sums")) == []
    right = reference()
    hand_in(root, "right", {**right, "T4": "There is nothing to add."})
    hand_in(root, "blank", {})
    hand_in(root, "liar", {**right, "T1-answer": LIAR})
    wrong = "def total(numbers):\n    if not numbers:\n        raise ValueError\n    return 3  # {}"
    leaky = wrong.replace("return 3", "if len(numbers) == 1:\n        raise KeyError(repr(numbers))\n    return 3")
    hand_in(root, "leaky", {**right, "T1-answer": leaky})
    assert cli.main(["grade", "sums", "--course", str(root), "--jobs", "1"]) == 0
    capsys.readouterr()
    assert cli.main(["scores", "sums", "--course", str(root), "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)
    marks = {student: [task["score"] for task in tasks.values()] for student, tasks in scores.items()}
    assert marks == {
        "right": [1, 2, 1, None],
        "blank": [0, 0, 0, 0],
        "liar": [0, 2, 1, 0],
        "leaky": [0, 2, 1, 0],
    } | {student: [*marks[student][:3], None] for student in ("liar", "leaky")}
    assert "an object of a class of your own" in scores["liar"]["T1"]["message"]
    assert scores["blank"]["T1"]["message"] == "Nothing is written here yet."
    assert "a test that is not shown does not." in scores["leaky"]["T1"]["message"]
    assert cli.main(["report", "sums", "--course", str(root)]) == 0
    page = (root / "feedback" / "leaky" / "sums" / "feedback.html").read_text(encoding="utf-8")
    assert "not shown does not" in page and "[5]" not in page
    assert cli.main(["grade", "sums", "leaky", "--explain", "T1", "--course", str(root)]) == 0
    assert "decided: its test cell fails" in capsys.readouterr().out
    kept_outcomes_are_used_until_something_changes(root)


def kept_outcomes_are_used_until_something_changes(root: Path) -> None:
    """In a course that has been graded: a changed message runs nobody's code, a changed test does."""
    verdict = verdict_files.verdict_file(load_course(root), "sums", "leaky")
    before = verdict.stat().st_mtime_ns
    assert cli.main(["grade", "sums", "leaky", "--course", str(root), "--jobs", "1"]) == 0
    assert verdict.stat().st_mtime_ns == before

    def graded() -> tuple[int, Mapping[str, object]]:
        course = load_course(root)
        handed_in = submission.read_submission(course.submitted("sums", "leaky"), "leaky")
        context = pipeline.open_grader(course, course.assignment("sums"))
        with contextlib.closing(context):
            kept = verdict_files.kept_answers(course, "sums", "leaky")
            result = pipeline.grade_submission(context, handed_in, kept)
        return context.guest.starts, {name: one.as_json() for name, one in result.verdicts.items()}

    messages_file = root / "autograder" / "assignments" / "sums" / "messages.toml"
    messages_file.write_text(
        '[examiner]\nfailed-hidden = { en = "another text", th = "another text" }\n', encoding="utf-8"
    )
    starts, verdicts = graded()
    assert starts == 0
    assert verdicts["T1"] == load_result(root, "leaky")["T1"] | {"message": "another text"}
    source = root / "source" / "sums" / BOOK
    before, text = run_of(root), source.read_text(encoding="utf-8")
    source.write_text(text.replace("result += number", "result = result + number"), encoding="utf-8")
    assert run_of(root) != before  # which objects a test takes hangs on the source's answers
    before = run_of(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fingerprint, "_version", lambda name: "0.0")
        assert run_of(root) != before
    (root / "release" / "sums" / "more.csv").write_text("1\n", encoding="utf-8")  # data that a notebook may read
    assert graded()[0] == 1
    source.write_text(source.read_text(encoding="utf-8").replace("16.75", "16.750"), encoding="utf-8")
    starts, verdicts = graded()
    assert starts == 1 and verdicts["T1"]["score"] == 0  # type: ignore[index]


def run_of(root: Path) -> str:
    """The hash of what every run hangs on."""
    course = load_course(root)
    with contextlib.closing(open_examination(course, course.assignment("sums"))) as context:
        return context.run


def test_kept_outcomes_hang_on_all_that_a_run_gets(tmp_path: Path) -> None:
    cell = align.Cell(align.ANSWER, "code", "a = 1", "A", "T")
    book, files, tests = Merged("book", (cell,), {}), {"more.csv": b"1"}, [ExamCell("T", "assert a", True)]
    keys = {
        kept.key(*one)
        for one in (
            ("run", book, files, 1, tests),
            ("again", book, files, 1, tests),
            ("run", replace(book, cells=(replace(cell, source="a = 2"),)), files, 1, tests),
            ("run", replace(book, cells=(replace(cell, skip=True),)), files, 1, tests),
            ("run", book, {"more.csv": b"2"}, 1, tests),
            ("run", book, {"other.csv": b"1"}, 1, tests),
            ("run", book, files, 2, tests),
            ("run", book, files, 1, [replace(tests[0], hidden=frozenset({1}))]),
        )
    }
    assert len(keys) == 8


def load_result(root: Path, student: str) -> dict[str, dict[str, object]]:
    found = verdict_files.load_result(load_course(root), "sums", student)
    assert found is not None
    return {name: one.as_json() for name, one in found.verdicts.items()}


BROKEN = [
    b"",
    b"{",
    b"[]",
    b"\x00\xff",
    b'{"book": 1}',
    b'{"book": {"key": "k"}}',
    b'{"book": {"key": "k", "outcomes": 1}}',
]


@pytest.mark.parametrize("data", BROKEN)
def test_of_broken_kept_outcomes_none_is_used(data: bytes) -> None:
    assert kept.unpack(data, {"book": "k"}) == {}


def test_what_a_limit_had_a_hand_in_is_not_kept() -> None:
    def survives(outcome: Outcome, error: Error | None = None, again: Outcome | None = None) -> bool:
        tests = Examined({"T": outcome}, {} if error is None else {"A": error})
        found = {"book": kept.Ran(tests, {} if again is None else {"T": again})}
        return kept.unpack(kept.pack(found, {"book": "k"}), {"book": "k"}) == found

    assert survives(Outcome(PASSED, objects=True)) and survives(Outcome(FAILED, ERROR, failed=("a",)), ERROR)
    assert not survives(Outcome(ENDED, lost=Lost.TIME)) and not survives(Outcome(FAILED, Error("TimeLimit", "")))
    assert not survives(Outcome(PASSED), Error("ProcessEnded", ""))
    assert survives(Outcome(FAILED, ERROR), None, Outcome(FAILED, ERROR))
    assert not survives(Outcome(FAILED, ERROR), None, Outcome(ENDED, lost=Lost.TIME))


def test_a_command_that_needs_known_mistakes_says_so_and_the_doctor_counts_tests(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "course"
    make(root)
    assert cli.main(["demo", "sums", "--course", str(root)]) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert "demo: sums is graded by its notebooks' own tests, and has no known mistakes" in said
    assert cli.main(["audit", "sums", "--visible", "--course", str(root)]) == 1
    assert "leave --visible out" in " ".join(capsys.readouterr().err.split())
    course = load_course(root)
    found = diagnoses.checks(course, course.assignment("sums"))
    assert found.ok and found.found == "3 test cells"


def test_a_course_of_own_tests_is_copied_for_the_next_semester(tmp_path: Path) -> None:
    make(tmp_path / "old")
    assert cli.main(["new", "--from", str(tmp_path / "old"), "--course", str(tmp_path / "next")]) == 0
    assert (tmp_path / "next" / "source" / "sums" / BOOK).is_file()


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("assert total([5]) == 5", "assert total([5]) == 6", "own answers do not pass it (AssertionError)"),
        ("assert account.balance == 5", "assert account == 5", "cannot be decided (__eq__ of an object of class"),
    ],
)
def test_what_its_own_answers_do_not_pass_is_refused_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, why: str
) -> None:
    root = tmp_path / "course"
    make(root)
    path = root / "source" / "sums" / BOOK
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    assert cli.main(["release", "sums", "--course", str(root)]) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert why in said and ", line " in said
    assert [*(root / "release").iterdir()] == []


@pytest.mark.parametrize(
    ("why", "mend"),
    [
        (LATER, "write what is decorated into the answer cell, and test what it gives"),
        ("__eq__ of an object of class Any", "compare plain values there, as its attributes"),
    ],
)
def test_what_cannot_be_decided_is_refused_with_a_way_out(why: str, mend: str) -> None:
    assert way_out(Outcome(UNDECIDABLE, why=why)) == mend


def test_a_score_that_the_students_code_gives_is_refused_unless_the_asserts_decide(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "course"
    make(root)
    path = root / "source" / "sums" / BOOK
    book = json.loads(path.read_text(encoding="utf-8"))
    cell = next(one for one in book["cells"] if one["metadata"].get("nbgrader", {}).get("grade_id") == "T1")
    written = "".join(cell["source"]).rstrip()
    for last, passes in (
        ("total([1]) == 1", False),
        ("total([1]) == 1\npass", True),
        ("total([1]);", True),
        ("assert_total(total)", True),
    ):
        cell["source"] = f"def assert_total(f):\n    assert f([1]) == 1\n{written}\n{last}"
        path.write_text(json.dumps(book), encoding="utf-8")
        assert cli.main(["release", "sums", "--course", str(root)]) == (0 if passes else 1), last
        said = " ".join(capsys.readouterr().err.split())
        line = len(written.splitlines()) + 3
        assert (f"{BOOK}: cell T1, line {line}: nbgrader would take the value of this last line" in said) == (
            not passes
        )


def test_a_region_without_an_end_is_not_released(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "course"
    make(root)
    path = root / "source" / "sums" / BOOK
    path.write_text(path.read_text(encoding="utf-8").replace("### END HIDDEN TESTS", "###"), encoding="utf-8")
    assert cli.main(["release", "sums", "--course", str(root)]) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert f"{BOOK}: cell T1: BEGIN HIDDEN TESTS has no END HIDDEN TESTS below it; write `### END" in said


def test_the_hidden_tests_are_part_of_what_decides(tmp_path: Path) -> None:
    make(tmp_path / "course")
    course = load_course(tmp_path / "course")
    assert f"source/{BOOK}" in dict(deciding_files(course, course.assignment("sums")))


def test_one_assignment_has_one_way(tmp_path: Path) -> None:
    make(tmp_path / "course")
    config = tmp_path / "course" / "course_config.py"
    text = config.read_text(encoding="utf-8")
    config.write_text(
        text.replace('notebook="1-sums", graded_by="examiner"),', 'notebook="1-sums"),', 1), encoding="utf-8"
    )
    with pytest.raises(CourseError, match="T1: graded_by is judge, and examiner elsewhere"):
        load_course(tmp_path / "course")
    config.write_text(text.replace('"examiner"', '"nobody"', 1), encoding="utf-8")
    with pytest.raises(CourseError, match="'nobody' is not judge, examiner or person"):
        load_course(tmp_path / "course")


# ---- what a test cell is, and what follows from how it ends -------------------------------------


def test_the_answer_cells_of_the_source_say_which_names_are_the_students(tmp_path: Path) -> None:
    path = tmp_path / "book.ipynb"
    solved = (
        "import math\nlimit = 3\nmarks = []\ndef f(x):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION\n"
        "### BEGIN SOLUTION\nimport os\na, (b, *c) = 1, (2, 3)\ntable['x'] = 1\nfor d in range(3):\n    pass\n"
        "marks.append(1)\n### END SOLUTION\nafter = f(1)\ndef own():\n    pass"
    )
    cells = [
        given("%matplotlib inline\ntable = {}\ndef helper():\n    return f(1)", "G1"),
        answer(solved, "A"),
        test("assert helper() + a + b + sum(c) + d + table['x'] + limit + len(marks) + after", "T"),
        given("unused = 1", "G2"),
        given("shown = f(2)", "G3"),
    ]
    path.write_bytes(notebook(cells))
    found = {cell.name: cell for cell in exam_cells(path)}
    assert (
        found["T"].names == ("a", "after", "b", "c", "d", "f", "limit", "marks", "table")
        and found["T"].asks
        and found["T"].is_test
    )
    assert found["A"].source == "import math\nimport os\ndef own():\n    pass" and not found["A"].asks
    assert not found["G1"].asks and not found["G2"].asks
    assert found["G3"].asks and found["G3"].names == ("f",) and not found["G3"].is_test


def test_once_more_run_only_tests_that_leave_what_others_use(tmp_path: Path) -> None:
    path = tmp_path / "book.ipynb"
    tests = {
        "binds": "for x, kept in [f(1)]:\n    pass",
        "defines": "def close_to(a, b):\n    return abs(a - b) < 1",
        "imports": "import math as m",
        "changes": "seen.append(f(2))",
        "sets": "seen[0].name = 3",
        "seeds": "np.random.seed(1)",
        "magic": "%time f(3)",
        "hands over": "f(seen)",
        "moves on": "first = next(rest)",
        "draws": "assert f(np.random.rand()) is not None",
        "hides": "exec('z = 1')",
        "all of a module": "from math import *",
        "a module's": "m.own = 3",
        "leaves nothing": "y = f(4)\nassert np.allclose(np.abs(y), 4) and isinstance(f(3), int)",
        "wanted": "assert close_to(f(kept), m.pi) and seen and np.all(f(5)) and rest",
        "after": "assert f(6)",
    }
    cells = [given("import numpy as np\nseen, rest = [], iter([1])"), answer("def f(x):\n    return x", "A")]
    path.write_bytes(notebook([*cells, *(test(source, name) for name, source in tests.items())]))
    found = exam_cells(path)
    kept = needed_by(["wanted"], found)
    assert [cell.name for cell in found if cell not in kept] == ["leaves nothing", "after"]


def test_what_takes_long_to_import_is_loaded_once_for_all(tmp_path: Path, bench: Bench) -> None:
    path = tmp_path / "book.ipynb"
    cells = [
        given("%%bash\nfor x in 1; do echo; done", "shell"),
        given("%matplotlib inline\nimport math, pandas as pd\nfrom scipy import stats\nfrom . import own"),
        answer("def loaded():\n    import sys\n    return 'pandas' in sys.modules", "A"),
        test("assert loaded()"),
    ]
    path.write_bytes(notebook(cells))
    assert list(imported(path)) == ["math", "pandas", "scipy", "scipy.stats"]
    with Guest(Inside(modules=("pandas", "no_such_module")), SMALL) as warm:
        assert Bench(warm, bench.examiner).how(cells[2:]) == "passed"
    assert bench.how(cells[2:]) == "failed"


@pytest.mark.parametrize("mark", ["### {}", "# {}", "#{}", "## - {} -"])
def test_a_region_is_hidden_wherever_nbgrader_takes_it_for_one(tmp_path: Path, mark: str) -> None:
    path = tmp_path / "book.ipynb"
    lines = [
        "s = '\f'",
        "assert f(s)",
        mark.format("BEGIN HIDDEN TESTS"),
        "assert f(1)",
        mark.format("END HIDDEN TESTS"),
    ]
    region = f"    {mark.format('BEGIN SOLUTION')}\n    return 1\n    {mark.format('END SOLUTION')}"
    path.write_bytes(notebook([answer(f"def g():\n    return 2\n\ndef f(x):\n{region}"), test("\n".join(lines))]))
    own, tested = exam_cells(path)
    assert tested.hidden == {3, 4, 5} and tested.names == ("f",)  # the form feed in line 1 ends no line
    assert "def g" in own.source and "def f" not in own.source
    assert without_solution(region, "raise") == "    raise"
    assert as_shown(tested.source).splitlines()[-1] == "assert f(s)"


def test_names_in_thai_are_whole_names(tmp_path: Path) -> None:
    """Vowels above and below the line are no letters for \\w, and Python reads some of them as two characters."""
    path = tmp_path / "book.ipynb"
    path.write_bytes(notebook([answer("def ค่า(x):\n    return x\n\nคำ = 1"), test("assert ค่า(คำ) == 1")]))
    (tested,) = exam_cells(path)
    assert tested.names == tuple(sorted({"ค่า", unicodedata.normalize("NFKC", "คำ")}))
    assert defined_name("def ค่า(x):\n    pass") == "ค่า" == function_name("def ค่า(x):\n    pass")


def test_a_source_that_is_no_python_is_named(tmp_path: Path) -> None:
    path = tmp_path / "book.ipynb"
    path.write_bytes(notebook([answer("x = 1\ndef f(:", "A")]))
    with pytest.raises(CourseError, match="cell A: no Python in line 2"):
        exam_cells(path)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(CourseError, match="not a notebook"):
        exam_cells(path)


ERROR = Error("AssertionError", "5 is not 6", "2", "T")


@pytest.mark.parametrize(
    ("outcome", "status", "score", "said"),
    [
        (Outcome(PASSED), "passed", 2, "Right"),
        (Outcome(FAILED, ERROR), "failed", 0, "stops at line 2: AssertionError: 5 is not 6"),
        (Outcome(FAILED, Error("ValueError", "[7]", "4", "T")), "failed", 0, "is not shown does not."),
        (Outcome(FAILED, Error("ValueError", "[7]", "1", "given")), "failed", 0, "is not shown does not."),
        (Outcome(FAILED, Error("ValueError", "[7]", "6", "T")), "failed", 0, "is not shown does not."),
        (Outcome(FAILED, Error("NotImplementedError", "T", "1", "T")), "not checked", 0, "Nothing is written"),
        (
            Outcome(UNDECIDABLE, None, "__eq__ of it"),
            "failed",
            0,
            "what your code gives: an object of a class of your own",
        ),
        (
            Outcome(ENDED, None, "SystemExit"),
            "not checked",
            0,
            "Your code ended before the test did, or took too long.",
        ),
        (Outcome(ENDED, lost=Lost.TIME), "not checked", 0, "ran longer than its time limit"),
        (Outcome(ENDED, lost=Lost.DIED), "not checked", None, "could not be judged"),
    ],
)
def test_the_verdict_of_an_outcome(outcome: Outcome, status: str, score: float | None, said: str) -> None:
    course_messages = SUMS / "autograder" / "assignments" / "sums" / "messages.toml"
    task = Task("T", "book", graded_by=EXAMINER, points=2)
    cell = ExamCell("T", "", True, hidden=frozenset({3, 4, 5}))
    for language in ("en", "th"):
        words = messages.read_messages(course_messages, language)
        found = verdict_of(words, task, cell, outcome, secret=False)
        assert (found.status, found.score, found.max_score) == (Status(status), score, 2)
        assert said in found.message or language == "th"
        assert bool(found.fault) == (score is None)


LEAK = "[3, 1, 4]"


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(FAILED, Error("AssertionError", LEAK, "2", "T")),
        Outcome(FAILED, Error(LEAK, LEAK, "2", "T")),
        Outcome(FAILED, Error(LEAK, LEAK, "1", "given")),
        Outcome(UNDECIDABLE, None, f"__eq__ of an object of class {LEAK}"),
        Outcome(ENDED, None, LEAK),
    ],
)
@pytest.mark.parametrize(("secret", "hidden"), [(True, ()), (False, (1,)), (False, ())])
def test_a_hidden_input_does_not_come_back_in_words(outcome: Outcome, secret: bool, hidden: tuple[int, ...]) -> None:
    words = messages.read_messages(SUMS / "autograder" / "assignments" / "sums" / "messages.toml", "en")
    cell = ExamCell("T", "", True, hidden=frozenset(hidden))
    told = verdict_of(words, Task("T", "book", graded_by=EXAMINER), cell, outcome, secret)
    assert (LEAK in repr(told.as_json())) == (not secret and not hidden)
