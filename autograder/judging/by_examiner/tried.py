"""In the examiner: what the call of an example gives, as text. It runs there; it imports nothing of the kit."""

import ast
import random
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np
from testing_tools import close  # type: ignore[import-not-found]  # laid beside this text: prepared.py

DIGITS = 8  # of a number that is shown: more than `close` may leave apart
LONGEST = 200  # characters
TRIES = (0, 1)  # seeds: an answer that draws is not the same twice


class _Gives(Exception):
    """Comes out with what a call gave. A student's error never does: it is caught where the call is made."""

    def __init__(self, **facts: str) -> None:
        super().__init__()
        self.facts = facts


def right(call: Callable[[], Any]) -> NoReturn:
    """Raise what the source's own answer gives, to be read again by Python; or why it can be held against nothing."""
    found = []
    for seed in TRIES:
        _seed(seed)
        try:
            value = call()
        except Exception as error:
            raise _Gives(why=_said(error)) from None
        try:
            found.append(_written(value, 0))
            ast.literal_eval(found[-1])
        except Exception:
            raise _Gives(why=f"a value of {type.__getattribute__(type(value), '__name__')} that is not plain") from None
    if found[0] != found[1]:
        raise _Gives(why=f"{_cut(found[0])}, and then {_cut(found[1])}")
    if len(found[0]) > LONGEST:
        raise _Gives(why=f"a text of {len(found[0])} characters")
    raise _Gives(gives=found[0], shown=_written(ast.literal_eval(found[0]), DIGITS))


def compare(call: Callable[[], Any], expected: str, seed: int) -> None:
    """Raise what a student's answer gives, where that is something else. Of what is no plain value nothing is said."""
    _seed(seed)
    try:
        value = call()
    except NotImplementedError:
        return
    except Exception as error:
        raise _Gives(shown=_said(error)) from None
    try:
        found, shown = _written(value, 0), _cut(_written(value, DIGITS))
    except Exception:  # an object, or more than can be written
        return
    if not _same(found, ast.literal_eval(expected)):
        raise _Gives(shown=shown)


def _same(found: str, expected: Any) -> bool:
    """Whether two values are the same but for rounding, and for what Python and numpy call a list or a number."""
    try:
        value = ast.literal_eval(found)
        return bool(value == expected) or close(value, expected)
    except Exception:  # nan, which is not expected; a list that has no shape, where a number is
        return False


def _seed(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)


def _said(error: Exception) -> str:
    """An error as Python says it."""
    text = str(error).rstrip(" .")
    return _cut(f"{type(error).__name__}: {text}" if text else type(error).__name__)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _written(value: Any, digits: int) -> str:
    """A plain value as Python writes it, sets in an order. digits: of a number, 0 for all. TypeError: it is not plain.

    Asks nothing of an object: what stands for one of the student's is not looked at.
    """
    kind = type(value)
    if issubclass(kind, (np.ndarray, np.generic)):
        return _written(value.tolist(), digits)
    if issubclass(kind, dict):
        return f"{{{', '.join(f'{_written(key, digits)}: {_written(one, digits)}' for key, one in value.items())}}}"
    if issubclass(kind, (list, tuple, set, frozenset)):
        items = [_written(one, digits) for one in value]
        if issubclass(kind, list):
            return f"[{', '.join(items)}]"
        if issubclass(kind, tuple):
            return f"({', '.join(items)}{',' * (len(items) == 1)})"
        return f"{{{', '.join(sorted(items))}}}" if items else "set()"
    if digits and kind in (float, complex):
        return repr(kind(f"{value:.{digits}g}"))
    if value is None or kind in (bool, int, float, complex, str, bytes):
        return repr(value)
    raise TypeError(kind)
