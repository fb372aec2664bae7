"""A moment of a notebook: its names, files and draws as they stood before a cell, to be put back in a copy of the end.

What a later cell binds, writes or draws is undone by putting back. What it changes within an object, a class or a
module is not: then the moment has passed, and only a copy that was held there has it.
"""

import collections
import contextlib
import functools
import hashlib
import os
import random
import shutil
import stat
import sys
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from notebook_cells import rebinding
from travel import draws
from travel.kinds import MADE_IN_PYTHON, CannotTravel
from travel.wire import Wire

MOST_LOOKED_AT = 1 << 17  # bytes of what could change; to hold a copy is quicker than to look at more
PLAIN = (int, float, complex, bool, str, bytes, type(None), range, slice, types.ModuleType)
OF_THE_SHELL = frozenset(("In", "Out", "_ih", "_oh", "_dh", "get_ipython", "exit", "quit", "open"))
# what has nothing in it that could change
FIXED = (
    *(types.BuiltinFunctionType, types.GenericAlias, types.MemberDescriptorType, types.GetSetDescriptorType),
    *(types.WrapperDescriptorType, types.MethodDescriptorType, types.ClassMethodDescriptorType),
    *(collections._tuplegetter, np.ufunc, np.dtype),  # type: ignore[attr-defined]
)
OF_A_CLASS = frozenset(("__dict__", "__weakref__", "__doc__", "__module__", "__annotations__", "_abc_impl"))
DRAWING = "matplotlib.pyplot"
SHARED, OWN = "/dev/shm", 0o700
Around = tuple[str, dict[str, str], Any]


class Files:
    """The files beside a notebook and in shared memory, to be put back: later cells and other copies change them."""

    def __init__(self, places: Sequence[str], before: "Files | None" = None) -> None:
        """places: whose files these are. before: of an earlier moment, from which what has not changed is taken."""
        self._places = [place for place in places if os.access(place, os.W_OK)]
        self._found: dict[str, tuple[Any, bytes | str]] = {}  # of a link, where it leads
        self._folders: list[str] = []
        known = before._found if before else {}
        for top in self._places:
            for place, folders, names in os.walk(top):
                self._folders += [os.path.join(place, name) for name in folders]
                for path in (os.path.join(place, name) for name in names):
                    with contextlib.suppress(OSError):
                        about = os.lstat(path)
                        if not (stat.S_ISREG(about.st_mode) or stat.S_ISLNK(about.st_mode)):
                            continue  # to read a pipe or a device would have no end
                        key = about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns
                        self._found[path] = known[path] if known.get(path, (0,))[0] == key else (key, _read(path))

    def put_back(self) -> None:
        """Have these files and no others, as if they were new."""
        for entry in (entry for place in self._places for entry in os.scandir(place)):
            with contextlib.suppress(OSError):
                shutil.rmtree(entry.path) if entry.is_dir(follow_symlinks=False) else os.unlink(entry.path)
        for folder in self._folders:
            os.makedirs(folder, exist_ok=True)
        for path, (_, data) in self._found.items():
            with contextlib.suppress(OSError):
                if isinstance(data, str):
                    os.symlink(data, path)
                    continue
                with open(path, "wb") as file:
                    file.write(data)
        for place in self._places:  # whose rights and times could tell something, too
            with contextlib.suppress(OSError):
                os.chmod(place, OWN)
                os.utime(place)


def _read(path: str) -> bytes | str:
    if os.path.islink(path):  # to one of the assignment's own files
        return os.readlink(path)
    with open(path, "rb") as file:
        return file.read()


@dataclass(frozen=True)
class Moment:
    """What stood where. within: a digest of what could change within objects; None: that cannot be told.

    around: the current folder, the environment, and what numpy does about errors. Of these, of files and of drawn,
    None: they are as at the end.
    """

    bound: rebinding.Bound
    classes: Mapping[str, type]
    drawn: tuple[Any, ...] | None
    files: Files | None
    within: bytes | None
    around: Around | None

    @property
    def has_passed(self) -> bool:
        """Whether something of it has changed that cannot be put back."""
        names = self.bound.names
        try:
            return self.within is None or rebinding.took_away(self.bound, names) or _within(names) != self.within
        except Exception:  # of what cannot be looked at, it is taken for granted
            return True

    def put_back(self, names: dict[str, Any]) -> None:
        """Have these names, the files and the draws as they were."""
        close_figures()  # there were none
        for name in [*names.keys() - self.bound.names.keys()]:  # never all: what runs at each line may need some
            del names[name]
        names.update(self.bound.names)
        draws.put(self.drawn)
        if self.files is not None:
            self.files.put_back()
        if self.around is None:
            return
        place, environment, errors = self.around
        with contextlib.suppress(Exception):  # the student's cells may have put anything in their place
            os.chdir(place)
            os.environ.clear()
            os.environ.update(environment)
            np.seterr(**errors)

    def but_for(self, drawn: tuple[Any, ...], around: Around) -> "Moment":
        """The same moment, without what is as it is now."""
        same = self.drawn is not None and draws.key(drawn) == draws.key(self.drawn)
        return replace(self, drawn=None if same else self.drawn, around=None if around == self.around else self.around)


def now(names: Mapping[str, Any], classes: Mapping[str, type], places: Sequence[str], before: Moment | None) -> Moment:
    """The moment that a notebook is at. places: where its files may lie, beside it first. before: an earlier one."""
    files = Files(places, before.files if before else None)
    within = None if _figures() else _within(names)
    return Moment(rebinding.bound(names), dict(classes), draws.state(), files, within, _around(places[0]))


def of_names(names: Mapping[str, Any], classes: Mapping[str, type]) -> Moment:
    """The moment that a notebook is at whose code binds names, and does nothing else."""
    return Moment(rebinding.Bound(dict(names), {}, (), ()), dict(classes), None, None, b"", None)


def end(folder: str) -> tuple[tuple[Any, ...], Around]:
    """What is drawn from now, and what is around."""
    return draws.state(), _around(folder)


def _around(folder: str) -> Around:
    return _place(folder), dict(os.environ), np.geterr()


def _place(folder: str) -> str:
    try:
        return os.getcwd()
    except OSError:  # it has been removed
        return folder


def _figures() -> Any:
    """The module that draws, where it has figures open."""
    with contextlib.suppress(Exception):  # a student's module may have its name
        drawing = sys.modules[DRAWING]
        return drawing if drawing.get_fignums() else None
    return None


def close_figures() -> None:
    """Close what pyplot has open, as Jupyter does at the end of each cell: the next one draws on a new figure."""
    if drawing := _figures():
        drawing.close("all")


def _within(names: Mapping[str, Any]) -> bytes | None:
    found = [one for name, one in names.items() if name not in OF_THE_SHELL and not _is_still(one)]
    try:
        return hashlib.blake2b(Wire(_parts, most=MOST_LOOKED_AT).write(found)[0]).digest()
    except Exception:  # also what the student's own code makes of being looked at
        return None


def _is_still(one: Any) -> bool:
    """Whether nothing can change within it: quick to see, of most."""
    if type(one) is types.FunctionType:
        return not (one.__closure__ or one.__defaults__ or one.__kwdefaults__ or one.__dict__)
    return type(one) in PLAIN or type(one) in FIXED


def _parts(one: Any) -> Sequence[Any]:
    """What could change within an object that is no value, and which it is."""
    kind = type(one)
    if kind is types.FunctionType:
        inside = tuple(cell.cell_contents for cell in one.__closure__ or ())
        return [id(one.__code__), one.__defaults__, one.__kwdefaults__, inside, one.__dict__]
    if isinstance(one, type):
        own = one.__module__ == rebinding.MAIN
        return [id(one), *(part for item in vars(one).items() if own and item[0] not in OF_A_CLASS for part in item)]
    if kind is types.ModuleType or isinstance(one, FIXED):
        return [id(one)]
    if kind is types.MethodType:
        return [one.__func__, one.__self__]
    if kind is functools.partial:
        return [one.func, one.args, one.keywords]
    if kind.__name__ == "_lru_cache_wrapper":
        return [one.__wrapped__]
    if kind in (staticmethod, classmethod):
        return [one.__func__]
    if kind is property:
        return [one.fget, one.fset, one.fdel]
    if kind is np.random.Generator:
        return [one.bit_generator.state]
    if kind is np.random.RandomState:
        return [one.get_state()]
    if kind is random.Random:
        return [one.getstate()]
    if all(base.__flags__ & MADE_IN_PYTHON and "__slots__" not in vars(base) for base in kind.__mro__[:-1]):
        return [id(one), kind, one.__dict__]
    raise CannotTravel(f"what is within a {kind.__name__} cannot be told")
