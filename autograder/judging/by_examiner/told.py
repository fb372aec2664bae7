"""In the examiner: what a failing test tells. Its text runs there; it imports nothing of the kit."""

import reprlib
from collections.abc import Callable
from typing import Any

TOKEN = ""  # a word of this submission's, which no student's code can know: prepared.py
_short = reprlib.Repr()
_short.maxstring = _short.maxother = _short.maxlong = 120
_short.maxlist = _short.maxtuple = _short.maxdict = _short.maxset = 10


def sides(said: object, form: str, *values: Any) -> str:
    """The message of a failing assert: the author's own, and the values that it compared."""
    if form == "{}" and type(values[0]).__name__ in ("bool", "bool_"):
        return "" if said is None else str(said)  # that it is false is known
    told = form.format(*map(_shown, values))
    return f"{said} ({told})" if said is not None else told


def _shown(value: Any) -> str:
    if type(type(value)).__name__ == "RemoteClass":  # to show it, the student's code would be asked once more
        return f"<an object of class {type.__getattribute__(type(value), '__name__')}>"
    try:
        return " ".join(_short.repr(value).split())
    except Exception:  # a number of too many digits, say
        return f"<a value of {type(value).__name__}>"


def parts(*tests: Callable[[], object]) -> None:
    """Call a cell's test functions, each whatever the others do. The first error comes out, with the names of all."""
    failed: dict[str, Exception] = {}
    for test in tests:
        try:
            test()
        except Exception as error:
            failed[test.__name__] = error
    for first in failed.values():
        vars(first)["facts"] = {"failed": " ".join([TOKEN, *failed])}
        raise first
