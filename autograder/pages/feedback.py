"""One student's feedback: what to mend, what waits, what is right; then the graded notebooks, folded away."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from autograder.course import Assignment, Course, messages, shown, stamps
from autograder.errors import CourseError
from autograder.files import write_folder
from autograder.judging.verdicts import NEEDS_GRADING, NOT_CHECKED, PASSED, Counterexample, Part, Verdict
from autograder.marks.final_marks import StudentMark
from autograder.pages import html_page, markdown
from autograder.pages.markdown import Piece
from autograder.submissions.cells import plain

WHOLE = "feedback.html"  # what is to be said of all tasks, and all notebooks in one file
MANY_LINES = 40  # an answer of more is folded away
GROUPS = ("mend", "unwritten", "waiting", "right")


@dataclass(frozen=True)
class Accuracy:
    """What a model was measured at, and what was needed, in percent."""

    part: str
    own: str
    needed: str


@dataclass(frozen=True)
class Card:
    """One task as its student reads it. state: its status as a CSS class; label: in words.

    said: lines of the message, each with its label or ""; comment: a person's; lines: the student's own.
    """

    task: str
    score: str
    best: str
    state: str
    sign: str
    label: str
    said: Sequence[tuple[str, str]]
    comment: Markup | None
    parts: Sequence[Part]
    accuracies: Sequence[Accuracy]
    example: Counterexample | None
    lines: Markup | None
    group: str  # mend, unwritten, waiting, right

    @property
    def folded(self) -> bool:
        """Whether the student's own lines are many."""
        return self.lines is not None and self.lines.count("\n") >= MANY_LINES


class Writer:
    """Writes the feedback of one student after another in the course's language."""

    def __init__(self, course: Course, assignment: Assignment) -> None:
        self.course, self.assignment = course, assignment
        self._words = messages.load_messages(course, assignment)
        self._labels = [self._words.say("report", key) for key in ("asked", "got", "hint")]
        self._answers = {cell: task.name for task in assignment.tasks for cell in task.answer_cells}
        self._tests = {task.grade_cell: task.name for task in assignment.tasks}
        given = [course.release(assignment.name) / f"{name}.ipynb" for name in assignment.notebooks]
        books = [self._pieces(path) for path in given if path.is_file()]
        self._stubs = {plain(piece.body) for book in books for piece in book if piece.task}

    def folder(self, student: str) -> Path:
        """Where nbgrader keeps a student's feedback."""
        return self.course.root / "feedback" / student / self.assignment.name

    def pages(self, mark: StudentMark) -> dict[str, str]:
        """The pages of a mark, by file name: one for each notebook, as nbgrader has it, and the whole."""
        folder = self.course.root / "autograded" / mark.student / self.assignment.name
        books = {name: self._pieces(folder / f"{name}.ipynb") for name in self.assignment.notebooks}
        answers = {piece.task: piece for book in books.values() for piece in book if piece.kind == "code"}
        cards = [self._card(mark, task.name, answers.get(task.name)) for task in self.assignment.tasks]
        drawn = {name: self._notebook(name, book, cards) for name, book in books.items()}  # once, for two pages
        found = {f"{name}.html": self._page(mark, cards, {name: book}) for name, book in drawn.items()}
        return {**found, WHOLE: self._page(mark, cards, drawn)}

    def write(self, mark: StudentMark) -> None:
        """Lay the pages into feedback/STUDENT/ASSIGNMENT/, with what was handed in beside the notebooks."""
        graded = self.course.root / "autograded" / mark.student / self.assignment.name
        beside = [p for p in sorted(graded.rglob("*")) if p.is_file() and p.suffix not in (".ipynb", ".npz")]
        files = {path.relative_to(graded).as_posix(): path.read_bytes() for path in beside}
        files |= {name: page.encode() for name, page in self.pages(mark).items()}
        write_folder(self.folder(mark.student), files)

    def _pieces(self, path: Path) -> list[Piece]:
        try:
            book = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            name = self.assignment.name
            raise CourseError(
                f"{path}: the notebook cannot be read ({error}); run `autograder grade {name}`"
            ) from error
        return markdown.pieces(book, self._answers, self._tests)

    def _card(self, mark: StudentMark, task: str, answer: Piece | None) -> Card:
        verdict = mark.result.verdicts[task]
        group = "waiting" if verdict.score is None else "right" if verdict.status == PASSED else "mend"
        state = "needs-grading" if group == "waiting" else html_page.css_name(verdict)
        comment = (mark.by_person[task].comment or "") if task in mark.by_person else ""
        lines = (
            answer.body if answer is not None and group == "mend" and plain(answer.body) not in self._stubs else None
        )
        if group == "mend" and lines is None and not comment and self._says_blank_alone(verdict):
            group = "unwritten"
        return Card(
            task=task,
            score=shown(verdict.score),
            best=shown(verdict.max_score),
            state=state,
            sign=html_page.SIGNS[NEEDS_GRADING] if group == "waiting" else html_page.sign(verdict),
            label=self._cause(verdict) if state == "not-checked" else self._words.say("page", state),
            said=self._said(verdict, comment),
            comment=markdown.with_formulas(comment) if comment else None,
            parts=verdict.parts if len(verdict.parts) > 1 else (),
            accuracies=self._accuracies(mark, verdict),
            example=verdict.counterexample if group == "mend" else None,
            lines=lines,
            group=group,
        )

    def _says_blank_alone(self, verdict: Verdict) -> bool:
        """Whether there is nothing to say of a task but that it is not written."""
        blank = self._words.problem("blank", {"task": verdict.task}), self._words.say("status", "blank-text")
        return verdict.status == NOT_CHECKED and verdict.message.strip() in blank

    def _cause(self, verdict: Verdict) -> str:
        """What became of the code of a task that could not be judged."""
        return self._words.say("cause", verdict.cause if verdict.cause in self._words.engine["cause"] else "other")

    def _said(self, verdict: Verdict, comment: str) -> list[tuple[str, str]]:
        """The message without a person's comment, by lines, and what to do where it does not say so."""
        of_person = messages.of_engine(self.course.language).say("status", "comment", text=comment)
        lines = verdict.message.removesuffix(of_person).rstrip("\n").split("\n")
        labels = [next((label for label in self._labels if line.startswith(f"{label} ")), "") for line in lines]
        said = [(label, line.removeprefix(label).lstrip()) for label, line in zip(labels, lines, strict=True)]
        told = verdict.cause if verdict.status == NOT_CHECKED and verdict.score is not None else ""
        known = told in self._words.engine["todo"]
        advice = self._words.say("todo", told) if known else self._words.hint(told, {})
        return [*said, ("", advice)] if advice and advice not in verdict.message else said

    def _accuracies(self, mark: StudentMark, verdict: Verdict) -> list[Accuracy]:
        """What the class report shows of a model, beside what it has to be above."""
        bounds = self.assignment.thresholds.get(mark.result.dataset, ())
        names = [part.name for part in verdict.parts] or list(verdict.measured)
        return [
            Accuracy(self._words.part(verdict.task, name), f"{100 * verdict.measured[name]:.2f}", f"{100 * bound:.1f}")
            for name, bound in zip(names, bounds, strict=False)
            if name in verdict.measured
        ]

    def _notebook(self, name: str, pieces: Sequence[Piece], cards: Sequence[Card]) -> Markup:
        by_task = {card.task: card for card in cards}
        values: dict[str, Any] = {"name": name, "pieces": pieces, "cards": by_task, "say": self._words.say}
        return Markup(html_page.render("notebook.html", **values))

    def _page(self, mark: StudentMark, cards: Sequence[Card], books: Mapping[str, Markup]) -> str:
        result = mark.result
        values: dict[str, Any] = {
            "assignment": self.assignment,
            "points": shown,
            "words": self._words,
            "say": self._words.say,
            "result": result,
            "handed_in": stamps.shown_again(result.timestamp, self.course.timezone),
            "groups": {name: [card for card in cards if card.group == name] for name in GROUPS},
            "mark": mark,
            "penalty": shown(mark.penalty),
            "score": shown(mark.so_far),
            "told": result.told,
            "books": books,
            "shown": {task.name for task in self.assignment.tasks if task.notebook in books},
        }
        return html_page.render("feedback.html", **values)
