"""What stands for the student's objects in a test: functions that ask, and instances whose class was told.

Whatever would let the student's own code decide raises Undecidable. All else is asked, and comes as a value.
"""

import inspect
import keyword
import sys
from abc import ABCMeta
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from travel.kinds import ERRORS, BadValue
from travel.letters import IDENTITY, LIBRARY, SPECIAL

STOPS = (StopIteration, StopAsyncIteration)  # to a loop of the test's these would mean something
Ask = Callable[..., Any]
# other such names mean something to numpy
ABOUT = SPECIAL | {"__init__", "__dict__", "__doc__", "__name__", "__module__"}
WITH_ANOTHER = frozenset(
    f"__{way}{name}__"
    for way in ("", "r", "i")
    for name in ("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "divmod", "pow", "and", "or", "xor")
)
# objects of Python's own that only give one item after another: they may be handed out where a list is wanted
SERIES = frozenset(
    (
        *("generator", "map", "filter", "zip", "enumerate", "reversed", "islice", "chain", "callable_iterator"),
        *("range_iterator", "list_iterator", "tuple_iterator", "set_iterator", "str_iterator", "list_reverseiterator"),
        *("dict_keys", "dict_values", "dict_items", "dict_keyiterator", "dict_valueiterator", "dict_itemiterator"),
    )
)
OF_A_SERIES = frozenset(("__iter__", "__next__", "__len__", "__reversed__"))
OF_A_GENERATOR = ("send", "throw", "close")
PLAIN_NEEDED = "your function returns an object of its own class ({}) where the tests need a plain value"
WHOLE_NEEDED = "your function returns missing values (masked, or pandas's NA) where the tests need whole ones"
DEPTH, MOST_HELD = 4, 1000  # of containers that are looked through
FUNCTION = "__stands_for_a_function__"
DECIDES = ("eq", "ne", "lt", "le", "gt", "ge", "hash", "bool", "contains")


class RemoteClass(ABCMeta):
    """The class of stand-ins for instances of a student's class: to call it is to ask for a new one."""

    def __call__(cls, *args: Any, **named: Any) -> Any:
        return _ask_of(cls)("call", cls, *args, **named)

    def __getattribute__(cls, name: str) -> Any:
        if (name.startswith("__") and name != "__init__") or name in ("_abc_impl", "mro", "register"):
            return super().__getattribute__(name)
        return _ask_of(cls)("get", cls, name)

    def __setattr__(cls, name: str, value: Any) -> None:
        if name.startswith(("__", "_abc")):
            super().__setattr__(name, value)
        else:
            _ask_of(cls)("set", cls, name, value)


class StandIn(metaclass=RemoteClass):
    """An object of the student's own class."""

    __slots__ = ("__number", "__weakref__")
    __library_class__: type | None = None  # what isinstance goes by, and `__class__`

    def __getattribute__(self, name: str) -> Any:
        if name == "__class__":
            return type.__getattribute__(type(self), "__library_class__") or type(self)
        if name.startswith("__") and name.endswith("__") and name not in ABOUT:
            raise AttributeError(name)
        return _ask_of(type(self))("get", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        _ask_of(type(self))("set", self, name, value)

    def __delattr__(self, name: str) -> None:
        _ask_of(type(self))("delete", self, name)

    def __dir__(self) -> Any:
        return _ask_of(type(self))("special", "__dir__", self)


_NUMBER = StandIn.__dict__["_StandIn__number"]


def _ask_of(cls: type) -> Ask:
    found: Ask = type.__getattribute__(cls, "__ask__")
    return found


def _decides(name: str) -> Callable[..., Any]:
    def decides(self: Any, *others: Any) -> Any:
        ask = _ask_of(type(self))
        what = {"hash": "hash()", "bool": "whether it is true", "contains": "in"}.get(name, f"__{name}__")
        return ask("undecidable", f"{what} of an object of class {_class_name(self)}")

    return decides


for _name in DECIDES:
    type.__setattr__(StandIn, f"__{_name}__", _decides(_name))


def _is_same(self: Any, other: Any) -> bool:
    """Equality of two stand-ins where the class has none of its own, as those of matplotlib have none."""
    if not isinstance(type(other), RemoteClass):
        _decides("eq")(self)
    return self is other


def _special(name: str) -> Callable[..., Any]:
    def asked(self: Any, *args: Any, **named: Any) -> Any:
        ask = _ask_of(type(self))
        found = ask("special", name, self, *args, **named)
        theirs = any(isinstance(type(one), RemoteClass) for one in (found, *args))
        if name in WITH_ANOTHER and found is not NotImplemented and not theirs:
            ask("undecidable", f"{name} of an object of class {_class_name(self)} with a value of the test's")
        return found

    return asked


def _class_name(self: Any) -> str:
    return str(type.__getattribute__(type(self), "__name__"))


def _iter(self: Any) -> Any:
    """Its items. Who tells a length has to give as many: a loop beside another would end too early."""
    items = _ask_of(type(self))("iterate", self)
    if items is self:
        return self
    return _counted(self, items) if hasattr(type(self), "__len__") else iter(items)


def _counted(self: Any, items: Any) -> Any:
    ask, count = _ask_of(type(self)), 0
    for item in items:
        count += 1
        yield item
    told = ask("special", "__len__", self)
    if told != count:
        ask(
            "undecidable", f"an object of class {_class_name(self)} says that its length is {told!r}, and gives {count}"
        )


def _next(self: Any) -> Any:
    ask = _ask_of(type(self))
    found = ask("next", self)
    if type(found) is not tuple or len(found) > 1:
        ask("undecidable", "an item that is none")
    if not found:
        raise StopIteration
    return found[0]


def _no_attribute(self: Any, name: str) -> Any:
    if name == "__class__":
        return type(self)
    if name in OF_A_GENERATOR:
        return _ask_of(type(self))("get", self, name)
    raise AttributeError(name)


def stands_for_something(one: Any, depth: int = DEPTH) -> bool:
    """Whether an object stands for one of a student's, of this copy or an earlier one, or is a container of such."""
    if type(one) in (list, tuple, set, dict):
        held = one.values() if type(one) is dict else one
        return depth > 0 and len(one) <= MOST_HELD and any(stands_for_something(part, depth - 1) for part in held)
    return isinstance(type(one), RemoteClass) or isinstance(one, RemoteClass) or hasattr(one, FUNCTION)


class StandIns:
    """All that stands for objects of one copy of a student's process, by their numbers.

    plain: the reference gives this test plain values alone, and so has the student's code to.
    """

    def __init__(self, ask: Ask, plain: bool) -> None:
        self.met_objects = False
        self.plain = plain
        self._ask = ask
        self._made: dict[int, Any] = {}
        self._numbers: dict[int, int] = {}  # by id: of functions and of classes of exceptions

    def number(self, one: Any) -> int | None:
        """The number of what it stands for; None where it stands for nothing here."""
        if isinstance(type(one), RemoteClass):
            number: int = _NUMBER.__get__(one)
        else:
            found = self._numbers.get(id(one))
            if found is None:
                return None
            number = found
        return number if self._made.get(number) is one else None

    def meet(self, parts: Sequence[Any]) -> Any:
        """What stands for the object that these parts tell of."""
        number, kind, *rest = parts
        if type(number) is not int:
            raise BadValue("an object without a number")
        if number not in self._made:
            if kind == "function":
                self._made[number] = self._function(number, *rest)
                self._numbers[id(self._made[number])] = number
            elif kind == "class":
                self._made[number] = self._class(*rest)
                self._numbers[id(self._made[number])] = number
            else:
                self._made[number] = self._object(number, *rest)
        return self._made[number]

    def _function(self, number: int, name: Any, doc: Any, *parameters: Any) -> Any:
        ask = self._ask

        def function(*args: Any, **named: Any) -> Any:
            return ask("call", function, *args, **named)

        setattr(function, FUNCTION, True)
        function.__name__ = function.__qualname__ = name if type(name) is str else "function"
        function.__doc__ = doc if type(doc) is str else None
        function.__signature__ = _signature(parameters)  # type: ignore[attr-defined]
        return function

    def _class(self, name: Any, doc: Any, has: Any, *bases: Any) -> Any:
        if type(name) is not str or type(has) is not tuple:
            raise BadValue("a class without a name")
        error = next((one for one in bases if isinstance(one, type) and issubclass(one, BaseException)), None)
        if error is not None:
            return type(name, (error if issubclass(error, Exception) else Exception,), {"__doc__": doc})
        body: dict[str, Any] = {"__doc__": doc, "__ask__": self._ask, "__slots__": ()}
        modules = [sys.modules.get(one) for one in has if str(one).startswith(LIBRARY)]
        body["__library_class__"] = getattr(modules[0], name, None) if modules else None
        for one in has:
            if one in SPECIAL:
                body[one] = _next if one == "__next__" else _special(one)
        if "__iter__" in has or "__getitem__" in has:
            body["__iter__"] = _iter
        if IDENTITY in has:
            body |= {"__eq__": _is_same, "__hash__": StandIn.__hash__}
            body["__ne__"] = lambda self, other: not _is_same(self, other)
        theirs = tuple(one for one in bases if isinstance(one, RemoteClass)) or (StandIn,)
        given = tuple(one for one in bases if type(one) in (type, ABCMeta) and one.__module__ == "__main__")
        try:
            made = RemoteClass(name, (*theirs, *given), body)
        except TypeError:
            made = RemoteClass(name, (StandIn,), body)
        type.__setattr__(made, "__abstractmethods__", frozenset())
        return made

    def _object(self, number: int, cls: Any) -> Any:
        if not isinstance(cls, type):
            raise BadValue("an object without a class")
        name = type.__getattribute__(cls, "__name__")
        if name in SERIES:  # whatever the other side says that it has
            cls = self._class(name, None, tuple(OF_A_SERIES & vars(cls).keys()))
            type.__setattr__(cls, "__getattribute__", _no_attribute)
        elif self.plain:
            self._ask("undecidable", PLAIN_NEEDED.format(name))
        else:
            self.met_objects = True
            if not isinstance(cls, RemoteClass):  # of a class that travels, though this object of it does not
                has = (name for name in SPECIAL if any(name in vars(base) for base in cls.__mro__))
                cls = self._class(name, None, tuple(has))
        made = object.__new__(cls)
        _NUMBER.__set__(made, number)
        return made


def _signature(parameters: Sequence[Any]) -> inspect.Signature:
    try:
        found = [
            inspect.Parameter(
                name,
                inspect._ParameterKind(kind),
                default=default[0] if default else inspect.Parameter.empty,
                annotation=inspect.Parameter.empty if annotation is None else str(annotation),
            )
            for name, kind, annotation, default in parameters
            if not keyword.iskeyword(name)
        ]
        return inspect.Signature(found)
    except (ValueError, TypeError) as error:
        raise BadValue(f"a signature that is none: {error}") from None


def error_of(cls: Any, args: Any, state: Any) -> Exception:
    """The student's exception, as the nearest class of Python's, or of the notebook's given cells, by name."""
    if not isinstance(cls, type) or not issubclass(cls, Exception) or type(args) is not tuple:
        return RuntimeError("an exception of no class")
    if issubclass(cls, STOPS):
        return RuntimeError(f"{cls.__name__}{args}")
    error = cls.__new__(cls, *args)
    error.args = args
    if cls not in ERRORS and isinstance(state, Mapping):
        own = {name: value for name, value in state.items() if type(name) is str and not hasattr(cls, name)}
        vars(error).update(own)
    return error
