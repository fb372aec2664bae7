"""The zygote: loads the heavy modules once, then opens a confined box for each submission (control_socket.py).

It runs inside the sandbox and never runs a student's code itself.

    python -I zygote.py '{"control": 5, "walls": true, "uid": ..., "limits": {...}, ...}'
"""

import contextlib
import functools
import gc
import importlib
import importlib.util
import json
import os
import socket
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # their folder is on the path only when main() has read its settings
    from box import Status, Work
    from namespace import Array


def main() -> None:
    settings = json.loads(sys.argv[1])
    sys.path[:0] = settings["paths"]
    import forks

    forks.listen()  # before what asks for something at forks
    import box

    if settings["walls"]:
        box.drop_root(settings["uid"])
    # heavier, and so as that user
    import control_socket
    import memory

    work = functools.partial(beside, settings["files"], settings["walls"], load(settings))
    for folder in settings["paths"][: 2 if settings["examiner"] else 1]:
        hide_ourselves(folder)
    # or the children's collector would touch, and so copy, every object that they share with this process
    gc.collect()
    gc.freeze()
    memory.in_large_pages()
    control = socket.socket(fileno=settings["control"])
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1) if settings["keep_stderr"] else (0, 1, 2):
        os.dup2(null, number)
    os.close(null)
    control.send(b"ready")
    control_socket.Boxes(control, settings, work).serve()


def hide_ourselves(folder: str) -> None:
    """Nobody finds our modules by their names any more: a student's own `memory.py` is the student's."""
    sys.path.remove(folder)
    for name, module in list(sys.modules.items()):
        if name != "__main__" and str(getattr(module, "__file__", "")).startswith(f"{folder}/"):
            del sys.modules[name]


def load(settings: Mapping[str, Any]) -> "Work":
    """The heavy part, once: what a student's notebook imports -> what the process of a notebook does."""
    for name in settings["modules"]:
        with contextlib.suppress(Exception):  # the notebook that imports it says so
            importlib.import_module(name)
    import notebook_process
    from notebook_cells import shell as grading_shell
    from notebook_cells import shims
    from travel import student_end

    shims.put_in()
    shell = grading_shell.make_shell()
    notebook_process.warm_up(shell)
    if settings["examiner"]:
        import examination

        notebook_process.rehearse(shell, examination.rehearse)
        return functools.partial(examination.serve, shell=shell)
    notebook_process.rehearse(shell, student_end.rehearse)
    probes = load_probes(settings["probes"]) if settings["probes"] else ModuleType("probes")
    for name in settings["helpers"]:  # the notebook's own module, which every submission imports
        helper = importlib.import_module(name)
        if not settings["checks"]:
            silence(helper)
    data = getattr(probes, "prepare", dict)(load_data(settings["data"]))
    serve = notebook_process.serve
    return functools.partial(serve, shell=shell, probes=probes, data=data, in_a_box=settings["walls"])


def beside(files: Mapping[str, str], walls: bool, work: "Work", sock: socket.socket, status: "Status") -> None:
    """The work, with the assignment's own files beside the notebook: nobody writes into them behind the walls."""
    import shutil

    for name, path in files.items():
        os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
        (os.symlink if walls else shutil.copy)(path, name)
    work(sock, status)


def load_probes(path: str) -> ModuleType:
    """The assignment's probes as a module."""
    spec = importlib.util.spec_from_file_location("probes", path)
    assert spec is not None and spec.loader is not None
    probes = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(probes)
    return probes


def load_data(path: str) -> "dict[str, Array]":
    """The dataset's arrays; "": there are none."""
    import numpy as np

    if not path:
        return {}
    with np.load(path, allow_pickle=False) as stored:  # closed: a place in a file is shared
        return {name: stored[name] for name in stored.files}


def silence(module: ModuleType) -> None:
    """Visible checks (check_...) do nothing in grading: they are for the eyes, and nobody looks."""
    for name in vars(module):
        if name.startswith("check_"):
            setattr(module, name, lambda *args, **kwargs: None)


if __name__ == "__main__":
    main()
