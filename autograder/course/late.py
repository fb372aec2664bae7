"""Due dates, and what a late submission loses."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from autograder.course import stamps

NONE, ZERO, DAILY = "none", "zero", "daily"
DAY = 24 * 3600
MOST_DAYS = 3660  # of grace or of an extension


@dataclass(frozen=True)
class Late:
    """What a late submission loses of its score. A day counts as soon as it begins.

    Days are those of the course's calendar: one that is due at 23:59 is so on each day after, whatever clocks do.
    """

    policy: str = NONE  # "none", "zero", or "daily": percent_a_day of the score for each day
    percent_a_day: float = 10.0
    grace_days: float = 0  # days after the due date that cost nothing
    extensions: Mapping[str, float] = field(default_factory=dict)  # student -> more days for this one
    forgiven: tuple[str, ...] = ()  # students without a penalty

    def wrong(self, due: str, timezone: str) -> str:
        """What is wrong with it and its due date, in words; "" where nothing is."""
        if not isinstance(due, str):
            return f'due is {due!r}; it takes a text: due="2026-11-10 23:59"'
        try:
            due_time(due, timezone)
        except ValueError as why:
            return f'due {due!r} is not a date: it {why}; write "2026-11-10 23:59"'
        if self.policy not in (NONE, ZERO, DAILY):
            return f"late policy {self.policy!r} is not one of {NONE}, {ZERO}, {DAILY}"
        if not isinstance(self.percent_a_day, int | float) or not 0 <= self.percent_a_day <= 100:
            return f"percent_a_day = {self.percent_a_day!r} is not a number between 0 and 100"
        if not isinstance(self.extensions, Mapping) or not all(isinstance(one, str) for one in self.extensions):
            return f'extensions = {self.extensions!r}: ids are texts; write {{"65010003": 2}}'
        if isinstance(self.forgiven, str) or not all(isinstance(one, str) for one in self.forgiven):
            return f'forgiven = {self.forgiven!r} is no list of ids; write ("65010007",), with the comma'
        for name, days in {"grace_days": self.grace_days, **self.extensions}.items():
            if not isinstance(days, int | float):
                return f"{name}: {days!r} is no number of days; grace_days and extensions are days, as in 2 or 1.5"
            if not 0 <= days <= MOST_DAYS:
                return f"{name}: {days} days; grace_days and extensions must not be below 0 or above {MOST_DAYS}"
        if self.policy != NONE and not due:
            return 'a late policy needs a due date: due="2026-11-10 23:59"'
        return ""

    def days(self, student: str, handed_in: datetime, due: datetime, timezone: str) -> int:
        """Days that cost something, of a submission at that moment."""
        free = self.extensions.get(student, 0.0) + self.grace_days
        begun = max(0, math.floor((handed_in - due).total_seconds() / DAY - free) - 2)  # days may have 23 or 25 hours
        while handed_in > stamps.later(due, free + begun, timezone):
            begun += 1
        return begun

    def share(self, student: str, days: int) -> float:
        """What so many days take of a score, from 0 to 1."""
        if not days or student in self.forgiven or self.policy == NONE:
            return 0.0
        return 1.0 if self.policy == ZERO else min(1.0, days * self.percent_a_day / 100)

    def penalty(self, student: str, score: float, days: int) -> float | None:
        """What a submission so many days late loses of `score`; None: nothing."""
        share = self.share(student, days)
        return share * max(0.0, score) if share else None


def due_time(text: str, timezone: str) -> datetime | None:
    """A due date; one without an offset is of `timezone`. None for ""; ValueError for no date."""
    return stamps.moment(text, timezone, due=True) if text else None
