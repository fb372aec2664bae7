"""One notebook is an assignment: two real ones in one course, released, graded with attacks in the class, shown."""

import contextlib
import html
import json
import shutil
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder import cli
from autograder.course import EXAMINER, Course, Task, load_course, messages
from autograder.errors import CourseError
from autograder.grading import pipeline
from autograder.judging.by_examiner.cells import ExamCell
from autograder.judging.by_examiner.outcomes import CellOutcomes, verdict_of_task
from autograder.marks import verdict_files
from autograder.pages import similarity
from autograder.releasing import drift
from autograder.releasing.trials import own_tests
from autograder.sandbox import environments
from autograder.sandbox.answers import Error
from autograder.sandbox.relay import FAILED, UNDECIDABLE, Outcome
from autograder.submissions import submission
from autograder.submissions.merge import released
from tests.examiner.bench import Bench, Written, answer, given, notebook, test

ROOT = Path(__file__).resolve().parents[2]
COURSES = ROOT / "tests" / "courses"
CONFIG = """from autograder.course import Assignment, Course
words = Assignment.from_notebooks("words")
rain = Assignment.from_notebooks("rain")
course = Course(name="two", assignments=(words, rain))
"""
HIDDEN = ("don't", "to be or not", "moon, fair", "230", "1000", "tile(")  # what stands in hidden lines alone
SPY = "open('/dev/shm/seen', 'a').write(repr(text))\n    "
READS = "return {'seen': open('/dev/shm/seen').read()}"
IN_WORDS = "So that 'The' and 'the' count as one word."
COPIED = (
    "Small letters let a word at the start of a sentence be the same as within it. In German, where 'Essen' and "
    "'essen' are two words, that would be wrong."
)
# student -> (assignment, texts of the source's answers and what stands in their place)
CLASS: Mapping[str, tuple[str, dict[str, str]]] = {
    "right": ("words", {}),
    "once": ("words", {"counts.get(word, 0) + 1": "1", IN_WORDS: COPIED}),
    "last": ("words", {"setdefault(word, set()).add(title)": "__setitem__(word, {title})"}),
    "alphabet": ("words", {"(-counts[word], word)": "-counts[word]", IN_WORDS: COPIED.replace(". ", ".\n")}),
    "spy": ("words", {"found = [word.strip": f"{SPY}found = [word.strip", "return counts\n": f"{READS}\n"}),
    "shouter": ("words", {"return [word for word in found if word]": "raise ValueError(text)"}),
    "right-rain": ("rain", {}),
    "disguised": (
        "rain",
        {"theirs": "mine", "figure, axes": "_, picture", "axes.": "picture.", "return axes": "return picture  # mine"},
    ),
    "at-limit": ("rain", {"means > limit": "means >= limit"}),
    "index": ("rain", {"ascending=False": "ascending=True"}),
    "writer": ("rain", {"theirs = rain": "open('stations.csv', 'w').write('')\n    theirs = rain"}),
    "heights": ("rain", {'theirs["mm"])': 'theirs["mm"] + 1)'}),
}


@dataclass(frozen=True)
class Graded:
    """The course with its marks, as `scores --json` has them."""

    course: Course
    scores: Mapping[str, Mapping[str, Any]]

    def message(self, student: str, task: str) -> str:
        return str(self.scores[student][task]["message"])


def sources(course: Course, name: str, edits: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """The source's answers, edited."""
    found = {}
    for one in own_tests.answers_of(course, course.assignment(name)):
        text = one.source
        for old, new in edits.items():
            text = text.replace(old, new)
        found[one.notebook, one.cell] = text
    return found


def hand_in(course: Course, name: str, student: str, cells: Mapping[tuple[str, str], str]) -> Path:
    folder = course.submitted(name, student)
    folder.mkdir(parents=True)
    for file, data in own_tests.filled(course, course.assignment(name), cells).items():
        (folder / file).write_bytes(data)
    return folder


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory, run: Callable[..., Any]) -> Graded:
    root = tmp_path_factory.mktemp("one-notebook") / "course"
    root.mkdir()
    shutil.copy(ROOT / "nbgrader_config.py", root)
    (root / "course_config.py").write_text(CONFIG, encoding="utf-8")
    for name in ("words", "rain"):
        shutil.copytree(COURSES / name / "source" / name, root / "source" / name)
    for name in ("words", "rain"):
        assert cli.main(["release", name, "--course", str(root)]) == 0
    course = load_course(root)
    for student, (name, edits) in CLASS.items():
        folder = hand_in(course, name, student, sources(course, name, edits))
        if student == "writer":
            (folder / "stations.csv").write_text("station,month,mm\nDoi,1,9999\n", encoding="utf-8")
    hand_in(course, "words", "blank", {})
    scores: dict[str, Any] = {}
    for name in ("words", "rain"):
        for line in (["grade", name, "--jobs", 1], ["report", name]):
            done = run("autograder", *line, "--course", root)
            assert done.returncode == 0, done.stdout + done.stderr
        for path in (root / ".autograder" / "verdicts" / name).glob("*.json"):
            scores[path.stem] = json.loads(path.read_text(encoding="utf-8"))["verdicts"]
    return Graded(course, scores)


def test_tasks_points_and_graders_come_from_the_notebook(graded: Graded) -> None:
    words = graded.course.assignment("words")
    assert [(task.name, task.points, task.graded_by) for task in words.tasks] == [
        ("words_of", 2, "examiner"),
        ("count", 3, "examiner"),
        ("Index", 2, "examiner"),
        ("cell 14", 1, "examiner"),
        ("cell 17", 2, "person"),
    ]
    assert (words.points, words.title, len(words.task("count").test_cells)) == (10, "words", 2)
    assert drift.told(graded.course, words) == []


def test_students_get_data_and_tools_beside_the_notebook_and_no_hidden_line(graded: Graded) -> None:
    release = graded.course.release("rain")
    assert {path.name for path in release.iterdir()} == {"rain.ipynb", "stations.csv", "testing_tools.py"}
    for name in ("words", "rain"):
        text = (graded.course.release(name) / f"{name}.ipynb").read_text(encoding="utf-8")
        assert "HIDDEN" not in text and "SOLUTION" not in text and not [one for one in HIDDEN if one in text]


@pytest.mark.parametrize(
    ("student", "marks"),
    [
        ("right", [2, 3, 2, 1, None]),
        ("once", [2, 1, 2, 1, None]),
        ("last", [2, 3, 0, 1, None]),
        ("alphabet", [2, 1, 2, 1, None]),
        ("spy", [2, 1, 2, 0, None]),
        ("shouter", [0, 3, 0, 0, None]),
        ("blank", [0, 0, 0, 0, 0]),
        ("right-rain", [2, 2, 2]),
        ("disguised", [2, 2, 2]),
        ("at-limit", [2, 0, 2]),
        ("index", [0, 2, 2]),
        ("writer", [2, 2, 0]),
        ("heights", [2, 2, 0]),
    ],
)
def test_each_has_its_marks(graded: Graded, student: str, marks: list[float | None]) -> None:
    assert [task["score"] for task in graded.scores[student].values()] == marks


def test_a_visible_test_tells_its_line_and_both_values_though_hidden_ones_ran_before(graded: Graded) -> None:
    assert graded.message("once", "count").splitlines() == [
        'The test count, test 1 stops at line 2, `assert count(["a", "b", "a"]) == {"a": 2, "b": 1}`: '
        "AssertionError: {'a': 1, 'b': 1} == {'a': 2, 'b': 1}",
        "The lines of count, test 2 that you see may pass, but a test that is not shown does not: count a sentence "
        "whose words come again.",
    ]
    assert "['Nam', 'Doi', 'Pha'] == ['Pha', 'Doi', 'Nam']" in graded.message("index", "totals")
    assert [(part["name"], part["score"]) for part in graded.scores["alphabet"]["count"]["parts"]] == [
        ("test_counts", 1),
        ("test_most_common", 0),
        ("count, test 2", 0),
    ]


def test_a_hidden_test_tells_a_constant_text_of_the_source_or_nothing(graded: Graded) -> None:
    hidden = "but a test that is not shown does not"
    assert graded.message("last", "Index").endswith(f"{hidden}.")  # assertEqual's own text has both sets
    assert graded.message("at-limit", "wet_months").endswith(f"{hidden}: above the limit, not at it.")
    assert graded.message("heights", "draw").endswith(f"{hidden}: the bars are the months of that station.")
    assert graded.message("blank", "Index") == graded.message("blank", "cell 14") == "Nothing is written here yet."


@pytest.mark.parametrize(
    ("student", "task", "shown"),
    [
        ("once", "count", ("count(['x', 'y', 'x'])", "{'x': 1, 'y': 1}", "{'x': 2, 'y': 1}")),
        ("alphabet", "count", ("most_common({'y': 1, 'x': 1}, 1)", "['y']", "['x']")),
        ("shouter", "words_of", ("words_of('Up, UP!')", "ValueError: Up, UP!", "['up', 'up']")),
        ("shouter", "count", None),  # which lost nothing
        ("last", "Index", None),  # has no examples
        ("blank", "words_of", None),
    ],
)
def test_an_example_shows_what_is_wrong(
    graded: Graded, student: str, task: str, shown: tuple[str, str, str] | None
) -> None:
    found = graded.scores[student][task]["counterexample"]
    assert found == (None if shown is None else dict(zip(("cell", "gives", "right"), shown, strict=True)))
    page = html.unescape((graded.course.root / "feedback" / student / "words" / "feedback.html").read_text("utf-8"))
    assert shown is None or all(text in page for text in shown)


def test_examples_stand_in_the_scores_as_any_counterexample(graded: Graded, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["scores", "words", "--json", "--counterexamples", "--course", str(graded.course.root)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["once"]["count"]["gives"] == "{'x': 1, 'y': 1}" and not found["right"]


def test_no_hidden_value_is_told_to_anybody_by_any_way(graded: Graded) -> None:
    assert "the SEA!" in graded.message("spy", "count")  # of the run that has no hidden line
    for student in graded.scores:
        name = CLASS.get(student, ("words", {}))[0]
        pages = [
            path.read_text(encoding="utf-8") for path in (graded.course.root / "feedback" / student).rglob("*.html")
        ]
        told = [json.dumps(graded.scores[student])] + (pages if name == "words" else [])
        own = "".join(CLASS.get(student, ("", {}))[1].values())
        assert pages and not [one for one in HIDDEN if one not in own and any(one in text for text in told)], student


def test_the_marks_stand_in_nbgraders_gradebook_in_one_cell_a_task(
    graded: Graded, gradebook_of: Callable[..., Any]
) -> None:
    base = released(graded.course.release("words"), graded.course.assignment("words"))["words"]
    infos = [cell["metadata"].get("nbgrader", {}) for cell in base.raw["cells"]]
    assert [info["points"] for info in infos if info.get("grade")] == [2, 0, 3, 2, 1, 2]


@pytest.mark.proof
def test_a_replay_draws_the_same_numbers(graded: Graded, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["grade", "rain", "at-limit", "--explain", "wet_months", "--course", str(graded.course.root)]
    result = verdict_files.load_result(graded.course, "rain", "at-limit")
    assert result is not None and set(result.seeds) == {"totals", "wet_months", "draw"}
    seed, key = result.seeds["wet_months"], graded.course.state / "secret"
    assert len(set(result.seeds.values())) == 1
    assert cli.main(line) == 0
    said = capsys.readouterr().out
    assert "replay: the same verdict" in said and "decided: its test cell fails" in said and f"seed: {seed}," in said
    away = key.rename(key.with_name("away"))
    try:
        assert cli.main(line) == 0
    finally:
        away.rename(key)
    said = " ".join(capsys.readouterr().out.split())
    assert f"seed: {seed}," in said and "made again from the seed in the verdict" in said


@pytest.mark.proof
def test_a_seed_that_is_given_stands_in_the_verdict(graded: Graded) -> None:
    context = pipeline.open_grader(graded.course, graded.course.assignment("rain"))
    with contextlib.closing(context):
        handed_in = submission.read_submission(graded.course.submitted("rain", "at-limit"), "at-limit")
        assert pipeline.grade_submission(context, handed_in, replayed={"totals": 7}).seeds["wet_months"] == 7


def test_whoever_reads_the_seed_in_a_verdict_can_draw_its_numbers_again(bench: Bench) -> None:
    drawn = [np.random.default_rng([7, zlib.crc32(b"cell T"), count]).integers(10**9) for count in (1, 2)]
    source = f"assert [fresh().integers(10**9), fresh().integers(10**9)] == {[int(one) for one in drawn]}"
    assert bench.how([ANSWER, test(source, "T")], seed=7) == "passed"
    assert bench.how([ANSWER, test(source, "T")], seed=8) == "failed"


@pytest.mark.proof
def test_the_audit_of_words_finds_no_survivor(graded: Graded, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["audit", "words", "--sample", "1", "--jobs", "1", "--course", str(graded.course.root)]) == 0
    assert "4 edits by machine: 0 survivors; 0 listed as equivalent" in capsys.readouterr().out


@pytest.mark.proof
def test_the_audit_shows_a_survivor_beside_the_tests_that_let_it_pass(
    graded: Graded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "course"
    root.mkdir()
    for name in ("course_config.py", "nbgrader_config.py", "release"):
        (root / name).symlink_to(graded.course.root / name)
    shutil.copytree(graded.course.root / "source", root / "source")
    path = root / "source" / "words" / "words.ipynb"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("assert different == 10", "assert different > 0"), encoding="utf-8")
    assert cli.main(["audit", "words", "--sample", "3", "--jobs", "1", "--course", str(root)]) == 1
    told = capsys.readouterr()
    assert "survivor   cell 14: source/words/words.ipynb, cell 14, line 2" in told.out
    assert "- different = len(count(words_of(VERSE)))" in told.out
    assert "passed by source/words/words.ipynb: the tests cell-" in told.out and "mend the tests named" in told.err


def test_likeness_is_seen_in_words_and_through_disguises(graded: Graded) -> None:
    students = sorted(student for student, (name, _) in CLASS.items() if name == "words")
    words = similarity.answers(graded.course, graded.course.assignment("words"), students)
    (found,) = similarity.alike(words, students, prose=("cell 17",))
    assert (found.students, found.tasks[-1]) == (("alphabet", "once"), "cell 17")
    rain = similarity.answers(graded.course, graded.course.assignment("rain"), ["right-rain", "disguised", "heights"])
    assert rain["draw"]["disguised"] == rain["draw"]["right-rain"] != rain["draw"]["heights"]


# ---- what a notebook may not say ----------------------------------------------------------------


def manual(name: str, **more: Any) -> dict[str, Any]:
    grading = {"grade": True, "solution": True, "grade_id": name, "points": 1, **more}
    return {"cell_type": "markdown", "source": "", "metadata": {"nbgrader": grading}}


def made(root: Path, *cells: Written | dict[str, Any], **more: Any) -> Course:
    """A course whose one notebook has these cells."""
    folder = root / "source" / "hw5"
    folder.mkdir(parents=True)
    book = json.loads(notebook([]))
    book["cells"] = [cell if isinstance(cell, dict) else {**cell.raw, **more} for cell in cells]
    (folder / "1.ipynb").write_text(json.dumps(book), encoding="utf-8")
    text = (
        'from autograder.course import Assignment, Course\ncourse = Course("c", (Assignment.from_notebooks("hw5"),))\n'
    )
    (root / "course_config.py").write_text(text, encoding="utf-8")
    return load_course(root)


def worth(name: str, points: object) -> dict[str, Any]:
    raw = test("assert f() == 1", name).raw
    return {**raw, "metadata": {"nbgrader": {**raw["metadata"]["nbgrader"], "points": points}}}


ANSWER = answer("def f():\n    return 1", "cell-0a1b2c3d")
AGAIN = "then `autograder release hw5`"


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ([given("x = 1")], "1.ipynb: no cell is graded; choose the kinds of its cells in Create Assignment"),
        ([test("assert 1", "T")], "1.ipynb: cell 1 (T): tests, and no answer stands above them"),
        ([ANSWER, worth("T", None)], f"cell 2 (T): points=None is no number from 0 to 1000; mend it, {AGAIN}"),
        ([ANSWER, worth("T", -1)], "cell 2 (T): points=-1 is no number"),
        ([ANSWER, worth("T", True)], "cell 2 (T): points=True is no number"),
        (
            [ANSWER, worth("T", 0)],
            "cell 1 (cell-0a1b2c3d): its tests are worth points=0 together; give one of T points",
        ),
        ([manual("M", points=0)], "cell 1 (M): points=0 is no number from 0.01 to 1000"),
        ([ANSWER, test("assert 1", "a b")], "cell 2 (a b): the ID takes letters from a to z, digits"),
        ([ANSWER, test("assert 1", "T"), test("assert 1", "T")], "two cells have the grade_id 'T'"),
        ([manual("M", solution=False, grade=False, task=True)], "cell 1 (M): a Manually graded task is not read"),
        ([ANSWER, manual("M", solution=False)], "cell 2 (M): tests in a markdown cell; make it a code cell"),
    ],
)
def test_what_a_notebook_may_not_say_is_named_with_cell_value_and_command(
    tmp_path: Path, cells: list[Any], why: str
) -> None:
    with pytest.raises(CourseError) as refused:
        made(tmp_path, *cells)
    assert why in str(refused.value)


def test_a_course_without_the_notebook_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="two cells"):
        made(tmp_path, ANSWER, ANSWER)
    (tmp_path / "source" / "hw5" / "1.ipynb").unlink()
    with pytest.raises(CourseError, match=r"no notebook in .*`autograder new hw5 --simple` writes one"):
        load_course(tmp_path)


@pytest.mark.proof
def test_questions_for_people_alone_are_an_assignment(tmp_path: Path) -> None:
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    more = {"schema_version": 3, "task": False, "locked": False, "cell_type": "markdown"}
    why = {**manual("Why", points=2, **more), "id": "why", "source": "Because."}
    course = made(tmp_path, why)
    assert cli.main(["release", "hw5", "--course", str(tmp_path)]) == 0
    hand_in(course, "hw5", "right", sources(course, "hw5", {"Because": "Since"}))
    hand_in(course, "hw5", "blank", {})
    assert cli.main(["grade", "hw5", "--course", str(tmp_path), "--jobs", "1"]) == 0
    found = {student: verdict_files.load_result(course, "hw5", student) for student in ("right", "blank")}
    assert [one and one.verdicts["Why"].score for one in found.values()] == [None, 0]
    assert cli.main(["audit", "hw5", "--course", str(tmp_path)]) == 0


def test_two_notebooks_with_one_id_are_refused(tmp_path: Path) -> None:
    made(tmp_path, ANSWER, test("assert 1", "T"))
    folder = tmp_path / "source" / "hw5"
    shutil.copy(folder / "1.ipynb", folder / "2.ipynb")
    with pytest.raises(CourseError, match=r"1\.ipynb and 2\.ipynb both have a graded cell with the ID 'T'"):
        load_course(tmp_path)


def test_an_answer_belongs_to_the_tests_up_to_the_next_answer(tmp_path: Path) -> None:
    second, third = answer("class B:\n    pass", "cell-00ff"), answer("x = 1", "cell-11ff")
    course = made(
        tmp_path,
        *(ANSWER, given("y = 1", "G"), test("assert 1", "cell-aaaa"), manual("cell-bbbb"), worth("cell-cccc", 0.5)),
        *(second, third, worth("cell-dddd", 2), answer("z = 1", "cell-22ff"), test("assert 1", "cell-eeee")),
        *(answer("w = 1", "own-answer"), test("assert 1", "cell-ffff"), answer("no_tests = 1", "cell-33ff")),
    )
    found = [(task.name, task.points, task.answers, task.tests) for task in course.assignment("hw5").tasks]
    assert found == [
        ("f", 1.5, ("cell-0a1b2c3d",), ("cell-aaaa", "cell-cccc")),
        ("cell 4", 1, ("cell-bbbb",), ("cell-bbbb",)),
        ("B", 2, ("cell-00ff", "cell-11ff"), ("cell-dddd",)),
        ("cell 9", 1, ("cell-22ff",), ("cell-eeee",)),
        ("own", 1, ("own-answer",), ("cell-ffff",)),
    ]
    (line,) = drift.untested(course, course.assignment("hw5"))
    assert line.startswith("1.ipynb: no tests stand between the answer cell-33ff and the next one")


def test_a_tool_in_a_line_that_students_see_has_to_be_imported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made(tmp_path, ANSWER, test("assert close(f(), 1)", "T"))
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    assert cli.main(["release", "hw5", "--course", str(tmp_path)]) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert "cell 2 (T) calls close in a line that students see; write `from testing_tools import close`" in said


FITTED = """
def fitted(X, y):
    ### BEGIN SOLUTION
    return LinearRegression().fit(X, y)
    ### END SOLUTION


def root(f):
    ### BEGIN SOLUTION
    return optimize.brentq(f, 0, 2)
    ### END SOLUTION
"""
OF_FITTED = """
X = np.array([[0.0], [1.0], [2.0]])
model = fitted(X, [1, 3, 5])
assert np.allclose(model.coef_, [2])
assert np.allclose(model.predict([[3.0]]), [7])
assert abs(root(lambda x: x * x - 2) - 2**0.5) < 1e-9
"""


@pytest.mark.proof  # that they work in a box, tests/sandbox/test_system_calls.py shows in each run
def test_scipy_and_scikit_learn_work_in_answers_and_tests(tmp_path: Path) -> None:
    imports = "import numpy as np\nfrom scipy import optimize\nfrom sklearn.linear_model import LinearRegression"
    raws = [given(imports), answer(FITTED, "cell-0a0a"), test(OF_FITTED, "cell-0b0b")]
    more = {"schema_version": 3, "task": False, "cell_type": "code"}
    cells = []
    for one in raws:
        raw = {**one.raw, "execution_count": None, "id": one.name}
        raw["metadata"]["nbgrader"] = {"locked": False, **raw["metadata"]["nbgrader"], **more}
        cells.append(raw)
    course = made(tmp_path, *cells)
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    assert cli.main(["release", "hw5", "--course", str(tmp_path)]) == 0
    assert [task.name for task in course.assignment("hw5").tasks] == ["fitted"]


def test_a_part_costs_itself_and_what_it_says_is_not_told_where_hidden_lines_of_its_cell_ran_before_it() -> None:
    source = "def test_a():\n    assert f(1) == 2\ndef test_b():\n    assert f(2) == 3\n### BEGIN HIDDEN TESTS\nf(7)"
    cell = ExamCell("T", source, True, hidden=frozenset({5, 6}), parts=("test_a", "test_b"))
    error = Error("AssertionError", "'7' == 2", "2", "T")
    task = Task("f", "book", graded_by=EXAMINER, points=2, answers=("A",), tests=("T",), shares=(2.0,))
    words = messages.of_engine("en")
    found = verdict_of_task(words, task, CellOutcomes((cell,), {"T": Outcome(FAILED, error, failed=("test_a",))}))
    assert (found.score, [part.score for part in found.parts]) == (1, [0, 1])
    assert "'7'" not in found.message and "`assert f(1) == 2`" in found.message
    odd = verdict_of_task(words, task, CellOutcomes((cell,), {"T": Outcome(UNDECIDABLE, failed=("test_b",))}))
    assert (odd.score, [part.score for part in odd.parts]) == (1, [1, 0]) and "cannot decide" in odd.message
    before = verdict_of_task(words, task, CellOutcomes((cell,), {"T": Outcome(FAILED, error)}))
    assert (before.score, [part.score for part in before.parts]) == (0, [0, 0])


def test_an_environment_is_a_lock_file_that_is_there(tmp_path: Path) -> None:
    made(tmp_path, ANSWER, test("assert 1", "T"))
    config = tmp_path / "course_config.py"
    text = config.read_text(encoding="utf-8")
    for said, why in (
        ('"no.lock"', "environment 'no.lock': there is no such lock file"),
        ("3", "environment 3: is no"),
    ):
        config.write_text(text.replace('("hw5")', f'("hw5", environment={said})'), encoding="utf-8")
        with pytest.raises(CourseError) as refused:
            load_course(tmp_path)
        assert why in str(refused.value)
    lock = tmp_path / "loose.lock"
    for line in ("pandas", "pandas>=2", "a==1\nscikit-learn ; python_version == '3'  # newest"):
        lock.write_text(line, encoding="utf-8")
        name = "pandas" if "pandas" in line else "scikit-learn"
        with pytest.raises(CourseError, match=rf"loose\.lock: line \d leaves the version of {name} open; write"):
            environments.packages_of(lock, tmp_path / "made")
    judged = (COURSES / "warmup" / "course_config.py").read_text(encoding="utf-8")
    shutil.copytree(COURSES / "warmup", tmp_path / "judged")
    (tmp_path / "judged" / "course_config.py").write_text(
        judged.replace("    tasks=(", '    environment="a.lock",\n    tasks=(', 1), encoding="utf-8"
    )
    with pytest.raises(CourseError, match="have the judge's packages; leave it out"):
        load_course(tmp_path / "judged")


@pytest.mark.proof
def test_an_environment_is_made_once_and_what_cannot_be_made_says_why(tmp_path: Path) -> None:
    lock = tmp_path / "hw5.lock"
    lock.write_text("./no_such_wheel-1.0-py3-none-any.whl\n", encoding="utf-8")
    with pytest.raises(CourseError, match=r"hw5\.lock: its packages cannot be installed: ERROR"):
        environments.packages_of(lock, tmp_path / "made")
    lock.write_text("", encoding="utf-8")
    with pytest.raises(CourseError, match=r"hw5\.lock: has no ipython, which the sandbox needs"):
        environments.packages_of(lock, tmp_path / "made")
    assert not list((tmp_path / "made").iterdir())


OF_PANDAS = """
import pandas
assert f() == pandas.__version__ == "2.3.3"
"""


@pytest.mark.proof  # it fetches 200 MB the first time
def test_from_a_lock_file_to_marks_by_the_packages_it_names(tmp_path: Path) -> None:
    lock = f"ipython=={version('ipython')}\nnumpy=={version('numpy')}\npandas==2.3.3\n"
    (tmp_path / "hw5.lock").write_text(lock, encoding="utf-8")
    source = "import pandas\n\ndef f():\n    ### BEGIN SOLUTION\n    return pandas.__version__\n    ### END SOLUTION"
    made(tmp_path, answer(source, "cell-0a0a"), test(OF_PANDAS, "cell-0b0b"), execution_count=None)
    path = tmp_path / "source" / "hw5" / "1.ipynb"
    book = json.loads(path.read_text(encoding="utf-8"))
    for cell in book["cells"]:
        info = cell["metadata"]["nbgrader"]
        info |= {"schema_version": 3, "task": False, "cell_type": "code", "locked": not info["solution"]}
        cell["id"] = info["grade_id"]
    path.write_text(json.dumps(book), encoding="utf-8")
    config = tmp_path / "course_config.py"
    config.write_text(config.read_text("utf-8").replace('("hw5")', '("hw5", environment="hw5.lock")'), encoding="utf-8")
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    assert cli.main(["release", "hw5", "--course", str(tmp_path)]) == 0
    course = load_course(tmp_path)
    hand_in(course, "hw5", "right", sources(course, "hw5", {}))
    hand_in(course, "hw5", "wrong", sources(course, "hw5", {"pandas.__version__": '"3.1.1"'}))
    assert cli.main(["grade", "hw5", "--course", str(tmp_path), "--jobs", "1"]) == 0
    marks = [verdict_files.load_result(course, "hw5", student) for student in ("right", "wrong")]
    assert [one and one.verdicts["f"].score for one in marks] == [1, 0]
