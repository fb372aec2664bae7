"""Times: each one that people and systems write is read here, and written here for people to read.

Times are kept as nbgrader keeps them: UTC, without a zone. What cannot be read, or could be read in two ways, is
Unreadable, never guessed: which parts of it are missing, what CST means, whether 12/11 is in November.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from autograder.errors import CourseError

MAX_TEXT = 100  # characters
YEARS = range(1970, 2200)
BUDDHIST = 543  # years that Thai calendars are ahead
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
FILLING = ("at", "on", "of", "the")
# `20261105T235800` and `2026-11-05-23-58-00`, as file names have it
COMPACT = re.compile(r"^(\d{4})-?(\d\d)-?(\d\d)[T_ -]?(\d\d)(\d\d)(\d\d)?(?![\d:])", re.ASCII)
DASHED = re.compile(r"^(\d{4})-(\d\d)-(\d\d)[_ -](\d\d)-(\d\d)(?:-(\d\d))?(?![\d:-])", re.ASCII)
CLOCK = re.compile(
    r"(?<![\d:.+-])(\d{1,2})(?::(\d\d))?(?::(\d\d)(?:[.,](\d+))?)?(?: ?([ap])\.?m\.?(?![a-z]))?(?![\d:])",
    re.ASCII | re.IGNORECASE,
)
YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})", re.ASCII)
YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})", re.ASCII)
NAMED_MONTH = re.compile(r"(\d{1,2})-([a-z]{3,9})-(\d{4})", re.ASCII | re.IGNORECASE)
DAY = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?", re.ASCII)
OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?([0-5]\d))?", re.ASCII)
ZONE = re.compile(r"[A-Za-z0-9+:/_-]{1,40}", re.ASCII)
UNIVERSAL = ("Z", "UTC", "UT", "GMT")
# letters that the tz database gave up for numbers, and that other systems still write -> hours
FORMER = {
    "ALMT": 5.0, "ART": -3.0, "BDT": 6.0, "BNT": 8.0, "BOT": -4.0, "BRT": -3.0, "BTT": 6.0, "CLT": -4.0, "CLST": -3.0,
    "COT": -5.0, "ECT": -5.0, "GST": 4.0, "ICT": 7.0, "IRST": 3.5, "LKT": 5.5, "MMT": 6.5, "MVT": 5.0, "MYT": 8.0,
    "NPT": 5.75, "PET": -5.0, "SGT": 8.0, "TRT": 3.0, "UYT": -3.0, "UZT": 5.0, "VET": -4.0,
}  # fmt: skip
INSTEAD = "write it like 2026-11-05 23:58 +07:00"


class Order(StrEnum):
    """How a date in numbers is written."""

    DAY_FIRST = "day/month"
    MONTH_FIRST = "month/day"


class Unreadable(ValueError):
    """A text that is no time, or none that is sure. Its own text says why, as what follows the time."""


class Ambiguous(Unreadable):
    """A date that is another one where day and month stand in the other order."""


@dataclass(frozen=True)
class Stamp:
    """A time as it is written: the day in each order of day and month that it can be read in."""

    days: Mapping[Order, date]
    clock: time | None
    zone: str


# ---- reading ------------------------------------------------------------------------------------


def moment(text: str, timezone: str, order: Order | None = None, due: bool = False) -> datetime:
    """A written time; Unreadable says why it is none. One without a zone is of `timezone`.

    order: of day and month, where it is known. due: a time that things are due at: it may be a day alone, which is
    its beginning, and an hour that the clocks have twice is then the later one. A submission's is the earlier one:
    a change of clocks costs nobody anything.
    """
    stamp = parts(text)
    if order is not None and order not in stamp.days:
        raise Unreadable(f"is no date as {order}; {INSTEAD}")
    days = set(stamp.days.values()) if order is None else {stamp.days[order]}
    if len(days) > 1:
        raise Ambiguous(f"could be {' or '.join(f'{day:%-d %B}' for day in sorted(days))}; {INSTEAD}")
    if stamp.clock is None and not due:
        raise Unreadable(f"has no time of day; {INSTEAD}")
    wall = datetime.combine(days.pop(), stamp.clock or time())
    found = _in_utc(wall, stamp.zone, timezone)
    return max(found) if due else min(found)


def order_of(written: Iterable[tuple[str, str]]) -> Order | None:
    """The one order of day and month in all of a file's times, given as (where, text); None where none tells.

    CourseError names the first place that is in another order than one before it.
    """
    told: dict[Order, str] = {}
    for where, text in written:
        try:
            (order,) = parts(text).days
        except ValueError:  # Unreadable, or both orders will do
            continue
        told.setdefault(order, f"{where}: {text.strip()!r}")
        if len(told) > 1:
            (first, before), (second, here) = told.items()
            raise CourseError(f"{here} is {second}, but {before} is {first}; give all times in one order")
    return next(iter(told), None)


def parts(text: str) -> Stamp:
    """What a written time says by itself; Unreadable where that is no time."""
    if len(text) > MAX_TEXT:
        raise Unreadable(f"is too long for a time; {INSTEAD}")
    plain = " ".join(unicodedata.normalize("NFKC", text).replace("\u2212", "-").split())
    for form in (COMPACT, DASHED):
        if match := form.match(plain):
            year, month, day, hour, minute, second = match.groups("00")
            plain = f"{year}-{month}-{day} {hour}:{minute}:{second}{plain[match.end() :]}"
    clocks = [match for match in CLOCK.finditer(plain) if match[2] or match[5]]
    if len(clocks) > 1:
        raise Unreadable(f"has two times of day; {INSTEAD}")
    if not clocks:
        return Stamp(_days(plain.split()), None, "")
    before, after = plain[: clocks[0].start()], plain[clocks[0].end() :]
    before = re.sub(r"(?<=\d)T$", "", before, flags=re.IGNORECASE)
    words, zone = _zone_in(after)
    return Stamp(_days([*before.split(), *words]), _clock(clocks[0]), zone)


def _clock(match: re.Match[str]) -> time:
    hour, half = int(match[1]), (match[5] or "").lower()
    if half and not 1 <= hour <= 12:
        raise Unreadable(f"has no such hour; {INSTEAD}")
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        return time(hour, int(match[2] or 0), int(match[3] or 0), int((match[4] or "0")[:6].ljust(6, "0")))
    except ValueError:
        raise Unreadable(f"has no such time of day; {INSTEAD}") from None


def _zone_in(after: str) -> tuple[list[str], str]:
    """What follows the time of day -> words of the date, and the zone."""
    after = re.sub(r"\b(UTC|GMT) (?=[+-]\d)", r"\1", after)
    bare = re.sub(r"\([^()]*\)$", "", after).strip()  # JavaScript's `GMT+0700 (Indochina Time)`
    words = (bare if OFFSET.search(bare) else re.sub(r"[()]", " ", after)).replace(",", " ").split()
    zones = [word for word in words if not _of_date(word)]
    if len(zones) > 1 or not all(map(ZONE.fullmatch, zones)):
        raise Unreadable(f"has {' '.join(zones)[:40]!r} behind its time of day; {INSTEAD}")
    return [word for word in words if _of_date(word)], zones[0] if zones else ""


def _of_date(word: str) -> bool:
    word = word.casefold().rstrip(".")
    return word in FILLING or bool(_named(word, WEEKDAYS) or _named(word, MONTHS)) or word[:1].isdigit()


def _named(word: str, names: tuple[str, ...]) -> int:
    """The number of a month or a weekday by its English name or the beginning of it, from 1; 0 for none."""
    word = word.casefold().rstrip(".")
    return next((n for n, name in enumerate(names, start=1) if len(word) >= 3 and name.startswith(word)), 0)


def _days(words: list[str]) -> dict[Order, date]:
    """The day that the words of a date mean, in each order that it can be read in."""
    words = [piece for word in words for piece in word.split(",") if piece]
    words = [piece for word in words for piece in (word.split("-") if NAMED_MONTH.fullmatch(word) else [word])]
    words = [word for word in words if not _named(word, WEEKDAYS) and word.casefold() not in FILLING]
    if len(words) == 1:
        if match := YEAR_FIRST.fullmatch(words[0]):
            return _either(int(match[1]), int(match[3]), int(match[4]))
        if match := YEAR_LAST.fullmatch(words[0]):
            first, second, year = int(match[1]), int(match[3]), int(match[4])
            if match[2] == ".":  # nobody writes the month first so
                return _either(year, second, first)
            day_first, month_first = _day(year, second, first), _day(year, first, second)
            days = {Order.DAY_FIRST: day_first, Order.MONTH_FIRST: month_first}
            if found := {order: day for order, day in days.items() if day is not None}:
                return found
    if len(words) == 3:
        months = [n for word in words if (n := _named(word, MONTHS))]
        years = [int(word) for word in words if re.fullmatch(r"\d{4}", word, re.ASCII)]
        days_of = [int(match[1]) for word in words if (match := DAY.fullmatch(word.casefold()))]
        if len(months) == len(years) == len(days_of) == 1:
            return _either(years[0], months[0], days_of[0])
    raise Unreadable(f"is not a time that is read here; {INSTEAD}")


def _either(year: int, month: int, day: int) -> dict[Order, date]:
    """A day that does not hang on the order of day and month."""
    found = _day(year, month, day)
    if found is None:
        raise Unreadable(f"is no day of the calendar; {INSTEAD}")
    return dict.fromkeys(Order, found)


def _day(year: int, month: int, day: int) -> date | None:
    if year - BUDDHIST in YEARS and year not in YEARS:
        raise Unreadable(f"is in a year of the Buddhist calendar; write {year - BUDDHIST} for {year}")
    try:
        return date(year, month, day) if year in YEARS else None
    except ValueError:
        return None


# ---- zones --------------------------------------------------------------------------------------


def _in_utc(wall: datetime, zone: str, timezone: str) -> list[datetime]:
    """The moments that a time on the wall of a zone can be: two where the clocks go back, or over it."""
    own = _of_zone(wall, ZoneInfo(timezone))
    # letters mean several zones, CST four of them: the course's, where it has these letters at that time, or none
    if letters := [found for found, there in own.items() if there == zone]:
        return letters
    if zone in ("", timezone):
        return list(own)
    if zone.upper() in UNIVERSAL:
        return [wall]
    if match := OFFSET.fullmatch(zone):
        away = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
        if away > timedelta(hours=15):
            raise Unreadable(f"has {zone!r}, which is no zone's offset; {INSTEAD}")
        return [wall - away if match[1] == "+" else wall + away]
    if zone in FORMER and all(there[:1] in "+-" for there in own.values()):
        away = timedelta(hours=FORMER[zone])
        if wall - away in own:
            return [wall - away]
    if "/" in zone:
        try:
            return list(_of_zone(wall, ZoneInfo(zone)))
        except (KeyError, ValueError, OSError):  # unknown, or not a name at all
            raise Unreadable(f"has {zone!r}, which is no time zone; {INSTEAD}") from None
    raise Unreadable(f"has {zone!r}, which is not {timezone}'s at that time and may mean several zones; {INSTEAD}")


def _of_zone(wall: datetime, zone: ZoneInfo) -> dict[datetime, str]:
    """The moments that a time on the wall can be, with the zone's letters then."""
    both = [wall.replace(tzinfo=zone, fold=fold) for fold in (1, 0)]
    return {there.astimezone(UTC).replace(tzinfo=None): there.tzname() or "" for there in both}


def later(start: datetime, days: float | timedelta, timezone: str) -> datetime:
    """So many days of a zone's calendar after a moment, at the same time of day, whatever its clocks do between."""
    away = days if isinstance(days, timedelta) else timedelta(days=days)
    return max(_of_zone(_wall(start, timezone) + away, ZoneInfo(timezone))) if away else start


def _wall(found: datetime, timezone: str) -> datetime:
    return found.replace(tzinfo=UTC).astimezone(ZoneInfo(timezone)).replace(tzinfo=None)


# ---- writing ------------------------------------------------------------------------------------


def shown(found: datetime, timezone: str) -> str:
    """A moment for people: in the course's zone, to the minute."""
    return f"{_wall(found, timezone):%Y-%m-%d %H:%M} {timezone}"


def of_nbgrader(found: datetime) -> str:
    """A moment as nbgrader's timestamp.txt has it."""
    return f"{found.isoformat(' ', 'microseconds')} UTC\n"


def named(found: datetime, timezone: str) -> str:
    """A moment for a folder's name, in the course's zone."""
    return f"{_wall(found, timezone):%Y%m%d-%H%M}"


def shown_again(text: str, timezone: str) -> str:
    """A written time for people; as it is where it cannot be read."""
    try:
        return shown(moment(text, timezone), timezone)
    except Unreadable:
        return text
