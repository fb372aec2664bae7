"""Fuzzed notebooks and answer files, made by small changes of real ones: hypothesis chooses the changes.

What is made here goes through the kit's real readers, judge and sandbox; `bounded` sees to it that
nothing hangs and nothing takes memory over the limit.
"""

import contextlib
import copy
import io
import json
import signal
import struct
import time
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import nbformat
import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from autograder.course import Limits
from autograder.grading import answer_cache, made_up, pipeline
from autograder.grading.asking import GraderContext
from autograder.judging import judge
from autograder.judging.checking import CheckContext
from autograder.judging.judge import JudgeContext
from autograder.judging.verdicts import FAILED, NEEDS_GRADING, NOT_CHECKED, PASSED, Result, Verdict
from autograder.pages import graded_notebook
from autograder.sandbox import answers
from autograder.sandbox.answers import Answers, BadFrame
from autograder.sandbox.guest import frames
from autograder.submissions import merge, saved_model
from autograder.submissions.by_hand import answer_hash
from autograder.submissions.submission import Submission
from tests.attacks.lab import peak, reset_peak

LIMITS = Limits(cell_seconds=2, question_seconds=1, probe_seconds=4, total_seconds=30, memory_mb=1024, processes=32)
SECONDS, MEGABYTES = 60.0, 400.0  # for one example, here on our side
# the same examples in every run: no database, no clock
SETTINGS = settings(
    derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck), report_multiple_bugs=False
)


@dataclass
class Toll:
    """What the examples took: for the record."""

    examples: int = 0
    seconds: float = 0.0
    megabytes: float = 0.0
    outcomes: dict[str, int] = field(default_factory=dict)

    def count(self, outcome: str) -> None:
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1

    def row(self) -> dict[str, Any]:
        return {**vars(self), "outcomes": dict(sorted(self.outcomes.items()))}


@contextlib.contextmanager
def bounded(toll: Toll) -> Iterator[None]:
    """Fail an example that hangs, or that makes this process grow over the limit."""

    def ring(number: int, frame: object) -> None:
        raise AssertionError(f"no end after {SECONDS:g} s")

    before_ring = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    reset_peak()
    started, before = time.monotonic(), peak()
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before_ring)
    grown = peak() - before
    toll.examples += 1
    toll.seconds, toll.megabytes = max(toll.seconds, time.monotonic() - started), max(toll.megabytes, grown)
    assert grown < MEGABYTES, f"{grown:.0f} MB for one example"


# ---- changes ------------------------------------------------------------------------------------

TEXTS = ["", "\ud800", "\x1b[31m", "\0", "javascript:alert(1)", "<script>alert(1)</script>", "T5-answer", "T5", "T1",
         "code", "markdown", "raw", "skip-execution", "image/png", "text/html", "../../x", "é" * 5000, "attachment:x",
         "\u202e", "{0.__class__}", "%s", "-", "<f8", "|O", "1e999", "\n" * 2000]  # fmt: skip
NUMBERS = [0, -1, 1, 2**31, 2**32 - 1, 2**63, 2**64, 10**300, -(10**300), 0.5, 1e308, float("nan"), float("inf")]
DEEP: Any = []
for _ in range(150):
    DEEP = [DEEP]
LEAVES = (
    st.sampled_from([None, True, False, *NUMBERS, *TEXTS])
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.just(DEEP)
)
JUNK = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
OPERATIONS = ("replace", "delete", "double", "swap", "wrap", "retype", "rename")
CHANGE = st.tuples(st.sampled_from(OPERATIONS), st.lists(st.integers(0, 10_000), min_size=1, max_size=7), JUNK)
CHANGES = st.lists(CHANGE, min_size=1, max_size=4)


def _walk(tree: Any, path: Sequence[int]) -> tuple[Any, Any]:
    """(container, key) of a place in a JSON tree; the root has no place."""
    place: tuple[Any, Any] = (None, None)
    for step in path:
        if isinstance(tree, dict) and tree:
            key: Any = list(tree)[step % len(tree)]
        elif isinstance(tree, list) and tree:
            key = step % len(tree)
        else:
            break
        place, tree = (tree, key), tree[key]
    return place


def changed(tree: Any, changes: Sequence[tuple[str, list[int], Any]]) -> Any:
    """A JSON tree with changes at places inside."""
    tree = copy.deepcopy(tree)
    for operation, path, junk in changes:
        inside, key = _walk(tree, path)
        if inside is None:
            continue
        value = inside[key]
        if operation == "replace":
            inside[key] = copy.deepcopy(junk)  # or it may come to hold itself
        elif operation == "delete":
            del inside[key]
        elif operation == "double" and isinstance(inside, list):
            inside.insert(key, copy.deepcopy(value))
        elif operation == "swap" and isinstance(inside, list):
            other = path[-1] % len(inside)
            inside[key], inside[other] = inside[other], inside[key]
        elif operation == "wrap":
            inside[key] = [value]
        elif operation == "retype":
            inside[key] = "".join(map(str, value)) if isinstance(value, list) else [str(value)]
        elif operation == "rename" and isinstance(inside, dict):
            inside[str(junk)[:100]] = inside.pop(key)
    return tree


BYTES = st.tuples(st.sampled_from(["none"] * 6 + ["cut", "flip", "insert", "twice"]), st.integers(0, 10**7),
                  st.binary(max_size=12))  # fmt: skip


def bent(data: bytes, how: tuple[str, int, bytes]) -> bytes:
    """Bytes with a change, or as they are."""
    kind, at, more = how
    at %= len(data) + 1
    if kind == "cut":
        return data[:at]
    if kind == "flip" and at < len(data):
        return data[:at] + bytes([data[at] ^ (more[0] if more else 255)]) + data[at + 1 :]
    if kind == "insert":
        return data[:at] + more + data[at:]
    return data + data if kind == "twice" else data


# ---- notebooks ----------------------------------------------------------------------------------

RETURNS = [
    "None",
    "10**400",
    "'text'",
    "[[1], [2, 3]]",
    "object()",
    "{}",
    "{i: i for i in range(30000)}",
    "np.ma.masked",
    "np.array(1 + 2j)",
    "np.zeros((0, 3))",
    "np.zeros((1,) * 32)",
    "np.array([object()])",
    "np.nan",
    "-np.inf",
    "(lambda: 0)",
    "iter([1])",
    "np.zeros((3000, 3000))",
    "(1, 2, 3)",
    "(X, X)",
    "{'W1': None}",
    "type('L', (), {})",
    "np.datetime64('now')",
    "b'bytes'",
    "np.float16(1)",
    "np.recarray(2, [('a', float)])",
    "memoryview(b'1')",
]
CELLS = [
    "raise SystemExit",
    "import os; os._exit(3)",
    "%%bash\nls",
    "%run x",
    "!ls",
    "exit()",
    "?forward",
    "\0",
    "def f(:",
    "x = " + "(" * 300,
    "\ud800",
    "\ufeffx = 1",
    "\t x = 1\n x",
    "del TwoLayerNet",
    "TwoLayerNet = 3",
    "np = None",
    "class TwoLayerNet:\n    pass",
    "import sys; sys.stdout.close()",
    "raise RecursionError",
    "%%timeit\n1",
    "get_ipython().reset()",
    "globals().clear()",
    "1/0",
    "async def f(): await f()\nawait f()",
]
SOURCE = st.sampled_from(CELLS) | st.tuples(
    st.sampled_from(["forward", "softmax_loss", "backward", "sample_minibatch", "sgd_update", "decay_learning_rate",
                     "predict"]),
    st.sampled_from(RETURNS),
).map(lambda drawn: f"def {drawn[0]}(*args, X=None):\n    return {drawn[1]}")  # fmt: skip
FUZZED_NOTEBOOK = st.tuples(
    CHANGES,
    st.lists(st.tuples(st.integers(0, 200), SOURCE), max_size=2),
    st.sampled_from(["utf-8"] * 5 + ["utf-16", "utf-8-sig", "latin-1"]),
    BYTES,
    st.integers(0, 1),
)


def fuzzed_notebook(files: Mapping[str, bytes], drawn: Any) -> dict[str, bytes]:
    """A real submission, one of its notebooks changed."""
    changes, sources, encoding, how, which = drawn
    names = sorted(name for name in files if name.endswith(".ipynb"))
    name = names[which % len(names)]
    data = json.loads(files[name])
    for place, source in sources:
        cells = [cell for cell in data["cells"] if cell["cell_type"] == "code"]
        cells[place % len(cells)]["source"] = source
    # two in three changes in the cells themselves
    inner = [c for n, c in enumerate(changes) if n % 3 != 2]
    data["cells"] = changed(data["cells"], inner)
    data = changed(data, [c for n, c in enumerate(changes) if n % 3 == 2])
    text = json.dumps(data)
    return {**files, name: bent(text.encode(encoding), how)}


def read_notebooks(grader: GraderContext, files: Mapping[str, bytes], result: Result) -> None:
    """Through the readers: put back onto the release, and shown with verdicts; nbformat can read what is shown."""
    handed_in = Submission("fuzz", files)
    merged = merge.merge_all(handed_in, grader.bases, grader.assignment)
    shown = graded_notebook.notebooks(merged, result)
    assert sum(map(len, shown.values())) < 3 * sum(map(len, files.values())) + (1 << 20)
    for data in (data for name, data in shown.items() if name.endswith(".ipynb")):
        nbformat.validate(nbformat.reads(data.decode("utf-8"), as_version=4))
    for task in grader.assignment.tasks:
        answer_hash(merged, task, handed_in)


# ---- answers ------------------------------------------------------------------------------------

SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 1e-320, 1e308, -1e308, float("nan"), float("inf"), -float("inf"), 2.0**53]
VALUES = st.lists(st.tuples(st.integers(0, 10**6), st.sampled_from(SPECIAL) | st.floats()), max_size=6)
FUZZED_FRAME = st.tuples(st.integers(0, 10), CHANGES, VALUES, BYTES, st.sampled_from(["change"] * 3 + ["values"]))
FUZZED_MODEL = st.tuples(
    st.lists(st.tuples(st.integers(0, 10), st.sampled_from(["shape", "descr", "fortran_order", "name", "raw"]), JUNK),
             min_size=1, max_size=3),
    BYTES,
    BYTES,
    st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2]),
    st.sampled_from(["TwoLayerNet", "Own", "", "é", "a b", "\0", "x" * 200]),
)  # fmt: skip


def parts(frame: bytes) -> tuple[Any, bytes]:
    """Header and body of a frame of ours."""
    head, _ = struct.unpack("<II", frame[:8])
    return json.loads(frame[8 : 8 + head]), frame[8 + head :]


def fuzzed_frame(frames: Sequence[bytes], drawn: Any) -> bytes:
    """A real frame with changes in its header, in its numbers, in its bytes."""
    which, changes, values, how, kind = drawn
    header, body = parts(frames[which % len(frames)])
    numbers = np.frombuffer(body, np.float64).copy()
    for at, value in values:
        if numbers.size:
            numbers[at % numbers.size] = value
    if kind == "change":
        header = changed(header, changes)
    text, body = json.dumps(header).encode(), numbers.tobytes()
    return bent(struct.pack("<II", len(text), len(body)) + text + body, how)


def frames_of(found: Result) -> dict[str, bytes]:
    """Frames as the guest sent them, by task, from the answers that were kept of a real run."""
    made = {}
    for task, one in answer_cache.unpack(found.answers).answers.items():
        errors = {name: vars(error) for name, error in one.errors.items()}
        made[task] = frames.encode({"errors": errors, "class_is_given": one.class_is_given}, dict(one.arrays))
    return made


def contexts_of(judge_context: JudgeContext, model: Any, seed: int = 1) -> dict[str, CheckContext]:
    """The contexts of all judged tasks, unanswered."""
    return {
        task.name: judge.check_context(judge_context, task.name, seed, Answers(), model)
        for task in judge.judged_tasks(judge_context.assignment)
    }


def sound(verdict: Verdict) -> None:
    """A verdict that can be kept and shown, that no check stumbled over."""
    assert verdict.status in (PASSED, FAILED, NOT_CHECKED, NEEDS_GRADING)
    assert verdict.score is None or 0 <= verdict.score <= verdict.max_score
    assert not verdict.fault, (verdict.task, verdict.fault)
    assert verdict.message and len(verdict.message) < 20_000
    json.dumps(verdict.as_json(), ensure_ascii=False).encode("utf-8")


def judge_frame(
    judge_context: JudgeContext, contexts: Mapping[str, CheckContext], task: str, frame: bytes, toll: Toll
) -> None:
    """A frame as the answers to a task, read and judged."""
    try:
        header, arrays = answers.whole(frame)
    except BadFrame:
        toll.count("no frame")
        return
    found = judge.verdicts(
        judge_context, {task: replace(contexts[task], answers=answers.answers_from(header, arrays), memo={})}
    )
    sound(found[task])
    toll.count(f"judged: {found[task].status}")


def judge_kept(judge_context: JudgeContext, contexts: Mapping[str, CheckContext], frame: bytes, toll: Toll) -> None:
    """A file of kept answers, read and judged."""
    before = answer_cache.unpack(frame)
    if not before.answers:
        toll.count("nothing kept")
        return
    again = answer_cache.pack(replace(before, keys={task: before.keys.get(task, "") for task in before.answers}))
    assert isinstance(again, bytes)
    known = {
        task: replace(context, answers=before.answers.get(task, Answers()), memo={})
        for task, context in contexts.items()
    }
    for verdict in judge.verdicts(judge_context, known).values():
        sound(verdict)
    toll.count("kept answers judged")


def fuzzed_model(params: Mapping[str, Any], drawn: Any) -> bytes:
    """A saved model whose arrays' headers, bytes, names or packing are changed."""
    changes, how, how_whole, packing, class_name = drawn
    entries = []
    for name, value in {**params, "class_name": np.array(class_name)}.items():
        head = {"descr": value.dtype.str, "fortran_order": False, "shape": value.shape}
        entries.append([name, head, value.tobytes()])
    for place, what, junk in changes:
        entry = entries[place % len(entries)]
        if what == "name":
            entry[0] = str(junk)[:60].replace("\0", "0").encode("utf-8", "replace").decode()
        elif what == "raw":
            entry[2] = bent(entry[2], how)
        else:
            entry[1][what] = tuple(junk) if isinstance(junk, list) else junk
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", packing) as archive:
        warnings.simplefilter("ignore")  # two entries of one name are wanted too
        for name, head, raw in entries:
            text = repr(head).encode("latin-1", "replace")
            archive.writestr(f"{name}.npy", b"\x93NUMPY\x01\0" + struct.pack("<H", len(text) & 0xFFFF) + text + raw)
    return bent(out.getvalue(), how_whole)


def judge_model(judge_context: JudgeContext, data: bytes, toll: Toll) -> None:
    """A model file, read and judged by the reference's forward pass."""
    model = saved_model.read_model({"best_net.npz": data}, "best_net.npz")
    context = judge.check_context(judge_context, "T12", 1, Answers(), model)
    judge.asks(judge_context, context)
    found = judge.verdicts(judge_context, {"T12": context})["T12"]
    sound(found)
    toll.count(f"model: {found.status}")


@dataclass
class Real:
    """Real things to start from: a submission, its result, its frames, its model."""

    grader: GraderContext
    files: Mapping[str, bytes]
    result: Result
    frames: Mapping[str, bytes]
    params: Mapping[str, Any]


def real(grader: GraderContext) -> Real:
    """Grade the reference once, and keep all that came of it."""
    course, assignment = grader.judge_context.course, grader.assignment
    net = grader.judge_context.reference["TwoLayerNet"](784, 12, 10)
    files = made_up.hand_in(course, assignment, made_up.answers(course, assignment), made_up.model_file(net.params))
    result = pipeline.grade_submission(grader, Submission("fuzz", files))
    return Real(grader, files, result, frames_of(result), net.params)
