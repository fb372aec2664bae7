"""Counterexamples of hw4: a public cell that this submission gets wrong and the reference right, and no more."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from shares import in_each_run, one_in

from autograder.course import Assignment, Course, load_module
from autograder.grading import answer_cache, asking, made_up, notebook_run, pipeline
from autograder.grading.asking import GraderContext
from autograder.judging import counterexamples, crashes, judge, known_mistakes, mutations
from autograder.judging.judge import JudgeContext
from autograder.judging.mutations import Mistake, RightVariant
from autograder.judging.verdicts import Counterexample, Result, Status, Verdict
from autograder.releasing.trials import public_cells
from autograder.releasing.trials.visible import NOT_YET, look
from autograder.sandbox.answers import Answers
from autograder.sandbox.guest import namespace
from autograder.submissions.submission import Submission

Mistakes = Mapping[tuple[str, str], Mistake]
HandIn = Callable[..., dict[str, bytes]]
Mark = Callable[..., Result]
SHOWN = [
    ("T5", "relu-missing"),
    ("T6", "half-missing"),
    ("T6", "largest-of-the-batch"),
    ("T7", "mask-missing"),
    ("T7", "bias-gradients-as-rows"),
    ("T9", "divided-by-length"),
    ("T9", "momentum"),  # in a class of the student's own
    ("T10", "one-minus-decay"),
    ("T10", "double-epoch"),  # in a class of the student's own
    ("T11", "leaky-relu-in-predict"),
]


def pasted(cell: str, names: Mapping[str, Any]) -> str:
    """What a cell shows among these names."""
    with np.errstate(all="ignore"):
        return counterexamples.shown(known_mistakes.value_of(cell, names, counterexamples.VALUE))


def planted(judge_context: JudgeContext, mistake: Mistake) -> dict[str, Any]:
    text = mutations.plant(judge_context.reference_text, mistake.edits, mistake.name)
    return mutations.run_text(text, mistake.name)


# in each test run one in six, in `make proof` all; the audit tries every counterexample again
@pytest.mark.parametrize(("task", "name"), one_in(12, SHOWN))
def test_a_mistake_is_shown_by_a_cell_that_graders_and_the_visible_check_agree_on(
    task: str, name: str, course: Course, hw4: Assignment, grader: GraderContext, mistakes: Mistakes, mark: Mark
) -> None:
    mistake = mistakes[task, name]
    answers, extra = made_up.with_mistake(course, hw4, mistake)
    files = made_up.hand_in(course, hw4, answers, None, extra)
    verdicts = mark(files).verdicts
    example = verdicts[task].counterexample
    assert example is not None
    assert pasted(example.cell, grader.judge_context.reference) == example.right != example.gives
    assert pasted(example.cell, planted(grader.judge_context, mistake)) == example.gives
    others = [verdict for other, verdict in verdicts.items() if other != task]
    assert not any(verdict.counterexample for verdict in others)  # one mistake, one task
    said = look(course, hw4, files)[task].said
    below = "\n".join(" " * 9 + line for line in example.cell.split("\n"))
    assert f"it gives {example.gives}; right is {example.right}\n{below}\n" in said


def test_who_lost_nothing_is_asked_nothing(hand_in: HandIn, right: dict[str, str], mark: Mark) -> None:
    result = mark(hand_in(right))
    assert not any("@" in name for name in answer_cache.unpack(result.answers).answers)
    assert not any(verdict.counterexample for verdict in result.verdicts.values())


def test_what_is_not_written_is_not_shown(hand_in: HandIn, mark: Mark) -> None:
    result = mark(hand_in({}, weights=None))
    assert not any("@" in name for name in answer_cache.unpack(result.answers).answers)
    assert not any(verdict.counterexample for verdict in result.verdicts.values())


def test_a_mistake_that_goes_through_an_earlier_one_is_not_shown(
    course: Course, hw4: Assignment, hand_in: HandIn, mistakes: Mistakes, right: dict[str, str], mark: Mark
) -> None:
    both = right
    for task, name in (("T5", "relu-missing"), ("T11", "argmin")):
        both = both | {task: made_up.with_mistake(course, hw4, mistakes[task, name])[0][task]}
    verdicts = mark(hand_in(both, weights=None)).verdicts
    assert verdicts["T5"].counterexample is not None
    assert verdicts["T11"].score == 0 and verdicts["T11"].counterexample is None


# nobody has listed these, and no single edit of the reference gives them
T5 = """\
def forward(params, X):
    hidden = np.maximum(X @ params["W1"] + params["b1"], 0)
    return 3 * (hidden @ params["W2"]) + 2 * params["b2"] + 1, hidden
"""
T10 = "def decay_learning_rate(learning_rate, learning_rate_decay):\n"


def test_a_mistake_that_nobody_knows_is_shown_by_its_own_values(
    grader: GraderContext, hand_in: HandIn, right: dict[str, str], mark: Mark
) -> None:
    example = mark(hand_in(right | {"T5": T5}, weights=None)).verdicts["T5"].counterexample
    assert example is not None
    theirs = dict(grader.judge_context.reference)
    exec(T5, theirs)
    assert pasted(example.cell, theirs) == example.gives
    assert pasted(example.cell, grader.judge_context.reference) == example.right


# no hidden answer is left to tell the mistake by; an edit of the reference gives the same to public cells
EXPLAINED = {
    "an error": ("T6", "np.arange(len(y))", "np.arange(len(reg))", "TypeError: object of type 'int' has no len()"),
    "sizes that do not fit": ("T5", '+ params["b1"]', '+ params["W1"]', "[[-6, -7]]"),
    "nothing": ("T10", "return learning_rate * learning_rate_decay", "pass", "None"),
}


@pytest.mark.parametrize("kind", EXPLAINED)
def test_an_edit_of_the_reference_speaks_where_hidden_questions_have_no_answers(
    kind: str, hand_in: HandIn, right: dict[str, str], mark: Mark, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, old, new, gives = EXPLAINED[kind]
    assert old in right[task]
    monkeypatch.setattr(asking, "_shown_anew", lambda *args: {} if not args[4] else pytest.fail("a notebook runs anew"))
    example = mark(hand_in(right | {task: right[task].replace(old, new)}, weights=None)).verdicts[task].counterexample
    assert example is not None and example.gives.startswith(gives)


def test_an_error_is_explained_by_its_text_too(
    grader: GraderContext, hand_in: HandIn, right: dict[str, str], mark: Mark
) -> None:
    """The reference without its return line fails in the same type, and in other words."""
    source = T10 + "    raise TypeError(f'seen: {learning_rate}')\n"
    verdict = mark(hand_in(right | {"T10": source}, weights=None)).verdicts["T10"]
    assert verdict.counterexample == Counterexample("decay_learning_rate(1, 0.5)", "TypeError", "0.5")


def test_a_class_of_ones_own_is_heard_before_earlier_states_run(
    course: Course, hw4: Assignment, mistakes: Mistakes, mark: Mark, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, extra = made_up.with_mistake(course, hw4, mistakes["T9", "momentum"])
    monkeypatch.setattr(asking, "_shown_anew", lambda *args: {} if not args[4] else pytest.fail("a notebook runs anew"))
    assert mark(made_up.hand_in(course, hw4, answers, None, extra)).verdicts["T9"].counterexample is not None


def test_a_state_that_was_better_is_shown_as_it_stood(
    grader: GraderContext, hand_in: HandIn, right: dict[str, str], mistakes: Mistakes, mark: Mark,
    course: Course, hw4: Assignment,
) -> None:  # fmt: skip
    half = made_up.with_mistake(course, hw4, mistakes["T6", "half-missing"])[0]
    spoiled = half | {"T12": "def softmax_loss(scores, y, params, reg):\n    return 7.0, scores\n"}
    verdict = mark(hand_in(spoiled, weights=None)).verdicts["T6"]
    assert verdict.snapshot and verdict.score == 0.75
    example = verdict.counterexample
    assert example is not None and "reg" not in example.gives
    assert pasted(example.cell, planted(grader.judge_context, mistakes["T6", "half-missing"])) == example.gives


@pytest.mark.parametrize("source", [T10 + "    return 3 * learning_rate - learning_rate_decay", None])
def test_another_grading_of_the_same_answers_runs_nobodys_code(
    source: str | None, grader: GraderContext, hand_in: HandIn, right: dict[str, str], mistakes: Mistakes,
    course: Course, hw4: Assignment, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    wrong = source or made_up.with_mistake(course, hw4, mistakes["T10", "no-decay"])[0]["T10"]
    handed_in = Submission("somchai", hand_in(right | {"T10": wrong}, weights=None))
    first = pipeline.grade_submission(grader, handed_in)
    assert first.verdicts["T10"].counterexample is not None

    def ran(*_: Any, **__: Any) -> None:
        raise AssertionError("a notebook ran")

    monkeypatch.setattr(notebook_run.NotebookRun, "_attempt", ran)
    again = pipeline.grade_submission(grader, handed_in, first.answers)
    assert again.verdicts["T10"] == first.verdicts["T10"]


T9 = "def sgd_update(p, grads, learning_rate):\n"
UNSTEADY = {
    "chance": ("T10", T10 + "    return learning_rate * np.random.rand()\n"),
    "the cells before": (
        "T10",
        f"last = [0]\n{T10}    below, last[0] = learning_rate < last[0], learning_rate\n"
        "    return learning_rate * learning_rate_decay * (3 if below else 1)\n",
    ),
    # the cell has that name, so that it is right where it is pasted
    "a global name": ("T9", T9 + "    for k in params:\n        params[k] -= learning_rate * grads[k]\n"),
}


@pytest.mark.parametrize("kind", UNSTEADY)
def test_what_would_not_come_out_where_it_is_pasted_is_not_shown(
    kind: str, hand_in: HandIn, right: dict[str, str], mark: Mark, course: Course, hw4: Assignment
) -> None:
    task, source = UNSTEADY[kind]
    files = hand_in(right | {task: source}, weights=None)
    verdict = mark(files).verdicts[task]
    assert verdict.score == 0 and verdict.counterexample is None
    seen = look(course, hw4, files)[task]
    assert seen.state == NOT_YET and "paste this" not in seen.said


def test_a_cell_is_shown_as_a_process_gives_it_that_was_asked_nothing_before(
    hand_in: HandIn, right: dict[str, str], mark: Mark
) -> None:
    counted = "    asked.append(1)\n    return learning_rate * learning_rate_decay * (9 if asked[2:] else 1)\n"
    verdict = mark(hand_in(right | {"T10": f"asked = []\n{T10}{counted}"}, weights=None)).verdicts["T10"]
    assert verdict.score == 0 and verdict.counterexample is None  # each cell is right where it is the first


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("whose", ["graders", "the visible check"])
def test_a_cell_runs_where_functions_look_their_globals_up_and_leaves_no_name_behind(
    whose: str, fails: bool, course: Course
) -> None:
    helpers = load_module(course.release("hw4") / "hw4_helpers.py", "hw4_helpers_of_cells")
    run = namespace.value_of if whose == "graders" else helpers._value_of
    names: dict[str, Any] = {"X": "mine"}
    exec("def of_global():\n    return X", names)
    before = dict(names)
    cell = "X = np.ones(2)\ndef twice(x):\n    y = 2 * x\n    return y\n"
    if fails:
        with pytest.raises(ZeroDivisionError):
            run(cell + "1 / 0", names)
    else:
        assert run(cell + "twice(of_global()).sum()", names) == 4
    assert names == before


# ---- hostile ------------------------------------------------------------------------------------

REMEMBERS = {
    "memory": "seen = []\n{head}    seen.append(float(learning_rate))\n    return seen[0]",
    "a file": (
        "import os\n{head}    with open('/tmp/seen', 'a') as file:\n        file.write(f'{{learning_rate!r}},')\n"
        "    return float(open('/tmp/seen').read().split(',')[0])"
    ),
    "shared memory": (
        "import mmap\nfile = open('/dev/shm/seen', 'w+b')\nfile.truncate(400)\nseen = mmap.mmap(file.fileno(), 400)\n"
        "{head}"
        "    seen[:] = seen.readline().strip(b'\\0').ljust(400, b'\\0') if seen[0] else "
        "repr(float(learning_rate)).encode().ljust(400, b'\\0')\n    seen.seek(0)\n"
        "    return float(bytes(seen[:]).strip(b'\\0'))"
    ),
    "an error": (
        "class Seen(Exception):\n    pass\nseen = []\n{head}    seen.append(float(learning_rate))\n"
        "    raise Seen(f'hidden: {{seen}}')"
    ),
    "an error's name": (
        "seen = []\n{head}    seen.append(float(learning_rate))\n"
        "    raise type(f'Seen{{seen[0]}}', (Exception,), {{}})()"
    ),
    "a pipe": (
        "import os\nreads, writes = os.pipe()\n{head}    os.write(writes, f'{{float(learning_rate)!r},'.encode())\n"
        "    first = os.read(reads, 60000)\n    os.write(writes, first)\n    return float(first.split(b',')[0])"
    ),
    # as the known mistake "no-decay" on what is asked first, and something else later
    "disguised": (
        "seen = []\n{head}    seen.append(float(learning_rate))\n"
        "    return learning_rate if learning_rate not in (1, 0.5, 0.002) or len(seen) < 3 else seen[0]"
    ),
}


def hidden_numbers(judge_context: JudgeContext, result: Result) -> set[str]:
    """The first digits of the rates that the function was asked with, by whatever task."""
    cases = [case for task in ("T8", "T9", "T10") for case in judge.cases(judge_context, task, result.seeds[task])]
    found = {float(case[name]) for case in cases for name in ("learning_rate", "decay")} - {1.0}
    return {f"{number:.9f}"[: 5 if number > 0.01 else 7] for number in found}  # cut, since rounding carries over


@pytest.mark.parametrize("way", REMEMBERS)
def test_what_a_function_remembers_of_hidden_inputs_is_in_no_counterexample(
    way: str, grader: GraderContext, hand_in: HandIn, right: dict[str, str], mark: Mark
) -> None:
    source = REMEMBERS[way].replace("{head}", T10).replace("{{", "{").replace("}}", "}")
    result = mark(hand_in(right | {"T10": source}, weights=None))
    assert result.verdicts["T10"].score == 0
    example = result.verdicts["T10"].counterexample
    said = json.dumps(vars(example)) if example is not None else ""
    assert not any(number in said for number in hidden_numbers(grader.judge_context, result))
    if way != "disguised":
        assert example is not None  # it is asked where nothing is to be remembered


@pytest.mark.parametrize("way", sorted(REMEMBERS.keys() - {"disguised"}))
def test_asked_where_hidden_questions_have_been_it_would_be_in_one(
    way: str, grader: GraderContext, hand_in: HandIn, right: dict[str, str], mark: Mark,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    first: dict[str, Any] = {}

    def beside(*args: Any) -> Answers:
        grader, ran, trials, seed = args[0], args[2], args[-2], args[-1]
        cells = [one.cell for one in trials]
        if not first:
            run = ran.runs[grader.assignment.task("T10").notebook]
            first["found"], first["cells"] = run.ask_on(notebook_run.Question("T10", (), 0, cells=cells)), cells
        found: Answers = first["found"]  # the same again for the one cell
        return counterexamples.of_cell(found, first["cells"].index(cells[0])) if seed else found

    monkeypatch.setattr(asking, "_asked_apart", beside)
    source = REMEMBERS[way].replace("{head}", T10).replace("{{", "{").replace("}}", "}")
    result = mark(hand_in(right | {"T10": source}, weights=None))
    example = result.verdicts["T10"].counterexample
    assert example is not None
    assert any(number in example.gives for number in hidden_numbers(grader.judge_context, result))


SYSTEM_V = "import ctypes, struct\nlibc = ctypes.CDLL(None)\n"
COUNTED = {  # what the kernel knows of those who were there before: `{first}`: done once, under a hidden question
    "files": (
        "import os\nopen('/tmp/mine', 'w').close()\nstart = os.stat('/tmp/mine').st_ino\n",
        "for number in range(100):\n            open('/tmp/x', 'w').close()\n            os.unlink('/tmp/x')",
    ),
    "processes": (
        "import os\nstart = os.getpid()\n",
        "for _ in range(100):\n            os.waitpid(os.fork() or os._exit(0), 0)",
    ),
    "System V memory": (
        SYSTEM_V + "libc.shmat.restype = ctypes.c_void_p\nkey = libc.shmget(7, 4096, 0o1666)\n"
        "at = ctypes.c_double.from_address(libc.shmat(key, None, 0)) if key >= 0 else ctypes.c_double()\n"
        "start = at.value\n",
        "at.value = 100.0",
    ),
    "a System V queue": (
        SYSTEM_V + "key, text = libc.msgget(7, 0o1666), ctypes.create_string_buffer(16)\n"
        "start = 100.0 if libc.msgrcv(key, text, 8, 0, 0o4000) >= 0 else 0.0\n",
        "libc.msgsnd(key, struct.pack('q8s', 1, b'x' * 8), 8, 0)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("way", in_each_run(COUNTED, ["processes"]))
def test_no_counterexample_tells_what_the_kernel_counted_while_hidden_questions_were_asked(
    way: str, hand_in: HandIn, right: dict[str, str], mark: Mark
) -> None:
    above, first = COUNTED[way]
    source = (
        f"{above}seen = []\n{T10}    if not seen:\n        seen.append(1)\n        {first}\n    return 1.0 * start\n"
    )
    verdict = mark(hand_in(right | {"T10": source}, weights=None)).verdicts["T10"]
    assert verdict.score == 0
    if verdict.counterexample is not None:  # a busy machine may be too slow for the copies to do it too
        assert float(verdict.counterexample.gives) < 100, "what was done 100 times shows"


STRANGE = {
    "nan": ("return float('nan')", "nan"),
    "inf": ("return float('inf')", "inf"),
    "nothing": ("return None", "None"),
    "text": ("return '<b>0.9</b>'", "text"),
    "huge": ("return np.zeros((500, 500))", "an array of shape (500, 500)"),
    "no numbers": ("return np.zeros((0, 3))", "[]"),
    "script": ("raise ValueError('<script>alert(1)</script>')", "ValueError"),  # its text stands in the message
    "long": ("raise type('E', (Exception,), {})('x' * 5000)", "E: " + "x" * 197),
    "control characters": ("raise type('E', (Exception,), {})('\\x1b[31mred\\x07')", "E:  [31mred"),
    "an object": ("return lambda: 0.5", "no numbers"),
    "a name": ("raise type('<i>', (Exception,), {})('x')", "<i>: x"),
}


@pytest.mark.parametrize("kind", one_in(3, STRANGE))
def test_strange_values_and_errors_are_short_plain_text(
    kind: str, hand_in: HandIn, right: dict[str, str], mark: Mark
) -> None:
    body, gives = STRANGE[kind]
    verdict = mark(hand_in(right | {"T10": f"{T10}    {body}"}, weights=None)).verdicts["T10"]
    assert verdict.score == 0
    assert verdict.counterexample == Counterexample("decay_learning_rate(1, 0.5)", gives, "0.5")


@pytest.mark.parametrize(
    "body", [pytest.param("while True:\n        pass", marks=pytest.mark.proof), "import os\n    os._exit(0)"]
)
def test_what_never_ends_or_ends_its_process_is_not_shown(
    body: str, hand_in: HandIn, right: dict[str, str], mark: Mark
) -> None:
    verdict = mark(hand_in(right | {"T10": f"{T10}    {body}"}, weights=None)).verdicts["T10"]
    assert verdict.score == 0 and verdict.counterexample is None


def test_an_array_that_lies_shows_what_its_bytes_are(hand_in: HandIn, right: dict[str, str], mark: Mark) -> None:
    lying = (
        "class Lying(np.ndarray):\n    def __eq__(self, other):\n        return True\n"
        "    def __repr__(self):\n        return '0.5'\n"
        f"{T10}    return np.array(5.0).view(Lying)"
    )
    example = mark(hand_in(right | {"T10": lying}, weights=None)).verdicts["T10"].counterexample
    assert example == Counterexample("decay_learning_rate(1, 0.5)", "5", "0.5")


def test_what_is_right_comes_from_the_reference_whatever_a_submission_defines(
    grader: GraderContext, hand_in: HandIn, right: dict[str, str], mark: Mark
) -> None:
    source = "params = X = np_array = None\n" + T5 + "\nnp.array = lambda *_: 0\n"
    result = mark(hand_in(right | {"T5": source}, weights=None))
    for verdict in result.verdicts.values():
        if verdict.counterexample is not None:
            found = pasted(verdict.counterexample.cell, grader.judge_context.reference)
            assert found == verdict.counterexample.right


def test_the_cells_are_public_and_small(grader: GraderContext) -> None:
    trials = grader.judge_context.trials
    assert set(trials) == {"T5", "T6", "T7", "T9", "T10", "T11"}
    assert max(trial.numbers for some in trials.values() for trial in some) <= counterexamples.MOST_NUMBERS


@pytest.mark.proof  # in each run the audit does it
def test_every_right_variant_passes_every_cell(course: Course, hw4: Assignment) -> None:
    assert not list(public_cells.wronged(course, hw4, public_cells.load_cells(course, hw4)))


def test_a_cell_that_a_right_variant_fails_is_told(
    course: Course, hw4: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    strange = RightVariant("strange", (("return learning_rate * learning_rate_decay", "return learning_rate"),))
    monkeypatch.setattr(mutations, "load_right_variants", lambda *_: (strange,))
    told = list(public_cells.wronged(course, hw4, public_cells.load_cells(course, hw4)))
    assert told[0] == (
        "T10: the right variant strange gives 1 in a public cell where 0.5 is right: decay_learning_rate(1, 0.5)"
    )


def test_a_counterexample_that_shows_nothing_is_told(course: Course, hw4: Assignment) -> None:
    cells = public_cells.load_cells(course, hw4)
    example = Counterexample("decay_learning_rate(1, 0.5)", "1", "0.5")
    verdict = Verdict("T10", Status.FAILED, 0.0, 1.0, counterexample=example)
    assert public_cells.tried_again(cells, verdict, cells.text) == public_cells.Shown(
        2, "T10: the mistake does not show in decay_learning_rate(1, 0.5)"
    )
    wrong = cells.text.replace("return learning_rate * learning_rate_decay", "return learning_rate")
    assert public_cells.tried_again(cells, verdict, wrong) == public_cells.Shown(2)
    assert public_cells.tried_again(cells, replace(verdict, counterexample=None), wrong) == public_cells.Shown(0)
    assert public_cells.tried_again(cells, replace(verdict, task="T8"), wrong) is None
    assert public_cells.summary([public_cells.Shown(0)], 3) == "counterexamples: for 0 of 1"


# ---- what an error says of hidden inputs ----------------------------------------------------------

DIGITS = "    digits = f'{learning_rate:.9f}'[2:8].replace('0', '1')\n"
SEEN = r"(\d\W{0,4}){4}"
TELLS = {  # `digits`: of what came
    "a text": "raise ValueError(digits)",
    "a text in Python's words": "raise NameError(f\"name 'x{digits}' is not defined\")",
    "a name with a point": "raise NameError(f\"name 'float.{digits}' is not defined\")",
    "quotation marks": "['1', '2', '3', '4', '5']\n    raise ValueError(\"1', '2', '3', '4\" + digits[:0])",
    "numbers": "e = ValueError()\n    e.facts = {'said': 'no_value', 'name': ' '.join(digits)}\n    raise e",
    "a key": "return {}[learning_rate]",
    "an index": "return np.zeros(2)[int(digits)]",
    "a type": "raise type(f'E{digits}', (Exception,), {})('x')",
    "an unwritten task": "raise NotImplementedError(digits)",
    "facts": "error = ValueError('x')\n    error.facts = {'said': 'undefined', 'name': digits}\n    raise error",
    "a line": "exec(compile('\\n' * int(digits[:4]) + '1 / 0', 'cell T10-answer', 'exec'))",
    "a cell": "exec(compile('1 / 0', f'cell {digits}', 'exec'))",
}


@pytest.mark.parametrize("way", TELLS)
def test_no_error_tells_a_hidden_input(way: str, hand_in: HandIn, right: dict[str, str], mark: Mark) -> None:
    body = f"{DIGITS}    {TELLS[way]}"
    verdicts = mark(hand_in(right | {"T10": f"{T10}{body}\n"}, weights=None)).verdicts
    assert verdicts["T10"].score == 0 and verdicts["T10"].message
    for verdict in verdicts.values():
        assert not re.search(SEEN, verdict.message), verdict.message


@pytest.mark.proof
@pytest.mark.parametrize("way", TELLS)
def test_untold_it_would(
    way: str, hand_in: HandIn, right: dict[str, str], mark: Mark, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crashes, "told", lambda answers, own: answers)
    body = f"{DIGITS}    {TELLS[way]}"
    message = mark(hand_in(right | {"T10": f"{T10}{body}\n"}, weights=None)).verdicts["T10"].message
    assert re.search(SEEN, message), message


OF_PYTHON = {
    "a slip": ("return learning_rat * learning_rate_decay", "NameError: name 'learning_rat' is not defined"),
    "own words": ("raise ValueError('the rate is 3.14159 at most')", "ValueError: the rate is 3.14159 at most (T10"),
    "sizes": ("return np.zeros((2, 3)) @ np.zeros((2, 3))", "matmul: Input operand 1 has a mismatch in its core dim"),
    "types": ("return learning_rate + 'x'", "TypeError: unsupported operand type(s) for +: 'float' and 'str' (T10"),
    "calls": ("return decay_learning_rate()", "missing 2 required positional arguments: 'learning_rate' and 'learni"),
}


@pytest.mark.parametrize("kind", OF_PYTHON)
def test_what_an_error_says_for_everybody_is_told(
    kind: str, hand_in: HandIn, right: dict[str, str], mark: Mark
) -> None:
    body, said = OF_PYTHON[kind]
    assert said in mark(hand_in(right | {"T10": f"{T10}    {body}"}, weights=None)).verdicts["T10"].message
