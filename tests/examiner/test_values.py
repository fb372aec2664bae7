"""guest/travel: a value that has travelled is the value that it was, and bytes that are none are refused."""

import collections
import datetime
import decimal
import enum
import fractions
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from travel import wire
from travel.kinds import BadValue, CannotTravel
from travel.wire import Wire

Point = collections.namedtuple("Point", "x y")
PLAIN = Wire()


def there(value: Any) -> Any:
    """The value after its journey."""
    data, sent = PLAIN.write(value)
    found, received = PLAIN.read(data)
    assert [type(one) for one in sent] == [type(one) for one in received]
    return found


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same to the last bit, types included."""
    if type(one).__name__ != type(other).__name__:
        return False
    if isinstance(one, float):
        return type(one) is type(other) and np.float64(one).tobytes() == np.float64(other).tobytes()
    if isinstance(one, complex):
        return same(one.real, other.real) and same(one.imag, other.imag)
    if isinstance(one, np.ma.MaskedArray):
        return same(np.array(one.data), np.array(other.data)) and same(np.array(one.mask), np.array(other.mask))
    if isinstance(one, np.ndarray) and one.dtype.kind != "O":
        like = one.dtype == other.dtype and one.shape == other.shape and one.flags.writeable == other.flags.writeable
        return like and one.tobytes() == other.tobytes() and one.flags.f_contiguous == other.flags.f_contiguous
    if isinstance(one, np.ndarray):
        return one.shape == other.shape and same(one.ravel().tolist(), other.ravel().tolist())
    if isinstance(one, np.generic):
        return one.dtype == other.dtype and one.tobytes() == other.tobytes()
    if isinstance(one, dict):
        return same(list(one.items()), list(other.items()))
    if isinstance(one, list | tuple | collections.deque):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, set | frozenset):  # which have no order
        return one == other and sorted(map(repr, one)) == sorted(map(repr, other))
    if isinstance(one, decimal.Decimal):
        return one.as_tuple() == other.as_tuple()
    return bool(one == other) and repr(one) == repr(other)


WHOLE = st.integers() | st.integers(-(2**400), 2**400)
LEAVES = (
    st.none()
    | st.booleans()
    | WHOLE
    | st.floats()
    | st.complex_numbers()
    | st.text()
    | st.text(st.characters())
    | st.binary()
    | st.dates()
    | st.datetimes(timezones=st.sampled_from([None, datetime.UTC, datetime.timezone(datetime.timedelta(hours=7), "x")]))
    | st.times()
    | st.timedeltas()
    | st.fractions()
    | st.decimals()
    | st.builds(range, st.integers(), st.integers(), st.integers(1))
    | st.builds(slice, st.none() | WHOLE, st.none() | WHOLE, st.none() | WHOLE)
    | st.sampled_from([int, float, str, list, np.float32, np.int64, type(None), ...])
)
DTYPES = (
    hnp.scalar_dtypes() | hnp.byte_string_dtypes(min_len=1, max_len=5) | hnp.unicode_string_dtypes(min_len=1, max_len=5)
)
ARRAYS = hnp.arrays(DTYPES, hnp.array_shapes(min_dims=0, min_side=0, max_dims=4, max_side=3))
KEYS = st.none() | st.booleans() | WHOLE | st.text() | st.binary() | st.tuples(st.integers(), st.text())
VALUES = st.recursive(
    LEAVES | ARRAYS | ARRAYS.map(lambda array: array[()] if array.ndim == 0 else array),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(KEYS, inner)
        | st.dictionaries(KEYS, inner).map(collections.OrderedDict)
        | st.dictionaries(KEYS, st.integers()).map(collections.Counter)
        | st.frozensets(KEYS)
        | st.sets(KEYS)
        | st.builds(Point, inner, inner)
        | st.lists(inner, max_size=4).map(lambda some: collections.deque(some, maxlen=5))
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(VALUES)
def test_a_value_that_has_travelled_is_the_same(value: Any) -> None:
    assert same(there(value), value)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60) | VALUES.map(lambda value: PLAIN.write(value)[0]), st.data())
def test_bytes_that_are_no_value_are_refused_and_nothing_else_happens(data: bytes, draw: st.DataObject) -> None:
    if data:
        at = draw.draw(st.integers(0, len(data) - 1))
        data = data[:at] + bytes([draw.draw(st.integers(0, 255))]) + data[at + 1 :]
    try:
        PLAIN.read(data)
    except BadValue as refused:
        assert str(refused)


@pytest.mark.parametrize(
    "array",
    [
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(12).reshape(3, 4)[:, ::2],
        np.array([1, "a", None, [2]], object),
        np.longdouble(1) / 3,
        np.array(["2020-01-01", "NaT"], "M8[D]"),
        np.ma.array([1.0, 2.0, 3.0], mask=[False, True, False], fill_value=-1.0),
        np.ma.array([1, 2]),
    ],
    ids=lambda array: f"{type(array).__name__}-{array.dtype}",
)
def test_an_array_keeps_type_shape_order_and_bits(array: Any) -> None:
    found = there(array)
    if isinstance(array, np.ndarray) and not array.flags.forc:
        array = array.copy()
    assert same(found, array)


def test_a_masked_value_is_the_masked_one_and_an_array_that_cannot_be_written_stays_so() -> None:
    array = np.arange(3)
    array.flags.writeable = False
    assert there(np.ma.masked) is np.ma.masked
    assert not there(array).flags.writeable
    masked = there(np.ma.array([1, 2], fill_value=7))
    assert masked.fill_value == 7 and masked.mask is np.ma.nomask


def test_what_stands_twice_is_one_and_what_holds_itself_does() -> None:
    row: list[Any] = [0]
    grid = there([row, row])
    assert grid[0] is grid[1]
    knot: list[Any] = []
    knot += [knot, (knot, {"self": knot})]
    found = there(knot)
    assert found[0] is found and found[1][0] is found and found[1][1]["self"] is found
    cells = np.empty(1, object)
    cells[0] = cells
    found = there(cells)
    assert found[0] is found


def test_depth_is_no_end() -> None:
    lists: Any = []
    tuples: Any = ()
    for _ in range(50_000):
        lists, tuples = [lists], (tuples,)
    there([lists, tuples])


def test_a_default_dict_comes_without_its_factory() -> None:
    found = there(collections.defaultdict(list, a=[1]))
    assert type(found) is collections.defaultdict and found.default_factory is None and found == {"a": [1]}


SERIES = [
    pd.Series([1, 2, 3], name="a"),
    pd.Series(["a", None], index=["x", "y"]),
    pd.Series([1, None], dtype="Int64"),
    pd.Series([True, None], dtype="boolean"),
    pd.Series([1.5, None], dtype="Float64"),
    pd.Series(["a", "b", "a"], dtype="category"),
    pd.Series(["a", None], dtype="string"),
    pd.Series(pd.date_range("2020", periods=3, tz="Asia/Bangkok")),
    pd.Series(pd.to_timedelta([1, 2], "s")),
    pd.Series([1, "a", [1]], dtype=object),
    pd.Series([], dtype=float),
]
FRAMES = [
    pd.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": [1.5, float("nan")]}),
    pd.DataFrame(),
    pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"]),
    pd.DataFrame({"a": [1]}, index=pd.date_range("2020", periods=1, freq="D")),
    pd.DataFrame({"a": [1, 1, 2], "b": [1, 2, 3]}).groupby("a").agg(["sum", "mean"]),
    pd.DataFrame({"k": ["x", "y"], "n": [1, 2]}).set_index(["k", "n"], drop=False),
]


@pytest.mark.parametrize("series", SERIES, ids=lambda one: str(one.dtype))
def test_a_series_is_the_same(series: Any) -> None:
    pd.testing.assert_series_equal(there(series), series)


@pytest.mark.parametrize("frame", FRAMES)
def test_a_table_is_the_same(frame: Any) -> None:
    pd.testing.assert_frame_equal(there(frame), frame, check_freq=True)


@pytest.mark.parametrize(
    "one",
    [pd.Timestamp("2020-05-01 10:00"), pd.Timestamp("2020", tz="Asia/Bangkok"), pd.Timedelta("3h"), pd.NaT, pd.NA],
)
def test_a_single_value_of_pandas_is_the_same(one: Any) -> None:
    assert repr(there(one)) == repr(one)


# ---- what both sides have, by name --------------------------------------------------------------


class Colour(enum.Enum):
    RED = 1


class Node:
    def __init__(self, value: int, after: "Node | None" = None) -> None:
        self.value, self.after = value, after


class Slotted:
    __slots__ = ("a",)


CLASSES = {one.__name__: one for one in (Colour, Node, Point, Slotted)}


def test_instances_of_the_notebooks_own_classes_travel_by_the_name_of_their_class() -> None:
    wire = Wire(classes=CLASSES)
    ring = Node(1, Node(2))
    assert ring.after is not None
    ring.after.after = ring
    found, _ = wire.read(wire.write((ring, Colour.RED, Point(1, 2), Node))[0])
    assert type(found[0]) is Node and found[0].after.after is found[0] and found[0].after.value == 2
    assert found[1] is Colour.RED and type(found[2]) is Point and found[3] is Node


def test_of_a_class_that_this_side_has_not_nothing_comes() -> None:
    data, _ = Wire(classes=CLASSES).write(Node(1))
    with pytest.raises(BadValue, match="no class 'Node'"):
        PLAIN.read(data)
    other = Wire(classes={"Node": Slotted})
    with pytest.raises(BadValue, match="a class that does not travel"):
        other.read(data)


def test_a_named_tuple_of_an_unknown_class_is_a_tuple_with_the_same_names() -> None:
    found = there(Point(1, [2]))
    assert type(found).__name__ == "Point" and found.y == [2] and type(found) is type(there(Point(3, 4)))


class Liar(list):  # type: ignore[type-arg]
    def __eq__(self, other: object) -> bool:
        return True


@pytest.mark.parametrize("value", [Liar(), object(), len, lambda: 0, Node(1), Slotted(), np.dtype("i4"), print])
def test_an_instance_of_any_other_class_does_not_travel_as_a_value(value: Any) -> None:
    with pytest.raises(CannotTravel, match="does not travel"):
        PLAIN.write([value])


def test_what_does_not_travel_is_handed_over_and_met() -> None:
    told: list[Any] = []
    sender = Wire(hand_over=lambda value: ["a function", value.__name__, [1]])
    receiver = Wire(meet=lambda parts: told.append(parts) or "met")
    found, _ = receiver.read(sender.write([len, len])[0])
    assert found == ["met", "met"] and told == [["a function", "len", [1]]]
    with pytest.raises(BadValue, match="where none is taken"):
        PLAIN.read(sender.write(len)[0])


def test_an_object_that_both_sides_know_is_referred_to() -> None:
    mine, yours = [1], [1]
    data, _ = PLAIN.write([mine, [1]], known=[mine])
    found, _ = PLAIN.read(data, known=[yours])
    assert found[0] is yours and found[1] is not yours
    with pytest.raises(BadValue, match="nothing known"):
        PLAIN.read(data)


# ---- changes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([1], [2, 3]),
        ({"a": 1}, {"b": 2}),
        ({1}, {2}),
        (collections.deque([1]), collections.deque([2])),
        (bytearray(b"a"), bytearray(b"bc")),
        (np.zeros(2), np.ones(2)),
        (np.array([None, 1], object), np.array([2, [3]], object)),
        (np.ma.array([1, 2]), np.ma.array([1, 3], mask=[True, False])),
    ],
    ids=lambda one: type(one).__name__,
)
def test_an_object_takes_the_changes_of_another_of_its_type(before: Any, after: Any) -> None:
    PLAIN.change(before, PLAIN.copy(after))
    assert same(before, after)


def test_a_table_takes_the_changes_of_another() -> None:
    table = pd.DataFrame({"a": [1]})
    PLAIN.change(table, pd.DataFrame({"a": [1], "b": ["x"]}))
    assert list(table.columns) == ["a", "b"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([1], (1,)),
        (np.zeros(2), np.zeros(3)),
        (np.zeros(2), np.zeros(2, int)),
        (np.zeros(2), [0.0, 0.0]),
        ((1,), (2,)),
        (np.array([1, None], object), np.array([1], object)),
        (np.ma.array([1, 2]), np.ma.masked),
    ],
    ids=str,
)
def test_changes_of_another_type_or_shape_are_refused(before: Any, after: Any) -> None:
    with pytest.raises(BadValue, match="came back"):
        PLAIN.change(before, after)


# ---- bounds -------------------------------------------------------------------------------------


def put(*parts: bytes) -> bytes:
    return b"".join(parts)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "end too early"),
        (put(b"\x00", b"N", b"N"), "left over"),
        (put(b"\xff\xff\xff\x7f", b"N"), "more than there can be"),
        (put(b"\x80" * 12, b"N"), "too long"),
        (put(b"\x00", b"s", b"\xff\xff\xff\x7f"), "more than there can be"),
        (put(b"\x00", b"r\x00"), "no node"),
        (put(b"\x01", b"T\x01", b"r\x00", b"r\x00"), "cannot hold itself"),
        (put(b"\x01", b"l\x01", b"r\x05", b"r\x00"), "KeyError: 5"),
        (put(b"\x00", b"?"), "no value begins"),
        (put(b"\x01", b"W\x00", b"r\x00"), "no value begins"),
        (put(b"\x00", b"t\x08", b"os.system"[:8]), "KeyError"),
        (put(b"\x01", b"m\x01", b"N", b"r\x00"), "ValueError"),
        (put(b"\x01", b"S\x01", b"r\x00", b"r\x00"), "unhashable"),
    ],
)
def test_bytes_are_refused_with_a_reason(data: bytes, why: str) -> None:
    with pytest.raises(BadValue, match=why):
        PLAIN.read(data)


def array(*parts: Any) -> bytes:
    """A node with the tag of arrays, and parts that no array has."""
    data, _ = PLAIN.write(tuple(parts))
    return data.replace(b"T", b"a", 1)


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        (("<f8", "C", True, b"\0" * 8, 2), "longer or shorter"),
        (("<f8", "C", True, b"", 1 << 41, 0), "no size"),
        (("<f8", "C", True, b"", -1, 0), "no size"),
        (("<f8", "C", True, b"", *[0] * 33), "no size"),
        (("|O", "C", True, b"\0" * 8, 1), "no plain type"),
        (("V8", "C", True, b"\0" * 8, 1), "no plain type"),
        (("<U1", "C", True, b"\xff" * 4, 1), "has not"),
        (("|b1", "C", True, b"\x02", 1), "has not"),
        (("<U0", "C", True, b"", 1), "longer or shorter"),
    ],
)
def test_an_array_that_is_none_is_refused_before_it_is_made(parts: Any, why: str) -> None:
    with pytest.raises(BadValue, match=why):
        PLAIN.read(array(*parts))


@pytest.mark.parametrize(
    "value",
    ["x" * (wire.MAX_BYTES + 1), [b"x" * (wire.MAX_BYTES // 2)] * 3, 1 << (wire.MAX_BYTES * 8 + 8)],
    ids=["text", "parts", "number"],
)
def test_what_is_too_large_does_not_travel(value: Any) -> None:
    with pytest.raises(CannotTravel, match="more than 32 MiB"):
        PLAIN.write(value)


def test_what_are_too_many_objects_do_not_travel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_NODES", 100)
    with pytest.raises(CannotTravel, match="more than 100 objects"):
        PLAIN.write([[] for _ in range(101)])
    monkeypatch.setattr(wire, "MAX_BYTES", 10)
    with pytest.raises(BadValue, match="more bytes"):
        PLAIN.read(b"\0" * 21)


def test_numbers_of_any_size_are_exact() -> None:
    for value in (0, -1, 127, 128, -128, -129, 1 << 64, -(10**300), decimal.Decimal("1E-30"), fractions.Fraction(1, 3)):
        assert same(there(value), value)
    assert math.copysign(1, there(-0.0)) == -1


@pytest.mark.parametrize("kind", [np.random.PCG64, np.random.PCG64DXSM])
def test_a_generator_draws_on_where_it_was_and_comes_back_changed(kind: Any) -> None:
    sent = np.random.Generator(kind(3))
    sent.integers(9, dtype=np.uint32)  # one half of a draw is left
    found = there(sent)
    assert found.integers(9, size=5, dtype=np.uint32).tolist() == sent.integers(9, size=5, dtype=np.uint32).tolist()
    found.normal()
    PLAIN.change(sent, found)
    assert sent.normal() == found.normal()


def test_a_generator_whose_state_cannot_be_believed_is_no_value() -> None:
    with pytest.raises(CannotTravel):
        PLAIN.write(np.random.Generator(np.random.MT19937(1)))
    data = PLAIN.write(np.random.default_rng(1))[0]
    for other in (b"MT199", b"NoOne"):
        with pytest.raises(BadValue, match="state"):
            PLAIN.read(data.replace(b"PCG64", other))
