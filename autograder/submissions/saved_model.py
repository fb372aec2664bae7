"""The saved model: an .npz file from a stranger -> plain arrays.

Never unpickled; its sizes are bounded before anything is allocated.
"""

import io
import math
import warnings
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

from autograder.judging.checking import Kind, Problem
from autograder.sandbox.answers import Array
from autograder.submissions.problems import FileProblem

MAX_HEADER = 10_000  # bytes of an array's header
MAX_MODEL = 64 << 20  # bytes of all arrays together, as float64
MAX_ENTRIES = 200  # of the zip file
TINY = float(np.finfo(np.float32).tiny)  # a smaller number is denormal in single precision, and slow in any


class NotFinite(ValueError):
    """An array, whose name is the argument, has values that are nan or infinity."""


def read_npz(data: bytes) -> tuple[str, dict[str, Array]]:
    """(class name or "", params as float64) of an .npz file; an error of any kind says what is wrong with it.

    Numbers below TINY are read as 0.
    """
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
                raise NotFinite(key)
            else:
                values = np.ascontiguousarray(array, dtype=np.float64).reshape(shape)
                params[key] = np.where(np.abs(values) < TINY, 0.0, values)
    if not params:
        raise ValueError("it holds no arrays")
    if name and not name.isidentifier():
        raise ValueError("class_name is not the name of a class")
    return name, params


def _header(file: Any, key: str) -> tuple[tuple[int, ...], "np.dtype[Any]", Any]:
    """Shape, type and order of an array, by numpy's own reader of headers."""
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    reader = readers.get(np.lib.format.read_magic(file))
    if reader is None:
        raise ValueError(f"{key} has an unknown format")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of headers that Python 2 wrote
            shape, fortran, dtype = reader(file, max_header_size=MAX_HEADER)
    except Exception:  # whatever a header that is broken on purpose makes numpy's reader stumble over
        raise ValueError(f"{key} has a broken header") from None
    if dtype.hasobject:
        raise ValueError(f"{key} holds Python objects, not plain numbers")
    if dtype.kind not in "fiubU" or dtype.itemsize > 4096:
        raise ValueError(f"{key} has the type {dtype}, not numbers")
    if len(shape) > 8 or not all(type(n) is int and 0 <= n < 2**40 for n in shape):
        raise ValueError(f"{key} has a broken shape")
    return shape, dtype, "F" if fortran else "C"


def read_model(files: Mapping[str, bytes], wanted: str) -> tuple[str, dict[str, Array]] | Problem:
    """(class name or "", params as float64) of the saved model, or the Problem with it. wanted: its file's name."""
    if not (name := model_name(files, wanted)):
        return Problem(Kind.NO_MODEL, {"file": wanted})
    try:
        return read_npz(files[name])
    except NotFinite as error:
        facts = {"file": name, "why": f"{error} has entries that are not finite numbers"}
        return Problem(Kind.BAD_MODEL, {**facts, "said": "not_finite", "name": str(error)})
    except Exception as error:  # whatever a file that is broken on purpose makes zipfile and numpy stumble over
        return Problem(Kind.BAD_MODEL, {"file": name, "why": str(error)[:200] or type(error).__name__})


def model_name(files: Mapping[str, bytes], wanted: str) -> str:
    """The file with the saved model: by its name, else the only .npz there is; "" where there is none."""
    if not wanted:
        return ""
    named = [name for name in sorted(files, key=lambda name: (len(name), name)) if name.split("/")[-1] == wanted]
    any_npz = [name for name in files if name.lower().endswith(".npz")]
    return named[0] if named else any_npz[0] if len(any_npz) == 1 else ""


def problems_of(files: Mapping[str, bytes], wanted: str, found: tuple[str, Any] | Problem) -> list[FileProblem]:
    """Lines about a saved model that has another name or place, or cannot be read."""
    name = model_name(files, wanted)
    told = [FileProblem("model_found_as", wanted, {"found": name})] if name not in ("", wanted) else []
    if isinstance(found, Problem) and found.kind == Kind.BAD_MODEL:
        told.append(FileProblem(Kind.BAD_MODEL, name, found.facts))
    return told
