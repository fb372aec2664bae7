"""The table of marks on screens of all widths: names are cut, marks never; and the class in a line below it."""

import io
from collections.abc import Sequence

import pytest
from rich.console import Console

from autograder.commands import console_tables, scores
from autograder.course import Assignment, Task
from autograder.course.roster import Person, Roster
from autograder.judging.verdicts import Result, Verdict
from autograder.marks.final_marks import StudentMark

TASKS = tuple(Task(f"T{n}", notebook="n") for n in range(1, 13))
ASSIGNMENT = Assignment("hw4", title="Homework 4", tasks=TASKS)
LONG = "a-very-long-student-id-of-forty-letters!"
PEOPLE = Roster(
    (
        Person(LONG, "Anna-Maria Theodora", "Featherstonehaugh-Cholmondeley", {"section": "Sec 10"}),
        Person("65010002", "สมชาย", "ใจดี", {"section": "Sec 2"}),
        Person("absent", "Never", "Seen"),
    )
)


def mark(student: str, scores: Sequence[float | None], penalty: float = 0.0) -> StudentMark:
    """A mark with these scores in T1 to T12."""
    verdicts = {
        task.name: Verdict(
            task.name, "needs grading" if score is None else "passed" if score == 1 else "failed", score, 1
        )
        for task, score in zip(TASKS, scores, strict=True)
    }
    total = sum(score or 0 for score in scores) - penalty
    whole = None if None in scores else total
    reason = "Late by 2 begun days: 10 % of the score for each." if penalty else ""
    return StudentMark(Result(student, "hw4", "", "", verdicts), {}, 0.2, penalty, reason, whole, total)


CLASS = [
    mark(LONG, [1, 1, 1, None, 0.333, 0.25, 0.125, 1, 1, 1, 0.875, 1], 1.717),
    mark("65010002", [1] * 12),
]


def printed(width: int, people: Roster = PEOPLE) -> list[str]:
    screen = io.StringIO()
    console = Console(file=screen, width=width, highlight=False, soft_wrap=True, color_system=None)
    console.print(console_tables.marks(ASSIGNMENT, CLASS, people, width))
    return screen.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 100, 130, 200])
def test_every_mark_is_seen_whole(width: int) -> None:
    lines = printed(width)
    head, first, second = (next(line for line in lines if word in line) for word in ("T12", "0.333", "6501"))
    assert head.split()[-15:] == [*(task.name for task in TASKS), "late", "score", "of"]
    wanted = ["1", "1", "1", "...", "0.333", "0.25", "0.125", "1", "1", "1", "0.875", "1", "-1.717", "6.866", "12"]
    assert first.split()[-15:] == wanted
    assert second.split()[-14:] == ["1"] * 12 + ["12", "12"]
    assert max(map(len, lines)) <= width


def test_names_have_what_is_left() -> None:
    narrow, wide = "\n".join(printed(80)), "\n".join(printed(200))
    assert LONG not in narrow and LONG[:7] in narrow and "…" in narrow
    assert LONG in wide and "Featherstonehaugh-Cholmondeley" in wide and "Sec 10" in wide and "สมชาย ใจดี" in wide
    assert "name" not in "\n".join(printed(200, Roster()))


def test_the_class_in_a_line_and_who_handed_nothing_in() -> None:
    lines = list(console_tables.below(ASSIGNMENT, CLASS, ["new"], ["absent"]))
    assert "the class of 2: mean 9.43, median 9.433, from 6.866 to 12, of 12 points" in lines
    assert f"Late by 2 begun days: 10 % of the score for each. {LONG} (-1.717)" in lines
    assert "nothing handed in: absent" in lines
    many = console_tables.few([str(n) for n in range(12)], 10)
    assert many.endswith(", 9 and 2 more")


def test_one_answer_waits_and_two_answers_wait() -> None:
    def waiting(marks: Sequence[StudentMark]) -> str:
        return next(line for line in console_tables.below(ASSIGNMENT, marks, []) if "for a person: `" in line)

    assert waiting(CLASS).startswith("1 answer waits for a person: ")
    assert waiting([*CLASS, CLASS[0]]).startswith("2 answers wait for a person: ")


def test_totals_have_no_dust_of_binary_fractions() -> None:
    found = scores.with_totals(mark("somchai", [1] * 12, 0.1 + 0.25000000000000003))
    assert found["penalty"] == 0.35 != 0.1 + 0.25000000000000003 and found["total"] == 11.65
    assert scores.with_totals(CLASS[0])["total"] is None
