"""What a student's machine has and this one may not: names of numpy 1.26, numba's decorators, epoll.

The release's requirements allow numpy from 1.26 on, so what that one has is right here too.
"""

import importlib.util
import selectors
import sys
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

NUMBA = "numba"


def put_in() -> None:
    """Add what is missing, and put what works here in place of what does not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy warns of names that it is about to take away
        for name, value in _numpy_names().items():
            if not hasattr(np, name):
                setattr(np, name, value)
    if importlib.util.find_spec(NUMBA) is None:
        sys.modules[NUMBA] = _numba()
    selectors.DefaultSelector = selectors.PollSelector  # type: ignore[assignment, misc]  # the filter refuses epoll


def _numpy_names() -> dict[str, Any]:
    """Names of numpy 1.26 that numpy 2 took away, with what its own migration guide gives for them."""
    np_any: Any = np  # some are gone from the stubs
    return {
        "float_": np.float64,
        "complex_": np.complex128,
        "cfloat": np.complex128,
        "singlecomplex": np.complex64,
        "longfloat": np.longdouble,
        "longcomplex": np.clongdouble,
        "clongfloat": np.clongdouble,
        "string_": np.bytes_,
        "unicode_": np.str_,
        "bool8": np.bool_,
        "int0": np.intp,
        "uint0": np.uintp,
        "object0": np.object_,
        "str0": np.str_,
        "bytes0": np.bytes_,
        "void0": np.void,
        "Inf": np.inf,
        "Infinity": np.inf,
        "infty": np.inf,
        "PINF": np.inf,
        "NINF": -np.inf,
        "NaN": np.nan,
        "PZERO": 0.0,
        "NZERO": -0.0,
        "alltrue": np.all,
        "sometrue": np.any,
        "product": np.prod,
        "cumproduct": np.cumprod,
        "round_": np.round,
        "mat": np.asmatrix,
        "trapz": np.trapezoid if hasattr(np, "trapezoid") else np_any.trapz,
        "in1d": _in1d,
        "row_stack": np.vstack,
        "msort": _msort,
        "asfarray": _asfarray,
        "find_common_type": _find_common_type,
        "issubclass_": _issubclass,
        "issctype": _issctype,
        "issubsctype": np.issubdtype,
        "obj2sctype": _obj2sctype,
        "sctype2char": _sctype2char,
        "cast": _Cast(),
        "fastCopyAndTranspose": _transposed,
        "disp": print,
    }


def _in1d(ar1: Any, ar2: Any, assume_unique: bool = False, invert: bool = False, **more: Any) -> Any:
    return np.isin(np.ravel(ar1), ar2, assume_unique=assume_unique, invert=invert, **more)


def _msort(a: Any) -> Any:
    return np.sort(a, axis=0)


def _asfarray(a: Any, dtype: Any = np.float64) -> Any:
    wanted = np.dtype(dtype) if np.issubdtype(dtype, np.inexact) else np.float64
    return np.asarray(a, dtype=wanted)


def _find_common_type(array_types: Any, scalar_types: Any) -> Any:
    return np.result_type(*array_types, *(np.dtype(kind).type(0) for kind in scalar_types))


def _issubclass(arg1: Any, arg2: Any) -> bool:
    return isinstance(arg1, type) and issubclass(arg1, arg2)


def _issctype(rep: Any) -> bool:
    return isinstance(rep, np.dtype) or (isinstance(rep, type) and issubclass(rep, np.generic))


def _obj2sctype(rep: Any, default: Any = None) -> Any:
    try:
        return np.dtype(rep if isinstance(rep, type | str | np.dtype) else np.asarray(rep).dtype).type
    except TypeError:
        return default


def _sctype2char(sctype: Any) -> str:
    return str(np.dtype(_obj2sctype(sctype)).char)


class _Cast:
    """np.cast[kind](values)."""

    def __getitem__(self, kind: Any) -> Callable[[Any], Any]:
        return lambda values: np.asarray(values, dtype=kind)


def _transposed(a: Any) -> Any:
    return np.array(a).T.copy()


def _numba() -> ModuleType:
    """Decorators that return the function as it is: slower, and the same numbers."""
    module = ModuleType(NUMBA)
    vars(module).update(njit=_as_it_is, jit=_as_it_is, prange=range)
    return module


def _as_it_is(*args: Any, **options: Any) -> Any:
    """@njit, @njit() and @jit("f8(f8)", nopython=True) alike."""
    if len(args) == 1 and callable(args[0]) and not isinstance(args[0], type):
        return args[0]
    return lambda function: function
