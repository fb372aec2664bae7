"""What is given at the desk stands in the journal and in the gradebook; what others entered is never written over."""

import json
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import desks
import killing
import msgspec
import pytest
from desks import give
from toy import NAME

from autograder.course import Course
from autograder.desk import entering, marking
from autograder.desk.journal import Journal, journal_file
from autograder.desk.marking import Conflict, Desk
from autograder.desk.rubric import Chosen, Item, Level, Rubric
from autograder.desk.waiting import Stale, Unit
from autograder.errors import CourseError
from autograder.gradebook import reader
from autograder.grading import made_up
from autograder.marks import final_marks, manual_marks

Run = Callable[..., Any]


@pytest.fixture
def desk(room: Course) -> Iterator[Desk]:
    with marking.opened(room, room.assignments[0]) as opened:
        yield opened


def of(desk: Desk, student: str) -> Unit:
    return next(unit for unit in desk.waiting.units() if any(a.student == student for a in unit.answers))


def marks(course: Course) -> dict[str, tuple[float | None, str | None]]:
    """What the gradebook has of T3: student -> (mark, comment)."""
    rows = reader.read_rows(course, course.assignments[0])
    found = {student: row.marks.get("T3") for student, row in rows.students.items()}
    return {student: (mark.score, mark.comment) for student, mark in found.items() if mark is not None}


def rescored(used: Rubric, **points: float) -> Rubric:
    """The rubric with other points for some items."""
    items = [
        msgspec.structs.replace(item, levels=(Level(points[item.name], item.levels[0].text),))
        if item.name in points
        else item
        for item in used.items
    ]
    return msgspec.structs.replace(used, items=tuple(items))


def test_the_same_answers_are_a_group_and_a_wrong_sign_is_none_of_it(desk: Desk) -> None:
    groups = sorted(sorted(answer.student for answer in unit.answers) for unit in desk.waiting.units())
    assert groups == [["anong", "bua"], ["chai"], ["dao"], ["สมหญิง ใจดี"]]
    assert desk.waiting.progress("ann").of == 5  # blank's own is 0 by the machine, and waits for nobody


def test_a_group_is_given_once_and_every_place_shows_it(desk: Desk, room: Course, run: Run) -> None:
    give(desk, "ann", of(desk, "anong"), "idea", comment="Look at $x$.")
    give(desk, "ann", of(desk, "chai"), "idea", "sign")
    words = "+0.5: The idea: $x^2$.\nLook at $x$."
    off = "+0.5: The idea: $x^2$.\n-0.25: A sign is wrong."
    assert marks(room) == {"anong": (0.5, words), "bua": (0.5, words), "chai": (0.25, off)}
    rows = dict(killing.rows(room.gradebook))
    waits = {student: bool(row[-1]) for student, cell, *row in rows["grades"] if cell == "T3"}
    assert not waits["anong"] and not waits["bua"] and waits["dao"]
    result = final_marks.class_marks(room, room.assignments[0], ["anong"], reader.read_rows(room, room.assignments[0]))
    assert result["anong"].score("T3") == 0.5
    scores = json.loads(run("autograder", "scores", NAME, "--course", room.root, "--json").stdout)
    assert scores["bua"]["T3"]["score"] == 0.5 and "The idea" in scores["bua"]["T3"]["message"]
    assert run("autograder", "report", NAME, "--course", room.root).returncode == 0
    page = (room.root / "feedback" / "bua" / NAME / "feedback.html").read_text()
    assert "+0.5: The idea" in page and "Look at" in page and "<msup>" in page
    run("autograder", "export", NAME, "--course", room.root, "--to", "csv", "--partial")
    line = next(x for x in (room.root / "exports" / f"{NAME}-csv.csv").read_text().splitlines() if "bua" in x)
    assert "0.5" in line


def test_a_mark_given_here_survives_a_regrading_and_waits_where_the_answer_changes(
    desk: Desk, room: Course, run: Run, toy: Any
) -> None:
    give(desk, "ann", of(desk, "dao"), "reason")
    sheet = manual_marks.load_sheet(room, NAME, "dao")
    assert sheet is not None and sheet.marks["T3"].answer
    made_up.write(room.submitted(NAME, "dao"), toy.hand_in({"T3": "Another thought: smooth, but outliers."}))
    assert run("autograder", "grade", NAME, "dao", "--course", room.root, "--jobs", 1).returncode == 0
    desk.look()
    (answer,) = of(desk, "dao").answers
    assert desk.waiting.is_open(answer) and desk.waiting.row(answer).score == 0.5 and desk.waiting.given(answer) is None
    give(desk, "ann", of(desk, "dao"), "idea", "reason")
    assert marks(room)["dao"][0] == 1.0


def test_what_was_entered_in_the_formgrader_is_taken_up_and_a_conflict_is_never_written_over(
    desk: Desk, room: Course
) -> None:
    group = of(desk, "anong")
    shown = desks.saw(desk, group)
    killing.give(room, "bua", "T3", score=0.9, comment="by another")
    with pytest.raises(Conflict, match="entered elsewhere meanwhile") as caught:
        desk.give("ann", group, Chosen({"idea": 1}), shown)
    assert [mark.score for mark in caught.value.found.values()] == [0.9]
    assert marks(room) == {"bua": (0.9, "by another")}
    desk.look()
    assert desk.waiting.progress("ann").done == 1
    with pytest.raises(Stale, match="other answers are the same"):  # anong's alone waits now
        desk.give("ann", group, Chosen({"idea": 1}), shown)
    give(desk, "ann", of(desk, "anong"), "idea")
    assert marks(room)["anong"][0] == 0.5 and marks(room)["bua"] == (0.9, "by another")


def test_undo_takes_back_the_last_mark_and_nothing_that_came_since(desk: Desk, room: Course) -> None:
    before = dict(killing.rows(room.gradebook))
    give(desk, "ann", of(desk, "anong"), "idea")
    unit = of(desk, "anong")
    assert desk.undo("ann") == unit.id
    assert dict(killing.rows(room.gradebook)) == before
    assert desk.draft("ann", of(desk, "anong")).items == {"idea": 1}
    assert desk.undo("ann") is None
    give(desk, "ann", of(desk, "dao"), "idea")
    killing.give(room, "dao", "T3", score=0.1)
    with pytest.raises(Conflict):
        desk.undo("ann")
    assert marks(room)["dao"][0] == 0.1


def test_a_changed_item_moves_exactly_the_marks_that_used_it_after_a_preview(
    desk: Desk, room: Course, run: Run
) -> None:
    give(desk, "ann", of(desk, "anong"), "idea", "reason")
    give(desk, "ann", of(desk, "chai"), "idea")
    give(desk, "ann", of(desk, "dao"), "reason")
    killing.give(room, "chai", "T3", score=0.9)
    changed = rescored(desk.rubric("T3"), idea=0.25)
    preview = desk.preview("T3", changed)
    moving = {move.given.member.student: move.now.score for move in preview.moves if not move.left}
    assert moving == {"anong": 0.75, "bua": 0.75}
    assert [move.given.member.student for move in preview.moves if move.left] == ["chai"]
    with pytest.raises(Stale, match="look at the preview once more"):
        desk.reword("ann", "T3", changed, "another digest")
    before = marks(room)
    desk.reword("ann", "T3", changed, preview.digest)
    after = marks(room)
    assert {name for name in after if after[name] != before[name]} == {"anong", "bua"}
    assert after["anong"][0] == 0.75 and "+0.25: The idea" in (after["anong"][1] or "") and after["chai"][0] == 0.9
    said = json.loads(run("autograder", "scores", NAME, "--course", room.root, "--json").stdout)
    assert {name: said[name]["T3"]["score"] for name in after} == {name: mark for name, (mark, _) in after.items()}
    assert "points = 0.25" in room.part("rubric", NAME).read_text()
    with marking.opened(room, room.assignments[0]) as again:
        assert again.rubric("T3") == changed and again.from_file() == {} and again.notes[0].startswith("rubric of T3")


def levelled(*levels: Level) -> Rubric:
    return Rubric(0.0, (Item("step", "1", levels),))


def test_a_level_taken_out_of_the_middle_moves_no_mark_of_the_others(room: Course) -> None:
    low, half, whole = (Level(points, {"en": text}) for points, text in ((0.2, "low"), (0.5, "half"), (1.0, "whole")))
    with marking.opened(room, room.assignments[0]) as desk:
        desk.reword("ann", "T3", levelled(low, half, whole), desk.preview("T3", levelled(low, half, whole)).digest)
        for number, student in enumerate(("chai", "dao", "anong"), 1):
            unit = of(desk, student)
            desk.give("ann", unit, Chosen({"step": number}), desks.saw(desk, unit))
        path = room.part("rubric", NAME)
        path.write_text(re.sub(r'.*"half".*\n', "", path.read_text()))
        (changed,) = desk.from_file().values()
        preview = desk.preview("T3", changed)
        assert [(move.given.member.student, move.now.score) for move in preview.moves] == [("dao", 0.0)]
        desk.reword("ann", "T3", changed, preview.digest)
        assert {name: mark for name, (mark, _) in marks(room).items()} == {
            "chai": 0.2, "dao": 0.0, "anong": 1.0, "bua": 1.0,
        }  # fmt: skip
    with marking.opened(room, room.assignments[0]) as desk:
        assert desk.from_file() == {} and desk.rubric("T3") == changed
        path.write_text(re.sub(r'(.*)"whole"(.*\n)', r'\1"whole"\2\1"some"\2', path.read_text()))
        (more,) = desk.from_file().values()
        assert [level.number for level in more.items[0].levels] == [1, 3, 4] and not desk.preview("T3", more).moves
        without_last = msgspec.structs.replace(more, items=(Item("step", "1", more.items[0].levels[:2]),))
        desk.reword("ann", "T3", more, desk.preview("T3", more).digest)
        desk.reword("ann", "T3", without_last, desk.preview("T3", without_last).digest)
        assert desk.record.free_number("T3", "step") == 5  # a number is nobody else's later


def test_a_file_that_was_edited_by_hand_changes_no_mark_before_it_is_taken_up(room: Course) -> None:
    with marking.opened(room, room.assignments[0]) as desk:
        give(desk, "ann", of(desk, "dao"), "idea")
    path = room.part("rubric", NAME)
    path.write_text(path.read_text().replace("points = 0.5", "points = 0.4", 1))
    with marking.opened(room, room.assignments[0]) as desk:
        assert any("was changed, and is not in use" in line for line in desk.notes)
        assert desk.rubric("T3").items[0].levels[0].points == 0.5 and marks(room)["dao"][0] == 0.5
        preview = desk.preview("T3", desk.from_file()["T3"])
        desk.reword("ann", "T3", desk.from_file()["T3"], preview.digest)
    assert marks(room)["dao"][0] == 0.4


def test_a_group_is_taken_apart_and_stays_so(room: Course) -> None:
    with marking.opened(room, room.assignments[0]) as desk:
        desk.take_apart("ann", of(desk, "anong"))
    with marking.opened(room, room.assignments[0]) as desk:
        assert len(of(desk, "anong").answers) == 1
        give(desk, "ann", of(desk, "anong"), "idea")
    assert set(marks(room)) == {"anong"}


def test_each_grader_has_an_order_that_stays_and_nobody_gets_what_another_looks_at(room: Course) -> None:
    def order(desk: Desk, grader: str) -> list[str]:
        found: list[str] = []
        while (unit := desk.next(grader, found[-1] if found else "")) is not None and unit.id not in found:
            found.append(unit.id)
        return found

    with marking.opened(room, room.assignments[0]) as desk:
        ann = order(desk, "ann")
        desk.waiting.let_go("ann")
        bo = order(desk, "bo")
        assert len(ann) == len(bo) == 4 and sorted(ann) == sorted(bo)
        mine = desk.next("ann")
        assert mine is not None
        others = {desk.waiting.unit(name).id for name in order(desk, "bo")}
        assert mine.id not in others and not desk.waiting.claim("bo", mine) and desk.waiting.holder(mine) == "ann"
    with marking.opened(room, room.assignments[0]) as desk:
        assert order(desk, "ann") == ann


def test_an_answer_that_another_marked_since_the_last_look_is_nobodys_next(room: Course) -> None:
    with marking.opened(room, room.assignments[0]) as desk, marking.opened(room, room.assignments[0]) as other:
        marked, *rest = desk.waiting.queue("ann")
        give(other, "bo", marked, "idea")
        found = desk.next("ann")
        assert found is not None and found.id == rest[0].id
        for unit in rest:
            give(other, "bo", unit, "idea")
        assert desk.next("ann") is None and len(desk.marks()) == len(rest) + 1


def test_an_answer_is_nobodys_when_its_group_was_taken_apart_or_another_is_looked_at(room: Course) -> None:
    def elsewhere(student: str) -> bool:
        """Whether a grader in a process of their own gets this answer: only there the locks of this one tell."""
        sys.stdout.flush()
        if (child := os.fork()) == 0:
            with marking.opened(room, room.assignments[0]) as other:
                os._exit(int(other.waiting.claim("cem", of(other, student))))
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1

    with marking.opened(room, room.assignments[0]) as desk:
        assert desk.waiting.claim("ann", of(desk, "anong")) and not elsewhere("bua")
        desk.take_apart("ann", of(desk, "anong"))
        assert elsewhere("anong") and elsewhere("bua")
        assert desk.waiting.claim("ann", of(desk, "bua")) and not elsewhere("bua")
        assert not desk.waiting.claim("bo", of(desk, "bua")) and desk.waiting.claim("bo", of(desk, "anong"))
        assert desk.waiting.claim("ann", of(desk, "dao")) and elsewhere("bua") and not elsewhere("anong")


def test_a_second_grader_marks_a_share_without_changing_a_mark(room: Course) -> None:
    with marking.opened(room, room.assignments[0], second=100) as desk:
        give(desk, "ann", of(desk, "dao"), "idea")
        unit = of(desk, "dao")
        assert desk.waiting.is_second("bo", unit) and not desk.waiting.is_second("ann", unit)
        assert [desk.waiting.progress(grader).waiting for grader in ("ann", "bo")] == [3, 4]
        desk.give_second("bo", unit, Chosen({"idea": 1, "reason": 1}))
        assert not desk.waiting.is_second("cem", unit) and marks(room)["dao"][0] == 0.5
        ((_, first, second),) = desk.waiting.seconds()
        assert (first.member.now.score, second.score) == (0.5, 1.0)


# ---- ends at any moment ---------------------------------------------------------------------------


def ended(room: Course, work: Callable[[Desk], None]) -> None:
    """Work in a process of its own that is killed where `work` says so."""
    sys.stdout.flush()
    if (child := os.fork()) == 0:
        with marking.opened(room, room.assignments[0]) as desk:
            work(desk)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "it was to be killed"


def kill(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("at", ["write", "keep", "_entered"])
def test_killed_between_journal_gradebook_and_sheet_nothing_is_lost_or_doubled(
    room: Course, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(desk: Desk) -> None:
        place: Any = Desk if at == "_entered" else entering
        monkeypatch.setattr(place, at, kill)
        give(desk, "ann", of(desk, "anong"), "idea")

    ended(room, work)
    with marking.opened(room, room.assignments[0]) as desk:  # the next one enters what the journal has
        assert {name: mark for name, (mark, _) in marks(room).items()} == {"anong": 0.5, "bua": 0.5}
        assert desk.waiting.progress("ann").done == 2 and len(desk.marks()) == 1
        sheet = manual_marks.load_sheet(room, NAME, "bua")
        assert sheet is not None and sheet.marks["T3"].score == 0.5


def test_what_another_entered_after_a_kill_is_not_written_over(room: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(desk: Desk) -> None:
        monkeypatch.setattr(entering, "write", kill)
        give(desk, "ann", of(desk, "anong"), "idea")

    ended(room, work)
    killing.give(room, "bua", "T3", score=0.8)
    with marking.opened(room, room.assignments[0]):
        assert {name: mark for name, (mark, _) in marks(room).items()} == {"anong": 0.5, "bua": 0.8}


def test_a_sheet_that_cannot_be_read_is_left_and_stops_nothing(desk: Desk, room: Course) -> None:
    path = manual_marks.sheet_file(room, NAME, "dao")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("broken")
    give(desk, "ann", of(desk, "dao"), "idea")
    give(desk, "ann", of(desk, "chai"), "idea")
    assert set(marks(room)) == {"dao", "chai"} and path.read_text() == "broken"


def test_a_gradebook_that_was_made_again_gets_no_mark_by_an_old_page(desk: Desk, room: Course, run: Run) -> None:
    room.gradebook.rename(room.gradebook.with_suffix(".aside"))
    assert run("autograder", "grade", NAME, "--course", room.root, "--rebuild").returncode == 0
    with pytest.raises(CourseError, match=r"is another file than when this began; end this command"):
        give(desk, "ann", of(desk, "dao"), "idea")
    with marking.opened(room, room.assignments[0]) as again:
        give(again, "ann", of(again, "dao"), "idea")
    assert set(marks(room)) == {"dao"}


def test_half_a_line_is_cut_off_and_a_broken_one_is_told(room: Course) -> None:
    path = journal_file(room, NAME)
    with marking.opened(room, room.assignments[0]) as desk:
        desk.note("ann", of(desk, "dao"), Chosen({"idea": 1}))
        whole = path.read_bytes()
        path.write_bytes(whole + b'{"kind":"draft","at"')
        desk.note("ann", of(desk, "dao"), Chosen({"reason": 1}))
    with marking.opened(room, room.assignments[0]) as desk:
        assert desk.draft("ann", of(desk, "dao")).items == {"reason": 1}
    path.write_bytes(b"nonsense\n" + whole)
    with pytest.raises(CourseError, match=r"line 1: cannot be read .* restore the file from a backup"):
        Desk(room, room.assignments[0], None, Journal(path), None)  # type: ignore[arg-type]


def test_a_full_disk_leaves_no_half_line(room: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    with marking.opened(room, room.assignments[0]) as desk:

        def full(_: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(CourseError, match="make room there"):
            give(desk, "ann", of(desk, "dao"), "idea")
        monkeypatch.undo()
        assert marks(room) == {}
        give(desk, "ann", of(desk, "dao"), "idea")
    assert set(marks(room)) == {"dao"}


def test_without_a_grading_it_says_what_to_run(toy: Any, tmp_path: Path) -> None:
    course = toy.copy(tmp_path / "empty")
    said = "nothing of warmup is graded yet; run `autograder grade warmup`"
    with pytest.raises(CourseError, match=said), marking.opened(course, course.assignments[0]):
        pass


def test_a_graded_notebook_of_another_day_is_told_and_not_shown(room: Course) -> None:
    other = room.root / "autograded" / "chai" / NAME / "1-lines.ipynb"
    mine = room.root / "autograded" / "dao" / NAME / "1-lines.ipynb"
    other.chmod(0o644)
    other.write_bytes(mine.read_bytes())
    with marking.opened(room, room.assignments[0]) as desk:
        again = "run `autograder grade warmup chai`"
        assert desk.notes == [f"chai: the graded notebook is not that of the kept verdict; {again}"]
        assert desk.waiting.progress("ann").of == 4
    other.write_text("[]")
    with marking.opened(room, room.assignments[0]) as desk:
        assert "chai" in desk.notes[0]
