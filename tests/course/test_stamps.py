"""stamps.py: times as people and systems write them, over every zone of the tz database."""

import functools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from dateutil.tz import gettz  # type: ignore[import-untyped]

from autograder.course import stamps
from autograder.course.stamps import Ambiguous, Order, Unreadable
from autograder.errors import CourseError

ZONES = sorted(available_timezones() - {"Factory", "localtime"})
NBGRADER = "%Y-%m-%d %H:%M:%S.%f %Z"  # as its exchange writes them
HOUR = timedelta(hours=1)


@functools.cache
def changes(zone: ZoneInfo) -> tuple[datetime, ...]:
    """The hours of a year before which a zone's clocks are changed, in UTC."""
    hour, found = datetime(2026, 1, 1), []
    while hour.year == 2026:
        day = hour + timedelta(days=1)
        if away(hour, zone) != away(day, zone):
            found += [h for h in (hour + n * HOUR for n in range(24)) if away(h, zone) != away(h + HOUR, zone)]
        hour = day
    return tuple(found)


def away(utc: datetime, zone: ZoneInfo) -> timedelta:
    found = utc.replace(tzinfo=UTC).astimezone(zone).utcoffset()
    assert found is not None
    return found


def moments(zone: ZoneInfo) -> Iterator[datetime]:
    """Each month's middle, and every half hour around each change of clocks."""
    yield from (datetime(2026, month, 15, 12, 34, 56, 789) for month in range(1, 13))
    for change in changes(zone):
        yield from (change + n * HOUR / 2 for n in range(-6, 8))


def test_the_zones_and_their_changes_are_found() -> None:
    assert len(ZONES) > 400
    assert len(changes(ZoneInfo("Europe/Berlin"))) == 2 and not changes(ZoneInfo("Asia/Bangkok"))


# in each test run a quarter of the zones, in `make proof` all
@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.proof)])
def test_what_nbgraders_exchange_writes_is_read_in_every_zone(step: int) -> None:
    """With the course's own zone in c.Exchange.timezone: letters, numbers, and the hour that is there twice."""
    twice = 0
    for name in ZONES[::step]:
        zone = ZoneInfo(name)
        for utc in moments(zone):
            text = utc.replace(tzinfo=UTC).astimezone(gettz(name)).strftime(NBGRADER)
            found = stamps.moment(text, name)
            if found == utc:
                continue
            # the clocks went back, and say the same letters before and after: the student has the earlier one
            there, here = (m.replace(tzinfo=UTC).astimezone(zone) for m in (found, utc))
            assert found < utc and there.strftime(NBGRADER) == here.strftime(NBGRADER), (name, text)
            twice += 1
    assert twice < 50


@pytest.mark.parametrize("course", ["UTC", "Asia/Bangkok", "America/New_York", "Europe/Dublin", "Asia/Kolkata"])
def test_another_zones_letters_are_never_guessed(course: str) -> None:
    """Numbers are read whosever they are. Letters are the course's, or nobody's."""
    own = ZoneInfo(course)
    for name in ZONES:
        for utc in (datetime(2026, 1, 15, 12), datetime(2026, 7, 15, 12)):
            there = utc.replace(tzinfo=UTC).astimezone(ZoneInfo(name))
            letters = there.tzname() or ""
            wall = there.replace(tzinfo=own)
            if letters[:1] in "+-" or letters in ("UTC", "GMT"):
                assert stamps.moment(there.strftime(NBGRADER), course) == utc, name
            elif letters == wall.tzname():
                assert stamps.moment(there.strftime(NBGRADER), course) == wall.astimezone(UTC).replace(tzinfo=None)
            else:
                with pytest.raises(Unreadable, match="may mean several zones"):
                    stamps.moment(there.strftime(NBGRADER), course)


def test_a_zone_by_its_name_or_its_offset_is_read_in_every_zone() -> None:
    for name in (zone for zone in ZONES if "/" in zone):
        for utc in (datetime(2026, 1, 15, 12), datetime(2026, 7, 15, 12)):
            there = utc.replace(tzinfo=UTC).astimezone(ZoneInfo(name))
            offset = there.strftime("%z")
            for zone in (name, offset, f"{offset[:3]}:{offset[3:]}", f"UTC{offset}"):
                assert stamps.moment(f"{there:%Y-%m-%d %H:%M:%S} {zone}", "Pacific/Chatham") == utc, (name, zone)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-05 23:58",
        "2026-11-05T23:58:00",
        "2026-11-05 23:58:00.000000 +07",
        "2026-11-05 23:58:00  +0700",
        "2026-11-05 23:58:00+07:00",
        "2026-11-05T16:58:00Z",
        "2026-11-05 16:58:00 UTC",
        "2026-11-05 16:58:00.123456789 Z",
        "2026-11-05 23:58:00 ICT",  # the letters that the tz database had for Bangkok
        "2026-11-05 17:58:00 UTC+1",
        "2026-11-05 11:58:00 \u221205:00",
        "20261105T235800",
        "20261105235800",
        "2026-11-05-23-58-00",
        "2026/11/05 23:58",
        "Thursday, 5 November 2026, 11:58 PM",  # Moodle
        "Thursday, 5 November 2026, 11:58\u202fPM",  # the blank of newer ones
        "Thursday, November 5, 2026, 11:58 PM",
        "Nov 5, 2026 at 11:58pm",
        "5-Nov-2026 23:58",
        "Thu, 05 Nov 2026 23:58:00 +0700",
        "Thu Nov  5 23:58:00 +07 2026",
        "Thu Nov 05 2026 23:58:00 GMT+0700 (Indochina Time)",
        "05.11.2026, 23:58",
    ],
)
def test_a_time_as_systems_write_it(text: str) -> None:
    assert stamps.moment(text, "Asia/Bangkok").replace(microsecond=0) == datetime(2026, 11, 5, 16, 58)
    assert stamps.shown_again(text, "Asia/Bangkok") == "2026-11-05 23:58 Asia/Bangkok"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is not a time"),
        ("yesterday", "is not a time"),
        ("10:00", "is not a time"),  # of which day?
        ("12", "is not a time"),
        ("Nov 5 at 11:58pm", "is not a time"),  # of which year?
        ("5 Nov 26 10:00", "is not a time"),
        ("1793897880", "is not a time"),
        ("2026-W45-4 10:00", "is not a time"),
        ("2026-11-05", "has no time of day"),
        ("2026-11-05 12:00 13:00", "has two times of day"),
        ("2026-11-05 24:00", "has no such time of day"),
        ("2026-11-05 13:00 PM", "has no such hour"),
        ("2026-02-30 12:00", "is no day of the calendar"),
        ("0999-01-01 12:00", "is no day of the calendar"),
        ("2569-11-05 12:00", "Buddhist calendar; write 2026 for 2569"),
        ("2026-11-05 12:00 CEST", "has 'CEST', which is not Asia/Bangkok's"),
        ("2026-11-05 12:00 CST", "may mean several zones"),
        ("2026-11-05 12:00 EST5EDT", "may mean several zones"),
        ("2026-11-05 12:00 +99", "is no zone's offset"),
        ("2026-11-05 12:00 +07 ICT", "behind its time of day"),
        ("2026-11-05 12:00 \x1b[31m", "behind its time of day"),
        ("2026-11-05 12:00 Asia/Nowhere", "is no time zone"),
        ("2026-11-05 12:00 ../../etc/passwd", "is no time zone|behind"),
        ("12/11/2026 09:00", "could be 12 November or 11 December"),
        ("٢٠٢٦-١١-٠٥ ١٢:٠٠", "is not a time"),
        ("9" * 500, "too long"),
    ],
)
def test_what_is_no_time_or_not_sure_is_refused_with_what_to_write(text: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why) as caught:
        stamps.moment(text, "Asia/Bangkok")
    assert "write " in str(caught.value)
    assert stamps.shown_again(text, "Asia/Bangkok") == text


def test_letters_are_the_courses_only_while_it_has_them() -> None:
    assert stamps.moment("2026-07-05 12:00 CEST", "Europe/Berlin") == datetime(2026, 7, 5, 10)
    with pytest.raises(Unreadable, match="'CEST', which is not Europe/Berlin's at that time"):
        stamps.moment("2026-12-05 12:00 CEST", "Europe/Berlin")
    with pytest.raises(Unreadable, match="ICT"):
        stamps.moment("2026-12-05 12:00 ICT", "Asia/Singapore")


def test_letters_tell_the_two_hours_apart_when_clocks_go_back() -> None:
    assert stamps.moment("2026-10-25 02:30 CEST", "Europe/Berlin") == datetime(2026, 10, 25, 0, 30)
    assert stamps.moment("2026-10-25 02:30 CET", "Europe/Berlin") == datetime(2026, 10, 25, 1, 30)


def test_where_clocks_change_the_student_has_the_better_of_both_in_every_zone() -> None:
    seen = 0
    for name in ZONES:
        zone = ZoneInfo(name)
        for change in changes(zone):
            for minutes in range(-60, 121, 15):
                wall = stamps._wall(change + timedelta(minutes=minutes), name) + HOUR / 4
                text = f"{wall:%Y-%m-%d %H:%M}"
                both = {wall.replace(tzinfo=zone, fold=f).astimezone(UTC).replace(tzinfo=None) for f in (0, 1)}
                handed_in, due = stamps.moment(text, name), stamps.moment(text, name, due=True)
                assert (handed_in, due) == (min(both), max(both)), (name, text)
                seen += handed_in < due
    assert seen > 200


def test_a_day_later_is_the_same_time_of_day_in_every_zone() -> None:
    for name in ZONES:
        zone = ZoneInfo(name)
        for change in changes(zone):
            due = stamps.moment(f"{stamps._wall(change, name) - timedelta(days=1):%Y-%m-%d} 23:59", name, due=True)
            for days in (1, 2, 30):
                wall = stamps._wall(due, name) + timedelta(days=days)
                there = stamps._wall(stamps.later(due, days, name), name)
                # where clocks went over that time, or have it twice, it is the later one
                assert there == wall or (there > wall and there - wall <= 2 * HOUR), (name, wall)
    assert stamps.later(datetime(2026, 11, 5), 0, "UTC") == datetime(2026, 11, 5)


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["12/11/2026 09:00", "13/11/2026 09:00"], Order.DAY_FIRST),
        (["11/12/2026 09:00", "-", "11/13/2026 09:00"], Order.MONTH_FIRST),
        (["12/11/2026 09:00"], None),
        (["11/11/2026 09:00", "2026-11-13 09:00", "13.11.2026 09:00", ""], None),
    ],
)
def test_a_file_has_one_order_of_day_and_month(texts: list[str], order: Order | None) -> None:
    assert stamps.order_of((f"w.csv:{n}", text) for n, text in enumerate(texts, start=2)) == order


def test_two_orders_in_one_file_are_refused_with_both_places() -> None:
    with pytest.raises(CourseError, match=r"w\.csv:4: '11/13/2026 09:00' is month/day, but w\.csv:3: '13/11/2026"):
        stamps.order_of([("w.csv:3", "13/11/2026 09:00"), ("w.csv:4", "11/13/2026 09:00")])


def test_the_order_of_the_file_decides() -> None:
    assert stamps.moment("12/11/2026 09:00", "UTC", Order.DAY_FIRST) == datetime(2026, 11, 12, 9)
    assert stamps.moment("12/11/2026 09:00", "UTC", Order.MONTH_FIRST) == datetime(2026, 12, 11, 9)
    assert stamps.moment("11/11/2026 09:00", "UTC") == datetime(2026, 11, 11, 9)
    assert stamps.moment("2026-11-12 09:00", "UTC", Order.MONTH_FIRST) == datetime(2026, 11, 12, 9)
    with pytest.raises(Ambiguous):
        stamps.moment("12/11/2026 09:00", "UTC")
    with pytest.raises(Unreadable, match="is no date as month/day"):
        stamps.moment("13/11/2026 09:00", "UTC", Order.MONTH_FIRST)
