"""In the examiner: what a failing test tells. Its text runs there; it imports nothing of the kit."""

import reprlib
from typing import Any

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
