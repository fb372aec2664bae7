"""guest/travel/short.py: what goes in a short letter arrives to the last bit; bytes that are none are refused."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from travel import short
from travel.kinds import BadValue

from tests.examiner.test_values import same

plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(), max_size=9)
arrays = hnp.arrays(
    hnp.boolean_dtypes() | hnp.integer_dtypes() | hnp.floating_dtypes() | hnp.unicode_string_dtypes(max_len=3),
    hnp.array_shapes(min_dims=0, max_side=3),
)
values = plain | st.lists(plain, max_size=4) | st.lists(plain, max_size=4).map(tuple) | arrays


@settings(max_examples=200, deadline=None)
@given(st.lists(values, max_size=3))
def test_arguments_arrive_as_they_were(args: list[Any]) -> None:
    data = short.call(3, args)
    assert data is not None
    number, found = short.called(data)
    assert number == 3 and same(found, args)
    assert [id(one) for one in short.known(found)] == [id(one) for one in found if type(one) in (list, np.ndarray)]


@pytest.mark.parametrize(
    "value",
    [
        -0.0,
        float("-inf"),
        10**300,
        "\ud83d\ude00",  # two halves, which are not one character
        "\x00'\"\\ ไทย",
        [True, 1, 1.0],
        (),
        np.float32(0.1),
        np.int8(-3),
        np.bool_(True),
        np.complex64(1 - 2j),
        np.datetime64("2026-11-27"),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.array(5),
        np.zeros((0, 3)),
        np.array([b"a", b"bc"]),
    ],
    ids=repr,
)
def test_an_answer_arrives_as_it_was(value: Any) -> None:
    data = short.answer(value)
    assert data is not None
    assert same(short.answered(data), value)


def test_an_array_that_cannot_be_written_to_stays_so() -> None:
    locked = np.arange(3)
    locked.flags.writeable = False
    assert same(short.answered(short.answer(locked) or b""), locked)


class Number(int):
    """Not a plain one."""


@pytest.mark.parametrize(
    "value",
    [
        Number(3),
        [Number(3)],
        [[1]],
        {"a": 1},
        {1},
        10**5000,
        float("nan"),
        [float("nan")],
        "x" * short.MOST,
        list(range(short.MOST)),
        np.zeros(short.MOST),
        np.ma.masked_array([1, 2]),
        np.array([object()]),
        np.str_("a"),
        b"a",
        1j,
        print,
    ],
    ids=lambda value: type(value).__name__,
)
def test_everything_else_takes_the_long_way(value: Any) -> None:
    assert short.answer(value) is None and short.call(0, [value]) is None


def test_the_same_object_twice_takes_the_long_way() -> None:
    one = [1]
    assert short.call(0, [one, one]) is None and short.call(0, [one, [1]]) is not None


def test_what_has_changed_within_is_seen() -> None:
    for before, after in (([1], [True]), ([1], [1.0]), ([0.0], [-0.0]), ([], [[]])):
        assert short.held(before) != short.held(after)
    array = np.zeros(2)
    held = short.held(array)
    array[0] = 1e-300
    assert short.held(array) != held


def bad(*parts: Any) -> bytes:
    return json.dumps(parts).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"{}",
        b"3",
        b"[",
        b"[" * 10_000 + b"]" * 10_000,
        b"[1" + b"0" * 5000 + b"]",
        bad(),
        bad(1, 2),
        bad({}),
        bad([]),
        bad([[1]]),
        bad(["set", 1]),
        bad([1, 2]),
        bad(["list", [1]]),
        bad(["tuple", {}]),
        bad(["number", "<f8", "1234567"]),
        bad(["number", "O", "12345678"]),
        bad(["number", "<f8"]),
        bad(["number", 8, "12345678"]),
        bad(["number", "<f8", "ไทย45678"]),
        bad(["array", "<f8", "C", True, "12345678", 2]),
        bad(["array", "<f8", "C", True, "12345678", -1]),
        bad(["array", "<f8", "C", True, "12345678", 1.0]),
        bad(["array", "<f8", "C", True, "", 1 << 62, 0]),
        bad(["array", "|b1", "C", True, "\x02", 1]),
        bad(["array", "O", "C", True, "12345678", 1]),
        bad(["array", "<f8"]),
        b"[" + b" " * short.MOST + b"1]",
    ],
)
def test_bytes_that_are_no_answer_are_refused(data: bytes) -> None:
    with pytest.raises(BadValue):
        short.answered(data)


@pytest.mark.parametrize(
    "data", [b"", b"3", bad(3), bad(["list", 1]), bad(["list", "f", 1, "f"]), bad(["tuple", *"abcd"])]
)
def test_bytes_that_are_no_names_are_refused(data: bytes) -> None:
    with pytest.raises(BadValue):
        short.named(data)


def test_functions_are_told_by_name() -> None:
    data = short.names([["f", 0, "f", None, "x", "y"], ["g", 1, "h", "Says so.", "z"]])
    assert short.named(data or b"") == {"f": [0, "f", None, "x", "y"], "g": [1, "h", "Says so.", "z"]}
