"""What a probe sees of a submission, called `student` there: its names after the cells have run, and instruments."""

import ast
import contextlib
import dis
import functools
from collections.abc import Iterable, Iterator, Mapping
from types import CodeType, FunctionType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
MOST_NAME = 300  # characters of an answer's name; see MAX_TEXT of the host
PLAIN_FLAGS = 0xFFFF  # Python 3.13 notes a docstring above these
OF_ITS_OWN = {"__module__", "__doc__", "__dict__", "__weakref__", "__firstlineno__", "__static_attributes__"}
Model = tuple[str, Mapping[str, Array]]


class MissingInput(KeyError):
    """A probe asks for an input that its case has not: the slip of the probe's author."""


class MissingName(NameError):
    """The student's code has not the name that a probe asks for: nobody's slip but the student's."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is not defined")
        self.facts = {"said": "undefined", "name": name}


class Unfit(TypeError):
    """What came back is no answer. facts: `said` names a text of [returned] in the messages, the others fill it in."""

    def __init__(self, said: str, **facts: str) -> None:
        super().__init__(said)
        self.facts = {"said": said, **facts}


class Case(dict[str, Array]):
    """Inputs of one question. Every access gives a fresh copy, so no answer can spoil the next."""

    def __getitem__(self, name: str) -> Any:
        if name not in self:
            raise MissingInput(f"the case has no input {name!r}; it has {', '.join(map(repr, self)) or 'none'}")
        value = super().__getitem__(name)
        return value.copy() if value.ndim else value.item()


class Namespace:
    """The names that a submission's cells left behind."""

    def __init__(
        self,
        namespace: dict[str, Any],
        model: Model | None = None,
        data: Mapping[str, Array] | None = None,
    ) -> None:
        self.namespace = namespace
        self.model = model  # the saved model: (class name, params), or None
        self.data = data or {}  # arrays of the dataset, as the probes have prepared them
        self.snapshots: dict[str, dict[str, Any]] = {}  # task -> the names as they stood after its test cell
        self.notes: dict[str, Any] = {}  # what a probe wants to know again later
        self.hidden: dict[str, str] = {}  # names of Python's or of a module that cells gave another value -> the cell
        self._given: dict[str, tuple[type, dict[str, Any]]] = {}

    def note_given(self, before: Mapping[str, Any]) -> None:
        """Remember the classes that a locked cell defined: name -> class and its members."""
        for name, value in self.namespace.items():
            if isinstance(value, type) and before.get(name) is not value:
                self._given[name] = (value, dict(vars(value)))

    @property
    def given_classes(self) -> dict[str, type]:
        """The classes that locked cells have defined, by name."""
        return {name: one for name, (one, _) in self._given.items() if one.__module__ == "__main__"}

    def has_given(self, name: str) -> bool:
        """True where the class of that name is still the one the notebook gave, or a copy; "": none was to be kept."""
        if not name:
            return True
        if name not in self._given:
            return False
        value, members = self._given[name]
        now = self.namespace.get(name)
        if now is value:
            return dict(vars(value)) == members
        return isinstance(now, type) and now.__bases__ == value.__bases__ and same_members(vars(now), members)

    def function(self, name: str) -> Any:
        """The student's own function."""
        if name not in self.namespace:
            raise MissingName(name)
        return self.namespace[name]

    @contextlib.contextmanager
    def standing_in(self, **functions: Any) -> Iterator[None]:
        """Put other functions in place of the student's for a while."""
        before = {name: self.namespace[name] for name in functions if name in self.namespace}
        self.namespace.update(functions)
        try:
            yield
        finally:
            for name in functions:
                self.namespace.pop(name, None)
            self.namespace.update(before)


def plain(name: str, value: Any) -> dict[str, NDArray[np.float64]]:
    """Numbers of any make -> {name: float64 array}; tuples and dicts give name.0, name.key, ..."""
    parts: Iterable[tuple[Any, Any]]
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, tuple):
        parts = enumerate(value)
    else:
        if value is None:
            raise Unfit("nothing")
        if np.asarray(value).dtype.kind in "US":
            raise Unfit("text")
        array = np.array(value, dtype=np.float64)
        return {name: np.frombuffer(array.tobytes(), np.float64).reshape(array.shape)}
    return {key: array for part, item in parts for key, array in plain(_part_of(name, part), item).items()}


def _part_of(name: str, part: Any) -> str:
    """The name of an entry, short and printable: a longer one is none that anybody asks for."""
    return "".join(letter if letter.isprintable() else "?" for letter in f"{name}.{part}"[:MOST_NAME])


def numbers(name: str, value: Any) -> dict[str, NDArray[np.float64]]:
    """The value of a cell, as `plain` has it. What is no number says so, in place of numpy's own error."""
    try:
        return plain(name, value)
    except Unfit:
        raise
    except (TypeError, ValueError):
        raise Unfit("other") from None


def value_of(cell: str, names: dict[str, Any]) -> Any:
    """Run a cell of ours among these names -> the value of its last line, as a notebook would show it.

    It is run where the functions look their globals up, as it is when it is pasted; then the names are put back.
    """
    before, last, bound = _compiled(cell)
    kept = {name: names[name] for name in bound if name in names}
    names.setdefault("np", np)
    try:
        exec(before, names)
        return eval(last, names)
    finally:
        for name in bound:
            names.pop(name, None)
        names.update(kept)


@functools.cache  # on the host the same cells are run again and again
def _compiled(cell: str) -> tuple[CodeType, CodeType, frozenset[str]]:
    """A cell's lines but the last, its last line, and the names that it binds."""
    tree = ast.parse(cell)
    *before, last = tree.body
    if not isinstance(last, ast.Expr):
        raise ValueError("a cell ends in the expression whose value counts")
    bound = {"np", *(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))}
    bound |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    before_code = compile(ast.Module(before, []), "<public cell>", "exec")
    return before_code, compile(ast.Expression(last.value), "<public cell>", "eval"), frozenset(bound)


def same_members(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two classes have the same members: functions by their code, anything else by its value."""
    names = one.keys() - OF_ITS_OWN
    return names == other.keys() - OF_ITS_OWN and all(_same(one[name], other[name]) for name in names)


def _same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, staticmethod | classmethod):
        one, other = one.__func__, other.__func__
    if not isinstance(one, FunctionType):
        return one is other or (isinstance(one, int | float | str | bool | type(None)) and bool(one == other))
    same = one.__code__ is other.__code__ or list(_steps(one.__code__)) == list(_steps(other.__code__))
    return same and repr((one.__defaults__, one.__kwdefaults__)) == repr((other.__defaults__, other.__kwdefaults__))


def _steps(code: CodeType) -> Iterator[Any]:
    """What a function does, step by step."""
    yield code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags & PLAIN_FLAGS
    yield code.co_varnames, code.co_freevars, code.co_cellvars
    for step in dis.get_instructions(code):
        if isinstance(step.argval, CodeType):
            yield step.opname, list(_steps(step.argval))
        else:
            yield step.opname, repr(step.argval)
