"""The rubric of a task that a person marks: its items, and what an answer is worth by them.

It stands in rubric.toml beside the assignment's checks, and no verdict hangs on it. What is edited on the page is
written back there.
"""

import itertools
import json
import math
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from autograder.course import Assignment, Course, shown
from autograder.errors import CourseError
from autograder.files import write_whole

NAME = re.compile(r"[a-z][a-z0-9-]{0,40}")
KEYS = "123456789abefiloqrvwxy"  # the others are the page's own: desk.js
MOST = len(KEYS)
MAX_TEXT = 2000  # characters of what a student reads of one item
HEAD = "# What a person looks for, item by item; `autograder mark` shows it, and writes it when it is edited there.\n"
Texts = Mapping[str, str]


class Level(msgspec.Struct, frozen=True):
    """What an item adds (or takes off, below zero), and what the student reads, by language.

    number: by which marks name it, for good, wherever it comes to stand; 0: its place in the item, from 1.
    """

    points: float
    text: Texts
    number: int = 0


class Item(msgspec.Struct, frozen=True):
    """One item, with a key of its own. Of several levels one applies, or none."""

    name: str
    key: str
    levels: tuple[Level, ...]

    def __post_init__(self) -> None:
        placed = tuple(
            level if level.number else msgspec.structs.replace(level, number=at)
            for at, level in enumerate(self.levels, 1)
        )
        msgspec.structs.force_setattr(self, "levels", placed)


class Rubric(msgspec.Struct, frozen=True):
    """The items of a task. start: what an answer has before any of them applies."""

    start: float = 0.0
    items: tuple[Item, ...] = ()

    def best(self) -> float:
        """The most that the items can come to."""
        return self.start + sum(max(0.0, *(level.points for level in item.levels)) for item in self.items)


class Chosen(msgspec.Struct, frozen=True):
    """What a person chose for an answer. items: name -> number of the level that applies."""

    items: Mapping[str, int] = {}
    free: float = 0.0
    comment: str = ""

    def __bool__(self) -> bool:
        return bool(self.items or self.free or self.comment.strip())


def score(rubric: Rubric, chosen: Chosen, most: float) -> float:
    """Points of an answer: never below zero, never above what the task is worth."""
    total = rubric.start + chosen.free + sum(level.points for level in applied(rubric, chosen))
    return round(min(most, max(0.0, total)), 6)


def applied(rubric: Rubric, chosen: Chosen) -> list[Level]:
    """The levels that apply, in the order of the rubric; what the rubric has no longer is left out."""
    found = []
    for item in rubric.items:
        found += [level for level in item.levels if level.number == chosen.items.get(item.name)]
    return found


def numbered(found: Rubric, used: Rubric, free: Callable[[str], int]) -> Rubric:
    """A rubric from a file with the numbers that its levels have in use: a level is known by its text, else its place.

    free: the first number of an item that no level ever had.
    """
    old = {item.name: item.levels for item in used.items}
    return msgspec.structs.replace(
        found,
        items=tuple(
            msgspec.structs.replace(item, levels=_numbered(item.levels, old[item.name], free(item.name)))
            if item.name in old
            else item
            for item in found.items
        ),
    )


def _numbered(levels: Sequence[Level], old: Sequence[Level], free: int) -> tuple[Level, ...]:
    left = list(old)  # of which no level was known again yet
    numbers: dict[int, int] = {}  # by place
    for at, level in enumerate(levels):
        same = next((one for one in left if one.text == level.text), None)
        if same is not None:
            numbers[at] = same.number
            left.remove(same)
    for at in range(len(levels)):
        if at not in numbers and at < len(old) and old[at] in left:
            numbers[at] = old[at].number
    new = itertools.count(free)
    return tuple(
        msgspec.structs.replace(level, number=numbers[at] if at in numbers else next(new))
        for at, level in enumerate(levels)
    )


def words(rubric: Rubric, chosen: Chosen, language: str) -> str:
    """What the student reads: a line for each item that applies, then the comment."""
    lines = [f"{signed(level.points)}: {said(level, language)}" for level in applied(rubric, chosen)]
    free = [signed(chosen.free)] if chosen.free else []
    return "\n".join([*lines, *free, *filter(None, [chosen.comment.strip()])])


def signed(points: float) -> str:
    """Points with their sign."""
    return f"{'-' if points < 0 else '+'}{shown(abs(points))}"


def said(level: Level, language: str) -> str:
    """A level's text in the course's language, or in the one that it has."""
    return level.text.get(language) or next(filter(None, level.text.values()), "")


def load_rubrics(course: Course, assignment: Assignment) -> dict[str, Rubric]:
    """The rubrics of an assignment by task; CourseError names file, task and item. None is needed."""
    path = course.part("rubric", assignment.name)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeError) as error:
        raise CourseError(f"{path}: {error}") from error
    tasks = [task.name for task in assignment.tasks]
    if unknown := [task for task in data if task not in tasks]:
        raise CourseError(f"{path}: [{unknown[0]}]: {assignment.name} has no such task; it has {', '.join(tasks)}")
    return {task: _rubric(f"{path}: {task}", found) for task, found in data.items()}


def _rubric(where: str, data: Mapping[str, object]) -> Rubric:
    try:
        plain = msgspec.convert(data, _Table, strict=False)
    except msgspec.ValidationError as error:
        raise CourseError(f"{where}: {error}") from error
    items = []
    for row in plain.items:
        if (row.levels == ()) == (row.points is None):
            raise CourseError(f"{where}: {row.name}: give it points and a text, or levels that have them")
        items.append(Item(row.name, row.key, row.levels or (Level(row.points or 0.0, row.text),)))
    return checked(where, Rubric(plain.start, tuple(items)))


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    key: str
    points: float | None = None
    text: dict[str, str] = {}
    levels: tuple[Level, ...] = ()


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    start: float = 0.0
    items: tuple[_Row, ...] = ()


def checked(where: str, rubric: Rubric) -> Rubric:
    """The rubric, where it can be used; else CourseError."""
    names, keys = [item.name for item in rubric.items], [item.key for item in rubric.items]
    for item in rubric.items:
        at = f"{where}: {item.name or 'an item'}"
        if not NAME.fullmatch(item.name) or names.count(item.name) > 1:
            raise CourseError(f"{at}: a name is of its own, of small letters, digits and dashes")
        if item.key not in KEYS or len(item.key) != 1 or keys.count(item.key) > 1:
            raise CourseError(f"{at}: key {item.key!r}: one of its own of {KEYS}; the others are the page's")
        if not item.levels or len({level.number for level in item.levels}) < len(item.levels):
            raise CourseError(f"{at}: it has no levels, or two of the same number")
        for level in item.levels:
            if not math.isfinite(level.points) or abs(level.points) > 1000:
                raise CourseError(f"{at}: points are a number")
            texts = level.text.values()
            if not any(text.strip() for text in texts) or any(len(text) > MAX_TEXT for text in texts):
                raise CourseError(f"{at}: a text for the student, of at most {MAX_TEXT} characters, in en or th")
    if not math.isfinite(rubric.start):
        raise CourseError(f"{where}: start is a number")
    return rubric


def as_text(rubric: Rubric) -> str:
    """A rubric on its way through a page."""
    return msgspec.json.encode(rubric).decode()


def from_text(where: str, text: str) -> Rubric:
    """A rubric that came back from a page."""
    try:
        return checked(where, msgspec.json.decode(text.encode(), type=Rubric))
    except msgspec.MsgspecError as error:
        raise CourseError(f"{where}: {error}") from error


def short_of(rubrics: Mapping[str, Rubric], assignment: Assignment) -> list[str]:
    """Lines about tasks whose items do not come to what the task is worth."""
    return [
        f"rubric of {task.name}: its items come to {shown(rubrics[task.name].best())}, the task is worth "
        f"{shown(task.points)}"
        for task in assignment.tasks
        if task.name in rubrics and abs(rubrics[task.name].best() - task.points) > 1e-9
    ]


def keep_rubrics(course: Course, assignment: Assignment, rubrics: Mapping[str, Rubric]) -> None:
    """Write rubric.toml anew."""
    lines = [line for task, rubric in rubrics.items() for line in _written(task, rubric)]
    write_whole(course.part("rubric", assignment.name), (HEAD + "\n".join(lines) + "\n").encode())


def _written(task: str, rubric: Rubric) -> Iterable[str]:
    yield f"\n[{task}]"
    yield f"start = {rubric.start!r}"
    for item in rubric.items:
        yield f"\n[[{task}.items]]\nname = {_quoted(item.name)}\nkey = {_quoted(item.key)}"
        rows = [f"points = {level.points!r}, text = {_texts(level.text)}" for level in item.levels]
        if len(rows) == 1:
            yield rows[0].replace(", text = ", "\ntext = ", 1)
        else:
            yield "\n".join(["levels = [", *(f"  {{ {row} }}," for row in rows), "]"])


def _texts(text: Texts) -> str:
    return "{ " + ", ".join(f"{language} = {_quoted(words)}" for language, words in text.items()) + " }"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")  # a basic string of TOML has no DEL
