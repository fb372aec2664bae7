"""Trusted files of the course as modules: loaded by their paths, anew each time."""

import functools
import importlib
import importlib.machinery
import importlib.util
import sys
from pathlib import Path
from types import CodeType, ModuleType

from autograder.errors import CourseError


class _Source(importlib.machinery.SourceFileLoader):
    """Reads the text itself: a cached form is told by its time, and clocks may be set back."""

    def get_code(self, fullname: str) -> CodeType:
        return _compiled(self.get_data(self.path), self.path)


@functools.lru_cache(maxsize=100)
def _compiled(text: bytes, path: str) -> CodeType:
    """The same text at the same place is compiled once in a process: a release loads an author's files ten times."""
    code: CodeType = compile(text, path, "exec", dont_inherit=True)
    return code


class _Finder(importlib.machinery.FileFinder):
    """Finds modules in one folder, to be loaded so."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder), (_Source, [".py"]))


def load_module(path: Path, name: str) -> ModuleType:
    """Import one trusted file of the course by its path, anew each time."""
    spec = importlib.util.spec_from_file_location(name, path, loader=_Source(name, str(path)))
    if spec is None or spec.loader is None or not path.is_file():
        raise CourseError(f"{path}: not found; `autograder doctor` lists what the course needs")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up there
    spec.loader.exec_module(module)
    return module


def load_author_module(path: Path, package: str) -> ModuleType:
    """Import a file that an author wrote; CourseError, in one line with the place, for whatever it raises.

    Its folder is the package of that name: `from .lines import LINES` finds what lies beside it. A
    folder's `__init__.py` stands for the folder.
    """
    if not path.is_file():
        raise CourseError(f"{path}: not found; `autograder doctor` lists what the course needs")
    module = path.parent if path.name == "__init__.py" else path
    _make_package(package, module.parent)
    if module is not path:
        sys.path_importer_cache[str(module)] = _Finder(module)
    try:
        return importlib.import_module(f"{package}.{module.stem}")
    except SyntaxError as error:
        raise CourseError(f"{error.filename or path}:{error.lineno}: {error.msg}") from error
    except CourseError:
        raise
    except Exception as error:
        text = " ".join(str(error).split())[:300]
        raise CourseError(f"{place_of(error, path)}: {type(error).__name__}: {text}") from error


def _make_package(name: str, folder: Path) -> None:
    """An empty package whose modules are the folder's files, none of them loaded."""
    for known in [module for module in sys.modules if module.startswith(f"{name}.")]:
        del sys.modules[known]
    made = ModuleType(name)
    made.__path__ = [str(folder)]
    sys.modules[name] = made
    sys.path_importer_cache[str(folder)] = _Finder(folder)


def place_of(error: BaseException, path: Path) -> str:
    """`file:line` of the author's own line that an exception came from, in `path` or in files beside it."""
    place, at = str(path), error.__traceback__
    while at is not None:
        name = at.tb_frame.f_code.co_filename
        if Path(name).is_relative_to(path.parent):
            place = f"{name}:{at.tb_lineno}"
        at = at.tb_next
    return place
