"""late.py: due dates in their time zone, and what each policy takes."""

from datetime import datetime

import pytest

from autograder.course import late
from autograder.course.late import DAY, Late


@pytest.mark.parametrize(
    ("text", "zone", "utc"),
    [
        ("2026-11-10 23:59", "Asia/Bangkok", datetime(2026, 11, 10, 16, 59)),
        ("2026-11-10 23:59", "UTC", datetime(2026, 11, 10, 23, 59)),
        ("2026-11-10T23:59:00+02:00", "Asia/Bangkok", datetime(2026, 11, 10, 21, 59)),
        ("2026-10-25 01:30", "Europe/Berlin", datetime(2026, 10, 24, 23, 30)),
        ("2026-11-10", "Asia/Bangkok", datetime(2026, 11, 9, 17, 0)),
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
        (Late("daily", extensions={"mali": 1.5}), 1.5 * DAY, None),
        (Late("daily", extensions={"mali": 1.5}), 1.5 * DAY + 1, 0.8),
        (Late("daily", extensions={"somchai": 5}), 1, 0.8),
        (Late("zero", forgiven=("mali",)), 9 * DAY, None),
    ],
)
def test_what_a_late_submission_loses_of_eight_points(policy: Late, seconds: float, lost: float | None) -> None:
    assert policy.penalty("mali", 8.0, seconds) == (None if lost is None else pytest.approx(lost))


def test_nothing_is_taken_of_nothing() -> None:
    assert Late("zero").penalty("mali", 0.0, DAY) == 0.0
    assert Late("daily").penalty("mali", -1.0, DAY) == 0.0


@pytest.mark.parametrize(
    ("policy", "due", "said"),
    [
        (Late(), "tomorrow", "due 'tomorrow' is not a date"),
        (Late("weekly"), "2026-11-10", "late policy 'weekly' is not one of none, zero, daily"),
        (Late("daily", percent_a_day=101), "2026-11-10", "percent_a_day = 101"),
        (Late("daily", grace_days=-1), "2026-11-10", "must not be below 0"),
        (Late("daily", extensions={"a": -1}), "2026-11-10", "must not be below 0"),
        (Late("zero"), "", "a late policy needs a due date"),
    ],
)
def test_a_policy_that_cannot_be_is_named(policy: Late, due: str, said: str) -> None:
    assert said in policy.wrong(due, "UTC")
    assert Late("daily").wrong("2026-11-10 23:59", "Asia/Bangkok") == ""
