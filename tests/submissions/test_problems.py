"""problems.py: one line for each kind of problem, in both languages, at the task that it touches."""

import string
from dataclasses import replace

import pytest
from toy import BOOK, Toy

from autograder.course import Assignment, Task, messages
from autograder.course.messages import Messages
from autograder.judging.verdicts import FAILED, NOT_CHECKED, PASSED, Verdict
from autograder.submissions import problems
from autograder.submissions.problems import COSTLY, LINES, FileProblem

MODEL = "model.npz"


@pytest.fixture(scope="module")
def words(toy: Toy) -> Messages:
    return messages.load_messages(toy.course, toy.assignment, "en")


@pytest.fixture(scope="module")
def assignment(toy: Toy) -> Assignment:
    """The toy's, and a task with a saved model in a notebook of its own."""
    return replace(toy.assignment, tasks=(*toy.assignment.tasks, Task("T4", notebook="2-model", saved_model=MODEL)))


def verdicts(assignment: Assignment, **status: str) -> dict[str, Verdict]:
    return {
        task.name: Verdict(task.name, status.get(task.name, PASSED), 1.0, 1.0, (), "", f"message of {task.name}")
        for task in assignment.tasks
    }


def names(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("kind", LINES)
def test_every_kind_has_a_line_for_the_instructor_and_one_for_the_student_in_both_languages(
    kind: str, words: Messages
) -> None:
    assert "file" in names(LINES[kind])
    if kind in ("bad_model", "not_a_time"):  # the verdict says it already; the time is the teacher's
        assert kind not in words.engine["files"]
        return
    said = words.engine["files"][kind]
    assert said["en"] and said["th"] and names(said["en"]) == names(said["th"])
    assert names(said["en"]) <= names(LINES[kind]) | {"file"}


def test_the_texts_have_no_kind_that_nobody_uses(words: Messages) -> None:
    assert set(words.engine["files"]) <= set(LINES)
    assert set(COSTLY) <= set(LINES)


def test_what_cost_a_task_stands_in_place_of_its_message(assignment: Assignment, words: Messages) -> None:
    found = verdicts(assignment, T1=NOT_CHECKED, T2=NOT_CHECKED, T3=FAILED)
    told = problems.tell(found, [FileProblem("empty", BOOK)], words, assignment)
    assert told.verdicts["T1"].message == told.verdicts["T2"].message == told.lines[0]
    assert told.lines[0].startswith(f"{BOOK} is empty")
    assert told.verdicts["T3"].message == "message of T3"
    assert told.notes == (f"{BOOK}: the file is empty; ask for it again",)
    assert {t: v.score for t, v in told.verdicts.items()} == {t: v.score for t, v in found.items()}


def test_what_was_mended_stands_below_the_message_of_the_first_task_that_lost_marks(
    assignment: Assignment, words: Messages
) -> None:
    mended = [FileProblem("encoding", BOOK, {"encoding": "UTF-16"})]
    told = problems.tell(verdicts(assignment, T3=FAILED), mended, words, assignment)
    assert told.verdicts["T3"].message == f"message of T3\n{told.lines[0]}"
    told = problems.tell(verdicts(assignment), mended, words, assignment)
    assert told.verdicts["T1"].message == f"message of T1\n{told.lines[0]}"


def test_two_damages_of_one_task_are_both_told(assignment: Assignment, words: Messages) -> None:
    both = [FileProblem("too_large", BOOK, {"size": "65", "limit": "64"}), FileProblem("empty", BOOK)]
    told = problems.tell(verdicts(assignment, T1=NOT_CHECKED), both, words, assignment)
    assert told.verdicts["T1"].message == "\n".join(told.lines)


def test_a_saved_model_that_was_left_out_is_told_at_its_task(assignment: Assignment, words: Messages) -> None:
    found = verdicts(assignment, T4=NOT_CHECKED)
    told = problems.tell(found, [FileProblem("not_plain", f"a/{MODEL}", {"what": "a link"})], words, assignment)
    assert told.verdicts["T4"].message == told.lines[0]


def test_an_answer_that_was_found_elsewhere_is_not_missing(assignment: Assignment, words: Messages) -> None:
    missing = [FileProblem("answer_missing", BOOK, {"cells": "T1-answer"}, ("T1",))]
    assert problems.tell(verdicts(assignment), missing, words, assignment).notes == ()
    assert problems.tell(verdicts(assignment, T1=NOT_CHECKED), missing, words, assignment).notes != ()


def test_a_file_name_cannot_write_to_the_terminal() -> None:
    assert "\x1b" not in str(FileProblem("empty", "a\x1b[31m\n.ipynb")) and "\n" not in str(FileProblem("empty", "a\n"))
