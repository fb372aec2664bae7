"""merge.py: the student's cells put onto the release; what cannot be placed costs its task at most."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from toy import NAME, TASKS, Toy

from autograder.submissions import cells as cells_module
from autograder.submissions import merge as merge_module
from autograder.submissions import salvage
from autograder.submissions.align import ANSWER, EXTRA, LOCKED, TEST
from autograder.submissions.by_hand import answer_hash
from autograder.submissions.merge import Base, Merged
from autograder.submissions.submission import Submission

BOOK = "1-lines"


@pytest.fixture(scope="module")
def bases(toy: Toy) -> Mapping[str, Base]:
    return merge_module.released(toy.course.release(NAME), toy.assignment)


@pytest.fixture
def cells(toy: Toy) -> list[dict[str, Any]]:
    """The raw cells of a right notebook, to be spoiled."""
    found: list[dict[str, Any]] = json.loads(toy.hand_in(toy.right)[f"{BOOK}.ipynb"])["cells"]
    return found


@pytest.fixture(scope="module")
def merge(bases: Mapping[str, Base], toy: Toy) -> Callable[[list[dict[str, Any]]], Merged]:
    tasks = toy.assignment.tasks
    return lambda raw: merge_module.merge(
        BOOK, bases[BOOK], [cells_module.cell(one) for one in raw], tasks, salvage.Parser()
    )


def at(cells: list[dict[str, Any]], grade_id: str) -> int:
    return next(n for n, c in enumerate(cells) if c["metadata"].get("nbgrader", {}).get("grade_id") == grade_id)


def answer(merged: Merged, task: str) -> str:
    return next(cell.source for cell in merged.cells if cell.role == ANSWER and cell.task == task)


Merge = Callable[[list[dict[str, Any]]], Merged]


def test_a_whole_notebook_has_every_answer_and_no_problem(cells: list[dict[str, Any]], merge: Merge, toy: Toy) -> None:
    merged = merge(cells)
    assert merged.problems == ()
    for task in TASKS:
        assert answer(merged, task) == toy.right[task]
    assert len(merged.cells) == len(cells)


def book(cells: list[dict[str, Any]]) -> bytes:
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def code(source: str, grade_id: str = "") -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {"nbgrader": {"grade_id": grade_id}}, "source": source, "outputs": []}


def test_what_is_parsed_to_join_cells_is_bounded_for_all_notebooks_together(
    bases: Mapping[str, Base], toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[int] = []
    compiles = salvage._compiles
    monkeypatch.setattr(salvage, "_compiles", lambda text: parsed.append(len(text)) or compiles(text))
    split = [code("if True:\n" + "    x = 1\n" * 1500, "T1-answer"), *[code("    y = 1")] * 60]
    files = {f"{n}/{BOOK}.ipynb": book(split) for n in range(20)}
    merge_module.merge_all(Submission("x", files), bases, toy.assignment)
    assert 0 < sum(parsed) <= salvage.MAX_PARSED


def test_a_long_cell_is_looked_through_once_however_many_others_have_its_id(
    merge: Merge, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    plain = cells_module.plain
    monkeypatch.setattr(cells_module, "plain", lambda source: seen.append(len(source)) or plain(source))
    long = "x = 1\n" * 50_000
    merged = merge([code(long, "T1-answer"), *(code(f"y = {n}", "T1-answer") for n in range(500))])
    assert any(cell.source == long for cell in merged.cells)
    assert sum(seen) < 2 * len(long)


def test_a_student_cannot_edit_a_locked_cell(cells: list[dict[str, Any]], merge: Merge) -> None:
    for cell in cells:
        if cell["metadata"].get("nbgrader", {}).get("locked"):
            cell["source"] = "raise SystemExit"
    locked = [cell for cell in merge(cells).cells if cell.role in (LOCKED, TEST)]
    assert len(locked) == 4
    assert not [cell for cell in locked if "SystemExit" in cell.source]


def test_a_students_tag_does_not_keep_a_cell_from_running(cells: list[dict[str, Any]], merge: Merge) -> None:
    for cell in cells:
        cell["metadata"]["tags"] = ["skip-execution"]
    runs = {cell.name for cell in merge(cells).cells if cell.runs}
    assert {"T1-answer", "T1", "T2-answer", "T2", "setup"} <= runs
    for cell in cells:
        cell["metadata"]["tags"] = []
    assert {cell.name for cell in merge(cells).cells if cell.runs} == runs
    assert "picture" not in runs


@pytest.mark.parametrize(("name", "kinds"), [("picture", []), ("setup", ["locked_missing"])])
def test_a_locked_cell_is_missed_only_where_grading_runs_it(
    cells: list[dict[str, Any]], merge: Merge, name: str, kinds: list[str]
) -> None:
    """As in a submission made from an earlier release, which had no such picture."""
    del cells[at(cells, name)]
    assert [p.kind for p in merge(cells).problems] == kinds


@pytest.mark.parametrize("spoil", ["no metadata", "no ids", "renamed", "renamed and no ids", "retyped"])
def test_an_answer_whose_metadata_was_lost_is_found_by_its_function(
    cells: list[dict[str, Any]], merge: Merge, toy: Toy, spoil: str
) -> None:
    cell = cells[at(cells, "T2-answer")]
    if spoil == "renamed and no ids":
        cell["metadata"]["nbgrader"]["grade_id"] = "nonsense"
        del cell["id"]
    elif spoil == "renamed":
        cell["metadata"]["nbgrader"]["grade_id"] = "T1-answer-copy"
    elif spoil == "retyped":
        cell["metadata"]["nbgrader"] |= {"locked": True, "grade": True, "solution": False, "points": 100}
    else:
        cell["metadata"] = {}
    if spoil == "no ids":
        del cell["id"]
    merged = merge(cells)
    assert answer(merged, "T2") == toy.right["T2"]
    assert [p.kind for p in merged.problems] == (["flags_changed" if spoil == "retyped" else "ids_lost"])
    assert all(p.tasks == ("T2",) and "T2-answer" in str(p) for p in merged.problems)


def test_all_metadata_lost_still_finds_every_function(cells: list[dict[str, Any]], merge: Merge, toy: Toy) -> None:
    for cell in cells:
        cell["metadata"] = {}
        cell.pop("id", None)
    merged = merge(cells)
    for task in ("T1", "T2"):
        assert answer(merged, task) == toy.right[task]


def test_a_deleted_answer_is_told_and_costs_no_other_cell(cells: list[dict[str, Any]], merge: Merge, toy: Toy) -> None:
    del cells[at(cells, "T1-answer")]
    merged = merge(cells)
    assert [str(p) for p in merged.problems] == [f"{BOOK}.ipynb: the answer cell is missing: T1-answer"]
    assert merged.lost == ("T1",)
    assert answer(merged, "T1") == ""
    assert answer(merged, "T2") == toy.right["T2"]


def test_a_doubled_answer_is_told_and_both_run_in_order(cells: list[dict[str, Any]], merge: Merge) -> None:
    place = at(cells, "T1-answer")
    cells.insert(place + 1, cells[place] | {"source": "def standardise():\n    return 'second'"})
    merged = merge(cells)
    assert [(p.kind, p.tasks) for p in merged.problems] == [("doubled", ("T1",))]
    first = next(n for n, cell in enumerate(merged.cells) if cell.task == "T1" and cell.role == ANSWER)
    assert "deviation" in merged.cells[first].source
    assert "second" in merged.cells[first + 1].source and merged.cells[first + 1].runs


def test_a_stub_is_a_stub_with_the_name_of_its_cell_on_top_or_without() -> None:
    """As one pasted below an answer, from a release before or after the line came."""
    stub = "def f(x):\n    raise NotImplementedError\n"
    assert cells_module.plain(f"# T1-answer\n{stub}") == cells_module.plain(stub) == stub.strip()
    assert cells_module.plain("# T1-answer") == ""
    assert cells_module.plain(f"# my own\n{stub}") != cells_module.plain(stub)


def test_of_a_stub_and_an_answer_the_answer_counts(
    cells: list[dict[str, Any]], merge: Merge, toy: Toy, bases: Mapping[str, Base]
) -> None:
    stub = next(c for c in bases[BOOK].raw["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == "T1-answer")
    for place in (at(cells, "T1-answer"), at(cells, "T1-answer") + 1):
        doubled = [*cells[:place], dict(stub), *cells[place:]]
        assert answer(merge(doubled), "T1") == toy.right["T1"]


def test_own_cells_stay_where_they_stood(cells: list[dict[str, Any]], merge: Merge) -> None:
    own = {"cell_type": "code", "source": "helper = 1", "metadata": {}, "outputs": []}
    cells.insert(at(cells, "T2-answer"), own)
    merged = merge(cells)
    place = next(n for n, cell in enumerate(merged.cells) if cell.role == EXTRA)
    after = next(cell for cell in merged.cells[place:] if cell.role == ANSWER)
    assert merged.cells[place].source == "helper = 1"
    assert after.task == "T2"


def test_an_empty_notebook_is_every_answer_missing(merge: Merge, bases: Mapping[str, Base]) -> None:
    merged = merge([])
    assert [p.kind for p in merged.problems] == ["answer_missing", "person_lost", "locked_missing"]
    assert merged.lost == TASKS
    assert [c.source for c in merged.cells if c.role in (LOCKED, TEST)] == [
        "".join(c["source"]) for c in bases[BOOK].raw["cells"] if c["metadata"].get("nbgrader", {}).get("locked")
    ]


@pytest.mark.parametrize("renamed", ["1-lines (1).ipynb", "warmup/1-lines.ipynb"])
def test_a_renamed_notebook_is_found_by_what_stands_in_it(toy: Toy, bases: Mapping[str, Base], renamed: str) -> None:
    files = toy.hand_in(toy.right)
    files[renamed] = files.pop(f"{BOOK}.ipynb")
    merged = merge_module.merge_all(Submission("x", files), bases, toy.assignment)
    assert answer(merged[BOOK], "T1") == toy.right["T1"]
    assert any("was found as" in str(problem) for problem in merged[BOOK].problems)


@pytest.mark.parametrize("data", [b"", b"no json", b"[]", b"{}"])
def test_a_broken_notebook_is_a_problem_and_leaves_the_other_whole(two_books: Toy, data: bytes) -> None:
    bases = merge_module.released(two_books.course.release(NAME), two_books.assignment)
    files = {**two_books.hand_in(two_books.right), "2-line.ipynb": data}
    merged = merge_module.merge_all(Submission("x", files), bases, two_books.assignment)
    assert merged[BOOK].problems == ()
    assert len(merged["2-line"].problems) == 1
    assert str(merged["2-line"].problems[0]).startswith("2-line.ipynb: the ")


def test_a_missing_notebook_is_named(two_books: Toy) -> None:
    bases = merge_module.released(two_books.course.release(NAME), two_books.assignment)
    merged = merge_module.merge_all(Submission("x", {}), bases, two_books.assignment)
    assert {name: [str(p) for p in book.problems] for name, book in merged.items()} == {
        name: [f"{name}.ipynb is missing; nothing was handed in"] for name in (BOOK, "2-line")
    }


def test_the_hash_of_a_persons_answer_hangs_on_text_and_scans(toy: Toy, bases: Mapping[str, Base]) -> None:
    def digest(answers: Mapping[str, str], more: Mapping[str, bytes]) -> str:
        handed_in = Submission("x", {**toy.hand_in(answers), **more})
        merged = merge_module.merge_all(handed_in, bases, toy.assignment)
        return answer_hash(merged, toy.assignment.task("T3"), handed_in)

    same = digest(toy.right, {})
    assert digest({**toy.right, "T1": "# another T1\n"}, {}) == same
    others = digest({**toy.right, "T3": "another reason"}, {}), digest(toy.right, {"scan.pdf": b"%PDF"})
    assert len({same, *others}) == 3
