"""The kinds of values that Python itself has: which parts each is taken into, and how it is put together again."""

import builtins
import collections
import datetime
import decimal
import enum
import fractions
import keyword
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MAX_FIELDS = 255
ERRORS = tuple(
    one for one in vars(builtins).values()
    if isinstance(one, type) and issubclass(one, Exception) and one.__name__ != "ExceptionGroup"
)  # fmt: skip
TYPES: tuple[type, ...] = (
    *ERRORS,
    *(object, int, float, complex, bool, str, bytes, bytearray, list, tuple, dict, set, frozenset, range, slice),
    *(type(None), collections.Counter, collections.OrderedDict, collections.defaultdict, collections.deque),
    *(datetime.date, datetime.datetime, datetime.time, datetime.timedelta),
)
OF_A_NAMED_TUPLE = {"__doc__", "__slots__", "__match_args__", "_fields", "_field_defaults", "__new__", "_make",
                    "_replace",
                    "__replace__", "__repr__", "_asdict", "__getnewargs__", "__module__", "__annotations__",
                    "__orig_bases__", "__annotate__", "__annotate_func__", "__annotations_cache__",
                    "__firstlineno__", "__static_attributes__"}  # fmt: skip
MADE_IN_PYTHON = 1 << 9  # of the flags of a class


class CannotTravel(TypeError):
    """A value that stays where it is; the text says why."""


class BadValue(ValueError):
    """The bytes are no value of ours."""


@dataclass(frozen=True)
class Kind:
    """A kind of value. `make` gets all its parts; with `shell` it is empty at first, and `fill` gets them later.

    fill: puts parts into one that is there, in place of what it held: only what can be changed has it.
    """

    tag: bytes
    parts: Callable[[Any], Sequence[Any]]
    make: Callable[[Sequence[Any]], Any]
    fill: Callable[[Any, Sequence[Any]], None] | None = None
    shell: bool = False
    holds: Callable[[Any], bool] = lambda value: True


def _pairs(parts: Sequence[Any]) -> Sequence[tuple[Any, Any]]:
    return list(zip(parts[::2], parts[1::2], strict=True))


def _flat(mapping: Any) -> list[Any]:
    return [part for pair in dict.items(mapping) for part in pair]


def _fill_list(target: Any, parts: Sequence[Any]) -> None:
    target[:] = parts


def _fill_dict(target: Any, parts: Sequence[Any]) -> None:
    pairs = _pairs(parts)
    target.clear()
    for key, value in pairs:
        target[key] = value


def _fill_set(target: Any, parts: Sequence[Any]) -> None:
    target.clear()
    target.update(parts)


def _fill_deque(target: Any, parts: Sequence[Any]) -> None:
    target.clear()
    target.extend(parts[1:])


def _mapping(tag: bytes, make: Callable[[], Any]) -> Kind:
    return Kind(tag, _flat, lambda parts: make(), _fill_dict, shell=True)


def _zone(value: Any) -> bool:
    """Whether a time is of no zone, or of a plain distance from UTC."""
    return value.tzinfo is None or type(value.tzinfo) is datetime.timezone


def _date_time(one: datetime.datetime) -> list[Any]:
    day = [one.year, one.month, one.day]
    return [*day, one.hour, one.minute, one.second, one.microsecond, one.tzinfo, one.fold]


def _time(one: datetime.time) -> list[Any]:
    return [one.hour, one.minute, one.second, one.microsecond, one.tzinfo, one.fold]


def _date_time_of(parts: Sequence[Any]) -> datetime.datetime:
    year, month, day, hour, minute, second, micro, zone, fold = parts
    return datetime.datetime(year, month, day, hour, minute, second, micro, _checked_zone(zone), fold=fold)


def _time_of(parts: Sequence[Any]) -> datetime.time:
    hour, minute, second, micro, zone, fold = parts
    return datetime.time(hour, minute, second, micro, _checked_zone(zone), fold=fold)


def _checked_zone(zone: Any) -> Any:
    if zone is not None and type(zone) is not datetime.timezone:
        raise BadValue("a time zone that is none")
    return zone


KINDS: dict[type, Kind] = {
    list: Kind(b"l", list, lambda parts: [], _fill_list, shell=True),
    dict: _mapping(b"m", dict),
    collections.OrderedDict: _mapping(b"o", collections.OrderedDict),
    collections.Counter: _mapping(b"n", collections.Counter),
    # its factory is the student's code, and stays where it is
    collections.defaultdict: _mapping(b"f", collections.defaultdict),
    set: Kind(b"S", list, lambda parts: set(), _fill_set, shell=True),
    collections.deque: Kind(
        b"q",
        lambda value: [value.maxlen, *value],
        lambda parts: collections.deque(maxlen=parts[0]),
        _fill_deque,
        shell=True,
    ),
    bytearray: Kind(
        b"y", lambda value: [bytes(value)], lambda parts: bytearray(b"".join(parts)),
        lambda target, parts: _fill_list(target, b"".join(parts)),
    ),
    tuple: Kind(b"T", list, tuple),
    frozenset: Kind(b"z", list, frozenset),
    range: Kind(b"R", lambda value: [value.start, value.stop, value.step], lambda parts: range(*parts)),
    slice: Kind(b"L", lambda value: [value.start, value.stop, value.step], lambda parts: slice(*parts)),
    datetime.timedelta: Kind(
        b"D", lambda value: [value.days, value.seconds, value.microseconds], lambda parts: datetime.timedelta(*parts)
    ),
    datetime.timezone: Kind(
        b"Z",
        lambda value: [value.utcoffset(None), None if value.__getinitargs__()[1:] == () else value.tzname(None)],
        lambda parts: datetime.timezone(parts[0], *([] if parts[1] is None else [parts[1]])),
    ),
    datetime.date: Kind(b"A", lambda value: [value.year, value.month, value.day], lambda parts: datetime.date(*parts)),
    datetime.datetime: Kind(
        b"B",
        _date_time,
        _date_time_of,
        holds=_zone,
    ),
    datetime.time: Kind(
        b"E", _time, _time_of, holds=_zone
    ),
    decimal.Decimal: Kind(b"x", lambda value: [str(value)], lambda parts: decimal.Decimal(parts[0])),
    fractions.Fraction: Kind(
        b"/", lambda value: [value.numerator, value.denominator], lambda parts: fractions.Fraction(*map(int, parts))
    ),
}  # fmt: skip


# ---- classes that both sides have, by name ------------------------------------------------------


def of_classes(classes: Mapping[str, type]) -> tuple[Kind, ...]:
    """The kinds of named tuples, of members of an Enum, and of instances of the notebook's own plain classes."""

    def is_theirs(value: Any) -> bool:
        return classes.get(type(value).__name__) is type(value)

    def of(name: Any, wanted: type) -> Any:
        found = classes.get(name)
        if found is None or not issubclass(found, wanted):
            raise BadValue(f"no class {name!r} on this side")
        return found

    def named_tuple(parts: Sequence[Any]) -> Any:
        name, fields, values = parts
        found = classes.get(name)
        if found is not None and getattr(found, "_fields", None) == fields and issubclass(found, tuple):
            return tuple.__new__(found, _as_many(fields, values))
        return tuple.__new__(_named_tuple(name, fields), _as_many(fields, values))

    def instance(parts: Sequence[Any]) -> Any:
        made = object.__new__(of(parts[0], object))
        if not _is_plain(type(made)):
            raise BadValue("an instance of a class that does not travel")
        return made

    def fill(target: Any, parts: Sequence[Any]) -> None:
        pairs = _pairs(parts[1:])
        if any(type(name) is not str for name, _ in pairs):
            raise BadValue("an attribute without a name")
        if shadowed := next((name for name, _ in pairs if callable(getattr(type(target), name, None))), ""):
            raise BadValue(f"an instance with something else in place of its method {shadowed}")
        vars(target).clear()
        vars(target).update(pairs)

    return (
        Kind(
            b"P",
            lambda value: [type(value).__name__, type(value)._fields, tuple(value)],
            named_tuple,
            holds=_is_named_tuple,
        ),
        Kind(
            b"e",
            lambda value: [type(value).__name__, value.name],
            lambda parts: of(parts[0], enum.Enum)[parts[1]],
            holds=lambda value: isinstance(value, enum.Enum) and is_theirs(value),
        ),
        Kind(
            b"I",
            lambda value: [type(value).__name__, *_flat(vars(value))],
            instance,
            fill,
            shell=True,
            holds=lambda value: is_theirs(value) and _is_plain(type(value)),
        ),
    )


def _as_many(fields: Sequence[str], values: Any) -> Any:
    if type(values) is not tuple or len(values) != len(fields):
        raise BadValue("a named tuple with another number of values")
    return values


def _is_plain(cls: type) -> bool:
    """Whether its instances are their attributes and nothing else."""
    return not issubclass(cls, enum.Enum) and all(
        base.__flags__ & MADE_IN_PYTHON and "__slots__" not in vars(base) for base in cls.__mro__[:-1]
    )


def _is_named_tuple(value: Any) -> bool:
    cls = type(value)
    fields = vars(cls).get("_fields")
    return (
        cls.__bases__ == (tuple,)
        and type(fields) is tuple
        and _is_field_list(fields)
        and not set(vars(cls)) - OF_A_NAMED_TUPLE - set(fields)
    )


def _is_field_list(fields: Any) -> bool:
    return (
        type(fields) is tuple
        and len(fields) <= MAX_FIELDS
        and all(
            type(one) is str and one.isidentifier() and not keyword.iskeyword(one) and not one.startswith("_")
            for one in fields
        )
    )


_made: dict[tuple[str, tuple[str, ...]], Any] = {}


def _named_tuple(name: Any, fields: Any) -> Any:
    """A named tuple's class that only this side has: the same one each time, of the latest few."""
    if type(name) is not str or not name.isidentifier() or keyword.iskeyword(name) or not _is_field_list(fields):
        raise BadValue("a named tuple that Python would not make")
    if (name, fields) not in _made:
        if len(_made) >= MAX_FIELDS:
            _made.clear()
        _made[name, fields] = collections.namedtuple(name, fields)
    return _made[name, fields]
