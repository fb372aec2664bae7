"""The kinds of values that pandas has, where pandas is there: tables, series, indexes, and single values of theirs.

pandas is loaded by whoever uses it, or when the first of its values comes.
"""

import functools
import importlib
import importlib.util
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from travel.kinds import BadValue, Kind

TAGS = {b"1": "DataFrame", b"2": "Series", b"3": "RangeIndex", b"4": "Index", b"5": "MultiIndex", b"6": "Timestamp",
        b"7": "Timedelta", b"8": "DatetimeIndex", b"9": "TimedeltaIndex", b"!": "NaTType", b"?": "NAType",
        b"@": "CategoricalIndex"}  # fmt: skip


@functools.cache
def _kinds() -> tuple[dict[type, Kind], dict[bytes, Kind]]:
    """By type and by tag. pandas is imported here: most notebooks do without it, and it takes most of a second."""
    pd = importlib.import_module("pandas")

    def column(values: Any) -> list[Any]:
        """An array of a series or an index -> [what it is, its parts]."""
        dtype = values.dtype
        if isinstance(dtype, pd.StringDtype):
            return [
                "text",
                dtype.na_value is pd.NA,
                *(None if missing else str(one) for one, missing in marked(values)),
            ]
        if isinstance(dtype, np.dtype) or isinstance(values, pd.arrays.NumpyExtensionArray):
            plain = np.asarray(values)
            return ["objects", *plain.tolist()] if plain.dtype.kind == "O" else ["numpy", plain]
        if isinstance(dtype, pd.CategoricalDtype):
            return ["category", dtype.categories, np.array(values.codes), bool(dtype.ordered)]
        if isinstance(dtype, pd.DatetimeTZDtype):
            return ["zoned", np.asarray(values.tz_convert(None)), str(dtype.tz)]
        if hasattr(dtype, "numpy_dtype") and hasattr(values, "_mask"):
            return ["nullable", np.array(values._data), np.array(values._mask)]
        return ["other"]

    def marked(values: Any) -> Any:
        return zip(values.tolist(), pd.isna(values).tolist(), strict=True)

    def array(parts: Sequence[Any]) -> Any:
        what, *parts = parts
        if what == "category":
            if type(parts[1]) is not np.ndarray or parts[1].dtype.kind != "i" or type(parts[2]) is not bool:
                raise BadValue("categories without their codes")
            return pd.Categorical.from_codes(parts[1], categories=parts[0], ordered=parts[2])
        if what == "text":
            if any(one is not None and type(one) is not str for one in parts[1:]):
                raise BadValue("a text that is none")
            return pd.array(list(parts[1:]), dtype=pd.StringDtype(na_value=pd.NA if parts[0] is True else np.nan))
        if what == "objects":
            found = np.empty(len(parts), object)
            for number, one in enumerate(parts):
                found[number] = one
            return found
        if type(parts[0]) is not np.ndarray or parts[0].ndim != 1:
            raise BadValue("a column that is no array")
        if what == "numpy":
            return parts[0]
        if what == "zoned":
            if type(parts[1]) is not str:
                raise BadValue("a time zone that is none")
            return pd.DatetimeIndex(parts[0]).tz_localize("UTC").tz_convert(parts[1]).array
        if what == "nullable":
            kind = {"f": "FloatingArray", "b": "BooleanArray"}.get(parts[0].dtype.kind, "IntegerArray")
            return getattr(pd.arrays, kind)(*parts)
        raise BadValue("a column of no kind that travels")

    def travels(values: Any) -> bool:
        found = column(values)
        return found[0] != "other" and not (found[0] == "numpy" and found[1].dtype.kind == "V")

    def index(parts: Sequence[Any], cls: Any) -> Any:
        name, frequency, *rest = parts
        if cls is pd.RangeIndex:
            return pd.RangeIndex(*rest, name=name)
        made = cls(array(rest), name=name)
        if frequency is not None:
            made.freq = frequency
        if type(made) is not cls:
            raise BadValue("an index of another kind than it says")
        return made

    def frame(parts: Sequence[Any]) -> Any:
        rows, names, *columns = parts
        if not isinstance(rows, pd.Index) or not isinstance(names, pd.Index):
            raise BadValue("a table without its indexes")
        if not all(type(one) is pd.Series for one in columns) or len(names) != len(columns):
            raise BadValue("a table with other columns than it says")
        if any(len(one) != len(rows) for one in columns):
            raise BadValue("a table with a column that is too short or too long")
        made = pd.DataFrame({number: one.array for number, one in enumerate(columns)}, index=rows)
        made.columns = names
        return made

    def series(parts: Sequence[Any]) -> Any:
        name, rows, *rest = parts
        if not isinstance(rows, pd.Index):
            raise BadValue("a series without its index")
        return pd.Series(array(rest), index=rows, name=name, copy=True)

    def multi(parts: Sequence[Any]) -> Any:
        names, count, *rest = parts
        return pd.MultiIndex(levels=rest[:count], codes=rest[count:], names=names, verify_integrity=True)

    def replace(target: Any, fresh: Any) -> None:
        """What has become of a table that was changed in place."""
        type(target).__init__(target, fresh)

    def plain_rows(value: Any) -> bool:
        return type(value) in by_type and by_type[type(value)].holds(value)

    of_index = Kind(b"4", lambda v: [v.name, None, *column(v.array)], lambda parts: index(parts, pd.Index),
                    holds=lambda v: travels(v.array))  # fmt: skip
    by_type: dict[type, Kind] = {
        pd.DataFrame: Kind(
            b"1",
            lambda v: [v.index, v.columns, *(v.iloc[:, number] for number in range(v.shape[1]))],
            frame,
            lambda target, parts: replace(target, frame(parts)),
            holds=lambda v: plain_rows(v.index)
            and plain_rows(v.columns)
            and all(travels(v.iloc[:, number].array) for number in range(v.shape[1])),
        ),
        pd.Series: Kind(
            b"2",
            lambda v: [v.name, v.index, *column(v.array)],
            series,
            lambda target, parts: replace(target, series(parts)),
            holds=lambda v: plain_rows(v.index) and travels(v.array),
        ),
        pd.RangeIndex: Kind(b"3", lambda v: [v.name, None, v.start, v.stop, v.step], lambda p: index(p, pd.RangeIndex)),
        pd.Index: of_index,
        pd.CategoricalIndex: Kind(
            b"@", of_index.parts, lambda p: index(p, pd.CategoricalIndex), holds=of_index.holds
        ),
        pd.DatetimeIndex: Kind(
            b"8",
            lambda v: [v.name, v.freqstr, *column(v.array)],
            lambda p: index(p, pd.DatetimeIndex),
            holds=of_index.holds,
        ),
        pd.TimedeltaIndex: Kind(
            b"9",
            lambda v: [v.name, v.freqstr, *column(v.array)],
            lambda p: index(p, pd.TimedeltaIndex),
            holds=of_index.holds,
        ),
        pd.MultiIndex: Kind(
            b"5",
            lambda v: [tuple(v.names), v.nlevels, *v.levels, *(np.array(codes) for codes in v.codes)],
            multi,
            holds=lambda v: all(plain_rows(level) for level in v.levels),
        ),
        pd.Timestamp: Kind(
            b"6",
            lambda v: [v.tz_localize(None).to_datetime64() if v.tz is None else v.tz_convert(None).to_datetime64(),
                       None if v.tz is None else str(v.tz)],
            lambda p: pd.Timestamp(p[0]) if p[1] is None else pd.Timestamp(p[0]).tz_localize("UTC").tz_convert(p[1]),
        ),
        pd.Timedelta: Kind(b"7", lambda v: [v.to_timedelta64()], lambda p: pd.Timedelta(p[0])),
        type(pd.NaT): Kind(b"!", lambda v: [], lambda p: pd.NaT),
        type(pd.NA): Kind(b"?", lambda v: [], lambda p: pd.NA),
    }  # fmt: skip
    return by_type, {kind.tag: kind for kind in by_type.values()}


def has_gaps(one: Any) -> bool:
    """Whether values are missing in a way that compares with everything: numpy's masks, pandas's NA."""
    if isinstance(one, np.ma.MaskedArray):
        return bool(np.ma.is_masked(one))
    if "pandas" not in sys.modules or not str(type(one).__module__).startswith("pandas"):
        return False
    pd = sys.modules["pandas"]
    na = getattr(getattr(one, "dtype", None), "na_value", None)
    return one is pd.NA or (na is pd.NA and bool(pd.isna(one).any()))


def kinds_of(one: type) -> Sequence[Kind]:
    """The kind of a type of pandas's, if it is one."""
    if "pandas" not in sys.modules or not str(one.__module__).startswith("pandas"):
        return ()
    found = _kinds()[0].get(one)
    return () if found is None else (found,)


def of_tag(tag: bytes) -> Kind | None:
    """The kind that a node's tag says; None where pandas has none, or is not there."""
    if tag not in TAGS or importlib.util.find_spec("pandas") is None:
        return None
    return _kinds()[1][tag]
