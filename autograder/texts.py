"""Words for students, in the course's language, from autograder/messages/*.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.course import CourseError

if TYPE_CHECKING:  # brings numpy; `autograder scores` reads texts without it
    from autograder.checking import Problem

ENGINE = Path(__file__).parent / "messages" / "engine.toml"


@dataclass(frozen=True)
class Texts:
    """The engine's and an assignment's texts in one language."""

    language: str
    engine: Mapping[str, Any]
    assignment: Mapping[str, Any]

    def say(self, group: str, key: str, /, **facts: str) -> str:
        """A text of the assignment, else of the engine, with its {names} filled in."""
        own = self.assignment.get(group, {}).get(key)
        text: str = (own or self.engine[group][key])[self.language]
        return text.format_map(facts)

    def problem(self, problem: "Problem") -> str:
        """What is wrong, in a sentence."""
        facts = dict(problem.facts)
        if problem.kind == "lost":
            facts["reason"] = self.say("lost", facts["reason"], **facts)
        if problem.kind in ("off", "off_one"):
            facts["where"] = self.say("place", "at", where=facts["where"]) if facts["where"] else ""
        return self.say("problem", problem.kind, **facts)

    def of_task(self, task: str, key: str) -> str:
        """`asks` or `hint` of a task, or ""."""
        return str(self.assignment.get(task, {}).get(key, {}).get(self.language, ""))

    def part(self, task: str, part: str) -> str:
        """The name of a part, for people."""
        return str(self.assignment.get(task, {}).get("parts", {}).get(part, {}).get(self.language, part))

    def mistake(self, task: str, name: str) -> str:
        """The text of a known mistake, or ""."""
        return str(self.assignment.get(task, {}).get("bugs", {}).get(name, {}).get(self.language, ""))

    def flag(self, task: str, name: str) -> str:
        """What a flag asks the instructor to look at, in English as all that instructors read in a terminal."""
        return str(self.assignment.get(task, {}).get("flags", {}).get(name, {}).get("en", name))


def of_engine(language: str) -> Texts:
    """The engine's texts alone."""
    with ENGINE.open("rb") as engine:
        return Texts(language, tomllib.load(engine), {})


def load(path: Path, language: str) -> Texts:
    """Read the engine's texts and an assignment's; CourseError names a broken file."""
    try:
        with ENGINE.open("rb") as engine, path.open("rb") as assignment:
            return Texts(language, tomllib.load(engine), tomllib.load(assignment))
    except FileNotFoundError:
        raise CourseError(f"{path}: not found; every assignment needs its texts for students") from None
    except tomllib.TOMLDecodeError as error:
        raise CourseError(f"{path}: {error}") from error
