"""The zygote: loads the heavy modules once, then opens a confined box (box.py) for each submission.

It runs inside the sandbox and never runs a student's code itself. On its control socket it takes
one message a notebook, with the socket that the notebook's process is to talk on: "go" opens a box,
"more" lets the next notebook of the same submission into the box that is open. Any other message, or
the end of the socket, closes the box and kills all that is in it; "lost" asks how it ended too. The
answer tells what the status says: memory that all share, on which a notebook's process notes the question
that it is at. No open file stands for it, since what one can hang on such a file is in no process's memory.

    python -I zygote.py '{"control": 5, "walls": true, "uid": ..., "limits": {...}, ...}'
"""

import contextlib
import functools
import gc
import importlib
import importlib.util
import json
import mmap
import os
import select
import socket
import sys

WATCH = 0.1  # seconds between looks at the memory of a box
BOX_TRIES = 2


def silence(module):
    """Visible checks (check_...) do nothing in grading: they are for the eyes, and nobody looks."""
    for name in vars(module):
        if name.startswith("check_"):
            setattr(module, name, lambda *args, **kwargs: None)


def main():
    settings = json.loads(sys.argv[1])
    sys.path[:0] = settings["paths"]
    # here, since their folder is on the path only now
    import box
    import memory

    if settings["walls"]:
        box.drop_root(settings["uid"])
    # the heavy part, once: what a student's notebook imports
    import matplotlib
    import numpy as np

    matplotlib.use("template")  # a backend that draws nothing: nobody looks
    import matplotlib.pyplot
    import notebook_process

    spec = importlib.util.spec_from_file_location("probes", settings["probes"])
    probes = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(probes)
    for name in settings["helpers"]:  # the notebook's own module, which every submission imports
        helper = importlib.import_module(name)
        if not settings["checks"]:
            silence(helper)
    data = {}
    if settings["data"]:
        with np.load(settings["data"], allow_pickle=False) as stored:  # closed: a place in a file is shared
            data = {name: stored[name] for name in stored.files}
    data = getattr(probes, "prepare", dict)(data)
    shell = notebook_process.make_shell()
    notebook_process.warm_up(shell)
    # or the children's collector would touch, and so copy, every object that they share with this process
    gc.collect()
    gc.freeze()
    memory.in_large_pages()
    control = socket.socket(fileno=settings["control"])
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    control.send(b"ready")
    status = mmap.mmap(-1, notebook_process.STATUS)
    work = functools.partial(notebook_process.serve, status=status, shell=shell, probes=probes, data=data)
    box_open, answer = None, b"done"
    while True:
        while box_open and not select.select([control], [], [], WATCH)[0]:
            if settings["walls"] and memory.family_memory() > settings["limits"]["memory_mb"] * box.MEGABYTE:
                box_open.close()
                box_open, answer = None, b"memory"
        message, fds, _, _ = socket.recv_fds(control, 16, 1)
        if fds:
            notebook_process.write(status, "")
        if box_open and not (message == b"more" and box_open.let_in(fds[0])):
            answer = box_open.how() if message == b"lost" else answer
            box_open.close()
            box_open = None
        if not message:
            return
        for _ in range(BOX_TRIES if fds else 0):
            if box_open is None:
                with contextlib.suppress(OSError):
                    box_open = box.Box(settings, [control.fileno(), *fds], work)
                if box_open and not box_open.let_in(fds[0]):
                    box_open.close()
                    box_open = None
        for number in fds:
            os.close(number)
        control.send((b"done" if box_open else b"failed") if fds else b"%b %b" % (answer, status[:].rstrip(b"\0")))
        answer = b"done"


if __name__ == "__main__":
    main()
