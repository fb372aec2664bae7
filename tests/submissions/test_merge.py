"""merge.py: the student's cells put onto the release; what cannot be placed costs its task at most."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from autograder.course import Assignment, Course
from autograder.submissions import cells as cells_module
from autograder.submissions import merge as merge_module
from autograder.submissions import salvage
from autograder.submissions.align import ANSWER, EXTRA, LOCKED, TEST
from autograder.submissions.by_hand import answer_hash
from autograder.submissions.merge import Base, Merged
from autograder.submissions.submission import Submission

NETWORK = "2-two-layer-network"


@pytest.fixture(scope="module")
def bases(course: Course, hw4: Assignment) -> Mapping[str, Base]:
    return merge_module.released(course.release("hw4"), hw4)


@pytest.fixture
def cells(hand_in: Callable[..., dict[str, bytes]], right: dict[str, str]) -> list[dict[str, Any]]:
    """The raw cells of a right second notebook, to be spoiled."""
    found: list[dict[str, Any]] = json.loads(hand_in(right)[f"{NETWORK}.ipynb"])["cells"]
    return found


@pytest.fixture(scope="module")
def merge(bases: Mapping[str, Base], hw4: Assignment) -> Callable[[list[dict[str, Any]]], Merged]:
    tasks = [task for task in hw4.tasks if task.notebook == NETWORK]
    return lambda raw: merge_module.merge(
        NETWORK, bases[NETWORK], [cells_module.cell(one) for one in raw], tasks, salvage.Parser()
    )


def at(cells: list[dict[str, Any]], grade_id: str) -> int:
    return next(n for n, c in enumerate(cells) if c["metadata"].get("nbgrader", {}).get("grade_id") == grade_id)


def answer(merged: Merged, task: str) -> str:
    return next(cell.source for cell in merged.cells if cell.role == ANSWER and cell.task == task)


Merge = Callable[[list[dict[str, Any]]], Merged]


def test_a_whole_notebook_has_every_answer_and_no_problem(
    cells: list[dict[str, Any]], merge: Merge, right: dict[str, str]
) -> None:
    merged = merge(cells)
    assert merged.problems == ()
    for task in ("T5", "T6", "T7", "T8", "T9", "T10", "T11", "T12"):
        assert answer(merged, task) == right[task]
    assert len(merged.cells) == len(cells)


def book(cells: list[dict[str, Any]]) -> bytes:
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def code(source: str, grade_id: str = "") -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {"nbgrader": {"grade_id": grade_id}}, "source": source, "outputs": []}


def test_what_is_parsed_to_join_cells_is_bounded_for_all_notebooks_together(
    bases: Mapping[str, Base], hw4: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[int] = []
    compiles = salvage._compiles
    monkeypatch.setattr(salvage, "_compiles", lambda text: parsed.append(len(text)) or compiles(text))
    split = [code("if True:\n" + "    x = 1\n" * 1500, "T5-answer"), *[code("    y = 1")] * 60]
    files = {f"{n}/{NETWORK}.ipynb": book(split) for n in range(20)}
    merge_module.merge_all(Submission("x", files), bases, hw4)
    assert 0 < sum(parsed) <= salvage.MAX_PARSED


def test_a_long_cell_is_looked_through_once_however_many_others_have_its_id(
    merge: Merge, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    plain = cells_module.plain
    monkeypatch.setattr(cells_module, "plain", lambda source: seen.append(len(source)) or plain(source))
    long = "x = 1\n" * 50_000
    merged = merge([code(long, "T5-answer"), *(code(f"y = {n}", "T5-answer") for n in range(500))])
    assert any(cell.source == long for cell in merged.cells)
    assert sum(seen) < 2 * len(long)


def test_a_student_cannot_edit_a_locked_cell(cells: list[dict[str, Any]], merge: Merge) -> None:
    for cell in cells:
        if cell["metadata"].get("nbgrader", {}).get("locked"):
            cell["source"] = "raise SystemExit"
    locked = [cell for cell in merge(cells).cells if cell.role in (LOCKED, TEST)]
    assert len(locked) > 15
    assert not [cell for cell in locked if "SystemExit" in cell.source]


def test_a_students_tag_does_not_keep_a_cell_from_running(cells: list[dict[str, Any]], merge: Merge) -> None:
    for cell in cells:
        cell["metadata"]["tags"] = ["skip-execution"]
    runs = {cell.name for cell in merge(cells).cells if cell.runs}
    assert {"T5-answer", "T5", "two-layer-net", "setup"} <= runs
    for cell in cells:
        cell["metadata"]["tags"] = []
    assert {cell.name for cell in merge(cells).cells if cell.runs} == runs
    assert not runs & {"train-first", "save-best-net", "load-mnist"}


@pytest.mark.parametrize("spoil", ["no metadata", "no ids", "renamed", "renamed and no ids", "retyped"])
def test_an_answer_whose_metadata_was_lost_is_found_by_its_function(
    cells: list[dict[str, Any]], merge: Merge, right: dict[str, str], spoil: str
) -> None:
    cell = cells[at(cells, "T7-answer")]
    if spoil == "renamed and no ids":
        cell["metadata"]["nbgrader"]["grade_id"] = "nonsense"
        del cell["id"]
    elif spoil == "renamed":
        cell["metadata"]["nbgrader"]["grade_id"] = "T5-answer-copy"
    elif spoil == "retyped":
        cell["metadata"]["nbgrader"] |= {"locked": True, "grade": True, "solution": False, "points": 100}
    else:
        cell["metadata"] = {}
    if spoil == "no ids":
        del cell["id"]
    merged = merge(cells)
    assert answer(merged, "T7") == right["T7"]
    assert [p.kind for p in merged.problems] == (["flags_changed" if spoil == "retyped" else "ids_lost"])
    assert all(p.tasks == ("T7",) and "T7-answer" in str(p) for p in merged.problems)


def test_all_metadata_lost_still_finds_every_function(
    cells: list[dict[str, Any]], merge: Merge, right: dict[str, str]
) -> None:
    for cell in cells:
        cell["metadata"] = {}
        cell.pop("id", None)
    merged = merge(cells)
    for task in ("T5", "T6", "T7", "T8", "T9", "T10", "T11"):
        assert answer(merged, task) == right[task]


def test_a_deleted_answer_is_told_and_costs_no_other_cell(
    cells: list[dict[str, Any]], merge: Merge, right: dict[str, str]
) -> None:
    del cells[at(cells, "T8-answer")]
    merged = merge(cells)
    assert [str(p) for p in merged.problems] == [f"{NETWORK}.ipynb: the answer cell is missing: T8-answer"]
    assert merged.lost == ("T8",)
    assert answer(merged, "T8") == ""
    assert answer(merged, "T9") == right["T9"]


def test_a_doubled_answer_is_told_and_both_run_in_order(cells: list[dict[str, Any]], merge: Merge) -> None:
    place = at(cells, "T6-answer")
    cells.insert(place + 1, cells[place] | {"source": "def softmax_loss():\n    return 'second'"})
    merged = merge(cells)
    assert [(p.kind, p.tasks) for p in merged.problems] == [("doubled", ("T6",))]
    first = next(n for n, cell in enumerate(merged.cells) if cell.task == "T6" and cell.role == ANSWER)
    assert "shifted" in merged.cells[first].source
    assert "second" in merged.cells[first + 1].source and merged.cells[first + 1].runs


def test_of_a_stub_and_an_answer_the_answer_counts(
    cells: list[dict[str, Any]], merge: Merge, right: dict[str, str], bases: Mapping[str, Base]
) -> None:
    stub = next(
        c for c in bases[NETWORK].raw["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == "T6-answer"
    )
    for place in (at(cells, "T6-answer"), at(cells, "T6-answer") + 1):
        doubled = [*cells[:place], dict(stub), *cells[place:]]
        assert answer(merge(doubled), "T6") == right["T6"]


def test_own_cells_stay_where_they_stood(cells: list[dict[str, Any]], merge: Merge) -> None:
    own = {"cell_type": "code", "source": "helper = 1", "metadata": {}, "outputs": []}
    cells.insert(at(cells, "T7-answer"), own)
    merged = merge(cells)
    place = next(n for n, cell in enumerate(merged.cells) if cell.role == EXTRA)
    after = next(cell for cell in merged.cells[place:] if cell.role == ANSWER)
    assert merged.cells[place].source == "helper = 1"
    assert after.task == "T7"


def test_an_empty_notebook_is_every_answer_missing(merge: Merge, bases: Mapping[str, Base]) -> None:
    merged = merge([])
    assert [p.kind for p in merged.problems] == ["answer_missing", "locked_missing"]
    assert len(merged.lost) == 8
    assert [c.source for c in merged.cells if c.role in (LOCKED, TEST)] == [
        "".join(c["source"])
        for c in bases[NETWORK].raw["cells"]
        if c["metadata"].get("nbgrader", {}).get("locked") or c["metadata"].get("nbgrader", {}).get("grade")
    ]


@pytest.mark.parametrize(
    ("renamed", "said"),
    [("2-two-layer-network (1).ipynb", "was found as"), ("hw4/2-two-layer-network.ipynb", "was found as")],
)
def test_a_renamed_notebook_is_found_by_what_stands_in_it(
    hand_in: Callable[..., dict[str, bytes]],
    right: dict[str, str],
    bases: Mapping[str, Base],
    hw4: Assignment,
    renamed: str,
    said: str,
) -> None:
    files = hand_in(right)
    files[renamed] = files.pop(f"{NETWORK}.ipynb")
    merged = merge_module.merge_all(Submission("x", files), bases, hw4)
    assert answer(merged[NETWORK], "T5") == right["T5"]
    assert any(said in str(problem) for problem in merged[NETWORK].problems)


@pytest.mark.parametrize("data", [b"", b"no json", b"[]", b"{}"])
def test_a_broken_notebook_is_a_problem_and_leaves_the_other_whole(
    hand_in: Callable[..., dict[str, bytes]],
    right: dict[str, str],
    bases: Mapping[str, Base],
    hw4: Assignment,
    data: bytes,
) -> None:
    files = {**hand_in(right), f"{NETWORK}.ipynb": data}
    merged = merge_module.merge_all(Submission("x", files), bases, hw4)
    assert merged["1-basics"].problems == ()
    assert len(merged[NETWORK].problems) == 1
    assert str(merged[NETWORK].problems[0]).startswith(f"{NETWORK}.ipynb: the ")


def test_a_missing_notebook_is_named(bases: Mapping[str, Base], hw4: Assignment) -> None:
    merged = merge_module.merge_all(Submission("x", {}), bases, hw4)
    assert {name: [str(p) for p in book.problems] for name, book in merged.items()} == {
        "1-basics": ["1-basics.ipynb is missing; nothing was handed in"],
        NETWORK: [f"{NETWORK}.ipynb is missing; nothing was handed in"],
    }


def test_the_hash_of_a_persons_answer_hangs_on_text_and_scans(
    hand_in: Callable[..., dict[str, bytes]], right: dict[str, str], bases: Mapping[str, Base], hw4: Assignment
) -> None:
    def digest(answers: dict[str, str], more: dict[str, bytes]) -> str:
        handed_in = Submission("x", {**hand_in(answers), **more})
        return answer_hash(merge_module.merge_all(handed_in, bases, hw4), hw4.task("T4"), handed_in)

    same = digest(right, {})
    assert digest(right | {"T5": "# another T5\n"}, {}) == same
    assert len({same, digest(right | {"T4": "another proof"}, {}), digest(right, {"scan.pdf": b"%PDF"})}) == 3
