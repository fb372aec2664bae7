"""What the class report shows, as tables for a spreadsheet: beside it, a file for each."""

from collections.abc import Mapping, Sequence

from autograder.course import Assignment, shown
from autograder.course.messages import Messages
from autograder.course.roster import Person, Roster
from autograder.marks.final_marks import StudentMark
from autograder.pages.statistics import OUTCOMES, Named, Summary
from autograder.spreadsheets import plain, written

NAMES = ("students.csv", "tasks.csv", "checks.csv", "mistakes.csv", "to-look-at.csv")


def tables(
    assignment: Assignment, found: Sequence[StudentMark], summary: Summary, people: Roster, words: Messages
) -> Mapping[str, str]:
    """File name -> CSV."""
    made = (
        _students(assignment, found, people),
        _tasks(summary),
        _checks(summary, words),
        _named(summary.mistakes),
        _named((*summary.flagged, *summary.unchecked)),
    )
    return {name: written(rows) for name, rows in zip(NAMES, made, strict=True)}


def _students(assignment: Assignment, found: Sequence[StudentMark], people: Roster) -> list[list[str]]:
    """Everybody of the roster, and who else handed in."""
    tasks = [task.name for task in assignment.tasks]
    rows = [["id", "name", "section", *tasks, "waiting", "penalty", "why", "score so far", "of"]]
    marks = {mark.student: mark for mark in found}
    known = {person.id: person for person in people.people}
    for student in sorted({*marks, *known}):
        person = known.get(student, Person(student))
        who = [plain(student), plain(person.name), plain(person.ids.get("section", ""))]
        if (mark := marks.get(student)) is None:
            rows.append([*who, *("" for _ in tasks), "", "", "not graded", "", shown(assignment.points)])
            continue
        scores = [mark.score(task) for task in tasks]
        cells = ["" if score is None else shown(score) for score in scores]
        late = [shown(mark.penalty), plain(mark.reason)]
        rows.append([*who, *cells, str(mark.waiting), *late, shown(mark.so_far), shown(assignment.points)])
    return rows


def _tasks(summary: Summary) -> list[list[str]]:
    rows = [["task", "full marks", *OUTCOMES]]
    for rate in summary.rates:
        share = shown(rate.rate) if rate.marked else ""
        rows.append([rate.task, share, *(str(rate.counts[outcome]) for outcome in OUTCOMES)])
    return rows


def _checks(summary: Summary, words: Messages) -> list[list[str]]:
    rows = [["task", "check", "students", "difficulty", "elsewhere", "discrimination", "doubt"]]
    for item in summary.items:
        r = "" if item.discrimination is None else shown(item.discrimination)
        measured = [str(item.students), shown(item.difficulty), shown(item.elsewhere), r]
        doubt = words.say("doubt", item.doubt) if item.doubt else ""
        rows.append([item.task, plain(item.check), *measured, doubt])
    return rows


def _named(found: Sequence[Named]) -> list[list[str]]:
    rows = [["task", "name", "what", "students", "who"]]
    for row in found:
        who = plain(", ".join(row.students))
        rows.append([row.task, plain(row.name), plain(row.text), str(len(row.students)), who])
    return rows
