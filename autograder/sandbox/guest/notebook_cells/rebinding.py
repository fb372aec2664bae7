"""Whether a cell takes something away from the code that stood before it, and which names it hides.

A later cell may bind `forward` anew, hide a builtin (`max = 3`), set a method of a class, replace a function
of numpy, or forget all names. What it merely adds takes nothing away.
"""

import builtins
import dis
import functools
import math
import operator
import random
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

MAIN = "__main__"  # the module of what a notebook's cells define
NOTHING = object()
SHARED = (np, np.random, np.linalg, math, random)  # modules that a notebook uses whatever it calls them


@dataclass(frozen=True)
class Bound:
    """What was bound before a cell: names, builtins, members of the notebook's classes and of the modules it uses."""

    names: Mapping[str, Any]
    builtins: Mapping[str, Any]
    members: tuple[tuple[Any, Mapping[str, Any]], ...]
    switches: tuple[Any, ...]  # what numpy and Python do about warnings and errors of numbers


def bound(namespace: Mapping[str, Any]) -> Bound:
    """Note what is bound now."""
    names = dict(namespace)
    owners = [value for value in names.values() if _own_class(value) or type(value) is ModuleType]
    owners += SHARED
    members = tuple((owner, dict(vars(owner))) for owner in {id(owner): owner for owner in owners}.values())
    return Bound(names, dict(vars(builtins)), members, _switches())


def _switches() -> tuple[Any, ...]:
    return (*sorted(np.geterr().items()), *warnings.filters)


def took_away(before: Bound, namespace: Mapping[str, Any]) -> bool:
    """Whether code that was there before could do otherwise now."""
    if _replaced(before.builtins, vars(builtins)) or before.switches != _switches():
        return True
    for owner, members in before.members:
        if _replaced(members, vars(owner)) or (isinstance(owner, type) and vars(owner).keys() != members.keys()):
            return True  # what a class gets may hide what it inherits
    other = [name for name, value in before.names.items() if namespace.get(name, NOTHING) is not value]
    if any(callable(before.names[name]) and not name.startswith("_") for name in other):
        return True
    hiding = [name for name in namespace if name in before.builtins and name not in before.names]
    return bool(suspects := {*other, *hiding}) and not suspects.isdisjoint(_used(before.names.values(), suspects))


def hidden(before: Bound, namespace: Mapping[str, Any]) -> list[str]:
    """Names that stood for a function or a module, of Python's own too, and stand for something else now."""
    usual = {**before.builtins, **before.names}
    return [name for name, value in namespace.items() if _is_tool(usual.get(name)) and not _is_tool(value)]


def hidden_at(error: BaseException, known: Mapping[str, str]) -> tuple[str, str] | None:
    """(name, cell) of a hidden name that the expression uses which failed; known: names that cells hid -> the cell."""
    at = error.__traceback__
    found = None
    while at is not None:
        if at.tb_frame.f_code.co_filename.startswith("cell "):
            found = at
        at = at.tb_next
    if found is None or not isinstance(error, TypeError | AttributeError):
        return None
    frame, cell = found.tb_frame, found.tb_frame.f_code.co_filename.removeprefix("cell ")
    for name in _names_at(frame.f_code, found.tb_lasti):
        own = frame.f_locals if frame.f_locals is not frame.f_globals else {}
        if name in own:
            if name in vars(builtins) and not _is_tool(own[name]):
                return name, cell
        elif name in known and not _is_tool(frame.f_globals.get(name)):
            return name, known[name]
    return None


def _is_tool(value: Any) -> bool:
    return callable(value) or type(value) is ModuleType


def _names_at(code: CodeType, offset: int) -> list[str]:
    """The names within the expression that the instruction at that offset belongs to, from left to right."""
    steps = list(dis.get_instructions(code))
    span = next((step.positions for step in steps if step.offset == offset), None)
    if span is None or None in span:
        return []
    found = []
    for step in steps:
        place = step.positions
        if not step.opname.startswith("LOAD_") or place is None or None in place:
            continue
        inside = (span[0], span[2]) <= (place[0], place[2]) and (place[1], place[3]) <= (span[1], span[3])
        names = step.argval if isinstance(step.argval, tuple) else (step.argval,)
        found += [name for name in names if inside and isinstance(name, str)]
    return found


def _own_class(value: Any) -> bool:
    return isinstance(value, type) and vars(value).get("__module__") == MAIN


def _replaced(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether a function among the members is gone or another one."""
    same = len(before) == len(now) and all(map(operator.is_, before, now))
    if same and all(map(operator.is_, before.values(), now.values())):
        return False  # quick to see, of a thousand members
    return any(now.get(name, NOTHING) is not value and callable(value) for name, value in before.items())


def _used(values: Iterable[Any], suspects: set[str]) -> Iterator[str]:
    """Which of the suspects the notebook's functions look up as globals."""
    for code in _codes(values):
        if not suspects.isdisjoint(_all_names(code)):
            yield from suspects & _globals(code)


def _codes(values: Iterable[Any]) -> Iterator[CodeType]:
    """The code of the notebook's functions and methods."""
    for value in values:
        for member in vars(value).values() if _own_class(value) else (value,):
            function = getattr(member, "__func__", None) or getattr(member, "fget", None) or member
            if isinstance(function, FunctionType) and function.__module__ == MAIN:
                yield function.__code__


@functools.cache
def _all_names(code: CodeType) -> frozenset[str]:
    """Every name in the code, attributes too: quick to have."""
    inner = [_all_names(const) for const in code.co_consts if isinstance(const, CodeType)]
    return frozenset(code.co_names).union(*inner)


@functools.cache
def _globals(code: CodeType) -> frozenset[str]:
    """The names that the code looks up as globals or builtins."""
    found = {step.argval for step in dis.get_instructions(code) if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    return frozenset(found).union(*(_globals(const) for const in code.co_consts if isinstance(const, CodeType)))
