"""Whole classes of a student's own: each loses what it got wrong, and nothing else."""

from collections.abc import Callable, Mapping

import pytest
from shares import one_in

from autograder.assignments.hw4.right_variants import (
    INIT,
    LOSS,
    OWN_DECAY,
    OWN_DRAW,
    OWN_UPDATE,
    PREDICT,
    TRAIN,
    own_class,
    reworded,
)
from autograder.judging.verdicts import PASSED, Result

SHIFTED = "scores = scores - np.max(scores, axis=1, keepdims=True)"
PENALTY = "loss += 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))"
FULL_PENALTY = (PENALTY, "loss += reg * (np.sum(W1 * W1) + np.sum(W2 * W2))")
FULL_SLOPES = (("+ reg * W2", "+ 2 * reg * W2"), ("+ reg * W1", "+ 2 * reg * W1"))
UNSTABLE = (SHIFTED, "scores = scores + 0.0")
MINUS_ONE = "        dz2 = p\n        dz2[range(N), y] -= 1\n        dz2 /= N\n"
EIGHT = "        T = np.zeros((N, 8))\n        T[range(N), y] = 1\n        dz2 = (p - T[:, :p.shape[1]]) / N\n"
DATA = "loss = -np.sum(np.log(p[range(N), y])) / N"
SCORES = "scores = a1.dot(W2) + b2"
OWN_SCORES = 'hidden.dot(self.params["W2"]) + self.params["b2"]'
LOOK = "            loss, grads = self.loss(X_batch, y=y_batch, reg=reg)\n"
AT_END = ("if it % iterations_per_epoch == 0:", "if (it + 1) % iterations_per_epoch == 0:")


def by_loss(*edits: tuple[str, str]) -> str:
    return own_class(loss=reworded(LOSS, *edits))


def by_train(*edits: tuple[str, str], init: str = INIT) -> str:
    return own_class(init=init, train=reworded(TRAIN, *edits))


def by_update(update: str, *edits: tuple[str, str], before: str = "") -> str:
    start = "        for it in range(num_iters):\n"
    return by_train((start, before + start), (OWN_UPDATE, update), *edits)


EACH = "            for key in self.params:\n                "
VELOCITY = "        v = {key: 0 * value for key, value in self.params.items()}\n"
MOMENTUM = EACH + "v[key] = 0.9 * v[key] - learning_rate * grads[key]\n                self.params[key] += v[key]\n"
ADAM = EACH + (
    "m[key] = 0.9 * m[key] + 0.1 * grads[key]\n                s[key] = 0.99 * s[key] + 0.01 * grads[key] ** 2\n"
    "                self.params[key] -= learning_rate * m[key] / (np.sqrt(s[key]) + 1e-8)\n"
)
ADAGRAD = EACH + (
    "s[key] = s[key] + grads[key] ** 2\n"
    "                self.params[key] -= learning_rate * grads[key] / (np.sqrt(s[key]) + 1e-8)\n"
)
ONLY_WEIGHTS = OWN_UPDATE.replace("in self.params:", 'in ("W1", "W2"):')
HALF_FOR_BIASES = EACH + 'self.params[key] -= learning_rate * grads[key] * (0.5 if key[0] == "b" else 1)\n'
WITH_DECAY = EACH + "self.params[key] -= learning_rate * learning_rate_decay * grads[key]\n"
UPWARD = OWN_UPDATE.replace("-=", "+=")

OTHER = "            other = np.random.choice(num_train, batch_size)\n            self.loss(X[other], y[other], reg)\n"
INDENTED_UPDATE = OWN_UPDATE.replace("            ", "                ")
BY_NORM = "            norm = np.sqrt(sum((g ** 2).sum() for g in grads.values()))\n" + OWN_UPDATE.replace(
    "grads[key]", "grads[key] / norm"
)

# name: (class, tasks that it loses, score that is left of the first of them, or None)
CASES: dict[str, tuple[str, str, float | None]] = {
    "right": (own_class(), "", None),
    "b1 added twice": (by_loss(("X.dot(W1) + b1", "X.dot(W1) + b1 + b1")), "T5", None),
    "hidden values scaled": (by_loss(("np.maximum(0, z1)", "np.maximum(0, z1) * 1.5")), "T5", None),
    "penalty without half, slopes to match": (by_loss(FULL_PENALTY, *FULL_SLOPES), "T6", 0.75),
    "penalty without half, and unstable": (by_loss(FULL_PENALTY, *FULL_SLOPES, UNSTABLE), "T6", 0.5),
    "penalty squared in reg": (by_loss((PENALTY, PENALTY.replace("+ np", "+ reg * np"))), "T6", 0.75),
    "sum, with the gradients of the mean": (by_loss((DATA, DATA.removesuffix(" / N"))), "T6", 0.5),
    "softmax of the whole batch": (
        by_loss(("axis=1, keepdims=True)\n        loss", "axis=None)\n        loss")),
        "T6",
        0.5,
    ),
    "clipped": (by_loss((DATA, "loss = -np.mean(np.log(np.clip(p[range(N), y], 1e-7, 1)))")), "", None),
    "three classes only": (
        by_loss(("p /= np.sum(p, axis=1, keepdims=True)", "p /= np.tile(np.sum(p, axis=1), (3, 1)).T")),
        "T6",
        None,
    ),
    "one-hot rows as wide as the labels seen": (
        by_loss((DATA, "loss = -np.sum(np.eye(np.max(y) + 1)[y] * np.log(p)) / N")),
        "T6",
        0.5,
    ),
    "no ReLU in the gradient, and unstable": (by_loss(UNSTABLE, (" * (z1 > 0)", "")), "T6 T7", 0.75),
    "biases in the penalty's gradient": (
        by_loss(
            ("np.sum(dz2, axis=0)", "np.sum(dz2, axis=0) + reg * b2"),
            ("np.sum(dz1, axis=0)", "np.sum(dz1, axis=0) + reg * b1"),
        ),
        "T7",
        0.5,
    ),
    "counts without minlength": (
        by_loss(
            (MINUS_ONE, '        grads["b2"] = p.mean(axis=0) - np.bincount(y) / N\n' + MINUS_ONE),
            ('        grads["b2"] = np.sum(dz2, axis=0)\n', ""),
        ),
        "T7",
        0.75,
    ),
    "gradient for eight classes": (by_loss((MINUS_ONE, EIGHT)), "T7", 0.0),
    "gradient for eight classes, penalty without half": (
        by_loss((MINUS_ONE, EIGHT), FULL_PENALTY, *FULL_SLOPES),
        "T6 T7",
        0.75,
    ),
    "gradients by other names": (
        own_class(
            loss=reworded(
                LOSS, ("return loss, grads", "return loss, {'d' + key: value for key, value in grads.items()}")
            ),
            train=reworded(TRAIN, ("grads[key]", "grads['d' + key]")),
        ),
        "T7",
        0.0,
    ),
    "a name mistyped where rows are drawn": (
        by_train((OWN_DRAW, "idx = np.random.choice(num_train, bach_size)")),
        "T8 T9 T10",
        None,
    ),
    "one row too few": (by_train((OWN_DRAW, "idx = np.random.permutation(num_train)[: batch_size - 1]")), "T8", 0.5),
    "forty batches in turn": (
        by_train(
            ("        for it in", "        some = np.random.choice(num_train, (40, batch_size))\n        for it in"),
            (OWN_DRAW, "idx = some[it % 40]"),
        ),
        "T8",
        0.5,
    ),
    "shuffled once, then in order": (
        by_train(
            ("        for it in", "        order = np.random.permutation(num_train)\n        for it in"),
            (OWN_DRAW, "idx = order[np.arange(it * batch_size, (it + 1) * batch_size) % num_train]"),
        ),
        "T8",
        0.5,
    ),
    "labels as a column": (by_train(("y_batch = y[idx]", "y_batch = y[idx].reshape(-1, 1)")), "T8", 0.5),
    "sorted rows": (by_train((OWN_DRAW, "idx = np.sort(np.random.choice(num_train, batch_size))")), "", None),
    **{
        f"{name}, decay {'at the end' if edits else 'at 0'}": (by_update(update, *edits, before=before), "T9", 0.0)
        for edits in ((), (AT_END,))
        for name, update, before in (
            ("momentum", MOMENTUM, VELOCITY),
            ("Adam", ADAM, VELOCITY.replace("v =", "m =") + VELOCITY.replace("v =", "s =")),
            ("Adagrad", ADAGRAD, VELOCITY.replace("v =", "s =")),
            ("biases not updated", ONLY_WEIGHTS, ""),
            ("half a step for biases", HALF_FOR_BIASES, ""),
            ("step times decay", WITH_DECAY, ""),
            ("upward", UPWARD, ""),
        )
    },
    "gradient of the whole set": (
        by_train(("            loss_history.append(loss)\n", "            _, grads = self.loss(X, y, reg)\n")),
        "T9",
        0.0,
    ),
    "another argument's name": (
        by_train(
            ("num_iters=100", "epochs=100"),
            ("range(num_iters)", "range(epochs)"),
            ("% (it, num_iters, loss)", "% (it, epochs, loss)"),
        ),
        "T8 T9 T10",
        None,
    ),
    "decay where it prints": (
        by_train(("if it % iterations_per_epoch == 0:", "if verbose and it % iterations_per_epoch == 0:")),
        "T10",
        0.0,
    ),
    "no decay": (by_train((OWN_DECAY, "")), "T10", 0.0),
    "ReLU on the scores it predicts by": (
        own_class(predict=reworded(PREDICT, (OWN_SCORES, "np.maximum(self.loss(X), 0)"))),
        "T11",
        0.0,
    ),
    "no b2 where it predicts": (own_class(predict=reworded(PREDICT, (' + self.params["b2"]', ""))), "T11", 0.0),
    "softmax of usual scores where it predicts": (
        own_class(predict=PREDICT.replace('hidden.dot(self.params["W2"]) + self.params["b2"]', "np.exp(self.loss(X))")),
        "",
        None,
    ),
    "parameters and gradients zipped in their own order": (
        own_class(
            init="""
    def __init__(self, input_size, hidden_size, output_size, std=1e-4):
        self.params = {"b2": np.zeros(output_size), "b1": np.zeros(hidden_size)}
        self.params["W2"] = std * np.random.randn(hidden_size, output_size)
        self.params["W1"] = std * np.random.randn(input_size, hidden_size)
""",
            loss=reworded(
                LOSS, ("return loss, grads", 'return loss, {key: grads[key] for key in ("b2", "b1", "W2", "W1")}')
            ),
            train=reworded(
                TRAIN,
                (
                    OWN_UPDATE,
                    "            for value, slope in zip(self.params.values(), grads.values()):\n"
                    "                value -= learning_rate * slope\n",
                ),
            ),
        ),
        "",
        None,
    ),
    "biases as rows throughout": (
        own_class(
            init=INIT.replace("np.zeros(hidden_size)", "np.zeros((1, hidden_size))").replace(
                "np.zeros(output_size)", "np.zeros((1, output_size))"
            ),
            loss=LOSS.replace("np.sum(dz2, axis=0)", "np.sum(dz2, axis=0, keepdims=True)").replace(
                "np.sum(dz1, axis=0)", "np.sum(dz1, axis=0, keepdims=True)"
            ),
        ),
        "",
        None,
    ),
    "other names for the same arrays": (
        own_class(
            init=INIT + '        self.W1, self.b1 = self.params["W1"], self.params["b1"]\n',
            loss=reworded(LOSS, ('W1, b1 = self.params["W1"], self.params["b1"]', "W1, b1 = self.W1, self.b1")),
        ),
        "",
        None,
    ),
    "gradients by a pass back through what a pass forward kept": (
        own_class(
            loss=LOSS
            + """
    def ahead(self, X):
        self.kept = X
        return self.loss(X)

    def back(self, y):
        return self.cost_of(self.kept, y)[1]
"""
            + reworded(LOSS, ("def loss(self, X, y=None, reg=0.0):", "def cost_of(self, X, y=None, reg=0.0):")),
            train=reworded(
                TRAIN,
                (
                    LOOK,
                    "            self.ahead(X_batch)\n            loss, grads = 0.0, self.back(y_batch)\n",
                ),
            ),
        ),
        "",
        None,
    ),
    "the loss for the curve, the gradient by a helper": (
        own_class(
            loss=LOSS + reworded(LOSS, ("def loss(", "def slopes(")).replace("return loss, grads", "return grads"),
            train=reworded(
                TRAIN,
                (
                    LOOK,
                    "            loss = self.loss(X_batch, y_batch, reg)[0]\n"
                    "            grads = self.slopes(X_batch, y_batch, reg)\n",
                ),
            ),
        ),
        "",
        None,
    ),
    "other names for images and labels": (
        own_class(
            loss=LOSS.replace("X, y=None, reg", "images, labels=None, reg").replace(
                "        W1, b1 =", "        X, y = images, labels\n        W1, b1 =", 1
            ),
            train=reworded(
                TRAIN, ("self.loss(X_batch, y=y_batch, reg=reg)", "self.loss(images=X_batch, labels=y_batch, reg=reg)")
            ),
        ),
        "",
        None,
    ),
    "the best parameters are put back": (
        by_train(
            ("        for it in range", "        best, kept = -1, {}\n        for it in range"),
            (
                OWN_DECAY,
                OWN_DECAY
                + "                if val_acc_history[-1] > best:\n                    best = val_acc_history[-1]\n"
                + "                    kept = {key: value.copy() for key, value in self.params.items()}\n",
            ),
            ("        return {\n", "        self.params = kept or self.params\n        return {\n"),
        ),
        "",
        None,
    ),
    "it stops where the loss stays": (
        by_train(
            (
                OWN_UPDATE,
                OWN_UPDATE
                + "            if it > 1 and abs(loss_history[-1] - loss_history[-2]) < 1e-8:\n                break\n",
            )
        ),
        "",
        None,
    ),
    "a loss of some rows between": (
        by_train(
            (
                "            loss_history.append(loss)\n",
                "            loss_history.append(self.loss(X[:20], y[:20], reg)[0])\n",
            )
        ),
        "",
        None,
    ),
    "another minibatch drawn and looked at after the step": (by_update(OWN_UPDATE + OTHER), "", None),
    "another minibatch drawn and looked at before the step": (by_update(OTHER + OWN_UPDATE), "", None),
    "another minibatch drawn first": (by_train((LOOK, OTHER + LOOK)), "", None),
    "one minibatch kept and looked at after each step": (
        by_update(
            OWN_UPDATE + "            self.loss(X[kept], y[kept], reg)\n",
            before="        kept = np.random.choice(num_train, batch_size)\n",
        ),
        "",
        None,
    ),
    "every second iteration, and another minibatch looked at": (
        by_update("            if it % 2 == 0:\n" + INDENTED_UPDATE + OTHER),
        "T9",
        None,
    ),
    "two steps along one gradient": (
        by_update(OWN_UPDATE + "            self.loss(X, y, reg)\n" + OWN_UPDATE),
        "T9",
        None,
    ),
    "momentum, and the whole set looked at": (
        by_update(MOMENTUM, (OWN_DECAY, OWN_DECAY + "                self.loss(X, y, reg)\n"), before=VELOCITY),
        "T9",
        None,
    ),
    "labels as a tuple": (
        own_class(predict=PREDICT.replace("np.argmax(", "tuple(np.argmax(").replace("axis=1)", "axis=1))")),
        "",
        None,
    ),
    "only the loss comes back": (
        own_class(
            loss=reworded(LOSS, ("return loss, grads", "return loss")),
            train=reworded(TRAIN, ("loss, grads = self.loss(", "grads, loss = {}, self.loss("), (OWN_UPDATE, "")),
        ),
        "T7 T9 T10",
        None,
    ),
    "half the scores in the softmax, gradient in place": (
        by_loss(("p = np.exp(scores)", "p = np.exp(scores / 2)")),
        "T6",
        None,
    ),
    "scores halved": (
        by_loss((SCORES, "scores = (a1.dot(W2) + b2) / 2")),
        "T5",
        None,
    ),
    "one row too many": (by_train((OWN_DRAW, "idx = np.random.choice(num_train, batch_size + 1)")), "T8", 0.5),
    "noise on the rows": (
        by_train(("X_batch = X[idx]", "X_batch = X[idx] + np.random.normal(0, 1, (batch_size, X.shape[1]))")),
        "T8",
        None,
    ),
    "all gradients divided by their norm": (by_update(BY_NORM), "T9", 0.0),
    "labels it predicts as a column": (
        own_class(predict=reworded(PREDICT, ("axis=1)", "axis=1)[:, None]"))),
        "T11",
        0.0,
    ),
    **{
        f"{name} in loss": (
            own_class(loss=LOSS.replace("        W1, b1 =", f"        X = X / {by}\n        W1, b1 =", 1)),
            "T5",
            None,
        )
        for name, by in (("X divided by 10", 10), ("X divided by 255", 255))
    },
    "sigmoid of the scores": (by_loss((SCORES, "scores = 1 / (1 + np.exp(-(a1.dot(W2) + b2)))")), "T5", None),
    "ReLU of the scores": (by_loss((SCORES, "scores = np.maximum(0, a1.dot(W2) + b2)")), "T5", None),
    "hidden values cut at 6": (by_loss(("np.maximum(0, z1)", "np.clip(z1, 0, 6)")), "T5", None),
    "hidden rows of length 1": (
        by_loss(("np.maximum(0, z1)", "np.maximum(0, z1) / np.linalg.norm(np.maximum(0, z1), axis=1)[:, None]")),
        "T5",
        None,
    ),
    "an accuracy before the gradients": (
        own_class(
            loss=reworded(LOSS, ("return loss, grads", "return loss, 0.5, grads")),
            train=reworded(TRAIN, ("loss, grads = self.loss(", "loss, _, grads = self.loss(")),
        ),
        "T7",
        0.0,
    ),
    "gradients one by one": (
        own_class(
            loss=reworded(
                LOSS, ("return loss, grads", "return loss, *(grads[key] for key in ('W1', 'b1', 'W2', 'b2'))")
            ),
            train=reworded(
                TRAIN, (LOOK, LOOK.replace("grads", "*four") + "            grads = dict(zip(self.params, four))\n")
            ),
        ),
        "T7",
        0.0,
    ),
    "gradients kept in the object": (
        own_class(
            loss=reworded(LOSS, ("return loss, grads", "self.grads = grads\n        return loss")),
            train=reworded(TRAIN, (LOOK, LOOK.replace(", grads", "") + "            grads = self.grads\n")),
        ),
        "T7",
        0.0,
    ),
    "gradients kept in the object one by one": (
        own_class(
            loss=reworded(
                LOSS,
                (
                    "return loss, grads",
                    "for key in grads:\n            setattr(self, 'd' + key, grads[key])\n        return loss",
                ),
            ),
            train=reworded(
                TRAIN,
                (
                    LOOK,
                    LOOK.replace(", grads", "")
                    + "            grads = {key: getattr(self, 'd' + key) for key in self.params}\n",
                ),
            ),
        ),
        "T7",
        0.0,
    ),
    **{
        f"rows drawn {name}": (by_train((OWN_DRAW, f"if {when} == 0:\n                {OWN_DRAW}")), "T8", 0.5)
        for name, when in (("each second iteration", "it % 2"), ("once an epoch", "it % iterations_per_epoch"))
    },
    "rate times 1 - decay": (
        by_train((OWN_DECAY, OWN_DECAY.replace("*= learning_rate_decay", "*= 1 - learning_rate_decay"))),
        "T10",
        0.0,
    ),
    **{
        f"rate over 1 + decay times {what}": (
            by_train(
                ("        for it in", "        base = learning_rate\n        for it in"),
                (OWN_DECAY, ""),
                (
                    OWN_UPDATE,
                    f"            learning_rate = base / (1 + learning_rate_decay * ({what}))\n" + OWN_UPDATE,
                ),
            ),
            "T10",
            0.0,
        )
        for what in ("it", "it // iterations_per_epoch")
    },
    "step over the root of the iteration": (
        by_update(EACH + "self.params[key] -= learning_rate / np.sqrt(it + 1) * grads[key]\n"),
        "T9",
        0.0,
    ),
    **{
        f"{name}": (by_update(EACH + f"self.params[key] -= learning_rate * {step}\n"), "T9", 0.0)
        for name, step in (
            ("gradients cut at 10", "np.clip(grads[key], -10, 10)"),
            ("gradients shortened to 10", "grads[key] * min(1, 10 / np.linalg.norm(grads[key]))"),
            ("weight decay", "(grads[key] + 1e-4 * self.params[key])"),
        )
    },
    **{
        f"a rate of {floor} at least": (
            by_train((OWN_DECAY, OWN_DECAY + f"                learning_rate = max(learning_rate, {floor})\n")),
            "T10",
            0.0,
        )
        for floor in (0.05, 0.001)
    },
    **{
        f"scores rounded to {digits} digits where it predicts": (
            own_class(predict=reworded(PREDICT, (OWN_SCORES, f"np.round(self.loss(X), {digits})"))),
            "T11",
            0.0,
        )
        for digits in (1, 3)
    },
}


# in each test run a third in the sandbox, in `make proof` all; test_every_draw.py asks others outside it
@pytest.mark.parametrize("name", one_in(16, CASES))
def test_a_class_loses_what_it_got_wrong_and_nothing_else(
    mark: Callable[..., Result], hand_in: Callable[..., dict[str, bytes]], right: Mapping[str, str], name: str
) -> None:
    source, tasks, left = CASES[name]
    basics = {task: right[task] for task in ("T1", "T2", "T3", "T4")}
    result = mark(hand_in({**basics, "T11": source}))
    lost = [task for task, v in result.verdicts.items() if task != "T4" and v.status != PASSED]
    assert lost == tasks.split(), {task: result.verdicts[task].message for task in lost}
    if left is not None:
        assert result.verdicts[lost[0]].score == left, result.verdicts[lost[0]].parts


INLINE = reworded(
    TRAIN,
    (
        "            loss, grads = self.loss(X_batch, y=y_batch, reg=reg)\n            loss_history.append(loss)\n",
        "            h = np.maximum(0, X_batch @ self.params['W1'] + self.params['b1'])\n"
        "            s = h @ self.params['W2'] + self.params['b2']\n"
        "            d = np.exp(s - s.max(axis=1, keepdims=True))\n"
        "            d = (d / d.sum(axis=1, keepdims=True) - np.eye(s.shape[1])[y_batch]) / batch_size\n"
        "            loss, dh = 0.0, (d @ self.params['W2'].T) * (h > 0)\n"
        "            grads = {'W1': X_batch.T @ dh, 'b1': dh.sum(0), 'W2': h.T @ d, 'b2': d.sum(0)}\n",
    ),
)


def test_a_training_whose_gradients_cannot_be_seen_goes_to_a_person(
    mark: Callable[..., Result], hand_in: Callable[..., dict[str, bytes]]
) -> None:
    result = mark(hand_in({"T11": own_class(train=INLINE)}))
    for task in ("T8", "T9", "T10"):
        verdict = result.verdicts[task]
        assert verdict.score is None and "cannot be seen" in verdict.fault
    assert all(result.verdicts[task].status == PASSED for task in ("T5", "T6", "T7", "T11"))
