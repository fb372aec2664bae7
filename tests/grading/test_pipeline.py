"""pipeline.py: one submission from its files to its verdicts, in the real sandbox, by the real judge."""

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from toy import BOOK, NAME, Toy

from autograder.course import Course, fingerprint, load_course
from autograder.grading import made_up, pipeline
from autograder.judging.verdicts import NEEDS_GRADING, NOT_CHECKED, PASSED, Result, result_from
from autograder.submissions.submission import Submission

JUDGED = ("T1", "T2")
BODY = "    mean = X.mean(axis=0)\n"
Mark = Callable[..., Result]


def lost(result: Result) -> set[str]:
    """Tasks that are not passed, the person's apart."""
    return {task for task in JUDGED if result.verdicts[task].status != PASSED}


def spoiled(files: Mapping[str, bytes], spoil: Callable[[list[dict[str, Any]]], Any]) -> dict[str, bytes]:
    notebook = json.loads(files[BOOK])
    spoil(notebook["cells"])
    return {**files, BOOK: json.dumps(notebook).encode()}


def at(cells: Sequence[dict[str, Any]], grade_id: str) -> int:
    return next(n for n, c in enumerate(cells) if c["metadata"].get("nbgrader", {}).get("grade_id") == grade_id)


def test_the_release_filled_in_has_full_marks_and_the_persons_task_waits(toy_mark: Mark, toy: Toy) -> None:
    result = toy_mark(toy.hand_in(toy.right))
    found = {task: (verdict.status, verdict.score) for task, verdict in result.verdicts.items()}
    assert found == {"T1": (PASSED, 1), "T2": (PASSED, 1), "T3": (NEEDS_GRADING, None)}
    assert result.notes == () and not result.unsafe


def test_the_blank_release_scores_0_and_says_what_is_not_written(toy_mark: Mark, toy: Toy) -> None:
    result = toy_mark(toy.hand_in({}))
    assert {(verdict.status, verdict.score) for verdict in result.verdicts.values()} == {(NOT_CHECKED, 0)}
    assert result.verdicts["T1"].message == "T1 is not written yet."


@pytest.mark.parametrize(
    "first", ["1 / 0", "undefined", "def broken(:", "raise SystemExit", "%no_such_magic", "exit()"]
)
def test_a_crash_in_a_cell_of_the_students_own_costs_nothing(toy_mark: Mark, toy: Toy, first: str) -> None:
    def crash(cells: list[dict[str, Any]]) -> None:
        cells.insert(0, made_up.code_cell(first))

    result = toy_mark(spoiled(toy.hand_in(toy.right), crash))
    assert lost(result) == set()
    assert "your own cell 1.1" in result.cell_errors


def test_a_cell_that_ends_the_process_costs_no_other(toy_mark: Mark, toy: Toy) -> None:
    def crash(cells: list[dict[str, Any]]) -> None:
        cells.insert(at(cells, "T2-answer"), made_up.code_cell("import os\nos._exit(1)"))

    result = toy_mark(spoiled(toy.hand_in(toy.right), crash))
    assert lost(result) == set()
    assert [error["type"] for error in result.cell_errors.values()] == ["ProcessEnded"]


def test_an_answer_that_does_not_parse_costs_its_task(toy_mark: Mark, toy: Toy) -> None:
    result = toy_mark(toy.hand_in({**toy.right, "T2": toy.right["T2"].replace("(x, y):", "(x, y)")}))
    assert lost(result) == {"T2"}
    assert result.verdicts["T2"].status == NOT_CHECKED
    assert result.cell_errors["T2-answer"]["type"] == "SyntaxError"
    assert result.cell_errors["T2-answer"]["line"] != ""


def test_a_crash_inside_a_function_costs_its_task_and_names_the_line(toy_mark: Mark, toy: Toy) -> None:
    broken = toy.right["T1"].replace(BODY, "    mean = X.mean(axis=0) / X.shape[9]\n")
    assert broken != toy.right["T1"]
    result = toy_mark(toy.hand_in({**toy.right, "T1": broken}))
    assert lost(result) == {"T1"}
    assert result.verdicts["T1"].status == NOT_CHECKED
    assert "IndexError" in result.verdicts["T1"].message
    assert "(T1-answer, line 3)" in result.verdicts["T1"].message


@pytest.mark.parametrize("end", ["os._exit(0)", "ctypes.string_at(0)"])
def test_a_function_that_ends_the_process_costs_its_task_alone(toy_mark: Mark, toy: Toy, end: str) -> None:
    broken = toy.right["T1"].replace(BODY, f"    import ctypes, os\n    {end}\n{BODY}")
    assert broken != toy.right["T1"]
    result = toy_mark(toy.hand_in({**toy.right, "T1": broken}))
    assert lost(result) == {"T1"}
    assert result.verdicts["T1"].status == NOT_CHECKED
    assert "the process of your code ended" in result.verdicts["T1"].message


def test_a_duplicated_cell_costs_nothing(toy_mark: Mark, toy: Toy) -> None:
    def double(cells: list[dict[str, Any]]) -> None:
        cells.insert(at(cells, "T1-answer"), cells[at(cells, "T1-answer")])

    result = toy_mark(spoiled(toy.hand_in(toy.right), double))
    assert lost(result) == set()


@pytest.mark.parametrize("spoil", ["metadata", "renamed", "deleted test", "retyped"])
def test_lost_or_renamed_metadata_costs_nothing(toy_mark: Mark, toy: Toy, spoil: str) -> None:
    def change(cells: list[dict[str, Any]]) -> None:
        if spoil == "metadata":
            for cell in cells:
                cell["metadata"] = {}
                cell.pop("id", None)
        elif spoil == "renamed":
            cells[at(cells, "T1-answer")]["metadata"]["nbgrader"]["grade_id"] = "T1-copy"
        elif spoil == "deleted test":
            del cells[at(cells, "T1")]
        else:
            cells[at(cells, "T1")]["metadata"]["nbgrader"] |= {"points": 100, "solution": True, "locked": False}

    result = toy_mark(spoiled(toy.hand_in(toy.right), change))
    assert lost(result) == set()
    assert result.verdicts["T1"].max_score == 1


def test_a_deleted_answer_costs_its_task_alone(toy_mark: Mark, toy: Toy) -> None:
    def delete(cells: list[dict[str, Any]]) -> None:
        del cells[at(cells, "T2-answer")]

    result = toy_mark(spoiled(toy.hand_in(toy.right), delete))
    assert lost(result) == {"T2"}
    assert result.notes == (f"{BOOK}: the answer cell is missing: T2-answer",)
    assert "The answer cell is missing" in result.verdicts["T2"].message


def test_hidden_inputs_hang_on_student_and_submission_and_come_again_in_a_replay(toy_mark: Mark, toy: Toy) -> None:
    files = toy.hand_in(toy.right)
    first, again, other = toy_mark(files), toy_mark(files), toy_mark(files, "malee")
    changed = toy_mark({**files, "note.txt": b"x"})
    assert first.seeds == again.seeds
    assert all(first.seeds[task] != other.seeds[task] for task in JUDGED)
    assert all(first.seeds[task] != changed.seeds[task] for task in JUDGED)
    assert len(set(first.seeds.values())) == len(JUDGED)
    for result in (again, other, changed):
        assert result.verdicts == first.verdicts


def test_a_person_marks_a_picture_too(toy_mark: Mark, toy: Toy) -> None:
    blank = toy.hand_in({task: toy.right[task] for task in JUDGED})
    assert toy_mark(blank).verdicts["T3"].status == NOT_CHECKED
    assert toy_mark({**blank, "T3.pdf": b"%PDF"}).verdicts["T3"].status == NEEDS_GRADING


def test_prints_warnings_and_magics_cost_nothing(toy_mark: Mark, toy: Toy) -> None:
    noise = (
        "    import sys, warnings\n    print('x' * 100)\n    warnings.warn('careful')\n"
        "    print('oops', file=sys.stderr)\n"
    )
    noisy = toy.right["T1"].replace(BODY, noise + BODY)
    assert noisy != toy.right["T1"]
    extra = (
        "%matplotlib inline\n%timeit -n1 -r1 1 + 1\n!ls",
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
    )
    assert lost(toy_mark(toy.hand_in({**toy.right, "T1": noisy}, extra=extra))) == set()


LOADED = (
    "import gc\nimport sys\nhere = sys.modules.get('matplotlib')\n"
    "old = here and all(one is not vars(here) for one in gc.get_objects())"
)
DRAWS = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\nassert plt.get_backend() == 'template'"


def test_who_draws_finds_matplotlib_and_it_is_loaded_before_where_the_release_draws(
    toy_mark: Mark, toy: Toy, mark: Mark, hand_in: Callable[..., dict[str, bytes]], right: dict[str, str]
) -> None:
    """What was there before a notebook's process is frozen: the collector does not list it."""
    mine, theirs = f"{LOADED}\nassert not here", f"{LOADED}\nassert old"
    assert toy_mark(toy.hand_in(toy.right, extra=(mine, DRAWS))).cell_errors == {}
    assert mark(hand_in(right, extra=(theirs, DRAWS))).cell_errors == {}
    told = toy_mark(toy.hand_in(toy.right, extra=(DRAWS, theirs))).cell_errors
    assert [error["type"] for error in told.values()] == ["AssertionError"]  # its own is not


def test_prompts_that_came_along_with_pasted_code_cost_nothing(toy_mark: Mark, toy: Toy) -> None:
    lines = ("import numpy as np", "fit_line = lambda x, y: np.polyfit(x, y, 1)")
    pasted = "\n".join(f"In [{number}]: {line}" for number, line in enumerate(lines, 1))
    assert lost(toy_mark(toy.hand_in({**toy.right, "T2": pasted}))) == set()


def test_helpers_may_stand_in_other_cells_and_modules(toy_mark: Mark, toy: Toy) -> None:
    extra = ("from mine import line\n\n\ndef best(x, y):\n    return line(x, y)",)
    files = toy.hand_in({**toy.right, "T2": "def fit_line(x, y):\n    return best(x, y)"}, extra=extra)
    files["mine.py"] = b"import numpy as np\n\ndef line(x, y):\n    return np.polyfit(x, y, 1)\n"
    assert lost(toy_mark(files)) == set()


def test_a_result_survives_its_file(toy_mark: Mark, toy: Toy) -> None:
    result = toy_mark(toy.hand_in({**toy.right, "T3": "พิสูจน์"}), "สมชาย ใจดี")
    kept = result_from(json.loads(json.dumps(result.as_json())))
    assert kept == dataclasses.replace(result, answers=b"", notebooks={})


def test_thai_feedback_is_chosen_in_the_course(toy_scratch: Course, toy: Toy) -> None:
    config = toy_scratch.root / "course_config.py"
    config.write_text(config.read_text().replace('language="en"', 'language="th"'))
    thai = load_course(toy_scratch.root)
    opened = pipeline.open_grader(thai, thai.assignment(NAME))
    with opened.guest:
        files = toy.hand_in({**toy.right, "T2": "def fit_line(x, y):\n    return 7.0, 7.0"})
        verdict = pipeline.grade_submission(opened, Submission("x", files)).verdicts["T2"]
    assert any("\u0e00" <= c <= "\u0e7f" for c in verdict.message)


def test_the_kit_hash_changes_with_every_part_that_decides_about_a_mark(toy_scratch: Course) -> None:
    seen = {fingerprint.grader_fingerprint(toy_scratch, toy_scratch.assignment(NAME))}
    parts = [toy_scratch.part(kind, NAME) for kind in ("probes", "checks", "mistakes", "messages")]
    config = toy_scratch.root / "course_config.py"
    for path in [*parts, toy_scratch.solution(NAME), config, toy_scratch.release(NAME) / BOOK]:
        line = 'Task("T1", notebook="1-lines"'
        path.write_text(path.read_text().replace(line, f"{line}, slowness=2") + "\n")
        course = load_course(toy_scratch.root)
        seen.add(fingerprint.grader_fingerprint(course, course.assignment(NAME)))
    assert len(seen) == 1 + len(parts) + 3
