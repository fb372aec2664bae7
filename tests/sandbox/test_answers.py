"""answers.py: what comes out of the sandbox is hostile bytes. Anything but a plain frame is a BadFrame."""

import json
import struct
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.sandbox import answers
from autograder.sandbox.answers import MAX_ARRAYS, MAX_BODY, MAX_HEADER, Answers, BadFrame, Error
from autograder.sandbox.guest import frames, namespace


def header(*arrays: object, **more: object) -> bytes:
    return json.dumps({"arrays": list(arrays), **more}).encode()


def test_a_frame_comes_back_as_it_was_sent() -> None:
    sent = {"a": np.arange(6.0).reshape(2, 3), "number": np.array(3.5), "none": np.zeros((0, 4))}
    frame = answers.encode({"given": True}, sent)
    head, body = answers.sizes(frame[:8])
    said, arrays = answers.decode(frame[8 : 8 + head], frame[8 + head :])
    assert said == {"given": True}
    assert len(frame) == 8 + head + body
    assert {name: (a.shape, a.tolist()) for name, a in arrays.items()} == {
        name: (a.shape, a.tolist()) for name, a in sent.items()
    }


def test_every_bit_pattern_of_a_float_comes_through() -> None:
    frame = answers.encode({}, {"odd": np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324])})
    head, _ = answers.sizes(frame[:8])
    _, arrays = answers.decode(frame[8 : 8 + head], frame[8 + head :])
    assert np.array_equal(arrays["odd"], [np.nan, np.inf, -np.inf, -0.0, 5e-324], equal_nan=True)


@pytest.mark.parametrize("key", ["z" * 500, "bell \a", "\ud800", {"x" * 200: {"y" * 200: 1.0}}])
def test_whatever_a_students_entries_are_called_the_frame_is_read(key: Any) -> None:
    value = key if isinstance(key, dict) else {key: 1.0}
    frame = frames.encode({}, namespace.plain("0/grads", {**value, "W1": 2.0}))
    _, arrays = answers.whole(frame)
    assert arrays["0/grads.W1"] == 2 and len(arrays) == 2


BAD = {
    "not JSON": (b"{", b""),
    "not UTF-8": (b"\xff\xfe\x00{", b""),
    "nested too deep": (b"[" * 100_000, b""),
    "a number too long": (b"1" * 100_000, b""),
    "a list": (b"[]", b""),
    "no arrays": (b"{}", b""),
    "arrays no list": (b'{"arrays": {}}', b""),
    "too many arrays": (header(*[["a", "<f8", [0]]] * (MAX_ARRAYS + 1)), b""),
    "an array of two values": (header(["a", "<f8"]), b""),
    "an array that is text": (header("abc"), b""),
    "a name that is a number": (header([1, "<f8", [0]]), b""),
    "a name that is too long": (header(["a" * 500, "<f8", [0]]), b""),
    "an object dtype": (header(["a", "|O", [1]]), bytes(8)),
    "another dtype": (header(["a", "<f4", [2]]), bytes(8)),
    "a dtype that is a list": (header(["a", ["<f8"], [1]]), bytes(8)),
    "a shape that is a number": (header(["a", "<f8", 1]), bytes(8)),
    "a shape that is text": (header(["a", "<f8", "1"]), bytes(8)),
    "too many dimensions": (header(["a", "<f8", [1] * 9]), bytes(8)),
    "a negative size": (header(["a", "<f8", [-1]]), bytes(8)),
    "two negative sizes": (header(["a", "<f8", [-1, -1]]), bytes(8)),
    "a fractional size": (header(["a", "<f8", [1.0]]), bytes(8)),
    "a true size": (header(["a", "<f8", [True]]), bytes(8)),
    "a size of null": (header(["a", "<f8", [None]]), bytes(8)),
    "a size over the body": (header(["a", "<f8", [2]]), bytes(8)),
    "a huge size": (header(["a", "<f8", [MAX_BODY]]), bytes(8)),
    "a huge product": (header(["a", "<f8", [MAX_BODY] * 8]), bytes(8)),
    "a size over the bound": (header(["a", "<f8", [2**70]]), bytes(8)),
    "bytes left over": (header(["a", "<f8", [1]]), bytes(16)),
    "half a number": (header(["a", "<f8", [1]]), bytes(12)),
    "a body without arrays": (header(), bytes(8)),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_malformed_frame_is_a_bad_frame_and_costs_no_memory(kind: str) -> None:
    text, body = BAD[kind]
    tracemalloc.start()
    try:
        with pytest.raises(BadFrame):
            answers.decode(text, body)
        assert tracemalloc.get_traced_memory()[1] < 20 * len(text) + (4 << 20)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("start", [(MAX_HEADER + 1, 0), (0, MAX_BODY + 1), (2**32 - 1, 2**32 - 1)])
def test_a_frame_over_the_bound_is_refused_before_it_is_read(start: tuple[int, int]) -> None:
    with pytest.raises(BadFrame, match="over the bound"):
        answers.sizes(struct.pack("<II", *start))


def test_a_zero_beside_huge_sizes_holds_nothing() -> None:
    _, arrays = answers.decode(header(["a", "<f8", [0, 1000, 1000]]), b"")
    assert arrays["a"].size == 0


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=64))
def test_any_bytes_are_a_frame_or_a_bad_frame(text: bytes, body: bytes) -> None:
    try:
        _, arrays = answers.decode(text, body)
    except BadFrame:
        return
    assert sum(a.nbytes for a in arrays.values()) == len(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(JSON, JSON)
def test_any_json_is_a_frame_or_a_bad_frame(layout: object, errors: object) -> None:
    text = json.dumps({"arrays": layout, "errors": errors, "class_is_given": errors}).encode()
    try:
        head, arrays = answers.decode(text, bytes(8))
    except BadFrame:
        head, arrays = {"errors": errors, "class_is_given": errors}, {}
    found = answers.answers_from(head, arrays)
    assert isinstance(found.class_is_given, bool)
    assert all(isinstance(error, Error) for error in found.errors.values())


def test_an_error_is_cut_and_holds_no_control_characters() -> None:
    found = answers.error_from(
        {"type": "ValueError", "text": "\x1b[31mred\x07\udc80" + "x" * 5000, "line": 3, "cell": []}
    )
    assert found is not None
    assert len(found.text) <= answers.MAX_TEXT
    assert found.text.isprintable()
    assert "\x1b" not in str(found)
    found.text.encode("utf-8")


@pytest.mark.parametrize("value", [None, 3, "text", [], True])
def test_an_error_that_is_no_object_is_none(value: object) -> None:
    assert answers.error_from(value) is None


def test_given_must_be_true_itself() -> None:
    assert answers.answers_from({"class_is_given": True}, {}).class_is_given
    assert not answers.answers_from({"class_is_given": 1}, {}).class_is_given
    assert not answers.answers_from({"class_is_given": "true"}, {}).class_is_given


def test_answers_are_found_by_case_and_name() -> None:
    found = Answers({"0/scores": np.zeros(2), "1/grads.W1": np.ones(3)}, {"0/own": Error("ValueError", "no")})
    assert found.get(0, "scores") is not None
    assert found.get(1, "scores") is None
    assert set(found.group(1, "grads")) == {"W1"}
    assert str(found.error(0, "own")) == "ValueError: no"


def test_the_guest_and_the_host_speak_the_same_frames(repo: object) -> None:
    from autograder.sandbox.guest import frames

    sent = {"x": np.arange(4.0), "labels": np.arange(3), "bytes": np.arange(5, dtype=np.uint8)}
    frame = answers.encode({"do": "probe"}, sent)
    head, _ = answers.sizes(frame[:8])
    said, arrays = frames.decode(frame[8 : 8 + head], frame[8 + head :])
    assert said == {"do": "probe"}
    assert {n: (a.dtype.str, a.tolist()) for n, a in arrays.items()} == {
        n: (a.dtype.str, a.tolist()) for n, a in sent.items()
    }
    back = frames.encode({"class_is_given": True}, {"scores": np.ones((2, 2))})
    head, _ = answers.sizes(back[:8])
    assert answers.decode(back[8 : 8 + head], back[8 + head :])[1]["scores"].shape == (2, 2)
