"""One student's feedback: the table of tasks, then the graded notebooks with the student's own pictures."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autograder.course import Assignment, Course, messages, shown, stamps
from autograder.errors import CourseError
from autograder.files import write_folder
from autograder.marks.final_marks import StudentMark
from autograder.pages import html_page, markdown

WHOLE = "feedback.html"  # the table and all notebooks in one file


class Writer:
    """Writes the feedback of one student after another in the course's language."""

    def __init__(self, course: Course, assignment: Assignment) -> None:
        self.course, self.assignment = course, assignment
        self._words = messages.load_messages(course.part("messages", assignment.name), course.language)
        self._answers = {task.answer_cell: task.name for task in assignment.tasks}

    def folder(self, student: str) -> Path:
        """Where nbgrader keeps a student's feedback."""
        return self.course.root / "feedback" / student / self.assignment.name

    def pages(self, mark: StudentMark) -> dict[str, str]:
        """The pages of a mark, by file name: one for each notebook, as nbgrader has it, and the whole."""
        folder = self.course.root / "autograded" / mark.student / self.assignment.name
        books = {name: self._pieces(folder / f"{name}.ipynb") for name in self.assignment.notebooks}
        found = {f"{name}.html": self._page(mark, {name: book}) for name, book in books.items()}
        return {**found, WHOLE: self._page(mark, books)}

    def write(self, mark: StudentMark) -> None:
        """Lay the pages into feedback/STUDENT/ASSIGNMENT/, with what was handed in beside the notebooks."""
        graded = self.course.root / "autograded" / mark.student / self.assignment.name
        beside = [p for p in sorted(graded.rglob("*")) if p.is_file() and p.suffix not in (".ipynb", ".npz")]
        files = {path.relative_to(graded).as_posix(): path.read_bytes() for path in beside}
        files |= {name: page.encode() for name, page in self.pages(mark).items()}
        write_folder(self.folder(mark.student), files)

    def _pieces(self, path: Path) -> list[markdown.Piece]:
        try:
            book = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            name = self.assignment.name
            raise CourseError(
                f"{path}: the graded notebook cannot be read ({error}); run `autograder grade {name}`"
            ) from error
        return markdown.pieces(book, self._answers, [task.name for task in self.assignment.tasks])

    def _page(self, mark: StudentMark, books: Mapping[str, list[markdown.Piece]]) -> str:
        result = mark.result
        values: dict[str, Any] = {
            "assignment": self.assignment,
            "points": shown,
            "words": self._words,
            "say": self._words.say,
            "result": result,
            "handed_in": stamps.shown_again(result.timestamp, self.course.timezone),
            "verdicts": [result.verdicts[task.name] for task in self.assignment.tasks],
            "mark": mark,
            "penalty": shown(mark.penalty),
            "score": shown(mark.so_far),
            "told": result.told,
            "books": books,
            "shown": {piece.task for book in books.values() for piece in book if piece.task},
        }
        return html_page.render("feedback.html", **values)
