"""The figures that a test looks for with pyplot: where it has drawn none of its own, the student's are meant."""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from stand_ins import stands_for_something

DRAWING = "matplotlib.pyplot"
CURRENT = ("gca", "gcf")  # what they give is the student's
ON_BOTH_SIDES = ("figure", "close", "clf", "cla")  # so that the student's code draws on a fresh one as well
PLAIN = ("num", "figsize", "dpi", "clear")  # of what they take, what the other side can have
Ask = Callable[..., Any]


def follow(names: Mapping[str, Any], asking: Callable[[], Ask | None]) -> None:
    """Have pyplot, where it is loaded, follow what the author's cells call. names: of these cells.

    asking: whom the cell asks; None where it asks nobody. What libraries call stays on this side: an expected figure
    is never drawn by the student's process.
    """
    drawing = sys.modules.get(DRAWING)
    if drawing is None or hasattr(drawing.gca, "__wrapped__"):
        return
    for name in (*CURRENT, *ON_BOTH_SIDES):
        setattr(drawing, name, _followed(drawing, name, names, asking))


def _followed(drawing: Any, name: str, names: Mapping[str, Any], asking: Callable[[], Ask | None]) -> Any:
    own, figure = getattr(drawing, name), drawing.gcf

    def following(*args: Any, **named: Any) -> Any:
        ask = asking()
        if ask is None or sys._getframe(1).f_globals is not names:
            return own(*args, **named)
        if name in ON_BOTH_SIDES:
            which = args[0] if args else None
            if not isinstance(which, drawing.Figure):  # one of this side's is nothing to the other
                ask("pyplot", name, *args, **{key: named[key] for key in PLAIN if key in named})
            return None if stands_for_something(which) else own(*args, **named)
        has_drawn = bool(drawing.get_fignums()) and bool(figure().axes)
        found = None if has_drawn else ask("pyplot", name)
        return own(*args, **named) if found is None else found

    following.__wrapped__ = own  # type: ignore[attr-defined]
    following.__name__, following.__doc__ = name, own.__doc__
    return following
