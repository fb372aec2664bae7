"""Words for students, in the course's language, from engine_messages.toml and the assignment's messages.toml."""

import contextlib
import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.course.records import JUDGE, Assignment, Course
from autograder.errors import CourseError

OF_TASK = ("asks", "hint", "parts", "steps", "mistakes", "flags")  # of a task in an assignment's messages.toml
MARKS = (".", "?", "!", "…")  # that a sentence ends with
OWN_CELL = "your own cell "  # begins the name of a cell of the student's own
ENGINE = Path(__file__).parent / "engine_messages.toml"


@dataclass(frozen=True)
class Messages:
    """The engine's and an assignment's texts in one language."""

    language: str
    engine: Mapping[str, Any]
    assignment: Mapping[str, Any]

    def say(self, group: str, key: str, /, **facts: str) -> str:
        """A text of the assignment, else of the engine, with its {names} filled in."""
        own = self.assignment.get(group, {}).get(key)
        text: str = (own or self.engine[group][key])[self.language]
        for name, fact in facts.items():
            if str(fact).endswith(MARKS):  # a sentence of its own: no second stop behind it
                text = text.replace(f"{{{name}}}.", f"{{{name}}}")
        return text.format_map(facts)

    def problem(self, kind: str, facts: Mapping[str, str]) -> str:
        """What is wrong, in a sentence."""
        facts = dict(facts)
        if kind == "lost":
            facts["reason"] = self.say("lost", facts["reason"], **facts)
        if kind in ("off", "off_one"):
            facts["where"] = self.say("place", "at", where=facts["where"]) if facts["where"] else ""
        if "cell" in facts:
            where = self.say("place", "line", cell=self.cell(facts["cell"]), line=facts["line"])
            facts["where"] = where if facts["cell"] else ""
            facts["error"] = f"{facts['error']}{facts['where']}"
        with contextlib.suppress(KeyError):  # what the guest says may be nonsense, and fit no text
            return self.say("returned", facts["said"], **facts)
        return self.say("problem", kind, **facts)

    def hint(self, kind: str, facts: Mapping[str, str]) -> str:
        """What to look at with that kind of problem or of error, where there is such a text; else ""."""
        if facts.get("hidden") and "hidden_in" in facts:
            return self.say("hint", "hidden", name=facts["hidden"], cell=self.cell(facts["hidden_in"]))
        key = facts.get("said") or facts.get("hint", "") if kind == "error" else kind
        said = self.assignment.get("hint", {}).get(key) or self.engine["hint"].get(key) or {}
        return str(said.get(self.language, ""))

    def cell(self, name: str) -> str:
        """The name of a cell, for people."""
        number = name.removeprefix(OWN_CELL)
        return self.say("place", "own-cell", number=number) if number != name else name

    def of_task(self, task: str, key: str) -> str:
        """`asks` or `hint` of a task, or ""."""
        return str(self.assignment.get(task, {}).get(key, {}).get(self.language, ""))

    def part(self, task: str, part: str) -> str:
        """The name of a part, for people."""
        return str(self.assignment.get(task, {}).get("parts", {}).get(part, {}).get(self.language, part))

    def slip(self, task: str, step: str, way: str, facts: Mapping[str, str]) -> str:
        """As what the values come out: how a step goes wrong (`way` of [slip]), or which; "" without a name for it."""
        named = str(self.assignment.get(task, {}).get("steps", {}).get(step, {}).get(self.language, ""))
        if not named:
            return ""
        what = self.say("slip", way or "other", **facts)
        return self.say("slip", "as-if", what=what, step=named)

    def mistake(self, task: str, name: str) -> str:
        """The text of a known mistake, or ""."""
        return str(self.assignment.get(task, {}).get("mistakes", {}).get(name, {}).get(self.language, ""))

    def flag(self, task: str, name: str, language: str = "") -> str:
        """What a flag asks the instructor to look at."""
        flags = self.assignment.get(task, {}).get("flags", {})
        return str(flags.get(name, {}).get(language or self.language, name))


@functools.cache  # asked for once a student
def of_engine(language: str) -> Messages:
    """The engine's texts alone."""
    with ENGINE.open("rb") as engine:
        return Messages(language, tomllib.load(engine), {})


def plain_messages(path: Path, language: str) -> Messages:
    """Texts of our own from another file."""
    return Messages(language, tomllib.loads(path.read_text(encoding="utf-8")), {})


def load_messages(course: Course, assignment: Assignment, language: str = "") -> Messages:
    """The engine's texts and an assignment's, in the course's language or another; CourseError names a broken file.

    Texts of its own are needed where a task goes to the judge; else the engine's do.
    """
    path = course.part("messages", assignment.name)
    if not path.is_file() and not any(task.graded_by == JUDGE for task in assignment.tasks):
        return of_engine(language or course.language)
    return read_messages(path, language or course.language)


def read_messages(path: Path, language: str) -> Messages:
    """The engine's texts and those of an assignment's file, which has to be there; CourseError names a broken one."""
    try:
        with path.open("rb") as assignment:
            found = Messages(language, of_engine(language).engine, tomllib.load(assignment))
    except FileNotFoundError:
        raise CourseError(f"{path}: not found; every assignment needs its texts for students") from None
    except tomllib.TOMLDecodeError as error:
        raise CourseError(f"{path}: {error}") from error
    for group, texts in found.assignment.items():
        unknown = [] if group in found.engine else [key for key in texts if key not in OF_TASK]
        if unknown:
            raise CourseError(f"{path}: [{group}] has {unknown[0]!r}; a task has {', '.join(OF_TASK)}")
    return found
