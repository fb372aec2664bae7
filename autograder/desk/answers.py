"""What is to be marked: the answers of a class, read from its verdicts and graded notebooks, without names.

The graded notebooks are clean already (pages/cleaned): what is read here is shown by the same rules as the feedback.
"""

import hashlib
import hmac
import json
import os
import re
import urllib.parse
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from markupsafe import Markup

from autograder.course import PERSON, Assignment, Course, Task, secret
from autograder.desk import levelled
from autograder.errors import CourseError
from autograder.files import write_whole
from autograder.judging.verdicts import Verdict
from autograder.marks import verdict_files
from autograder.marks.verdict_files import load_result
from autograder.pages import graded_folder, markdown
from autograder.pages.cleaned.placing import SERVED
from autograder.pages.cleaned.text import plain_words
from autograder.pages.graded_notebook import MARK
from autograder.submissions.cells import joined
from autograder.submissions.submission import SECRET, STAMP

NOT_WORK = (".ipynb", ".npz")
OWN = "own-"  # begins the id of a cell of the student's own in a graded notebook
SCANS = "scans-"  # and that of the cell that shows what was handed in beside the notebooks
PICTURE_PLACE = re.compile(r"!\[[^\[\]\n]{0,400}\]\(attachment:([^()\s]{1,400})\)")


@dataclass(frozen=True)
class Answer:
    """One student's answer to one task. id: says nothing of the student; hash: as by_hand.answer_hash has it.

    group: answers with the same are the same, levelled; text: levelled, to find what is near.
    """

    id: str
    student: str
    task: str
    hash: str
    stamp: str
    verdict: Verdict
    group: str
    text: str
    files: tuple[str, ...]  # beside the notebooks, by their names in the graded folder


@dataclass(frozen=True)
class Shown:
    """An answer as it is put into a page."""

    pieces: tuple[Markup, ...]
    pictures: tuple[str, ...]  # data: addresses, in order
    files: tuple[str, ...]  # "file 1.pdf", in the order of Answer.files


class _Kept(msgspec.Struct, frozen=True):
    """An answer as it was read, and when the files were written that it was read from."""

    times: tuple[int, int]
    answer: Answer


class _Memory(msgspec.Struct):
    """All answers as they were read, by student and task; by: what read them."""

    by: str
    kept: dict[str, _Kept]


class Reader:
    """Reads the answers of one assignment: those that have not changed, from a file that remembers them."""

    def __init__(self, course: Course, assignment: Assignment) -> None:
        self.course, self.assignment = course, assignment
        self._file = course.state / "desk" / f"{assignment.name}-answers.json"
        self._memory, self._news = _remembered(self._file), False
        self._secret = secret.load_secret(course)
        # to make a path takes longer than to ask for its time
        self._paths: dict[tuple[str, str], tuple[str, str]] = {}
        self._stubs = {task.name: joined(cell["source"]).strip() for task, cell in self._released()}

    def answer(self, student: str, task: Task) -> Answer | None:
        """One student's answer; None where nothing is graded. CourseError where the notebook is of another grading."""
        if (student, task.name) not in self._paths:
            verdict = verdict_files.verdict_file(self.course, self.assignment.name, student)
            self._paths[student, task.name] = str(verdict), str(self._folder(student) / f"{task.notebook}.ipynb")
        verdict_path, book_path = self._paths[student, task.name]
        try:
            times = os.stat(verdict_path).st_mtime_ns, os.stat(book_path).st_mtime_ns
        except OSError:  # whoever reads it says so
            times = 0, 0
        name = f"{task.name} {student}"
        kept = self._memory.kept.get(name)
        if kept is not None and kept.times == times:
            return kept.answer
        found = self._read(student, task)
        if found is not None and all(times):
            self._memory.kept[name], self._news = _Kept(times, found), True
        return found

    def remember(self) -> None:
        """Write down what was read anew."""
        if self._news:
            write_whole(self._file, msgspec.json.encode(self._memory), 0o600)
            self._news = False

    def _read(self, student: str, task: Task) -> Answer | None:
        result = load_result(self.course, self.assignment.name, student)
        if result is None or task.name not in result.verdicts:
            return None
        cells, stamp = self._cells(student, task)
        if stamp != result.stamp:
            again = f"run `autograder grade {self.assignment.name} {student}`"
            raise CourseError(f"{student}: the graded notebook is not that of the kept verdict; {again}")
        files = self._files(student) if task.graded_by == PERSON else ()
        text = "\n\n".join(_plain(cell) for cell in cells)
        group = self._group(student, cells, files, text, result.by_person.get(task.name, ""), task)
        return Answer(
            id=self._name("answer", student, task.name),
            student=student,
            task=task.name,
            hash=result.by_person.get(task.name, ""),
            stamp=stamp,
            verdict=result.verdicts[task.name],
            group=self._name("group", task.name, group),
            text=text,
            files=files,
        )

    def show(self, answer: Answer) -> Shown:
        """The answer for a page: text with formulas set, pictures, names of files that say nothing."""
        cells, _ = self._cells(answer.student, self.assignment.task(answer.task))
        names = {name: called(number, name) for number, name in enumerate(answer.files, 1)}
        pieces, pictures = [], list[str]()
        for cell in cells:
            source, attached = joined(cell["source"]), cell.get("attachments", {})
            if str(cell.get("id", "")).startswith(SCANS):
                pictures += [_address(bundle) for bundle in attached.values()]
            elif cell["cell_type"] == "code":
                pieces.append(Markup("<pre>{}</pre>").format(markdown.code(source)))
            else:
                pieces.append(markdown.text(_without_names(source, names), attached))
        return Shown(tuple(pieces), tuple(pictures), tuple(names.values()))

    def file(self, answer: Answer, number: int) -> bytes:
        """A file that was handed in beside the notebooks, by its number from 1."""
        path = self._folder(answer.student) / answer.files[number - 1]
        try:
            return path.read_bytes()
        except OSError as error:
            again = f"run `autograder grade {self.assignment.name}`"
            raise CourseError(f"{path}: {error.strerror or error}; {again}") from error

    def _name(self, *parts: str) -> str:
        """A name that only who has the course's secret can make."""
        return hmac.new(self._secret, "\0".join(parts).encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()[
            :12
        ]

    def _folder(self, student: str) -> Path:
        return graded_folder.folder(self.course, self.assignment, student)

    def _released(self) -> Iterable[tuple[Task, Mapping[str, Any]]]:
        for name in self.assignment.notebooks:
            path = self.course.release(self.assignment.name) / f"{name}.ipynb"
            for cell in _book(path, self.assignment.name)["cells"]:
                for task in self.assignment.tasks:
                    if _grade_id(cell) == task.answer_cell:
                        yield task, cell

    def _cells(self, student: str, task: Task) -> tuple[list[Mapping[str, Any]], str]:
        """(the cells that may hold the answer, the stamp of the result that they were graded for)."""
        book = _book(self._folder(student) / f"{task.notebook}.ipynb", self.assignment.name)
        found = [cell for cell in book["cells"] if _grade_id(cell) == task.answer_cell]
        written = [c for c in found if joined(c["source"]).strip() not in ("", self._stubs.get(task.name, ""))]
        if task.graded_by == PERSON:
            scans = [c for c in book["cells"] if str(c.get("id", "")).startswith(SCANS)]
            # nothing in its cell: all that may be the answer, as by_hand.elsewhere looks for it
            found = [*(written or [*found, *self._own(student)]), *scans[:1]]
        return found, str(book["metadata"].get(MARK, ""))

    def _own(self, student: str) -> Iterable[Mapping[str, Any]]:
        for name in self.assignment.notebooks:
            book = _book(self._folder(student) / f"{name}.ipynb", self.assignment.name)
            yield from (c for c in book["cells"] if str(c.get("id", "")).startswith(OWN))

    def _files(self, student: str) -> tuple[str, ...]:
        top = str(self._folder(student))
        paths = [os.path.join(folder, name) for folder, _, names in os.walk(top) for name in names]
        found = sorted(os.path.relpath(path, top) for path in paths if not path.endswith(NOT_WORK))
        return tuple(name for name in found if name not in (STAMP, SECRET))

    def _group(
        self, student: str, cells: list[Mapping[str, Any]], files: tuple[str, ...], text: str, exact: str, task: Task
    ) -> str:
        """What answers that are the same have in common.

        Where the graded notebook shows less than was handed in, or the answer stands elsewhere, only the very same
        bytes make a group: those of the answer's hash.
        """
        if len(cells) > 2 or "(when graded:" in text or "[when graded]" in text:
            return f"exact {exact}"
        total = hashlib.sha256(text.encode("utf-8", "surrogatepass"))
        for cell in cells:
            for name, bundle in cell.get("attachments", {}).items():
                total.update(f"\0{name if _mentions(cell, name) else ''}\0{_address(bundle)}".encode())
        for name in files:
            total.update((self._folder(student) / name).read_bytes() + b"\0")
        return total.hexdigest()


def _remembered(path: Path) -> _Memory:
    """What the file remembers; nothing where there is none, or one of another version of what reads and levels."""
    sources = (Path(module).read_bytes() for module in (__file__, levelled.__file__))
    by = hashlib.sha256(b"".join(sources)).hexdigest()
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_Memory)
    except (OSError, msgspec.MsgspecError, UnicodeError):
        return _Memory(by, {})
    return found if found.by == by else _Memory(by, {})


def called(number: int, name: str) -> str:
    """What a file is called until its answer is marked."""
    ending = next((ending for ending in SERVED if name.lower().endswith(ending)), ".download")
    return f"file {number}{ending}"


def _plain(cell: Mapping[str, Any]) -> str:
    """A cell levelled; for a picture stands what it shows."""
    if str(cell.get("id", "")).startswith(SCANS):
        return ""
    source = joined(cell["source"])
    if cell["cell_type"] == "code":
        return levelled.of_code(source)
    attached = cell.get("attachments", {})

    def digest(match: re.Match[str]) -> str:
        bundle = attached.get(urllib.parse.unquote(match[1]), {})
        return f"picture[{hashlib.sha256(_address(bundle).encode()).hexdigest()}]"

    return levelled.of_text(PICTURE_PLACE.sub(digest, source))


def _mentions(cell: Mapping[str, Any], name: str) -> bool:
    """Whether the text has this attachment in a place that _plain did not understand."""
    return name in PICTURE_PLACE.sub("", joined(cell["source"]))


def _address(bundle: Mapping[str, Any]) -> str:
    """A cleaned attachment as a data: address; "" where it is none."""
    return next((f"data:{mime};base64,{joined(data)}" for mime, data in sorted(bundle.items())), "")


def _without_names(source: str, names: Mapping[str, str]) -> str:
    """The text with numbers in place of the names of files, which may be the student's own."""
    for name, shown in names.items():
        link = rf"\[[^\[\]\n]{{0,400}}\]\({re.escape(urllib.parse.quote(name))}\)"
        source = re.sub(link, f"**{shown}**", source)
        for written in {name, name.removesuffix(".download"), plain_words(name)} - {""}:
            source = source.replace(written, shown)
    return source


def _grade_id(cell: Mapping[str, Any]) -> str:
    return str(cell["metadata"].get("nbgrader", {}).get("grade_id", ""))


def _decoded(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)  # in half the time
    except msgspec.DecodeError:  # it takes no NaN and no half of a surrogate pair
        return json.loads(data)


def _book(path: Path, assignment: str) -> Mapping[str, Any]:
    try:
        book: Mapping[str, Any] = _decoded(path.read_bytes())
        if all(isinstance(cell["metadata"], dict) and "source" in cell for cell in book["cells"]) and book["metadata"]:
            return book
        raise ValueError("not as it was written")
    except (OSError, ValueError, RecursionError, LookupError, TypeError) as error:
        again = f"run `autograder grade {assignment}`"
        raise CourseError(f"{path}: the notebook cannot be read ({error}); {again}") from error
