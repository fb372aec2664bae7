"""late.py: due dates in their time zone, and what each policy takes."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from autograder.course import late
from autograder.course.late import DAY, MOST_DAYS, Late


@pytest.mark.parametrize(
    ("text", "zone", "utc"),
    [
        ("2026-11-10 23:59", "Asia/Bangkok", datetime(2026, 11, 10, 16, 59)),
        ("2026-11-10 23:59", "UTC", datetime(2026, 11, 10, 23, 59)),
        ("2026-11-10T23:59:00+02:00", "Asia/Bangkok", datetime(2026, 11, 10, 21, 59)),
        ("2026-10-25 01:30", "Europe/Berlin", datetime(2026, 10, 24, 23, 30)),
        ("2026-11-10", "Asia/Bangkok", datetime(2026, 11, 9, 17, 0)),
        ("2026-10-25 02:30", "Europe/Berlin", datetime(2026, 10, 25, 1, 30)),  # there twice: the later one
        ("2026-03-29 02:30", "Europe/Berlin", datetime(2026, 3, 29, 1, 30)),  # not there: the later way to read it
    ],
)
def test_a_due_date_is_of_the_courses_time_zone_unless_it_says_another(text: str, zone: str, utc: datetime) -> None:
    assert late.due_time(text, zone) == utc


def test_no_due_date_is_no_moment() -> None:
    assert late.due_time("", "UTC") is None


@pytest.mark.parametrize(
    ("policy", "seconds", "lost"),
    [
        (Late(), 99 * DAY, None),
        (Late("zero"), 0, None),
        (Late("zero"), 1, 8.0),
        (Late("daily"), 0, None),
        (Late("daily"), 1, 0.8),
        (Late("daily"), DAY, 0.8),
        (Late("daily"), DAY + 1, 1.6),
        (Late("daily"), 30 * DAY, 8.0),
        (Late("daily", percent_a_day=50, grace_days=2), 2 * DAY, None),
        (Late("daily", percent_a_day=50, grace_days=2), 2 * DAY + 1, 4.0),
        (Late("zero", grace_days=1), DAY, None),
        (Late("daily", grace_days=1.5), 1.5 * DAY, None),  # no part of a day is begun in the days that are free
        (Late("daily", grace_days=1.5), 1.5 * DAY + 1, 0.8),
        (Late("daily", extensions={"mali": 1.5}), 1.5 * DAY, None),
        (Late("daily", extensions={"mali": 1.5}), 1.5 * DAY + 1, 0.8),
        (Late("daily", extensions={"somchai": 5}), 1, 0.8),
        (Late("zero", forgiven=("mali",)), 9 * DAY, None),
    ],
)
def test_what_a_late_submission_loses_of_eight_points(policy: Late, seconds: float, lost: float | None) -> None:
    due = datetime(2026, 11, 10, 16, 59)
    days = policy.days("mali", due + timedelta(seconds=seconds), due, "Asia/Bangkok")
    assert policy.penalty("mali", 8.0, days) == (None if lost is None else pytest.approx(lost))


def test_nothing_is_taken_of_nothing() -> None:
    assert Late("zero").penalty("mali", 0.0, 1) == 0.0
    assert Late("daily").penalty("mali", -1.0, 1) == 0.0


@pytest.mark.parametrize(
    ("due", "handed_in", "days"),
    [
        # Berlin's clocks go back in the night to 25 October: that day has 25 hours
        ("2026-10-24 23:59", "2026-10-25 23:59:00", 1),
        ("2026-10-24 23:59", "2026-10-25 23:59:01", 2),
        ("2026-10-23 23:59", "2026-10-31 23:30:00", 8),
        ("2026-10-24 02:30", "2026-10-25 02:30:00+01:00", 1),  # the second time that it is half past two
        ("2026-10-24 02:30", "2026-10-25 02:30:01+01:00", 2),
        ("2026-10-25 02:30", "2026-10-25 02:30:00+01:00", 0),
        # and forward in the night to 29 March: that day has 23, and is over at midnight as any other
        ("2026-03-28 23:59", "2026-03-29 23:59:00", 1),
        ("2026-03-28 23:59", "2026-03-29 23:59:01", 2),
        ("2026-03-28 02:30", "2026-03-29 03:30:00", 1),  # there is no half past two on that day
        ("2026-03-28 02:30", "2026-03-29 03:30:01", 2),
    ],
)
def test_days_are_those_of_the_courses_calendar(due: str, handed_in: str, days: int) -> None:
    at, until = late.stamps.moment(handed_in, "Europe/Berlin"), late.due_time(due, "Europe/Berlin")
    assert until is not None
    assert Late("daily").days("mali", at, until, "Europe/Berlin") == days
    assert Late("daily", grace_days=1).days("mali", at, until, "Europe/Berlin") == max(0, days - 1)
    assert Late("daily", extensions={"mali": 1}).days("mali", at, until, "Europe/Berlin") == max(0, days - 1)


def test_a_zone_that_leaves_a_day_out_counts_on() -> None:
    """Samoa had no 30 December 2011: what is due on the 29th is a day late on the 31st."""
    due, zone = late.due_time("2011-12-29 23:59", "Pacific/Apia"), "Pacific/Apia"
    assert due is not None
    assert Late("daily").days("mali", late.stamps.moment("2011-12-31 23:59:00", zone), due, zone) == 1
    assert Late("daily").days("mali", late.stamps.moment("2012-01-01 00:00:00", zone), due, zone) == 3


@pytest.mark.parametrize(
    ("policy", "due", "said"),
    [
        (Late(), "tomorrow", "due 'tomorrow' is not a date"),
        (Late("weekly"), "2026-11-10", "late policy 'weekly' is not one of none, zero, daily"),
        (Late("daily", percent_a_day=101), "2026-11-10", "percent_a_day = 101"),
        (Late("daily", grace_days=-1), "2026-11-10", "must not be below 0"),
        (Late("daily", extensions={"a": -1}), "2026-11-10", "must not be below 0"),
        (Late("daily", grace_days=MOST_DAYS + 1), "2026-11-10", "must not be below 0 or above 3660"),
        (Late("daily", extensions={"a": float("nan")}), "2026-11-10", "a: nan days"),
        (Late("daily", percent_a_day="10"), "2026-11-10", "percent_a_day = '10' is not a number"),  # type: ignore[arg-type]
        (Late("daily", extensions={65: 2}), "2026-11-10", "extensions = {65: 2}: ids are texts"),  # type: ignore[dict-item]
        (Late("daily", extensions=[("a", 2)]), "2026-11-10", "ids are texts"),  # type: ignore[arg-type]
        (Late("daily", forgiven="6501"), "2026-11-10", "forgiven = '6501' is no list of ids"),  # type: ignore[arg-type]
        (Late("daily", extensions={"a": "2"}), "2026-11-10", "a: '2' is no number of days"),  # type: ignore[dict-item]
        (Late("zero"), "", "a late policy needs a due date"),
        (Late(), datetime(2026, 11, 10), "it takes a text"),
        (Late("zero"), "12/11/2026 23:59", "it could be 12 November or 11 December"),
        (Late("zero"), "2026-11-10 23:59 CET", "it has 'CET', which is not UTC's"),
        (Late("zero"), "2569-11-10 23:59", "write 2026 for 2569"),
    ],
)
def test_a_policy_that_cannot_be_is_named(policy: Late, due: Any, said: str) -> None:
    assert said in policy.wrong(due, "UTC")
    assert Late("daily").wrong("2026-11-10 23:59", "Asia/Bangkok") == ""
