"""One submission inside the sandbox: runs its cells, answers the judge's questions.

A question is a probe's name and its inputs; an answer is arrays, or the error that came instead.
Nothing here decides about marks: the judge believes only the values. It is long, so that all that
happens to a submission between two frames is read in one place.
"""

import _signal  # type: ignore[import-not-found]
import ast
import contextlib
import fcntl
import functools
import gc
import math
import os
import random
import resource
import signal
import socket
import stat
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from types import FrameType, ModuleType
from typing import Any, NoReturn

import forks
import frames
import numpy as np
from box import Status
from frames import Arrays, Header
from namespace import Array, Case, MissingInput, MissingName, Namespace, numbers, plain, value_of
from notebook_cells import cell_text, rebinding
from notebook_cells.shell import GradingShell
from travel import draws, moments, student_end

ERROR_CHARACTERS = 400  # characters of an error that are worth sending
HOME = [""]  # where the notebook's own modules lie
ROOTS = (UnboundLocalError, NameError, NotImplementedError)  # told by their own names, whatever class is raised
MOST_SLOW = 3  # questions of a task that ran into their limit: they may take `patience` times as long each
DEAF_TIMES = 2.0  # its limit: CPU time that code may use which hears no signal, in one long call of numpy, say

FORK, KILL, KILL_GROUP, CLOSE_RANGE = os.fork, os.kill, os.killpg, os.closerange  # and these, too
REHEARSALS, A_DAY = 20, 86_400
LONGEST_NAME = 1 << 16  # bytes of a cell's name
FIRST_OWN, SOME_OPEN, MOST_OPEN = 3, 64, 1 << 16  # files of a process beside the standard streams
SEEDS = (np.random.seed, random.seed)  # ours: a cell may have bound these names to something else

Error = dict[str, Any]  # an exception as plain strings: type, text, line, cell, and a dict of facts
Probe = Callable[[Namespace, Case], Iterator[tuple[str, Callable[[], Any]]]]


class TimeLimit(BaseException):
    """Raised in the student's code by the alarm; no `except Exception` catches it."""


def _ring(signum: int, frame: FrameType | None) -> None:
    raise TimeLimit("time limit")


def end_by_kernel(cpu_seconds: int | None = None) -> None:
    """Have the kernel end this process at so much CPU time; None: at its hard limit, as from the start."""
    with contextlib.suppress(ValueError, OSError):  # the student's code may have set lower limits for good
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        soft = hard
        if cpu_seconds is not None and (hard == resource.RLIM_INFINITY or cpu_seconds < hard):
            soft = cpu_seconds
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


@contextlib.contextmanager
def time_limit(seconds: float, patience: float = 1) -> Iterator[None]:
    """Raise TimeLimit after `seconds` of CPU time, or patience * seconds of wall time.

    It comes again every half second for code that swallows it, and the kernel ends what goes on
    using CPU time. A busy machine takes no CPU time away; wall time is for code that sleeps.
    """
    end_by_kernel(math.ceil(time.process_time() + DEAF_TIMES * seconds) + 1)
    _signal.signal(signal.SIGALRM, _ring)  # not Python's own signal.signal, which takes ten times as long
    _signal.signal(signal.SIGPROF, _ring)
    signal.setitimer(signal.ITIMER_REAL, seconds * patience, 0.5)
    signal.setitimer(signal.ITIMER_PROF, seconds, 0.5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        end_by_kernel()


def warm_up(shell: GradingShell) -> None:
    """Use once what every submission uses, so that each child finds it in memory."""
    shell.run_cell("pass", store_history=False, silent=True)
    np.random.seed(0)
    weights = np.random.randn(4, 10)
    np.random.choice(5, 5)
    frames.encode({}, plain("x", {"y": (weights @ weights.T).max(axis=1, keepdims=True)}))
    with contextlib.suppress(TimeLimit), time_limit(1):
        np.random.default_rng(0).normal()


def rehearse(shell: GradingShell, ask: Callable[[student_end.StudentEnd], None]) -> None:
    """Do often what every notebook does: what Python has made quicker by then is so in each child, from the start.

    ask: asks an end, whose notebook has a function `f` of two numbers.
    """
    names, student = dict(shell.user_ns), Namespace(shell.user_ns, data={})
    cell = {
        "name": "rehearsal",
        "source": "def f(x, y):\n    return x + y\nassert f(1, 2) == 3",
        "seconds": A_DAY,
        "patience": 1,
        **dict.fromkeys(("given", "answer", "definitions_only", "snapshot", "watched"), False),
    }
    unused = socket.socket(socket.AF_UNIX)
    for _ in range(REHEARSALS):
        header, _ = frames.decode(frames.encode(cell, {})[8:], b"")
        run_cell(shell, student, header)
        moment = moments.now(student.namespace, {}, ["/nowhere"], None)
        moment.but_for(*moments.end("/nowhere")).put_back(student.namespace)
        ask(student_end.StudentEnd(unused, student.namespace, {}, functools.partial(time_limit, A_DAY, 1)))
    unused.close()
    shell.user_ns.clear()
    shell.user_ns.update(names)


def describe(error: BaseException, hidden: Mapping[str, str]) -> Error:
    """An exception as plain strings: type, text, the line of the student's cell, and what else is known of it."""
    with contextlib.suppress(BaseException):
        at = error.__traceback__
        line: int | str | None = ""
        cell = ""
        while at is not None:
            name = at.tb_frame.f_code.co_filename
            if name.startswith("cell "):
                line, cell = at.tb_lineno, name.removeprefix("cell ")
            at = at.tb_next
        if isinstance(error, SyntaxError) and (file := str(error.filename)).startswith("cell "):
            line, cell = error.lineno, file.removeprefix("cell ")
            error = type(error)(error.msg)
        return {
            "type": next((kind.__name__ for kind in ROOTS if isinstance(error, kind)), type(error).__name__[:80]),
            "text": str(error)[:ERROR_CHARACTERS],
            "line": str(line),
            "cell": str(cell),
            "facts": _facts(error, hidden),
        }
    return {"type": "Exception", "text": "", "line": "", "cell": "", "facts": {}}


def _facts(error: BaseException, hidden: Mapping[str, str]) -> dict[str, str]:
    """What a probe says of an error; and the name that a cell gave another value, where the failing line uses it."""
    with contextlib.suppress(Exception):
        said = getattr(error, "facts", None)
        facts = {key: text[:ERROR_CHARACTERS] for key, text in said.items()} if type(said) is dict else {}
        if (at := rebinding.hidden_at(error, hidden)) is not None:
            facts["hidden"], facts["hidden_in"] = at
        return facts
    return {}


def run_cell(shell: GradingShell, student: Namespace, cell: Header) -> tuple[Error | None, bool]:
    """Run one cell under its own time limit -> (None, or the error that stopped it; whether it took something away)."""
    source = cell["source"]
    shell.compile.get_code_name = lambda *args: f"cell {cell['name']}"  # type: ignore[method-assign]
    before = dict(student.namespace) if cell["given"] else {}
    noted = rebinding.bound(student.namespace) if cell["watched"] else None
    try:
        with time_limit(cell["seconds"], cell["patience"]):
            if cell["definitions_only"]:
                source = cell_text.definitions(shell.transform_cell(source))
            elif cell["answer"]:
                source = cell_text.answer(source)
            result = shell.run_cell(source, store_history=False, silent=True)
            error = result.error_before_exec or result.error_in_exec
            if error is not None and not cell["given"]:
                _run_rest(shell, source, error, f"cell {cell['name']}")
    except BaseException as caught:
        error = caught
    if cell["given"]:
        student.note_given(before)
    if cell["snapshot"]:
        student.snapshots[cell["snapshot"]] = dict(student.namespace)
    if noted is not None:
        with contextlib.suppress(Exception):  # objects that cannot be looked at
            student.hidden.update(dict.fromkeys(rebinding.hidden(noted, student.namespace), str(cell["name"])))
    told = None if error is None else describe(error, student.hidden)
    _let_go(error)
    return told, _took_away(noted, student)


def _let_go(error: BaseException | None) -> None:
    """Free what the frames hold that an error came through: it may be all the memory that there is."""
    frames_of_it, *before = (vars(BaseException)[f"__{name}__"] for name in ("traceback", "context", "cause"))
    left, seen = [error], set[int]()
    while left:
        one = left.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            traceback.clear_frames(frames_of_it.__get__(one))  # whatever a class of the student's calls so
            left += [attribute.__get__(one) for attribute in before]


def _run_rest(shell: GradingShell, source: str, error: BaseException, name: str) -> None:
    """The definitions below a line that fails on this machine alone, one by one: nobody else's code waits for them."""
    for node in cell_text.left_after(shell.transform_cell(source), error, name):
        with contextlib.suppress(Exception):
            exec(compile(ast.Module([node], []), name, "exec"), shell.user_ns)


def _took_away(noted: rebinding.Bound | None, student: Namespace) -> bool:
    """Whether a cell took something away; of objects that cannot be looked at, it is taken for granted."""
    try:
        return noted is not None and rebinding.took_away(noted, student.namespace)
    except Exception:
        return True


def frames_of(error: BaseException) -> list[tuple[str, int]]:
    """(file, line) of every step that an exception came through, the last one last."""
    found, at = [], error.__traceback__
    while at is not None:
        found.append((at.tb_frame.f_code.co_filename, at.tb_lineno))
        at = at.tb_next
    return found


def by_student(error: BaseException) -> bool:
    """Whether an exception has passed through a student's code: a cell, or a module beside the notebook."""
    theirs = ("cell ", "<timed", "<string>", HOME[0] + os.sep)
    return isinstance(error, MissingName) or any(file.startswith(theirs) for file, _ in frames_of(error))


def by_author(error: BaseException, probes_file: str) -> bool:
    """Whether a question failed by its author's slip: a missing input, a name that the probes have not."""
    if by_student(error):
        return False
    files = [file for file, _ in frames_of(error)]
    return isinstance(error, MissingInput) or (isinstance(error, NameError) and files[-1] == probes_file)


def place(error: BaseException, probes_file: str) -> Error:
    """An exception of the probe's own as plain strings, with the line of the probe."""
    line = next((number for file, number in reversed(frames_of(error)) if file == probes_file), "")
    text = error.args[0] if isinstance(error, MissingInput) and error.args else error
    return {"type": type(error).__name__[:80], "text": str(text)[:ERROR_CHARACTERS], "line": str(line), "cell": ""}


class Fault(Exception):
    """The probe itself failed: no answer of this task can be judged. Its argument tells how, as plain strings."""


def questions(probe: Probe, student: Namespace, case: Case, key: int) -> Iterator[tuple[str, str, Callable[[], Any]]]:
    """A probe's questions. What its body raises is its author's fault, unless a student's code raised it."""
    probes_file = probe.__code__.co_filename
    try:
        for name, ask in probe(student, case):
            yield f"{key}/{name}", name, ask
    except Exception as error:
        if by_student(error):
            raise
        raise Fault(place(error, probes_file)) from None


def probe_cases(
    probe: Probe,
    student: Namespace,
    cases: Sequence[Mapping[str, Array]],
    limit: Callable[[], AbstractContextManager[None]],
    left_out: Mapping[str, Error],
    tell: Callable[[str], None],
) -> tuple[Arrays, dict[str, Error], float]:
    """Ask one probe about every case -> (arrays, errors, CPU seconds of the slowest question).

    The names of arrays and errors are prefixed by the case. limit: a context manager's maker.

    A probe yields (name, function) pairs; each function has a time limit of its own. They are asked in rounds, the
    first one of every case, then the second: what a probe asks first is answered whatever takes too long later. What
    ran into its limit once is not asked again about the other cases; and after MOST_SLOW of them, nothing is.
    left_out: name -> error of questions that have ended the process before; tell hears what is asked now, in case
    that it does. Raises Fault where the probe itself fails.
    """
    arrays: Arrays = {}
    errors: dict[str, Error] = {}
    slow, longest = dict(left_out), 0.0
    too_long: list[Error] = []
    probes_file = probe.__code__.co_filename

    def asked(key: str, name: str, ask: Callable[[], Any]) -> float:
        started = time.process_time()
        try:
            with limit():
                arrays.update(plain(key, ask()))
        except BaseException as error:
            if by_author(error, probes_file):
                raise Fault(place(error, probes_file)) from None
            errors[key] = describe(error, student.hidden)
            if isinstance(error, TimeLimit):
                slow[name] = errors[key]
                too_long.append(errors[key])
        return time.process_time() - started

    rounds = {number: questions(probe, student, Case(case), number) for number, case in enumerate(cases)}
    while rounds:
        for number, left in list(rounds.items()):
            try:
                key, name, ask = next(left)
                if name in slow:
                    errors[key] = slow[name]
                elif len(too_long) == MOST_SLOW:
                    errors[key] = too_long[-1]
                else:
                    tell(name)
                    longest = max(longest, asked(key, name, ask))
            except StopIteration:
                del rounds[number]
            except Fault:
                raise
            except Exception as error:  # the student's, by way of the probe's body: of all answers that are not there
                errors[f"{number}/"] = describe(error, student.hidden)
                del rounds[number]
    return arrays, errors, longest


class Notebook:
    """The process of one notebook: a method for each kind of frame, whose name is the frame's "do"."""

    def __init__(
        self,
        sock: socket.socket,
        status: Status,
        shell: GradingShell,
        probes: ModuleType,
        data: Mapping[str, Array],
        in_a_box: bool,
    ) -> None:
        self._sock, self._status, self._shell, self._probes = sock, status, shell, probes
        self._student = Namespace(shell.user_ns, data=data)
        self._moments: dict[str, moments.Moment] = {}  # before which cell -> what stood then
        self.pid = os.getpid()
        self._copy = 0  # the process that an examiner asks
        self._holds, self._in_a_box = False, in_a_box

    @property
    def _places(self) -> Sequence[str]:
        """Where files are the student's. Without walls, what lies in shared memory is anybody's."""
        return (HOME[0], moments.SHARED) if self._in_a_box else (HOME[0],)

    def files(self, header: Header, arrays: Arrays) -> bytes:
        """Lay the student's own files beside the notebook."""
        for name, data in arrays.items():
            if folder := os.path.dirname(name):
                os.makedirs(folder, exist_ok=True)
            with open(name, "wb") as file:
                file.write(data.tobytes())
        return frames.encode({}, {})

    def cell(self, header: Header, arrays: Arrays) -> bytes:
        """Run a cell."""
        started = time.process_time()
        self._note_names(header.get("noted", ()))
        error, took_away = run_cell(self._shell, self._student, header)
        return frames.encode({"error": error, "took_away": took_away, "needed": time.process_time() - started}, {})

    def model(self, header: Header, arrays: Arrays) -> bytes:
        """Keep the saved model for the probes."""
        self._student.model = (header["class_name"], arrays)
        return frames.encode({}, {})

    def moment(self, header: Header, arrays: Arrays) -> bytes:
        """Note how the notebook stands before a cell."""
        before = next(reversed(self._moments.values()), None)
        student = self._student
        moment = moments.now(student.namespace, student.given_classes, self._places, before)
        self._moments[header["name"]] = moment
        return frames.encode({"noted": moment.within is not None}, {})

    def _note_names(self, cells: Sequence[str]) -> None:
        """Note these moments, which are this one, of a notebook of which names are all that has to be put back."""
        for cell in cells:
            self._moments[cell] = moments.of_names(self._student.namespace, self._student.given_classes)

    def passed(self, header: Header, arrays: Arrays) -> NoReturn:
        """Tell which moments cannot be put back, and make copies of the others from here on, one after the other.

        What goes on is a fork, without what cells have left running. No code of the student's is called in it.
        """
        limits = header["seconds"], header["patience"]
        if header.get("in_place"):
            self._note_names(header["noted"])
            self._sock.sendall(frames.encode({"names": []}, {}))
            self._answer_in_place(limits)
        end = None
        with contextlib.suppress(Exception):  # of what cannot be looked at, all is put back
            end = moments.end(HOME[0])
        if FORK():
            os._exit(0)
        _cut_off(self._sock.fileno())
        names = [name for name, one in self._moments.items() if one.has_passed]
        with contextlib.suppress(Exception):
            draws.put(end and end[0])  # random has been seeded anew
            self._moments = {name: one.but_for(*end) for name, one in self._moments.items() if end is not None}
        ends = {name: self._end(self._sock, limits, one.classes) for name, one in self._moments.items()}
        self._sock.sendall(frames.encode({"names": names}, {}))
        while (asked := self._next_moment()) is not None:
            name, fd = asked
            self._end_copy()
            if (copy := forks.quietly()) == 0:
                with contextlib.suppress(OSError):
                    os.setpgid(0, 0)
                os.dup2(fd, self._sock.fileno())  # the others are cut off
                os.close(fd)
                self._status.close()  # or copies could tell each other by it
                self._moments[name].put_back(self._student.namespace)
                ends[name].serve()
                os._exit(0)
            self._note_copy(copy, fd)
            self._sock.sendall(b".")
        os._exit(0)

    def _answer_in_place(self, limits: tuple[float, float]) -> NoReturn:
        """Answer about one moment after the other, where the student's functions keep nothing: pure_code.py says so."""
        gc.freeze()
        while (asked := self._next_moment()) is not None:
            name, fd = asked
            gc.collect()  # lists that hold themselves, say, which are nobody's
            self._moments[name].put_back(self._student.namespace)
            self._sock.sendall(b".")
            with contextlib.suppress(OSError), socket.socket(fileno=fd) as sock:
                self._end(sock, limits, self._moments[name].classes).serve()
        os._exit(0)

    def _next_moment(self) -> tuple[str, int] | None:
        """Which is asked for, and the socket on which to answer; None at the end."""
        name, fds, _, _ = socket.recv_fds(self._sock, LONGEST_NAME, 1)
        return (name.decode(), fds[0]) if fds else None

    def copy(self, header: Header, arrays: Arrays) -> bytes:
        """Have a copy of this process answer frames on a socket of its own."""
        fd = self._given()
        self._end_copy()
        if (copy := FORK()) == 0:
            self.answer(_alone_with(fd))
            os._exit(0)
        self._note_copy(copy, fd)
        return frames.encode({}, {})

    def _note_copy(self, copy: int, fd: int) -> None:
        with contextlib.suppress(OSError):
            os.setpgid(copy, copy)
        self._copy = copy
        os.close(fd)

    def _end_copy(self) -> None:
        """End the copy that was asked last, and what it has started."""
        with contextlib.suppress(OSError):
            if self._copy and self._in_a_box and not self._holds:
                KILL(-1, signal.SIGKILL)  # all but this process and process 1
            elif self._copy:
                KILL_GROUP(self._copy, signal.SIGKILL)
            if self._copy:
                os.waitpid(self._copy, 0)
        self._copy = 0

    def hold(self, header: Header, arrays: Arrays) -> bytes:
        """Leave a copy of this process behind, as the notebook stands here, for an examiner on a socket of its own."""
        fd, self._holds = self._given(), True
        files, classes = moments.Files(self._places), self._student.given_classes  # here: the next cell may change them
        if FORK() == 0:
            sock = _alone_with(fd)
            sock.recv(1, socket.MSG_PEEK)  # until it is asked
            self._status.close()
            files.put_back()
            self._end(sock, (header["seconds"], header["patience"]), classes).serve()
            os._exit(0)
        os.close(fd)
        return frames.encode({}, {})

    def _given(self) -> int:
        """The socket that comes behind a frame."""
        _, (fd, *_), _, _ = socket.recv_fds(self._sock, 1, 1)
        return fd

    def _end(
        self, sock: socket.socket, limits: tuple[float, float], classes: Mapping[str, type]
    ) -> student_end.StudentEnd:
        """What answers an examiner. limits: seconds of a question, and their patience."""
        limit = functools.partial(time_limit, *limits)
        return student_end.StudentEnd(sock, self._student.namespace, classes, limit)

    def probe(self, header: Header, arrays: Arrays) -> bytes:
        """Ask a task's questions."""
        for seed in SEEDS:
            seed(header["seed"])
        cases: list[dict[str, Array]] = [{} for _ in range(header["cases"])]
        for name, value in arrays.items():
            number, _, key = name.partition("/")
            cases[int(number)][key] = value
        limit = functools.partial(time_limit, header["seconds"], header["patience"])
        probe, tell = getattr(self._probes, header["probe"]), self._status.write
        answers: Arrays = {}
        errors: dict[str, Error] = {}
        needed, fault = 0.0, None
        try:
            answers, errors, needed = probe_cases(probe, self._student, cases, limit, header["left_out"], tell)
        except Fault as failed:
            fault = failed.args[0]
        self._status.write("")
        given = self._student.has_given(getattr(self._probes, "CLASS", ""))
        return frames.encode({"errors": errors, "needed": needed, "class_is_given": given, "fault": fault}, answers)

    def public(self, header: Header, arrays: Arrays) -> bytes:
        """Run public cells, each among the student's names -> the value of each, by its number.

        One that runs into the time limit is the last: the others would, too. Where the first error is what is looked
        for, any error is.
        """
        for seed in SEEDS:
            seed(header["seed"])
        answers: Arrays = {}
        errors: dict[str, Error] = {}
        for number, cell in enumerate(header["cells"]):
            key = f"{number}/value"
            try:
                with time_limit(header["seconds"], header["patience"]):
                    answers.update(numbers(key, value_of(cell, self._student.namespace)))
            except BaseException as error:
                errors[key] = describe(error, self._student.hidden)
                if isinstance(error, TimeLimit) or header["first_error"]:
                    break
        return frames.encode({"errors": errors}, answers)

    def answer(self, sock: socket.socket) -> None:
        """Answer the frames that come on a socket, until it closes."""
        does = {
            "files": self.files,
            "cell": self.cell,
            "moment": self.moment,
            "passed": self.passed,
            "copy": self.copy,
            "hold": self.hold,
            "model": self.model,
            "probe": self.probe,
            "public": self.public,
        }
        self.pid = os.getpid()
        while (frame := frames.receive(sock)) is not None:
            header, arrays = frame
            reply = does[header["do"]](header, arrays)
            if os.getpid() != self.pid:  # a copy that the student's code forked: it has nothing to say
                os._exit(0)
            sock.sendall(reply)


def _alone_with(fd: int) -> socket.socket:
    """In a copy: a group of its own, and no open file by which it could tell others something -> its socket."""
    with contextlib.suppress(OSError):
        os.setpgid(0, 0)
    os.dup2(fd, FIRST_OWN)
    _cut_off(FIRST_OWN)
    return socket.socket(fileno=FIRST_OWN)


def _cut_off(own: int) -> None:
    """Have no open file but this one, and files to read."""
    CLOSE_RANGE(SOME_OPEN, MOST_OPEN)  # before a file is opened: all that it may have may be open
    null = os.open(os.devnull, os.O_RDWR)
    for number in (one for one in range(FIRST_OWN, SOME_OPEN) if one not in (own, null)):
        with contextlib.suppress(OSError):
            kind, mode = os.fstat(number).st_mode, fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE
            if not stat.S_ISREG(kind) or mode != os.O_RDONLY:
                os.dup2(null, number)  # what is written there goes nowhere
    CLOSE_RANGE(SOME_OPEN, MOST_OPEN)


def serve(
    sock: socket.socket,
    status: Status,
    shell: GradingShell,
    probes: ModuleType,
    data: Mapping[str, Array],
    in_a_box: bool = False,
) -> None:
    """Answer the judge's frames until the socket closes. status: it tells the question it is at.

    in_a_box: all processes that it could end belong to this submission.
    """
    HOME[0] = os.getcwd()
    sys.path.insert(0, HOME[0])
    os.register_at_fork(after_in_child=end_by_kernel)  # a copy has a clock of its own
    Notebook(sock, status, shell, probes, data, in_a_box).answer(sock)
