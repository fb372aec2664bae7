"""The visible checks of hw4 say what the hidden ones say: by numbers that the release bakes."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shares import one_in
from sources import hashes

from autograder.course import Assignment, Course
from autograder.errors import CourseError
from autograder.grading import made_up
from autograder.judging import judge
from autograder.judging.contract import load_checks
from autograder.judging.mutations import RightVariant, load_mistakes, load_right_variants, run_text
from autograder.judging.verdicts import PASSED, Result
from autograder.releasing import baked, leaks, release
from autograder.releasing.trials import visible
from autograder.releasing.trials.audit import Row
from autograder.releasing.trials.visible import GREEN, NOT_YET, Seen

TASKS = ("T5", "T6", "T7", "T8", "T9", "T10", "T11")
FILE = "hw4_numbers.json"
Look = Callable[..., dict[str, Seen]]


@pytest.fixture(scope="module")
def look(course: Course, hw4: Assignment) -> Look:
    """What the visible checks say of answers by task, cells of one's own before them."""

    def look(answers: dict[str, str], extra: tuple[str, ...] = ()) -> dict[str, Seen]:
        return visible.look(course, hw4, made_up.hand_in(course, hw4, answers, None, extra))

    return look


def states(seen: dict[str, Seen]) -> dict[str, list[str]]:
    """The tasks by the word that their check says."""
    return {state: [task for task in TASKS if seen[task].state == state] for state in {seen[t].state for t in TASKS}}


# ---- every mistake and every right variant ------------------------------------------------------


# in each test run one in eighteen, in `make proof` all
@pytest.mark.parametrize("step", [18, pytest.param(1, marks=pytest.mark.proof)])
def test_no_check_passes_on_a_known_mistake_and_none_says_not_yet_where_a_task_is_right(
    course: Course, hw4: Assignment, look: Look, step: int
) -> None:
    """In the audit each of these mistakes costs its own task and no other: so the checks are held against that."""
    words = json.loads((course.release("hw4") / FILE).read_text(encoding="utf-8"))["tasks"]
    asked, strict = 0, []
    for mistake in [one for one in load_mistakes(course, hw4) if one.task in TASKS][::step]:
        asked += 1
        seen = look(*made_up.with_mistake(course, hw4, mistake))
        assert seen[mistake.task].state == NOT_YET, mistake
        strict += [(mistake.name, task) for task in states(seen)[NOT_YET] if task != mistake.task]
        if not mistake.in_class:
            assert any(text in seen[mistake.task].to_do for text, _ in words[mistake.task]["mistakes"]), mistake
    assert asked >= 130 // step
    assert strict == []


# in each test run one in eighteen, in `make proof` all
@pytest.mark.parametrize("step", [18, pytest.param(1, marks=pytest.mark.proof)])
def test_the_visible_checks_pass_on_every_right_variant(course: Course, hw4: Assignment, look: Look, step: int) -> None:
    for variant in load_right_variants(course, hw4)[::step]:
        assert states(look(*made_up.with_variant(course, hw4, variant))) == {GREEN: [*TASKS]}, variant.name


@pytest.mark.parametrize(
    ("task", "source", "said"),
    one_in(3, [
        ("T5", "def forward(params, X):\n    h = np.maximum(X @ params['W1'], 0)\n"
               "    return h @ params['W2'] + params['b2'], h\n", "The bias b1 is missing"),
        ("T5", "def forward(params, X):\n    h = np.minimum(np.maximum(X @ params['W1'] + params['b1'], 0), 6)\n"
               "    return h @ params['W2'] + params['b2'], h\n", "not yet"),
        ("T7", "def backward(params, X, y, hidden, probabilities, reg):\n"
               "    d = (probabilities - np.eye(10)[y]) / len(y)\n    dh = (d @ params['W2'].T) * (hidden > 0)\n"
               "    return {'W1': X.T @ dh + reg * params['W1'], "
               "'b1': dh.sum(0), 'W2': hidden.T @ d + reg * params['W2'], 'b2': d.sum(0)}\n", "could not be broadcast"),
        ("T8", "def sample_minibatch(X, y, batch_size):\n    start = np.random.randint(len(X) - batch_size + 1)\n"
               "    return X[start:start + batch_size], y[start:start + batch_size]\n", "rows in order"),
        ("T8", "def sample_minibatch(X, y, batch_size):\n    i = np.random.randint(0, len(X) - 1, batch_size)\n"
               "    return X[i], y[i]\n", "The last row of the training set is never drawn"),
        ("T9", "def sgd_update(params, grads, learning_rate):\n    for name in params:\n"
               "        params[name] -= learning_rate * np.clip(grads[name], -10, 10)\n", "after a few steps"),
        ("T10", "def decay_learning_rate(learning_rate, learning_rate_decay):\n"
                "    return max(learning_rate * learning_rate_decay, 0.001)\n", "a rate of 0.0012 with a decay of 0.7"),
        ("T10", "def decay_learning_rate(learning_rate, learning_rate_decay):\n"
                "    return learning_rate * 0.9\n", "not yet"),
        ("T11", "def predict(params, X):\n    return np.argmax(forward(params, X)[0][:, :3], axis=1)\n",
         "some labels are not the class with the largest score"),
    ]),
)  # fmt: skip
def test_the_checks_use_more_than_the_toy(look: Look, right: dict[str, str], task: str, source: str, said: str) -> None:
    seen = look({**right, task: source})
    assert states(seen) == {GREEN: [one for one in TASKS if one != task], NOT_YET: [task]}
    assert said in seen[task].said


# ---- an earlier task is named first -------------------------------------------------------------

SUM = "def softmax_loss(scores, y, params, reg):\n    p = np.exp(scores - scores.max(axis=1, keepdims=True))\n" \
      "    p /= p.sum(axis=1, keepdims=True)\n    data = -np.log(p[np.arange(len(y)), y]).sum()\n" \
      "    return data + 0.5 * reg * sum(np.sum(params[w] ** 2) for w in ('W1', 'W2')), 30 * p\n"  # fmt: skip


def test_where_t6_is_at_fault_t7_and_t11_are_called_right_and_t6_is_named(look: Look, right: dict[str, str]) -> None:
    seen = look({**right, "T6": SUM})
    assert states(seen) == {NOT_YET: ["T6"], GREEN: [task for task in TASKS if task != "T6"]}
    assert "T7 is right; the class still fails because of T6: " in seen["T7"].said
    assert re.search(r"T11 is right; the toy training still fails \(.*\) because of T6: ", seen["T11"].said)
    assert not any("look at T7" in one.said for one in seen.values())


def test_labels_are_right_for_right_scores_where_t5_is_at_fault(look: Look, right: dict[str, str]) -> None:
    seen = look({**right, "T5": "def forward(params, X):\n    h = np.maximum(X @ params['W1'], 0)\n    return -h, h\n"})
    assert seen["T5"].state == NOT_YET and seen["T11"].state == GREEN
    assert "the labels are right for right scores; the class still fails because of T5" in seen["T11"].said


def test_gradients_of_ones_own_wrong_loss_count_and_t6_is_named(look: Look, right: dict[str, str]) -> None:
    full = right["T6"].replace("0.5 * reg", "reg"), right["T7"].replace("reg * params", "2 * reg * params")
    seen = look({**right, "T6": full[0], "T7": full[1]})
    assert states(seen) == {NOT_YET: ["T6"], GREEN: [task for task in TASKS if task != "T6"]}
    assert (
        "these are the gradients of your own loss, so T7 counts; the class still fails because of T6" in seen["T7"].said
    )
    easy = "def softmax_loss(scores, y, params, reg):\n    return 0.0, np.zeros(np.shape(scores))\n"
    none = "def backward(params, X, *all):\n    return {name: 0 * value for name, value in params.items()}\n"
    assert states(look({**right, "T6": easy, "T7": none}))[NOT_YET] == ["T6", "T7"], "an easy loss shows nothing"


def test_a_task_that_waits_for_another_is_not_called_wrong(look: Look, right: dict[str, str]) -> None:
    stub = "def backward(params, X, y, hidden, probabilities, reg):\n    raise NotImplementedError('T7')\n"
    seen = look({**right, "T7": stub})
    assert states(seen) == {NOT_YET: ["T7"], GREEN: [task for task in TASKS if task != "T7"]}
    assert "it needs T7, which is not written yet" in seen["T11"].said
    assert "If a whole class of your own comes further down, run this cell once more behind it." in seen["T7"].said


# answers of which each is right by itself, or would be in another form
FORMS: list[tuple[str, str, str, list[str], str]] = [
    ("T5", "return scores, hidden", "return scores, hidden.tolist()", ["T9"], "training with all your functions stops"),
    ("T5", "return scores, hidden", "return scores.tolist(), hidden", ["T9"], "training with all your functions stops"),
    ("T5", "return scores, hidden", "return __import__('pandas').DataFrame(scores), hidden", ["T9"], "in softmax_loss"),
    ("T7", '"b1": dhidden.sum(axis=0)', '"b1": dhidden.sum(axis=0)[None]', ["T7"], "the gradient of b1 does not have"),
    ("T8", "return X[chosen], y[chosen]", "return tuple(X[chosen]), y[chosen]", ["T9"], "'tuple' object has no"),
    ("T8", "return X[chosen], y[chosen]", "return X[chosen], y[chosen].astype(float)", ["T9"], "must be of integer"),
    ("T8", "np.random.choice(len(X), ", "2 * np.random.choice(len(X) // 2, ", ["T8"], "some rows of X are never"),
    ("T10", "return learning_rate * learning_rate_decay", "return (learning_rate * learning_rate_decay,)", ["T10"],
     "it gives back a tuple"),
    ("T10", "return learning_rate * learning_rate_decay", "return str(learning_rate * learning_rate_decay)", ["T10"],
     "it gives back a str"),
    ("T10", "return learning_rate * learning_rate_decay", "return [learning_rate * learning_rate_decay]", ["T9"],
     "(in decay_learning_rate"),
    ("T11", "return np.argmax(scores, axis=1)", "return np.argmax(scores, axis=1), scores", ["T11"], "back a tuple."),
    ("T11", "return np.argmax(scores, axis=1)", "return map(int, np.argmax(scores, axis=1))", ["T11"], "back a map."),
    ("T11", "return np.argmax(scores, axis=1)", "return np.argmax(scores, axis=1).astype(str)", ["T11"], "back text."),
]  # fmt: skip


@pytest.mark.parametrize(("task", "old", "new", "wrong", "said"), one_in(4, FORMS))
def test_what_comes_back_in_another_form_is_told_where_graders_take_the_mark(
    look: Look, right: dict[str, str], task: str, old: str, new: str, wrong: list[str], said: str
) -> None:
    assert right[task].count(old) == 1
    seen = look({**right, task: right[task].replace(old, new)})
    assert [name for name in TASKS if seen[name].state != GREEN] == wrong
    assert all(said in seen[name].said for name in wrong)


# ---- a class of the student's own ---------------------------------------------------------------

OWN = "class-as-in-cs231n"


@pytest.fixture(scope="module")
def own(course: Course, hw4: Assignment) -> str:
    variants: dict[str, RightVariant] = {one.name: one for one in load_right_variants(course, hw4)}
    return variants[OWN].whole


@pytest.mark.parametrize(
    ("old", "new", "wrong", "said"),
    one_in(4, [
        ("learning_rate_decay=0.95", "learning_rate_decay=0.95, *, more=1", [], ""),
        ("self.loss(X_batch, ", "self.loss(X[:7], ", ["T8"], "7 rows, where 10 were asked for"),
        ("-= learning_rate * ", "-= 0.9 * learning_rate * ", ["T9"], "the first step of train does not have"),
        ("*= learning_rate_decay", "*= 0.9", ["T10"], "not by the factor learning_rate_decay"),
        ("self.params[key] -= ", "self.params[key] += ", ["T9"], "train walks along the gradient. Subtract the step."),
        ("loss_history.append(loss)\n", "loss_history.append(loss)\n            if loss > min(loss_history): break\n",
         ["T8", "T9", "T10"], "train stops before num_iters iterations are over."),
        ("learning_rate * grads[key]", "learning_rate * np.clip(grads[key], -10, 10)", ["T9", "T10"], "something else"),
        ("learning_rate *= learning_rate_decay", "learning_rate = max(learning_rate * learning_rate_decay, 0.001)",
         ["T10"], "not by the factor learning_rate_decay"),
        ("-= learning_rate * ", "-= learning_rate / (it + 1) ** 0.5 * ", ["T9", "T10"], "take one step in each"),
    ], 1),
)  # fmt: skip
def test_a_whole_class_is_watched_as_it_trains(
    look: Look, right: dict[str, str], own: str, old: str, new: str, wrong: list[str], said: str
) -> None:
    if old not in own:
        pytest.fail(f"{OWN} has no {old}")
    plain = {task: right[task] for task in ("T1", "T2", "T3")}
    seen = look({**plain, "T11": own.replace(old, new)})
    assert [task for task in TASKS if seen[task].state != GREEN] == wrong
    assert all(said in seen[task].said for task in wrong)


# the gradients come from elsewhere than loss: text before the class, in it, and the line of train that asks for them
ASKED = "loss, grads = self.loss(X_batch, y=y_batch, reg=reg)"
CLASS = "class TwoLayerNet(object):\n"
COST = "    def cost(self, X, y, reg):\n        return TwoLayerNet.price(self, X, y, reg)\n"
SLOPES = "def slopes(net, X, y, reg):\n    return net.price(X, y, reg)[1]\n\n\n"
SEEN = {
    "a method": ("", COST, "loss, grads = self.cost(X_batch, y_batch, reg)"),
    "a static method": ("", "    cost = staticmethod(lambda net, X, y, reg: net.price(X, y, reg))\n",
                        "loss, grads = self.cost(self, X_batch, y_batch, reg)"),
    "a function": (SLOPES, "", "loss, grads = 0.0, slopes(self, X_batch, y_batch, reg)"),
    "a function as an attribute of the class": (SLOPES, "    slopes = slopes\n",
                                                "loss, grads = 0.0, self.slopes(X_batch, y_batch, reg)"),
    "a method in a dict": ("", COST, "loss, grads = {'cost': self.cost}['cost'](X_batch, y_batch, reg)"),
    "a generator": ("def looks(net, X, y, reg):\n    yield net.price(X, y, reg)\n\n\n", "",
                    "loss, grads = next(looks(self, X_batch, y_batch, reg))"),
    "a function inside train": ("", "", "loss, grads = (lambda X, y: self.price(X, y, reg))(X_batch, y_batch)"),
    "the loss for its value alone": ("", "", "loss, grads = self.loss(X_batch, y_batch)[0], "
                                             "self.price(X_batch, y_batch, reg)[1]"),
}  # fmt: skip
UNSEEN = {
    "a function in a list": "KEPT = [TwoLayerNet.price]",
    "a partial function": "KEPT = [__import__('functools').partial(TwoLayerNet.price)]",
}


def by_a_helper(own: str, before: str, inside: str, asks: str) -> str:
    """The class with its loss a second time, as `price`, which train asks by these lines."""
    assert own.count(ASKED) == own.count(CLASS) == 1
    loss = own[own.index("    def loss(") : own.index("    def train(")]
    price = loss.replace("def loss(", "def price(")
    return own.replace(CLASS, f"{before}{CLASS}{inside}{price}\n").replace(ASKED, asks)


@pytest.mark.parametrize("way", one_in(4, SEEN))
def test_gradients_of_a_helper_are_seen_as_graders_see_them(
    look: Look, right: dict[str, str], own: str, way: str
) -> None:
    plain = {task: right[task] for task in ("T1", "T2", "T3")}
    text = by_a_helper(own, *SEEN[way])
    assert states(look({**plain, "T11": text})) == {GREEN: [*TASKS]}
    slips = {"T8": ("np.random.choice(num_train, batch_size)", "np.arange(batch_size)"),
             "T9": ("-= learning_rate", "+= learning_rate"), "T10": ("*= learning_rate_decay", "*= 0.9")}  # fmt: skip
    task = [*slips][[*SEEN].index(way) % 3]
    seen = look({**plain, "T11": text.replace(*slips[task])})
    assert [one for one in TASKS if seen[one].state != GREEN] == [task]


@pytest.mark.parametrize("way", UNSEEN)
def test_what_neither_this_check_nor_graders_see_is_said_so(
    look: Look, mark: Callable[..., Result], hand_in: Callable[..., dict[str, bytes]], right: dict[str, str],
    own: str, way: str,
) -> None:  # fmt: skip
    """A person marks it."""
    asks = "loss, grads = KEPT[0](self, X_batch, y_batch)"
    text = by_a_helper(own, "", "", asks) + f"\n\n{UNSEEN[way]}\ndel TwoLayerNet.price\n"
    answers = {**{task: right[task] for task in ("T1", "T2", "T3")}, "T11": text}
    seen = look(answers)
    assert states(seen) == {GREEN: ["T5", "T6", "T7", "T11"], "the form fits": ["T8", "T9", "T10"]}
    assert all("so a person will mark it. With self.loss(X_batch, y_batch, reg) in train" in seen[t].said
               for t in ("T8", "T9", "T10"))  # fmt: skip
    verdicts = mark(hand_in(answers)).verdicts
    assert [task for task in TASKS if verdicts[task].score is None] == ["T8", "T9", "T10"]


FEW = {
    "no more": "def predict(params, X):\n    return np.argmax(forward(params, X[:200])[0], axis=1)\n",
    "zeros": "def predict(params, X):\n    labels = np.zeros(len(X), int)\n"
             "    labels[:200] = np.argmax(forward(params, X[:200])[0], axis=1)\n    return labels\n",
}  # fmt: skip


@pytest.mark.parametrize("rest", FEW)
def test_a_predict_that_looks_at_some_rows_only_is_seen_where_graders_take_the_mark(
    look: Look, mark: Callable[..., Result], hand_in: Callable[..., dict[str, bytes]], right: dict[str, str], rest: str
) -> None:
    answers = {**right, "T11": FEW[rest]}
    seen = look(answers)
    assert states(seen) == {GREEN: [task for task in TASKS if task != "T9"], NOT_YET: ["T9"]}
    words = r"predict gives \d00 labels for 400 rows, and \d+ are right: more than 240 are wanted. Look at what"
    assert re.search(words, seen["T9"].said) and "sgd_update is right by itself" in seen["T9"].said
    verdicts = mark(hand_in(answers)).verdicts
    assert [task for task in TASKS if verdicts[task].status != PASSED] == ["T9"]


def test_a_class_whose_steps_are_right_and_that_does_not_learn_is_seen(
    look: Look, right: dict[str, str], own: str
) -> None:
    before = "def slopes(net, X, y, reg):\n    return {key: -one for key, one in net.price(X, y, reg)[1].items()}\n\n\n"
    text = by_a_helper(own, before, "", "loss, grads = 0.0, slopes(self, X_batch, y_batch, reg)")
    seen = look({**{task: right[task] for task in ("T1", "T2", "T3")}, "T11": text})
    assert seen["T9"].state == NOT_YET and "each step of train is right, but after a training" in seen["T9"].said


# ---- the file -----------------------------------------------------------------------------------


def test_the_committed_numbers_are_what_the_reference_gives_and_small(repo: Course) -> None:
    hw4 = repo.assignment("hw4")
    path = repo.source("hw4") / FILE
    assert baked.stale(path, baked.bake(repo, hw4)) == ""
    assert path.stat().st_size <= 100_000
    assert (repo.release("hw4") / FILE).read_bytes() == path.read_bytes()
    assert np.isfinite(baked.numbers_in(json.loads(path.read_text())["cases"])).all()


@pytest.mark.proof
def test_stale_numbers_are_refused_by_nbgraders_own_command_and_release_bakes_them_anew(scratch: Course) -> None:
    hw4 = scratch.assignment("hw4")
    solution, before = scratch.solution("hw4"), hashes(scratch.root / "release")
    messages = scratch.part("messages", "hw4")
    text = messages.read_text(encoding="utf-8")
    messages.write_text(text.replace("The bias b1 is missing:", "There is no b1:"), encoding="utf-8")
    with pytest.raises(
        CourseError, match=f"{FILE} is stale: not what the reference gives now; run `autograder release"
    ):
        release.generate(scratch, hw4, scratch.root / "made")
    assert any("is stale" in line for line in leaks.leaks(scratch, hw4, scratch.release("hw4")))
    assert hashes(scratch.root / "release") == before
    assert baked.write(scratch, hw4) and "There is no b1:" in (scratch.source("hw4") / FILE).read_text(encoding="utf-8")
    assert not baked.write(scratch, hw4)
    solution.write_text(solution.read_text().replace("np.argmax(scores, axis=1)", "np.argmin(scores, axis=1)"))
    with pytest.raises(CourseError):  # its mistakes do not fit any more
        baked.bake(scratch, hw4)


def hidden(course: Course) -> float:
    """A number of the hidden inputs, as an author who takes the wrong generator would bake it."""
    reference = run_text(course.solution("hw4").read_text(), "reference")
    cases = (
        load_checks(course, course.assignment("hw4")).of("T7").cases(np.random.default_rng(judge.SEED), reference, {})
    )
    return float(cases[1]["W1"][2, 3])


def row_of_hidden(course: Course) -> list[float]:
    reference = run_text(course.solution("hw4").read_text(), "reference")
    cases = (
        load_checks(course, course.assignment("hw4")).of("T6").cases(np.random.default_rng(judge.SEED), reference, {})
    )
    return [round(one, 5) for one in cases[2]["X"][4].tolist()]


PLANTED: dict[str, tuple[Callable[[Course, Any], object], str]] = {
    "a line of the reference": (
        lambda c, n: n["tasks"]["T7"].update(hint="dhidden[hidden <= 0] = 0"), "a line of hw4.py:backward"),
    "a short line of the reference, in a sentence": (
        lambda c, n: n["tasks"]["T7"].update(hint="Then write dscores /= N and go on."), "a line of hw4.py:backward"),
    "a line of a mistake": (
        lambda c, n: n["tasks"]["T9"].update(hint="params[name] += learning_rate * grads[name]"),
        "a line of the mistake T9: plus-not-minus"),
    "a line of a mistake with quotation marks": (
        lambda c, n: n["tasks"]["T5"].update(hint='hidden = np.maximum(X @ params["W1"], 0)'),
        "a line of the mistake T5: b1-missing"),
    "a hidden number": (lambda c, n: n["cases"]["nets"][0]["X"][0].append(hidden(c)), "a hidden value of T7"),
    "rounded hidden numbers": (lambda c, n: n["cases"]["nets"][0].update(X=[row_of_hidden(c)]), "a hidden value of T6"),
    "an answer that the homework asks for": (
        lambda c, n: n["cases"]["rates"][0]["rates"].append(557057), "the hidden value of T3"),
}  # fmt: skip


@pytest.mark.parametrize("kind", one_in(6, PLANTED, 1))
@pytest.mark.parametrize("whole", [False, True])
def test_what_is_planted_in_the_numbers_stops_the_release(scratch: Course, kind: str, whole: bool) -> None:
    plant, said = PLANTED[kind]
    path = scratch.source("hw4") / FILE
    numbers = json.loads(path.read_text(encoding="utf-8"))
    plant(scratch, numbers)
    if whole:  # with the digest that goes with it
        numbers.pop("digest")
        path.write_text(baked.text_of(numbers), encoding="utf-8")
    else:
        path.write_text(json.dumps(numbers, ensure_ascii=False), encoding="utf-8")
    shutil.copy(path, scratch.release("hw4") / FILE)
    assert any(said in line for line in leaks.leaks(scratch, scratch.assignment("hw4"), scratch.release("hw4")))
    before = hashes(scratch.root / "release")
    with pytest.raises(CourseError) as caught:
        release.release(scratch, scratch.assignment("hw4"))
    assert said in str(caught.value) and "and release makes it again" in str(caught.value)
    assert ("edited by hand" in str(caught.value)) is not whole
    assert hashes(scratch.root / "release") == before


@pytest.mark.parametrize("module", ["hw4_helpers.py", "1-basics.ipynb"])
def test_a_line_of_a_mistake_is_found_elsewhere_too(scratch: Course, module: str) -> None:
    path = scratch.release("hw4") / module
    text = path.read_text(encoding="utf-8")
    if module.endswith(".py"):
        path.write_text(text + "\n    dscores /= N ** 2\n", encoding="utf-8")
    else:
        book = json.loads(text)
        book["cells"][1]["source"].append("\ndscores /= N ** 2\n")
        path.write_text(json.dumps(book), encoding="utf-8")
    found = list(leaks.leaks(scratch, scratch.assignment("hw4"), scratch.release("hw4")))
    assert found == [f"{module}: a line of the mistake T7: mean-taken-twice: dscores /= N ** 2"]


def test_inputs_that_do_not_show_a_mistake_and_a_file_that_is_too_large_are_refused(
    scratch: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    hw4, path = scratch.assignment("hw4"), scratch.part("visible", "hw4")
    monkeypatch.setattr(baked, "MOST_BYTES", 1000)
    (scratch.source("hw4") / FILE).unlink()
    assert baked.stale(scratch.source("hw4") / FILE, {}) == "is not there"
    with pytest.raises(CourseError, match="at most 1,000 are to travel: ask fewer public inputs"):
        baked.write(scratch, hw4)
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("DECAYS = (0.5, 0.0012, 0.2, 0.03), (0.9, 0.7, 0.65, 0.95)", "DECAYS = (0.5,), (0.95,)")
    )
    with pytest.raises(CourseError, match="T10: its inputs do not show decay-argument-ignored"):
        baked.bake(scratch, hw4)
    path.write_text(text.replace("VISIBLE = ", "VISBLE = "))
    with pytest.raises(CourseError, match=r"visible.py: VISIBLE is not there, or no VisibleNumbers"):
        baked.bake(scratch, hw4)


@pytest.fixture
def alone(repo: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, Path]]:
    """The students' module in a folder of its own."""
    from autograder.course import load_module

    for name in ("hw4_helpers.py", FILE):
        shutil.copy(repo.release("hw4") / name, tmp_path)
    yield load_module(tmp_path / "hw4_helpers.py", "hw4_helpers_alone"), tmp_path / FILE


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.unlink(), f"the file {FILE} is missing. Copy it from hw4.zip to where hw4_helpers.py is"),
        (lambda path: path.write_text(path.read_text()[:5000]), f"the file {FILE} is not as it came. Copy it"),
        (lambda path: path.write_text(path.read_text().replace("0.9", "0.8")), f"the file {FILE} is not as it came."),
        (lambda path: path.write_text("[]"), f"the file {FILE} is not as it came."),
        (
            lambda path: path.write_text(baked.text_of({"cases": {"nets": []}, "tasks": {"T5": {"pool": "nets"}}})),
            f"the file {FILE} is not as it came.",
        ),
    ],
)
def test_a_file_that_is_missing_or_edited_is_one_plain_line(
    alone: tuple[Any, Path], spoil: Callable[[Path], object], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    helpers, path = alone
    kept = path.read_text()
    spoil(path)
    with pytest.raises(helpers.NotYet):
        helpers.check_T10({"decay_learning_rate": lambda rate, decay: rate * decay})
    out = capsys.readouterr().out
    assert said in out and out.count("\n") == 2 and "Error" not in out
    path.write_text(kept)
    helpers.check_T10({"decay_learning_rate": lambda rate, decay: rate * decay})


# ---- the table ----------------------------------------------------------------------------------


def test_the_table_counts_what_differs_and_stands_between_its_marks(tmp_path: Path) -> None:
    seen = {"T5": Seen(GREEN, "T5: passed"), "T6": Seen(NOT_YET, "T6: not yet\n  to do  T6 may be right")}
    rows = [Row("T5: a", "T5", ("T5",), "a", "words", seen=seen)]
    lines = list(visible.table(rows, ("T5", "T6")))
    assert lines[2] == "| T5 | 1 | 0 | 0 | 1 | 0 |" and lines[3] == "| T6 | 0 | 0 | 0 | 0 | 1 |"
    assert "| T5: a | T5 | T6 | - |" in lines and "- T5: a, T6: to do  T6 may be right" in lines
    page = tmp_path / "page.md"
    page.write_text(f"before\n{visible.BEGIN}\nold\n{visible.END}\nafter\n")
    visible.put_into(page, ["new"])
    assert page.read_text() == f"before\n{visible.BEGIN}\nnew\n{visible.END}\nafter\n"
    page.write_text("nothing")
    with pytest.raises(CourseError, match="mark the place of the table, each once"):
        visible.put_into(page, ["new"])


def test_a_folder_of_more_answers_holds_cells_or_whole_classes(tmp_path: Path) -> None:
    (tmp_path / "whole.py").write_text("class TwoLayerNet:\n    pass\n")
    (tmp_path / "one.py").write_text("# T7-answer\ndef backward():\n    pass\n# T8-answer\ndef sample():\n    pass\n")
    right = {"T1": "x = 1\n", "T7": "def backward(a): ...\n"}
    assert visible.cases(tmp_path, right, "T11") == {
        "one": {"T1": "x = 1\n", "T7": "def backward():\n    pass\n", "T8": "def sample():\n    pass\n"},
        "whole": {"T1": "x = 1\n", "T11": "class TwoLayerNet:\n    pass\n"},
    }
