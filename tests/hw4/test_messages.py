"""What students read is true: submissions, and what each is told, in English and in Thai.

Twenty of the messages are docs/messages.md: with AUTOGRADER_RECORD=1 this writes the page, else it holds it.
"""

import difflib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from shares import in_each_run

from autograder.assignments.hw4.right_variants import (
    INIT,
    LOSS,
    OWN_UPDATE,
    PREDICT,
    TRAIN,
    own_class,
    reworded,
)
from autograder.course import Assignment, Course, messages
from autograder.grading import made_up, pipeline
from autograder.grading.asking import GraderContext
from autograder.judging import judge
from autograder.judging.checking import CheckContext
from autograder.judging.verdicts import Verdict
from autograder.sandbox.answers import Array
from autograder.submissions.submission import Submission

PAGE = Path(__file__).resolve().parents[2] / "docs" / "messages.md"
HEAD = """# Twenty messages, as students read them

Written from real gradings, in English and in Thai, by `AUTOGRADER_RECORD=1 .venv/bin/python -m pytest
tests/hw4/test_messages.py`; in `make test`, the same file holds that the page is what the code says now. Each message
should tell a student what to mend when it is read alone. Above it stand the lines that earn it: what that student
wrote in place of a right answer's.
"""
SECRET = b"\1" * 32
LOOK = "            loss, grads = self.loss(X_batch, y=y_batch, reg=reg)\n"
WATCHED = LOOK + "            loss_history.append(self.loss(X, y, reg)[0])\n"
SHRINKING = OWN_UPDATE.replace("grads[key]", "(grads[key] + self.params[key])")
RIGHT_CLASS = own_class()
WITHOUT_LABELS = "        if y is None:\n            return scores\n"
MINE = """class Mine(TwoLayerNet):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.scaler = 1.0

    def predict(self, X):
        hidden = np.maximum(X @ self.params["W1"] + self.params["b1"], 0)
        return np.argmax(hidden @ self.params["W2"], axis=1)
"""


@dataclass(frozen=True)
class HandedIn:
    """Answers, edits of right ones: task -> (old, new), or a whole cell; or a class of one's own in T11's cell.

    told: task -> what the student did, for the page. says: task -> what the message begins with.
    """

    edits: Mapping[str, tuple[str, str] | str] = field(default_factory=dict)
    own: str = ""
    extra: tuple[str, ...] = ()
    change: Callable[[Mapping[str, Array]], Mapping[str, Array]] | None = dict  # of the trained net; None: no file
    model: str = ""  # name of its class
    told: Mapping[str, str] = field(default_factory=dict)
    says: Mapping[str, str] = field(default_factory=dict)


def train(*edits: tuple[str, str]) -> str:
    return own_class(train=reworded(TRAIN, *edits))


def loss(*edits: tuple[str, str]) -> str:
    return own_class(loss=reworded(LOSS, *edits))


STOPPED = "Got: Your code stopped with "
OWN_ERROR = f"{STOPPED}ValueError: five (T11-answer, line 48).\nHint: Print the values that this line uses"
SHAPES = "Find that line in the notebook and run the function there with N, D, H and C all different"
CASES: dict[str, HandedIn] = {
    "a mistake in each task": HandedIn(
        edits={
            "T1": ("dz_dx1 = dz_dy1 * w1", "dz_dx1 = dz_dy1"),
            "T3": "num_parameters = 30 * 1024 + 1024 * 512 + 512 * 1\n",
            "T5": ('params["b1"], 0)', 'params["b1"], 0'),
            "T6": ("shifted = scores - scores.max(axis=1, keepdims=True)", "shifted = scores"),
            "T7": ("    return {", "    grads = {"),
            "T8": ("y[chosen]", "y[np.random.choice(len(X), batch_size)]"),
            "T9": ("grads[name]", 'grads["d" + name]'),
            "T11": ("axis=1", "axis=2"),
        },
        change=None,
        told={
            "T1": "The step through y1 is left out of the chain rule.",
            "T3": "Only the weights are counted.",
            "T5": "A bracket is not closed.",
            "T6": "The largest score is not subtracted before the exponential.",
            "T7": "The gradients are worked out, and not returned.",
            "T8": "Rows and labels are drawn by two calls.",
            "T9": "The gradients are looked up under names that they do not have.",
            "T11": "There is no axis 2.",
            "T12": "best_net.npz was not handed in.",
        },
        says={
            "T5": f"{STOPPED}SyntaxError: '(' was never closed (T5-answer, line 7).\n"
            "Hint: Python cannot read",
            "T7": "Got: backward returned nothing (None): is the return line missing?",
            "T9": f"{STOPPED}KeyError: 'dW1' (T9-answer, line 4).\nHint: Print the keys",
            "T11": f"{STOPPED}AxisError: axis 2 is out of bounds for array of dimension 2 "
            f"(T11-answer, line 4).\nHint: {SHAPES}",
        },
    ),
    "another mistake in each task": HandedIn(
        edits={
            "T1": "dz_dw0 = w1 * x0\ndz_dw1, dz_db0, dz_db1 = 1, 1, 1\n",
            "T2": "size_A = 'many'\nsize_B = 7\n",
            "T5": (' + params["b1"]', ""),
            "T6": ("np.sum(params[\"W1\"] ** 2)", "sum(params[\"W1\"].ravel() ** 2)"),
            "T7": ('"b1": dhidden.sum(axis=0)', '"b1": dhidden.sum(axis=1)'),
            "T8": "def sample_minibatch(X, y, batch_size):\n    raise NotImplementedError\n",
        },
        extra=("sum = 0\nfor n in (1, 2, 3):\n    sum = sum + n\n",),
        change=lambda net: {**net, "W2": net["W2"] * np.nan},
        told={
            "T1": "A name is used that has no value.",
            "T2": "One size is a text, one is wrong, and one is left out.",
            "T5": "The bias b1 is left out; the toy data cannot show it.",
            "T6": "A cell above has used the name sum for a number.",
            "T7": "The gradient of b1 is summed along the wrong axis.",
            "T8": "The cell is as it was given.",
            "T12": "The training ran away: the saved weights are nan.",
        },
        says={
            "T1": f"{STOPPED}NameError: name 'w1' is not defined (T1-answer, line 1).\n"
            "Hint: Look how that name",
            "T2": "Asked: How many numbers are in the outputs A, B and C, for one input.\n"
            "Got: size of A: size_A is not a number. size of B: The value is not right. "
            "size of C: size_C has no value yet.",
            "T6": f"{STOPPED}TypeError: 'int' object is not callable (T6-answer, line 12).\n"
            "Hint: The name sum has another value since your own cell 8.1",
            "T8": "T8 is not written yet.",
            "T12": "The saved weights contain values that are not numbers",
        },
    ),
    "train stops after five steps": HandedIn(
        own=train((LOOK, LOOK + "            if it == 5:\n                raise ValueError('five')\n")),
        told={"T8": "A class of the student's own whose training stops with an error."},
        says={"T8": OWN_ERROR, "T9": OWN_ERROR, "T10": OWN_ERROR},
    ),
    "loss without labels gives a pair": HandedIn(
        own=loss((WITHOUT_LABELS, WITHOUT_LABELS.replace("return scores", "return scores, a1"))),
        told={"T5": "A class of the student's own: without labels, loss gives the hidden values too."},
        says={
            "T5": "Got: loss(X), without labels, returned: tuple (..., ...). "
            "Without labels it should return the scores alone.\n"
            "Hint: Put the line with `if y is None: return scores` before the loss is worked out."
        },
    ),
    "a name that graders have not": HandedIn(
        extra=(MINE.replace('(X @', '((X - offset) @'),),
        model="Mine",
        told={"T12": "predict of the student's own class uses a name that stands nowhere in the notebook."},
        says={"T12": "predict of your class uses a name that is not there"},
    ),
    "an attribute that __init__ makes": HandedIn(
        extra=(MINE.replace('(X @', '((X / self.scaler) @'),),
        model="Mine",
        told={"T12": "predict of the student's own class uses what its __init__ makes."},
        says={
            "T12": "predict of your class uses something of self that is not there. "
            "Graders make your class without calling __init__"
        },
    ),
}  # fmt: skip
# not on the page
CASES |= {
    "cells that cannot be read": HandedIn(
        edits={
            "T1": "dz_dw0 = = 3\n",
            "T3": "sum = 5\nnum_parameters = sum([1, 2])\n",
            "T5": "import torch\n\n\ndef forward(params, X):\n    return torch.relu(X), X\n",
            "T7": "def backward(params, X, y, hidden, probabilities, reg)\n    return {}\n",
            "T8": "def sample_minibatch(X, y, batch_size):\nreturn X, y\n",
            "T9": "def sgd_update(params, grads):\n    pass\n",
            "T11": "def predict(params, X):\n    len = 3\n    return np.zeros(len(X))\n",
        },
        says={
            "T1": f"{STOPPED}SyntaxError: invalid syntax (T1-answer, line 1).",
            "T3": f"{STOPPED}TypeError: 'int' object is not callable (T3-answer, line 2).\n"
            "Hint: The name sum has another value since T3-answer",
            "T5": f"{STOPPED}ModuleNotFoundError: No module named 'torch' (T5-answer, line 1).\n"
            "Hint: Use numpy alone",
            "T7": f"{STOPPED}SyntaxError: expected ':' (T7-answer, line 1).",
            "T8": f"{STOPPED}IndentationError:",
            "T9": f"{STOPPED}TypeError: sgd_update() takes 2 positional arguments but 3 were given.\n"
            "Hint: Keep the def line as the notebook gave it",
            "T11": f"{STOPPED}TypeError: 'int' object is not callable (T11-answer, line 3).\n"
            "Hint: The name len has another value since T11-answer",
        },
    ),
    "an unwritten task, and another one that cannot be read": HandedIn(
        edits={
            "T5": "def forward(params, X):\n    raise NotImplementedError\n",
            "T7": "def backward(params, X, y, hidden, probabilities, reg)\n    return {}\n",
            "T8": "def sample_minibatch(X, y, batch_size):\n    return 3\n",
            "T10": "def decay_learning_rate(learning_rate, learning_rate_decay):\n"
            "    raise ValueError('What? Why...')\n",
            "T11": "def predict(params, X):\n    forward(params, X)\n",
        },
        says={
            "T5": "T5 is not written yet.",
            "T7": f"{STOPPED}SyntaxError",
            "T8": "Got: sample_minibatch returned: int. It should return (X_batch, y_batch).",
            "T10": f"{STOPPED}ValueError: What? Why (T10-answer, line 2).\nHint: Print",
            "T11": "Got: Nothing came back (None): is the return line missing?",
        },
    ),
    "np stands for a list": HandedIn(
        extra=("np = [1, 2]\n",),
        says={
            "T5": f"{STOPPED}AttributeError: 'list' object has no attribute 'maximum' (T5-answer, line 7).\n"
            "Hint: The name np has another value since your own cell 8.1, so the np that this line needs is gone."
        },
    ),
    "all labels in a class": HandedIn(
        own=train(("y_batch = y[idx]", "y_batch = y")),
        says={"T8": f"{STOPPED}ValueError: operands could not be broadcast together"},
    ),
    "all rows in a class": HandedIn(
        own=train(("X_batch = X[idx]", "X_batch = X")),
        says={"T8": f"{STOPPED}ValueError: operands could not be broadcast together"},
    ),
    "a loss of the whole set beside steps that shrink": HandedIn(
        own=train((LOOK, WATCHED), (OWN_UPDATE, SHRINKING)),
        says={
            "T9": "Asked: In every iteration, every parameter moves by exactly minus learning rate times "
            "its gradient of the minibatch.\n"
            "Got: A step of the training does not go along the gradient of its minibatch."
        },
    ),
    "a training that does nothing": HandedIn(
        own=train(("        for it in range(num_iters):\n", "        for it in range(0):\n")),
        says={
            "T8": "Asked: Minibatches of the right size, each row with its own label, drawn anew each time "
            "from the whole training set.\n"
            "Got: train never asks for the loss of a minibatch",
        },
    ),
    "a training without an end": HandedIn(
        own=train(("range(num_iters)", "range(5000)")),
        says={"T8": "Got: train was stopped: it went on long after num_iters iterations"},
    ),
    "a loss that returns nothing": HandedIn(
        own=loss(("return loss, grads", "pass")),
        says=dict.fromkeys(("T6", "T7"), "Got: loss returned nothing (None): is the return line missing?"),
    ),
    "an __init__ of another kind": HandedIn(
        own=own_class(
            init="\n    def __init__(self, layers):\n        self.by, self.params = 1.0, {}\n",
            loss=LOSS.replace("        W1, b1", "        X = X * self.by\n        W1, b1", 1),
        ),
        says={
            "T5": f"{STOPPED}AttributeError: 'TwoLayerNet' object has no attribute 'by' (T11-answer, line 9).\n"
            "Hint: Look how the name after the dot is spelt"
        },
    ),
    "a method of another name": HandedIn(
        own=RIGHT_CLASS.replace("def predict", "def prediction"),
        says={"T11": "Got: Your class has no predict."},
    ),
    "a class that is not there": HandedIn(
        model="Mine", says={"T12": "The class that best_net.npz names is not in the notebook."}
    ),
    "a class whose cell stops": HandedIn(
        extra=("far = nowhere\n" + MINE,),
        model="Mine",
        says={"T12": f"{STOPPED}NameError: name 'nowhere' is not defined "
        "(your own cell 8.1, line 1)."},
    ),
    "a class without predict": HandedIn(
        extra=("class Mine:\n    pass\n",), model="Mine", says={"T12": "Got: Your class has no predict."}
    ),
    "labels for one image": HandedIn(
        extra=(MINE.replace("return np", "return 3 or np"),),
        model="Mine",
        says={"T12": "Asked: The network saved in best_net.npz reaches the accuracies that the notebook asks for, "
        "on the validation images and on the test images.\n"
        "Got: predict returned labels of the shape (1,) for 500 images"},
    ),
    "predict returns nothing": HandedIn(
        extra=(MINE.replace("return np", "np"),), model="Mine", says={"T12": "Got: predict returned nothing (None)"}
    ),
    "an own class under the given name": HandedIn(
        own=own_class(
            init=INIT + "        self.scaler = 1.0\n",
            predict=reworded(PREDICT, ("np.argmax(", "np.argmax(self.scaler * ")),
        ),
        change=lambda net: {**net, "more": np.ones(3)},
        says={"T12": "predict of your class uses something of self that is not there."},
    ),
    "no better than guessing": HandedIn(
        change=lambda net: {**net, "W2": net["W2"][:, ::-1]},
        says={"T12": "Your network answers hardly better than by guessing."},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def answers_of(course: Course, hw4: Assignment, right: Mapping[str, str]) -> Callable[[HandedIn], dict[str, str]]:
    """The cells of a submission: task -> source."""

    def answers(handed_in: HandedIn) -> dict[str, str]:
        found = {task: right[task] for task in ("T1", "T2", "T3", "T4")} if handed_in.own else dict(right)
        for task, edit in handed_in.edits.items():
            found[task] = edit if isinstance(edit, str) else reworded(found[task], edit)
        return {**found, **({"T11": handed_in.own} if handed_in.own else {})}

    return answers


Tell = Callable[[str], dict[str, dict[str, Verdict]]]


@pytest.fixture(scope="module")
def tell(
    course: Course,
    hw4: Assignment,
    grader: GraderContext,
    net: Mapping[str, Array],
    answers_of: Callable[[HandedIn], dict[str, str]],
) -> Iterator[Tell]:
    """Grade a case once -> its verdicts in English and in Thai."""
    kept: dict[str, dict[str, dict[str, Verdict]]] = {}

    def graded(name: str) -> dict[str, dict[str, Verdict]]:
        if name not in kept:
            case, seen = CASES[name], []
            weights = None if case.change is None else made_up.model_file(case.change(net), case.model)
            files = made_up.hand_in(course, hw4, answers_of(case), weights, case.extra)
            found = pipeline.grade_submission(
                replace(grader, secret=SECRET), Submission("student", files), look=seen.append
            )
            kept[name] = {"en": dict(found.verdicts), "th": in_thai(course, grader, seen[0])}
        return kept[name]

    yield graded


def in_thai(course: Course, grader: GraderContext, contexts: Mapping[str, CheckContext]) -> dict[str, Verdict]:
    """The verdicts on the same answers in a course whose language is Thai."""
    words = messages.load_messages(course, course.assignment("hw4"), "th")
    return judge.verdicts(replace(grader.judge_context, messages=words), contexts)


# in each test run those of the page, which are graded for it, and a third of the others; in `make proof` all
OF_THE_PAGE = [name for name, case in CASES.items() if case.told]
OTHERS = [name for name in CASES if name not in OF_THE_PAGE]


@pytest.mark.parametrize("name", in_each_run(CASES, [*OF_THE_PAGE, *OTHERS[2::6]]))
def test_a_message_says_what_happened(tell: Tell, name: str) -> None:
    said = tell(name)
    for task, begins in CASES[name].says.items():
        assert said["en"][task].message.startswith(begins), f"{task}: {said['en'][task].message}"
    for task, verdict in said["en"].items():
        if task not in said["th"]:
            continue  # a person marks it
        thai = said["th"][task]
        assert (verdict.score, verdict.mistake) == (thai.score, thai.mistake)
        assert re.search("[\u0e00-\u0e7f]", thai.message), thai.message
        assert sorted(re.findall(r"\d+", verdict.message)) == sorted(re.findall(r"\d+", thai.message))
        for text in (verdict.message, thai.message):
            assert not re.search(r"[.?!]\.", text.replace("...", "")), text


def test_the_page_is_what_the_code_says(
    grader: GraderContext, right: Mapping[str, str], tell: Tell, answers_of: Callable[[HandedIn], dict[str, str]]
) -> None:
    words, pieces = grader.judge_context.messages, [HEAD]
    shown = [(name, task) for name, case in CASES.items() for task in case.told]
    assert len(shown) == 20
    for number, (name, task) in enumerate(shown, start=1):
        en, th = (tell(name)[language][task] for language in ("en", "th"))
        parts = "; ".join(f"{words.part(task, p.name)} {p.score:g} of {p.max_score:g}" for p in en.parts)
        case = CASES[name]
        before = {**right, **({"T11": RIGHT_CLASS} if case.own else {})}
        pieces.append(
            f"## {number}. {task}\n\n{case.told[task]} "
            f"Mistake: {f'`{en.mistake}`' if en.mistake else 'not a known one'}. "
            f"Score {en.score:g} of {en.max_score:g} ({parts}).\n\n"
            f"{written(case, task, before, answers_of(case))}{quoted(en.message)}\n\n{quoted(th.message)}\n"
        )
    page = "\n".join(pieces)
    if os.environ.get("AUTOGRADER_RECORD") == "1":
        PAGE.write_text(page, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page


def written(case: HandedIn, task: str, before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """The lines that a student wrote: in cells of one's own, and in place of a right answer's."""
    cell = "T11" if case.own else task
    changed = difflib.ndiff(before.get(cell, "").splitlines(), now.get(cell, "").splitlines())
    lines = [line.removeprefix("+ ") for line in changed if line.startswith("+ ")]
    own = [*case.extra] if task == ("T12" if case.model else "T6") else []  # the task whose message they earn
    text = "".join(own) + "\n".join(lines)
    return f"```text\n{text.rstrip()}\n```\n\n" if text else ""


def quoted(message: str) -> str:
    return "> " + message.replace("\n", "\n>\n> ")
