"""An .npz file from a stranger -> plain arrays: never unpickled, its sizes bounded before anything is allocated."""

import ast
import io
import math
import zipfile
import zlib
from typing import Any

import numpy as np

from autograder.answers import Array

MAX_MODEL = 64 << 20  # bytes of all arrays together, as float64
MAX_ENTRIES = 200  # of the zip file
# what a zip file that is broken on purpose makes the zipfile module raise
BROKEN = (ValueError, zipfile.BadZipFile, KeyError, EOFError, OSError, RuntimeError, NotImplementedError, zlib.error)


def arrays(data: bytes) -> tuple[str, dict[str, Array]]:
    """(class name or "", params as float64) of an .npz file; one of BROKEN says what is wrong with it."""
    params: dict[str, Array] = {}
    if data.count(b"PK\x01\x02") > MAX_ENTRIES:  # zipfile makes an object of every one, however many
        raise ValueError(f"it has more than {MAX_ENTRIES} entries")
    name, left = "", MAX_MODEL
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.infolist()[:100]:
            key = entry.filename.removesuffix(".npy")
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ValueError(f"{key} is packed in a way that numpy does not use")
            with archive.open(entry) as file:
                shape, dtype, order = _header(file, key)
                size = math.prod(shape)
                left -= size * max(8, dtype.itemsize)
                if left < 0:
                    raise ValueError(f"{key} declares {size} values, too many for a model")
                raw = file.read(size * dtype.itemsize + 1)
            if len(raw) != size * dtype.itemsize:
                raise ValueError(f"{key} is cut short or has bytes left over")
            array = np.frombuffer(raw, dtype).reshape(shape, order=order)
            if key == "class_name":
                name = str(array.ravel()[0])[:80] if dtype.kind == "U" and size else name
            elif dtype.kind == "U":
                raise ValueError(f"{key} is text, not numbers")
            elif not np.isfinite(array).all():
                raise ValueError(f"{key} has entries that are not finite numbers")
            else:
                params[key] = np.ascontiguousarray(array, dtype=np.float64).reshape(shape)
    if not params:
        raise ValueError("it holds no arrays")
    if name and not name.isidentifier():
        raise ValueError("class_name is not the name of a class")
    return name, params


def _header(file: Any, key: str) -> tuple[tuple[int, ...], "np.dtype[Any]", Any]:
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0), (3, 0)):
        raise ValueError(f"{key} has an unknown format")
    size = int.from_bytes(file.read(2 if version == (1, 0) else 4), "little")
    if size > 10_000:
        raise ValueError(f"{key} has a header that is too long")
    try:
        header = ast.literal_eval(file.read(size).decode("latin1"))
        shape, descr = header["shape"], header["descr"]
        fortran = bool(header["fortran_order"])
    except (ValueError, SyntaxError, KeyError, TypeError, RecursionError, MemoryError):
        raise ValueError(f"{key} has a broken header") from None
    if not isinstance(descr, str) or "O" in descr:
        raise ValueError(f"{key} holds Python objects, not plain numbers")
    try:
        dtype = np.dtype(descr)
    except TypeError:
        raise ValueError(f"{key} has an unknown type") from None
    if dtype.kind not in "fiubU" or dtype.itemsize > 4096:
        raise ValueError(f"{key} has the type {dtype}, not numbers")
    if not isinstance(shape, tuple) or len(shape) > 8 or not all(type(n) is int and 0 <= n < 2**40 for n in shape):
        raise ValueError(f"{key} has a broken shape")
    return shape, dtype, "F" if fortran else "C"
