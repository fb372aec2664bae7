"""Due dates, and what a late submission loses. Times are kept as nbgrader keeps them: UTC, without a zone."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

NONE, ZERO, DAILY = "none", "zero", "daily"
DAY = 24 * 3600


@dataclass(frozen=True)
class Late:
    """What a late submission loses of its score. A day counts as soon as it begins."""

    policy: str = NONE  # "none", "zero", or "daily": percent_a_day of the score for each day
    percent_a_day: float = 10.0
    grace_days: int = 0  # days after the due date that cost nothing
    extensions: Mapping[str, float] = field(default_factory=dict)  # student -> more days for this one
    forgiven: tuple[str, ...] = ()  # students without a penalty

    def wrong(self, due: str, timezone: str) -> str:
        """What is wrong with it and its due date, in words; "" where nothing is."""
        try:
            due_time(due, timezone)
        except ValueError:
            return f'due {due!r} is not a date; write "2026-11-10 23:59"'
        if self.policy not in (NONE, ZERO, DAILY):
            return f"late policy {self.policy!r} is not one of {NONE}, {ZERO}, {DAILY}"
        if not 0 <= self.percent_a_day <= 100:
            return f"percent_a_day = {self.percent_a_day} is not between 0 and 100"
        if self.grace_days < 0 or any(days < 0 for days in self.extensions.values()):
            return "grace_days and extensions must not be below 0"
        if self.policy != NONE and not due:
            return 'a late policy needs a due date: due="2026-11-10 23:59"'
        return ""

    def days(self, student: str, seconds: float) -> int:
        """Days that cost something, of a submission so many seconds after the due date."""
        seconds -= self.extensions.get(student, 0.0) * DAY
        return max(0, math.ceil(seconds / DAY) - self.grace_days)

    def share(self, student: str, days: int) -> float:
        """What so many days take of a score, from 0 to 1."""
        if not days or student in self.forgiven or self.policy == NONE:
            return 0.0
        return 1.0 if self.policy == ZERO else min(1.0, days * self.percent_a_day / 100)

    def penalty(self, student: str, score: float, seconds: float) -> float | None:
        """What such a submission loses of `score`; None: nothing."""
        share = self.share(student, self.days(student, seconds))
        return share * max(0.0, score) if share else None


def due_time(text: str, timezone: str) -> datetime | None:
    """A date as naive UTC; one without an offset is of `timezone`. None for ""; ValueError for no date."""
    return in_utc(datetime.fromisoformat(text), timezone) if text else None


def in_utc(found: datetime, timezone: str) -> datetime:
    """A moment as naive UTC; one without a zone is of `timezone`."""
    there = found if found.tzinfo else found.replace(tzinfo=ZoneInfo(timezone))
    return there.astimezone(UTC).replace(tzinfo=None)
