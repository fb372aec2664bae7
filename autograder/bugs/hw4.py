"""Known mistakes of hw4 and right answers in other words: what `autograder audit hw4` plants.

Both are edits of solutions/hw4.py. A bug shows in the values that its own task gives, and no two bugs
of a task give the same values; the text that a student reads stands under the bug's name in
autograder/messages/hw4.toml. A variant is right: where one loses a mark, a check is wrong.
"""

import numpy as np

from autograder.course import load_module
from autograder.planting import Bug, Variant

# Lines of the reference that more than one edit starts from.
HIDDEN = 'hidden = np.maximum(X @ params["W1"] + params["b1"], 0)'
SCORES = 'scores = hidden @ params["W2"] + params["b2"]'
FORWARD_RETURN = "return scores, hidden"

SHIFT = "shifted = scores - scores.max(axis=1, keepdims=True)"
NORMALISE = "probabilities = exp_scores / exp_scores.sum(axis=1, keepdims=True)"
DATA_LOSS = "data_loss = -np.log(probabilities[np.arange(len(y)), y]).mean()"
REG_LOSS = 'reg_loss = 0.5 * reg * (np.sum(params["W1"] ** 2) + np.sum(params["W2"] ** 2))'
LOSS_RETURN = "return data_loss + reg_loss, probabilities"

COPY = "dscores = probabilities.copy()"
MINUS_ONE = "dscores[np.arange(N), y] -= 1"
BY_N = "dscores /= N"
DHIDDEN = 'dhidden = dscores @ params["W2"].T'
MASK = "dhidden[hidden <= 0] = 0"
DW1 = '"W1": X.T @ dhidden + reg * params["W1"],'
DB1 = '"b1": dhidden.sum(axis=0),'
DW2 = '"W2": hidden.T @ dscores + reg * params["W2"],'
DB2 = '"b2": dscores.sum(axis=0),'
DW1_TO_DW2 = f"{DW1}\n        {DB1}\n        {DW2}"
DB1_TO_DB2 = f"{DB1}\n        {DW2}\n        {DB2}"

CHOSEN = "chosen = np.random.choice(len(X), batch_size, replace=True)"
BATCH = "return X[chosen], y[chosen]"

NAMES = "for name in params:"
STEP = "params[name] -= learning_rate * grads[name]"
UPDATE = f"{NAMES}\n        {STEP}"

DECAY = "return learning_rate * learning_rate_decay"

PREDICT_FORWARD = "scores, _ = forward(params, X)"
ARGMAX = "return np.argmax(scores, axis=1)"

# Lines of TwoLayerNet.train.
DRAW = """        for it in range(num_iters):
            X_batch, y_batch = sample_minibatch(X, y, batch_size)
"""
LOSS_OF_BATCH = "loss, grads = self.loss(X_batch, y_batch, reg)"
TRAIN_UPDATE = "            sgd_update(self.params, grads, learning_rate)\n"
EPOCH_LENGTH = "iterations_per_epoch = max(len(X) // batch_size, 1)"
TRAIN_DECAY = "                learning_rate = decay_learning_rate(learning_rate, learning_rate_decay)\n"


BUGS: tuple[Bug, ...] = (
    # T1: the residual block
    Bug("T1", "w1-missing-in-w0", "dz_dw0 = dz_dx1 * dx1 * x0", "dz_dw0 = dz_dy1 * dx1 * x0"),
    Bug("T1", "w1-missing-in-b0", "dz_db0 = dz_dx1 * dx1\n", "dz_db0 = dz_dy1 * dx1\n"),
    Bug("T1", "w1-missing-in-both", "dz_dx1 = dz_dy1 * w1", "dz_dx1 = dz_dy1"),
    Bug("T1", "w1-sign-lost", "dz_dx1 = dz_dy1 * w1", "dz_dx1 = dz_dy1 * abs(w1)"),
    Bug("T1", "w0-kept-in-its-own-derivative",
        "dz_dw0 = dz_dx1 * dx1 * x0", "dz_dw0 = dz_dx1 * dx1 * w0"),
    Bug("T1", "w1-times-x0-not-x1", "dz_dw1 = dz_dy1 * x1", "dz_dw1 = dz_dy1 * x0"),
    Bug("T1", "w1-kept-in-its-own-derivative", "dz_dw1 = dz_dy1 * x1", "dz_dw1 = dz_dy1 * x1 * w1"),
    Bug("T1", "b1-kept-in-its-own-derivative", "dz_db1 = dz_dy1\n", "dz_db1 = dz_dy1 * b1\n"),
    Bug("T1", "skip-connection-forgotten",
        "dz_dy1 = 1.0 if y1 + x0 > 0 else 0.0", "dz_dy1 = 1.0 if y1 > 0 else 0.0"),
    Bug("T1", "skip-connection-through-x1", "dz_dx1 = dz_dy1 * w1", "dz_dx1 = dz_dy1 * (w1 + 1)"),
    Bug("T1", "inner-relu-value-as-derivative", "dx1 = 1.0 if x0 * w0 + b0 > 0 else 0.0", "dx1 = x1"),
    Bug("T1", "outer-relu-value-as-derivative",
        "dz_dy1 = 1.0 if y1 + x0 > 0 else 0.0", "dz_dy1 = z"),

    # T2: sizes of the three outputs
    Bug("T2", "inputs-not-outputs",
        "size_A = 1024\n    size_B = 512\n    size_C = 1\n",
        "size_A = 30\n    size_B = 1024\n    size_C = 512\n"),
    Bug("T2", "bias-counted-as-output",
        "size_A = 1024\n    size_B = 512\n    size_C = 1\n",
        "size_A = 1024 + 1\n    size_B = 512 + 1\n    size_C = 1 + 1\n"),
    Bug("T2", "weights-counted",
        "size_A = 1024\n    size_B = 512\n    size_C = 1\n",
        "size_A = 30 * 1024\n    size_B = 1024 * 512\n    size_C = 512 * 1\n"),
    Bug("T2", "order-reversed",
        "size_A = 1024\n    size_B = 512\n    size_C = 1\n",
        "size_A = 1\n    size_B = 512\n    size_C = 1024\n"),
    Bug("T2", "last-layer-like-the-one-before", "size_C = 1\n", "size_C = 512\n"),

    # T3: learnable parameters
    Bug("T3", "biases-forgotten", "(30 + 1) * 1024 + (1024 + 1) * 512 + (512 + 1) * 1",
        "30 * 1024 + 1024 * 512 + 512 * 1"),
    Bug("T3", "one-bias-a-layer", "(30 + 1) * 1024 + (1024 + 1) * 512 + (512 + 1) * 1",
        "(30 * 1024 + 1) + (1024 * 512 + 1) + (512 * 1 + 1)"),
    Bug("T3", "bias-for-each-input", "(30 + 1) * 1024 + (1024 + 1) * 512 + (512 + 1) * 1",
        "30 * (1024 + 1) + 1024 * (512 + 1) + 512 * (1 + 1)"),
    Bug("T3", "only-hidden-biases", "(512 + 1) * 1", "512 * 1"),
    Bug("T3", "last-layer-forgotten", " + (512 + 1) * 1", ""),
    Bug("T3", "first-layer-forgotten", "(30 + 1) * 1024 + ", ""),
    Bug("T3", "only-the-biases", "(30 + 1) * 1024 + (1024 + 1) * 512 + (512 + 1) * 1", "1024 + 512 + 1"),
    Bug("T3", "copied-answer", "(30 + 1) * 1024 + (1024 + 1) * 512 + (512 + 1) * 1", "559059"),

    # T5: forward pass
    Bug("T5", "relu-missing", HIDDEN, 'hidden = X @ params["W1"] + params["b1"]'),
    Bug("T5", "b1-missing", HIDDEN, 'hidden = np.maximum(X @ params["W1"], 0)'),
    Bug("T5", "b2-missing", SCORES, 'scores = hidden @ params["W2"]'),
    Bug("T5", "b1-after-relu", HIDDEN, 'hidden = np.maximum(X @ params["W1"], 0) + params["b1"]'),
    Bug("T5", "b1-subtracted", HIDDEN, 'hidden = np.maximum(X @ params["W1"] - params["b1"], 0)'),
    Bug("T5", "relu-on-the-scores", SCORES,
        'scores = np.maximum(hidden @ params["W2"] + params["b2"], 0)'),
    Bug("T5", "relu-on-the-input", HIDDEN, 'hidden = np.maximum(X, 0) @ params["W1"] + params["b1"]'),
    Bug("T5", "minimum-not-maximum", HIDDEN, 'hidden = np.minimum(X @ params["W1"] + params["b1"], 0)'),
    Bug("T5", "absolute-value-not-relu", HIDDEN, 'hidden = np.abs(X @ params["W1"] + params["b1"])'),
    Bug("T5", "leaky-relu", HIDDEN,
        'before = X @ params["W1"] + params["b1"]\n    hidden = np.maximum(before, 0.01 * before)'),
    Bug("T5", "sigmoid-not-relu", HIDDEN,
        'hidden = 1 / (1 + np.exp(-(X @ params["W1"] + params["b1"])))'),
    Bug("T5", "step-not-relu", HIDDEN,
        'hidden = (X @ params["W1"] + params["b1"] > 0).astype(float)'),
    Bug("T5", "softmax-applied", FORWARD_RETURN,
        "exp_scores = np.exp(scores)\n"
        "    return exp_scores / exp_scores.sum(axis=1, keepdims=True), hidden"),
    Bug("T5", "hidden-before-relu", FORWARD_RETURN,
        'return scores, X @ params["W1"] + params["b1"]'),
    Bug("T5", "hidden-is-only-the-mask", FORWARD_RETURN, "return scores, (hidden > 0).astype(float)"),
    Bug("T5", "scores-and-hidden-swapped", FORWARD_RETURN, "return hidden, scores"),

    # T6: softmax loss
    Bug("T6", "half-missing", REG_LOSS,
        'reg_loss = reg * (np.sum(params["W1"] ** 2) + np.sum(params["W2"] ** 2))'),
    Bug("T6", "sum-not-mean", DATA_LOSS,
        "data_loss = -np.log(probabilities[np.arange(len(y)), y]).sum()"),
    Bug("T6", "mean-over-rows-and-classes", DATA_LOSS,
        "data_loss = -np.log(probabilities[np.arange(len(y)), y]).sum() / scores.size"),
    Bug("T6", "minus-missing", DATA_LOSS,
        "data_loss = np.log(probabilities[np.arange(len(y)), y]).mean()"),
    Bug("T6", "log-base-10", DATA_LOSS,
        "data_loss = -np.log10(probabilities[np.arange(len(y)), y]).mean()"),
    Bug("T6", "log-missing", DATA_LOSS,
        "data_loss = -probabilities[np.arange(len(y)), y].mean()"),
    Bug("T6", "every-class-not-the-label", DATA_LOSS, "data_loss = -np.log(probabilities).mean()"),
    Bug("T6", "labels-of-all-rows-in-each-row", DATA_LOSS,
        "data_loss = -np.log(probabilities[:, y]).mean()"),
    Bug("T6", "softmax-down-the-columns", NORMALISE,
        "probabilities = exp_scores / exp_scores.sum(axis=0, keepdims=True)"),
    Bug("T6", "softmax-over-the-whole-batch", NORMALISE,
        "probabilities = exp_scores / exp_scores.sum()"),
    Bug("T6", "exponential-missing", "exp_scores = np.exp(shifted)", "exp_scores = np.abs(scores)"),
    Bug("T6", "largest-of-each-column", SHIFT, "shifted = scores - scores.max(axis=0, keepdims=True)"),
    Bug("T6", "max-not-subtracted", SHIFT, "shifted = scores"),
    Bug("T6", "regularization-missing", LOSS_RETURN, "return data_loss, probabilities"),
    Bug("T6", "reg-not-multiplied", REG_LOSS,
        'reg_loss = 0.5 * (np.sum(params["W1"] ** 2) + np.sum(params["W2"] ** 2))'),
    Bug("T6", "regularization-subtracted", LOSS_RETURN, "return data_loss - reg_loss, probabilities"),
    Bug("T6", "regularization-of-W1-only", REG_LOSS, 'reg_loss = 0.5 * reg * np.sum(params["W1"] ** 2)'),
    Bug("T6", "regularization-of-W2-only", REG_LOSS, 'reg_loss = 0.5 * reg * np.sum(params["W2"] ** 2)'),
    Bug("T6", "biases-regularized", REG_LOSS,
        "reg_loss = 0.5 * reg * sum(np.sum(value ** 2) for value in params.values())"),
    Bug("T6", "regularization-not-squared", REG_LOSS,
        'reg_loss = 0.5 * reg * (np.abs(params["W1"]).sum() + np.abs(params["W2"]).sum())'),
    Bug("T6", "regularization-square-root", REG_LOSS,
        'reg_loss = 0.5 * reg * (np.linalg.norm(params["W1"]) + np.linalg.norm(params["W2"]))'),
    Bug("T6", "regularization-mean-not-sum", REG_LOSS,
        'reg_loss = 0.5 * reg * (np.mean(params["W1"] ** 2) + np.mean(params["W2"] ** 2))'),
    Bug("T6", "regularization-divided-by-N", LOSS_RETURN,
        "return data_loss + reg_loss / len(y), probabilities"),
    Bug("T6", "log-probabilities-returned", LOSS_RETURN,
        "return data_loss + reg_loss, np.log(probabilities)"),
    Bug("T6", "unnormalised-probabilities-returned", LOSS_RETURN,
        "return data_loss + reg_loss, exp_scores"),

    # T7: backward pass
    Bug("T7", "W2-regularization-missing", DW2, '"W2": hidden.T @ dscores,'),
    Bug("T7", "mean-missing", BY_N, "# dscores stay a sum over the batch"),
    Bug("T7", "mean-taken-twice", BY_N, "dscores /= N ** 2"),
    Bug("T7", "b1-mean-missing", DB1, '"b1": N * dhidden.sum(axis=0),'),
    Bug("T7", "b2-mean-missing", DB2, '"b2": (N * dscores).sum(axis=0),'),
    Bug("T7", "biases-mean-not-sum", DB1_TO_DB2,
        f'"b1": dhidden.mean(axis=0),\n        {DW2}\n        "b2": dscores.mean(axis=0),'),
    Bug("T7", "minus-one-missing", MINUS_ONE, "# nothing is subtracted for the label"),
    Bug("T7", "minus-one-twice", MINUS_ONE, "dscores[np.arange(N), y] -= 2"),
    Bug("T7", "minus-one-in-every-row", MINUS_ONE, "dscores[:, y] -= 1"),
    Bug("T7", "sign-flipped", BY_N, "dscores /= -N"),
    Bug("T7", "softmax-derivative-twice", BY_N,
        "dscores *= probabilities * (1 - probabilities) / N"),
    Bug("T7", "mask-missing", MASK, "# the ReLU lets every gradient through"),
    Bug("T7", "mask-inverted", MASK, "dhidden[hidden > 0] = 0"),
    Bug("T7", "mask-of-the-gradient", MASK, "dhidden[dhidden <= 0] = 0"),
    Bug("T7", "mask-before-the-bias", MASK, 'dhidden[X @ params["W1"] <= 0] = 0'),
    Bug("T7", "hidden-not-mask", MASK, "dhidden *= hidden"),
    Bug("T7", "b1-without-mask", DB1, '"b1": (dscores @ params["W2"].T).sum(axis=0),'),
    Bug("T7", "W1-without-mask", DW1,
        '"W1": X.T @ (dscores @ params["W2"].T) + reg * params["W1"],'),
    Bug("T7", "W2-from-before-relu", DW2,
        '"W2": (X @ params["W1"] + params["b1"]).T @ dscores + reg * params["W2"],'),
    Bug("T7", "W2-transposed", DW2, '"W2": dscores.T @ hidden + reg * params["W2"].T,'),
    Bug("T7", "regularization-missing", DW1_TO_DW2,
        f'"W1": X.T @ dhidden,\n        {DB1}\n        "W2": hidden.T @ dscores,'),
    Bug("T7", "W1-regularization-missing", DW1, '"W1": X.T @ dhidden,'),
    Bug("T7", "regularization-twice", DW1_TO_DW2,
        f'"W1": X.T @ dhidden + 2 * reg * params["W1"],\n        {DB1}\n'
        '        "W2": hidden.T @ dscores + 2 * reg * params["W2"],'),
    Bug("T7", "regularization-halved", DW1_TO_DW2,
        f'"W1": X.T @ dhidden + 0.5 * reg * params["W1"],\n        {DB1}\n'
        '        "W2": hidden.T @ dscores + 0.5 * reg * params["W2"],'),
    Bug("T7", "regularization-divided-by-N", DW1_TO_DW2,
        f'"W1": X.T @ dhidden + reg * params["W1"] / N,\n        {DB1}\n'
        '        "W2": hidden.T @ dscores + reg * params["W2"] / N,'),
    Bug("T7", "regularization-without-reg", DW1_TO_DW2,
        f'"W1": X.T @ dhidden + params["W1"],\n        {DB1}\n'
        '        "W2": hidden.T @ dscores + params["W2"],'),
    Bug("T7", "biases-regularized", DB1_TO_DB2,
        f'"b1": dhidden.sum(axis=0) + reg * params["b1"],\n        {DW2}\n'
        '        "b2": dscores.sum(axis=0) + reg * params["b2"],'),

    # T8: minibatch
    Bug("T8", "labels-drawn-separately", BATCH,
        "return X[chosen], y[np.random.choice(len(X), batch_size)]"),
    Bug("T8", "labels-shuffled", BATCH, "return X[chosen], np.random.permutation(y[chosen])"),
    Bug("T8", "labels-of-the-first-rows", BATCH, "return X[chosen], y[:batch_size]"),
    Bug("T8", "labels-of-the-whole-set", BATCH, "return X[chosen], y"),
    Bug("T8", "whole-set-returned", BATCH, "return X, y"),
    Bug("T8", "one-row-too-few", BATCH, "return X[chosen[1:]], y[chosen[1:]]"),
    Bug("T8", "batch-size-ignored", CHOSEN, "chosen = np.random.choice(len(X), 200, replace=True)"),
    Bug("T8", "same-batch-every-time", CHOSEN, f"np.random.seed(0)\n    {CHOSEN}"),
    Bug("T8", "first-rows-every-time", CHOSEN, "chosen = np.arange(batch_size)"),
    Bug("T8", "drawn-from-the-first-rows", CHOSEN, "chosen = np.random.choice(batch_size, batch_size)"),
    Bug("T8", "last-row-never-drawn", CHOSEN, "chosen = np.random.randint(0, len(X) - 1, batch_size)"),
    Bug("T8", "first-row-never-drawn", CHOSEN, "chosen = np.random.randint(1, len(X), batch_size)"),
    Bug("T8", "one-row-repeated", CHOSEN, "chosen = [np.random.randint(len(X))] * batch_size"),
    Bug("T8", "batch-drawn-once", DRAW,
        "        X_batch, y_batch = sample_minibatch(X, y, batch_size)\n"
        "        for it in range(num_iters):\n", in_class=True),
    Bug("T8", "rows-in-order", "X_batch, y_batch = sample_minibatch(X, y, batch_size)",
        "start = it % iterations_per_epoch * batch_size\n"
        "            X_batch, y_batch = X[start:start + batch_size], y[start:start + batch_size]",
        in_class=True),

    # T9: update
    Bug("T9", "plus-not-minus", STEP, "params[name] += learning_rate * grads[name]"),
    Bug("T9", "learning-rate-missing", STEP, "params[name] -= grads[name]"),
    Bug("T9", "learning-rate-squared", STEP, "params[name] -= learning_rate ** 2 * grads[name]"),
    Bug("T9", "divided-by-learning-rate", STEP, "params[name] -= grads[name] / learning_rate"),
    Bug("T9", "biases-not-updated", NAMES, 'for name in ("W1", "W2"):'),
    Bug("T9", "second-layer-not-updated", NAMES, 'for name in ("W1", "b1"):'),
    Bug("T9", "first-layer-not-updated", NAMES, 'for name in ("W2", "b2"):'),
    Bug("T9", "nothing-moves", UPDATE,
        "params = {name: params[name] - learning_rate * grads[name] for name in params}"),
    Bug("T9", "old-value-dropped", STEP, "params[name] = -learning_rate * grads[name]"),
    Bug("T9", "multiplied-not-subtracted", STEP, "params[name] *= 1 - learning_rate * grads[name]"),
    Bug("T9", "only-the-sign", STEP, "params[name] -= learning_rate * np.sign(grads[name])"),
    Bug("T9", "gradient-normalised", STEP,
        "params[name] -= learning_rate * grads[name] / np.linalg.norm(grads[name])"),
    Bug("T9", "gradient-averaged", STEP, "params[name] -= learning_rate * grads[name].mean()"),
    Bug("T9", "divided-by-length", STEP,
        "params[name] -= learning_rate * grads[name] / len(grads[name])"),
    Bug("T9", "parameters-shrunk", STEP,
        "params[name] -= learning_rate * (grads[name] + params[name])"),
    Bug("T9", "momentum", TRAIN_UPDATE,
        "            step = grads if it == 0 else {k: 0.9 * step[k] + grads[k] for k in grads}\n"
        "            sgd_update(self.params, step, learning_rate)\n", in_class=True),
    Bug("T9", "every-second-iteration", TRAIN_UPDATE,
        "            if it % 2 == 0:\n"
        "                sgd_update(self.params, grads, learning_rate)\n", in_class=True),
    Bug("T9", "once-an-epoch", TRAIN_UPDATE,
        "            if (it + 1) % iterations_per_epoch == 0:\n"
        "                sgd_update(self.params, grads, learning_rate)\n", in_class=True),
    Bug("T9", "twice-an-iteration", TRAIN_UPDATE, TRAIN_UPDATE + TRAIN_UPDATE, in_class=True),
    Bug("T9", "previous-gradient", TRAIN_UPDATE,
        "            if it > 0:\n"
        "                sgd_update(self.params, previous, learning_rate)\n"
        "            previous = grads\n", in_class=True),
    Bug("T9", "gradient-of-the-whole-set", LOSS_OF_BATCH,
        "loss, _ = self.loss(X_batch, y_batch, reg)\n"
        "            _, grads = self.loss(X, y, reg)", in_class=True),

    # T10: learning-rate decay
    Bug("T10", "no-decay", DECAY, "return learning_rate"),
    Bug("T10", "subtracted", DECAY, "return learning_rate - learning_rate_decay"),
    Bug("T10", "divided", DECAY, "return learning_rate / learning_rate_decay"),
    Bug("T10", "one-minus-decay", DECAY, "return learning_rate * (1 - learning_rate_decay)"),
    Bug("T10", "one-plus-decay", DECAY, "return learning_rate / (1 + learning_rate_decay)"),
    Bug("T10", "decay-squared", DECAY, "return learning_rate * learning_rate_decay ** 2"),
    Bug("T10", "square-root-of-decay", DECAY, "return learning_rate * learning_rate_decay ** 0.5"),
    Bug("T10", "exponential-of-decay", DECAY, "return learning_rate * np.exp(-learning_rate_decay)"),
    Bug("T10", "decay-returned", DECAY, "return learning_rate_decay"),
    Bug("T10", "decay-argument-ignored", DECAY, "return learning_rate * 0.95"),
    Bug("T10", "every-iteration", TRAIN_DECAY,
        "            learning_rate = decay_learning_rate(learning_rate, learning_rate_decay)\n",
        in_class=True),
    Bug("T10", "once-only", TRAIN_DECAY,
        "                if it + 1 == iterations_per_epoch:\n"
        "                    learning_rate = decay_learning_rate(learning_rate, learning_rate_decay)\n",
        in_class=True),
    Bug("T10", "epoch-of-batch-size", EPOCH_LENGTH, "iterations_per_epoch = batch_size", in_class=True),
    Bug("T10", "half-epoch", EPOCH_LENGTH,
        "iterations_per_epoch = max(len(X) // (2 * batch_size), 1)", in_class=True),
    Bug("T10", "double-epoch", EPOCH_LENGTH,
        "iterations_per_epoch = 2 * max(len(X) // batch_size, 1)", in_class=True),
    Bug("T10", "decay-decays-too", TRAIN_DECAY,
        TRAIN_DECAY + "                learning_rate_decay *= learning_rate_decay\n", in_class=True),

    # T11: predict
    Bug("T11", "argmin", ARGMAX, "return np.argmin(scores, axis=1)"),
    Bug("T11", "max-not-argmax", ARGMAX, "return np.max(scores, axis=1)"),
    Bug("T11", "argmax-down-the-columns", ARGMAX, "return np.argmax(scores, axis=0)"),
    Bug("T11", "argmax-of-everything", ARGMAX, "return np.argmax(scores)"),
    Bug("T11", "one-hot", ARGMAX,
        "return (scores == scores.max(axis=1, keepdims=True)).astype(int)"),
    Bug("T11", "scores-returned", ARGMAX, "return scores"),
    Bug("T11", "whole-ranking-returned", ARGMAX, "return np.argsort(-scores, axis=1)"),
    Bug("T11", "labels-from-one", ARGMAX, "return np.argmax(scores, axis=1) + 1"),
    Bug("T11", "second-largest", ARGMAX, "return np.argsort(scores, axis=1)[:, -2]"),
    Bug("T11", "largest-absolute-score", ARGMAX, "return np.argmax(np.abs(scores), axis=1)"),
    Bug("T11", "first-positive-score", ARGMAX, "return np.argmax(scores > 0, axis=1)"),
    Bug("T11", "argmax-of-hidden", PREDICT_FORWARD, "_, scores = forward(params, X)"),
    Bug("T11", "relu-missing-in-predict", PREDICT_FORWARD,
        'scores = (X @ params["W1"] + params["b1"]) @ params["W2"] + params["b2"]'),
    Bug("T11", "biases-missing-in-predict", PREDICT_FORWARD,
        'scores = np.maximum(X @ params["W1"], 0) @ params["W2"]'),
)


# A class written as a whole, piece by piece: a variant swaps the pieces that it words otherwise.
INIT = '''
    def __init__(self, input_size, hidden_size, output_size, std=1e-4):
        self.params = {}
        self.params["W1"] = std * np.random.randn(input_size, hidden_size)
        self.params["b1"] = np.zeros(hidden_size)
        self.params["W2"] = std * np.random.randn(hidden_size, output_size)
        self.params["b2"] = np.zeros(output_size)
'''

LOSS = '''
    def loss(self, X, y=None, reg=0.0):
        W1, b1 = self.params["W1"], self.params["b1"]
        W2, b2 = self.params["W2"], self.params["b2"]
        N, D = X.shape
        z1 = X.dot(W1) + b1
        a1 = np.maximum(0, z1)
        scores = a1.dot(W2) + b2
        if y is None:
            return scores
        scores = scores - np.max(scores, axis=1, keepdims=True)
        p = np.exp(scores)
        p /= np.sum(p, axis=1, keepdims=True)
        loss = -np.sum(np.log(p[range(N), y])) / N
        loss += 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
        grads = {}
        dz2 = p
        dz2[range(N), y] -= 1
        dz2 /= N
        grads["W2"] = a1.T.dot(dz2) + reg * W2
        grads["b2"] = np.sum(dz2, axis=0)
        dz1 = dz2.dot(W2.T) * (z1 > 0)
        grads["W1"] = X.T.dot(dz1) + reg * W1
        grads["b1"] = np.sum(dz1, axis=0)
        return loss, grads
'''

TRAIN = '''
    def train(self, X, y, X_val, y_val, learning_rate=1e-3, learning_rate_decay=0.95,
              reg=5e-6, num_iters=100, batch_size=200, verbose=False):
        num_train = X.shape[0]
        iterations_per_epoch = max(num_train // batch_size, 1)
        loss_history, train_acc_history, val_acc_history = [], [], []
        for it in range(num_iters):
            idx = np.random.choice(num_train, batch_size)
            X_batch = X[idx]
            y_batch = y[idx]
            loss, grads = self.loss(X_batch, y=y_batch, reg=reg)
            loss_history.append(loss)
            for key in self.params:
                self.params[key] -= learning_rate * grads[key]
            if verbose and it % 100 == 0:
                print("iteration %d / %d: loss %f" % (it, num_iters, loss))
            if it % iterations_per_epoch == 0:
                train_acc_history.append((self.predict(X_batch) == y_batch).mean())
                val_acc_history.append((self.predict(X_val) == y_val).mean())
                learning_rate *= learning_rate_decay
        return {
            "loss_history": loss_history,
            "train_acc_history": train_acc_history,
            "val_acc_history": val_acc_history,
        }
'''

PREDICT = '''
    def predict(self, X):
        hidden = np.maximum(0, X.dot(self.params["W1"]) + self.params["b1"])
        return np.argmax(hidden.dot(self.params["W2"]) + self.params["b2"], axis=1)
'''


def own_class(*, init: str = INIT, loss: str = LOSS, train: str = TRAIN, predict: str = PREDICT,
              before: str = "") -> str:
    """The source of a cell with a whole class of the student's own, after the lines `before`."""
    head = "import numpy as np\n"
    return f"{head}{before}\n\nclass TwoLayerNet(object):{init}{loss}{train}{predict}"


def reworded(source: str, *edits: tuple[str, str]) -> str:
    """`source` with each (old, new) put in; old occurs exactly once."""
    for old, new in edits:
        if source.count(old) != 1:
            raise ValueError(f"{old!r} occurs {source.count(old)} times, not once")
        source = source.replace(old, new)
    return source


OWN_UPDATE = """            for key in self.params:
                self.params[key] -= learning_rate * grads[key]
"""
OWN_DECAY = "                learning_rate *= learning_rate_decay\n"
OWN_DRAW = "idx = np.random.choice(num_train, batch_size)"
OWN_EPOCH = "iterations_per_epoch = max(num_train // batch_size, 1)"

TRAIN_BY_EPOCHS = '''
    def train(self, X, y, X_val, y_val, learning_rate=1e-3, learning_rate_decay=0.95,
              reg=5e-6, num_iters=100, batch_size=200, verbose=False):
        history = {"loss_history": [], "train_acc_history": [], "val_acc_history": []}
        done = 0
        while done < num_iters:
            order = np.random.permutation(len(X))
            last = max(len(X) - batch_size, 0)
            for start in range(0, last + 1, batch_size):
                if done == num_iters:
                    break
                rows = order[start:start + batch_size]
                value, grads = self.loss(X[rows], y[rows], reg)
                history["loss_history"].append(value)
                for key, gradient in grads.items():
                    self.params[key] = self.params[key] - learning_rate * gradient
                done += 1
                if verbose and done % 100 == 0:
                    print(f"iteration {done}: loss {value}")
            history["train_acc_history"].append(np.mean(self.predict(X[rows]) == y[rows]))
            history["val_acc_history"].append(np.mean(self.predict(X_val) == y_val))
            learning_rate = learning_rate * learning_rate_decay
        return history
'''

LOSS_WITH_GRADIENT_METHODS = '''
    def _hidden(self, X):
        return np.clip(X @ self.params["W1"] + self.params["b1"], 0, None)

    def _log_softmax(self, scores):
        shifted = scores - scores.max(axis=1)[:, None]
        return shifted - np.log(np.exp(shifted).sum(axis=1))[:, None]

    def loss(self, X, y=None, reg=0.0):
        hidden = self._hidden(X)
        scores = hidden @ self.params["W2"] + self.params["b2"]
        if y is None:
            return scores
        log_p = self._log_softmax(scores)
        penalty = sum(np.square(self.params[name]).sum() for name in ("W1", "W2")) / 2
        value = -log_p[np.arange(len(X)), y].sum() / len(X) + reg * penalty
        return value, self._gradients(X, y, hidden, np.exp(log_p), reg)

    def _gradients(self, X, y, hidden, p, reg):
        error = (p - np.eye(p.shape[1])[y]) / len(X)
        back = (error @ self.params["W2"].T) * np.sign(hidden)
        return dict(W1=X.T @ back + reg * self.params["W1"], b1=back.sum(0),
                    W2=hidden.T @ error + reg * self.params["W2"], b2=error.sum(0))
'''

LOSS_OF_LAYERS = '''
    def loss(self, X, y=None, reg=0.0):
        layers = [Layer(self.params["W1"], self.params["b1"]), Layer(self.params["W2"], self.params["b2"])]
        relu = Relu()
        scores = layers[1].forward(relu.forward(layers[0].forward(X)))
        if y is None:
            return scores
        value, dscores = cross_entropy(scores, y)
        value += 0.5 * reg * sum(np.sum(layer.W ** 2) for layer in layers)
        layers[0].backward(relu.backward(layers[1].backward(dscores)))
        return value, {"W1": layers[0].dW + reg * layers[0].W, "b1": layers[0].db,
                       "W2": layers[1].dW + reg * layers[1].W, "b2": layers[1].db}
'''

LAYERS_IN_A_CELL = '''import numpy as np


class Layer:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, d):
        self.dW, self.db = self.x.T @ d, d.sum(axis=0)
        return d @ self.W.T


class Relu:
    def forward(self, x):
        self.on = x > 0
        return x * self.on

    def backward(self, d):
        return d * self.on
'''

CROSS_ENTROPY_IN_A_CELL = '''import numpy as np


def cross_entropy(scores, y):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    onehot = np.zeros_like(p)
    onehot[np.arange(len(y)), y] = 1
    return -(onehot * np.log(p)).sum() / len(y), (p - onehot) / len(y)
'''

LOSS_BOTH_BIASES_STACKED = '''
    def loss(self, X, y=None, reg=0.0):
        p = self.params
        ones = np.ones((len(X), 1))
        W1, W2 = np.vstack([p["W1"], p["b1"]]), np.vstack([p["W2"], p["b2"]])
        X1 = np.hstack([X, ones])
        A = np.maximum(X1 @ W1, 0)
        A1 = np.hstack([A, ones])
        scores = A1 @ W2
        if y is None:
            return scores
        e = np.exp(scores - scores.max(1, keepdims=True))
        probs = e / e.sum(1, keepdims=True)
        rows = np.arange(len(X))
        value = -np.log(probs[rows, y]).mean() + reg / 2 * ((p["W1"] ** 2).sum() + (p["W2"] ** 2).sum())
        probs[rows, y] -= 1
        G2 = A1.T @ probs / len(X)
        D = (probs @ p["W2"].T / len(X)) * (A > 0)
        G1 = X1.T @ D
        return value, {"W1": G1[:-1] + reg * p["W1"], "b1": G1[-1:],
                       "W2": G2[:-1] + reg * p["W2"], "b2": G2[-1:]}
'''

FUNCTIONS_OF_MY_OWN = '''

def relu(x):
    return x * (x > 0)


def softmax(scores):
    e = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def accuracy(net, X, y):
    return float(np.mean(np.asarray(net.predict(X)).ravel() == y))
'''

LOSS_WITH_MY_FUNCTIONS = '''
    def loss(self, X, y=None, reg=0.0):
        a = relu(X @ self.params["W1"] + self.params["b1"])
        scores = a @ self.params["W2"] + self.params["b2"]
        if y is None:
            return scores
        n = len(y)
        p = softmax(scores)
        loss = sum(-np.log(p[i, y[i]]) for i in range(n)) / n
        loss = loss + reg * 0.5 * ((self.params["W1"] ** 2).sum() + (self.params["W2"] ** 2).sum())
        d = p / n
        for i in range(n):
            d[i, y[i]] -= 1 / n
        da = d @ self.params["W2"].T
        da[a == 0] = 0
        return loss, {
            "W2": a.T @ d + reg * self.params["W2"], "b2": np.ones(n) @ d,
            "W1": X.T @ da + reg * self.params["W1"], "b1": np.ones(n) @ da,
        }
'''

EPOCH_ORDER_IN_A_CELL = '''import numpy as np

waiting = {}


def next_rows(n, k):
    """The next k rows of a random order of n; a new order when fewer than k are left."""
    if len(waiting.get(n, ())) < k:
        waiting[n] = list(np.random.permutation(n))
    rows, waiting[n] = waiting[n][:k], waiting[n][k:]
    return rows
'''

GENERATOR_IN_A_CELL = '''import numpy as np

rng = np.random.default_rng(2024)


def draw_rows(n, k):
    return rng.integers(n, size=k)
'''

LINEAR_IN_A_CELL = '''import numpy as np


def linear(x, W, b):
    return np.dot(x, W) + b


def relu(x):
    return np.where(x > 0, x, 0.0)


def onehot(y, classes):
    return np.eye(classes)[y]
'''


VARIANTS: tuple[Variant, ...] = (
    # T1-T3
    Variant("T1-fractions", (
        ("x0, w0, w1, b0, b1 = 1.0, 0.3, -0.2, 0.1, -0.3",
         ("from fractions import Fraction as F\n"
         "    x0, w0, w1, b0, b1 = F(1), F(3, 10), F(-1, 5), F(1, 10), F(-3, 10)")),)),
    Variant("T1-numpy-arrays", (
        ("x0, w0, w1, b0, b1 = 1.0, 0.3, -0.2, 0.1, -0.3",
         ("import numpy as np\n"
         "    x0, w0, w1, b0, b1 = (np.array([v]) for v in (1.0, 0.3, -0.2, 0.1, -0.3))")),
        ("x1 = max(x0 * w0 + b0, 0.0)", "x1 = np.maximum(x0 * w0 + b0, 0.0)"),
        ("z = max(y1 + x0, 0.0)", "z = np.maximum(y1 + x0, 0.0)"))),
    Variant("T1-central-differences", (
        ("dz_dw0 = dz_dx1 * dx1 * x0",
         ("block = lambda w0: max(max(x0 * w0 + b0, 0) * w1 + b1 + x0, 0)\n"
         "    dz_dw0 = (block(w0 + 1e-6) - block(w0 - 1e-6)) / 2e-6")),)),
    Variant("T1-plain-numbers", (
        ("dz_dw0 = dz_dx1 * dx1 * x0", "dz_dw0 = -0.2"), ("dz_dw1 = dz_dy1 * x1", "dz_dw1 = 0.4"),
        ("dz_db0 = dz_dx1 * dx1\n", "dz_db0 = -0.2\n"), ("dz_db1 = dz_dy1\n", "dz_db1 = 1\n"))),
    Variant("T2-tuples-of-a-batch", (
        ("size_A = 1024", "N = 64\n    size_A = (N, 1024)"), ("size_B = 512", "size_B = (N, 512)"),
        ("size_C = 1\n", "size_C = (N, 1)\n"))),
    Variant("T2-T3-numpy-integers", (
        ("size_A = 1024", "import numpy as np\n    size_A = np.int64(1024)"),
        ("size_B = 512", "size_B = np.int32(512)"), ("size_C = 1\n", "size_C = np.array(1)\n"),
        ("num_parameters = (30 + 1) * 1024", ("import numpy as np\n"
         "    num_parameters = np.array(0) + (30 + 1) * 1024")))),
    Variant("T2-T3-floats", (
        ("size_A = 1024", "size_A = 1024.0"), ("size_B = 512", "size_B = 1024 / 2"),
        ("size_C = 1\n", "size_C = 1.0\n"),
        ("num_parameters = (30 + 1) * 1024", "num_parameters = (30 + 1) * 1024.0"))),
    Variant("T3-sum-over-layers", (
        ("num_parameters = (30 + 1) * 1024 + (1024 + 1) * 512 + (512 + 1) * 1",
         ("sizes = [30, 1024, 512, 1]\n"
         "    num_parameters = sum(a * b + b for a, b in zip(sizes, sizes[1:]))")),)),

    # T5
    Variant("forward-dot-and-where", (
        (HIDDEN, 'h = np.dot(X, params["W1"]) + params["b1"]\n    hidden = np.where(h > 0, h, 0)'),)),
    Variant("forward-einsum", (
        (HIDDEN, ('hidden = np.einsum("nd,dh->nh", X, params["W1"]) + params["b1"]\n'
                 "    hidden[hidden < 0] = 0")),
        (SCORES, 'scores = np.einsum("nh,hc->nc", hidden, params["W2"]) + params["b2"]'))),
    Variant("forward-row-by-row", (
        (HIDDEN, ('hidden = np.zeros((X.shape[0], params["W1"].shape[1]))\n'
                 "    for i in range(X.shape[0]):\n"
                 '        hidden[i] = np.maximum(X[i].dot(params["W1"]) + params["b1"], 0)')),
        (SCORES, ('scores = [h.dot(params["W2"]) + params["b2"] for h in hidden]\n'
                 "    scores = np.array(scores)")))),
    Variant("forward-stacked-bias-columns", (
        (HIDDEN, ("ones = np.ones((len(X), 1))\n"
                 '    hidden = np.maximum(np.c_[X, ones] @ np.r_[params["W1"], [params["b1"]]], 0)')),
        (SCORES, 'scores = np.c_[hidden, ones] @ np.r_[params["W2"], [params["b2"]]]'))),
    Variant("forward-returns-a-list", ((FORWARD_RETURN, "return [scores, hidden]"),)),
    Variant("forward-float32", (
        (HIDDEN, ('hidden = X.astype(np.float32) @ params["W1"].astype(np.float32)\n'
                 '    hidden = np.maximum(hidden + params["b1"].astype(np.float32), 0)')),
        (SCORES, ('scores = hidden @ params["W2"].astype(np.float32)\n'
                 '    scores = scores + params["b2"].astype(np.float32)')))),
    Variant("forward-extra-keyword-arguments", (
        ("def forward(params, X):", "def forward(params, X, verbose=False, *, activation=None):"),
        (SCORES, f"{SCORES}\n    if verbose:\n        print(scores.shape)"))),
    Variant("forward-prints", (
        (SCORES, f'{SCORES}\n    print("scores", scores.shape, "hidden", hidden.shape)'),)),
    Variant("forward-fortran-order", (
        (SCORES, 'scores = (params["W2"].T @ hidden.T).T + params["b2"]'),)),
    Variant("helpers-in-another-cell", (
        (HIDDEN, 'hidden = relu(linear(X, params["W1"], params["b1"]))'),
        (SCORES, 'scores = linear(hidden, params["W2"], params["b2"])'),
        (COPY, "dscores = probabilities - onehot(y, probabilities.shape[1])"),
        (MINUS_ONE, "# the one is subtracted above")), extra=(LINEAR_IN_A_CELL,)),

    # T6
    Variant("loss-global-maximum", ((SHIFT, "shifted = scores - np.max(scores)"),)),
    Variant("loss-log-sum-exp", (
        (DATA_LOSS, ("log_sum = np.log(np.sum(exp_scores, axis=1))\n"
                    "    data_loss = np.mean(log_sum - shifted[np.arange(len(y)), y])")),)),
    Variant("loss-logaddexp", (
        (SHIFT, "log_p = scores - np.logaddexp.reduce(scores, axis=1)[:, np.newaxis]"),
        ("exp_scores = np.exp(shifted)", "rows = range(scores.shape[0])"),
        (NORMALISE, "probabilities = np.exp(log_p)"),
        (DATA_LOSS, "data_loss = -np.mean([log_p[i, y[i]] for i in rows])"))),
    Variant("loss-one-hot", (
        (DATA_LOSS, ("onehot = np.zeros(scores.shape)\n"
                    "    onehot[np.arange(len(y)), y] = 1\n"
                    "    data_loss = -(onehot * (shifted - np.log(exp_scores.sum(axis=1)[:, None]))).sum()\n"
                    "    data_loss /= len(y)")),)),
    Variant("loss-row-by-row", (
        (DATA_LOSS, ("data_loss = 0\n    for i in range(len(y)):\n"
                    "        data_loss -= np.log(probabilities[i, y[i]]) / len(y)")),)),
    Variant("loss-choose-along-axis", (
        (DATA_LOSS, ("right = np.take_along_axis(probabilities, y.reshape(-1, 1), axis=1)\n"
                    "    data_loss = -np.mean(np.log(right))")),)),
    Variant("loss-shifts-in-place", (
        (SHIFT, "scores -= scores.max(axis=1).reshape(-1, 1)\n    shifted = scores"),)),
    Variant("loss-norm-and-vdot", (
        (REG_LOSS, ('reg_loss = reg * np.linalg.norm(params["W1"]) ** 2 / 2\n'
                   '    reg_loss += 0.5 * reg * np.vdot(params["W2"], params["W2"])')),)),
    Variant("loss-python-float", (
        (LOSS_RETURN, "return float(data_loss + reg_loss), probabilities"),)),
    Variant("loss-0-d-array", ((LOSS_RETURN, "return np.array(data_loss + reg_loss), probabilities"),)),
    Variant("loss-array-of-one", (
        (LOSS_RETURN, "return np.array([data_loss + reg_loss]), probabilities"),)),
    Variant("loss-writes-to-stderr", (
        (SHIFT, 'import sys\n    sys.stderr.write("computing the loss\\n")\n    ' + SHIFT),)),
    Variant("loss-warns", (
        (SHIFT, 'import warnings\n    warnings.warn("softmax of %d rows" % len(scores))\n    ' + SHIFT),)),

    # T7
    Variant("backward-changes-probabilities", ((COPY, "dscores = probabilities"),)),
    Variant("backward-einsum", (
        (DW1, '"W1": np.einsum("nd,nh->dh", X, dhidden) + reg * params["W1"],'),
        (DB1, '"b1": np.einsum("nh->h", dhidden),'),
        (DW2, '"W2": np.einsum("nh,nc->hc", hidden, dscores) + reg * params["W2"],'),
        (DB2, '"b2": np.einsum("nc->c", dscores),'))),
    Variant("backward-row-by-row", (
        (DW1, '"W1": sum(np.outer(X[i], dhidden[i]) for i in range(N)) + reg * params["W1"],'),
        (DB1, '"b1": sum(dhidden[i] for i in range(N)),'),
        (DW2, '"W2": sum(np.outer(hidden[i], dscores[i]) for i in range(N)) + reg * params["W2"],'),
        (DB2, '"b2": sum(dscores[i] for i in range(N)),'))),
    Variant("backward-add-at", ((MINUS_ONE, "np.add.at(dscores, (np.arange(N), y), -1)"),)),
    Variant("backward-one-hot", (
        (COPY, 'dscores = probabilities - np.eye(params["b2"].size)[y]'),
        (MINUS_ONE, "assert dscores.shape[0] == N"))),
    Variant("backward-mask-times", ((MASK, "dhidden = dhidden * (hidden > 0)"),)),
    Variant("backward-mask-where", ((MASK, "dhidden = np.where(hidden > 0, dhidden, 0)"),)),
    Variant("backward-at-the-kink", (
        (MASK, 'dhidden *= X @ params["W1"] + params["b1"] >= 0'),)),
    Variant("backward-mean-at-the-end", (
        (BY_N, "# the mean comes with each gradient"),
        (DW1, '"W1": np.dot(X.T, dhidden) / N + reg * params["W1"],'),
        (DB1, '"b1": dhidden.mean(axis=0),'),
        (DW2, '"W2": np.dot(hidden.T, dscores) / N + reg * params["W2"],'),
        (DB2, '"b2": dscores.mean(axis=0),'))),
    Variant("backward-float32", (
        (BY_N, "dscores = (dscores / N).astype(np.float32)"),
        (DW1, '"W1": (X.T @ dhidden + reg * params["W1"]).astype(np.float32),'))),
    Variant("bias-gradients-as-rows-rebound", (
        (DB1, '"b1": dhidden.sum(axis=0, keepdims=True),'),
        (DB2, '"b2": dscores.sum(axis=0, keepdims=True),'),
        (STEP, "params[name] = params[name] - learning_rate * grads[name]"))),
    Variant("bias-gradients-as-rows-update-needs-them", (
        (DB1, '"b1": np.ones((1, N)) @ dhidden,'),
        (DB2, '"b2": np.ones((1, N)) @ dscores,'),
        (UPDATE, ('for name in ("W1", "W2"):\n        params[name] -= learning_rate * grads[name]\n'
                 '    for name in ("b1", "b2"):\n'
                 "        params[name] -= learning_rate * grads[name][0, :]")))),
    Variant("stacked-bias-columns-throughout", (
        (HIDDEN, ('hidden = np.hstack([X, np.ones((len(X), 1))]) @ np.vstack([params["W1"], params["b1"]])\n'
                 "    hidden = np.maximum(0, hidden)")),
        (DHIDDEN, 'dhidden = (dscores @ np.vstack([params["W2"], params["b2"]]).T)[:, :-1]'),
        (DB1, '"b1": (np.hstack([X, np.ones((N, 1))]).T @ dhidden)[-1:],'),
        (DB2, '"b2": (np.hstack([hidden, np.ones((N, 1))]).T @ dscores)[-1:],'),
        (STEP, "params[name] -= learning_rate * grads[name].reshape(params[name].shape)"))),
    Variant("np-matrix", (
        (HIDDEN, 'hidden = np.maximum(np.matrix(X) * np.matrix(params["W1"]) + params["b1"], 0)'),
        (SCORES, 'scores = hidden * np.matrix(params["W2"]) + params["b2"]'),
        (SHIFT, "scores = np.asarray(scores)\n    " + SHIFT),
        (COPY, "dscores = np.matrix(probabilities)"),
        (DHIDDEN, 'dhidden = dscores * np.matrix(params["W2"]).T'),
        (DW1, '"W1": np.matrix(X).T * dhidden + reg * params["W1"],'),
        (DW2, '"W2": np.matrix(hidden).T * dscores + reg * params["W2"],'),
        (STEP, "params[name] -= learning_rate * np.asarray(grads[name]).reshape(params[name].shape)"))),
    Variant("backward-other-dict", (
        ("    N = X.shape[0]\n    dscores =",
         "    from collections import OrderedDict\n    N = X.shape[0]\n    dscores ="),
        ("    return {\n        \"W1\": X.T", "    return OrderedDict({\n        \"W1\": X.T"),
        (DB2 + "\n    }", DB2 + "\n    })"))),

    # T8
    Variant("batch-without-replacement", (
        (CHOSEN, "chosen = np.random.choice(len(X), batch_size, replace=False)"),)),
    Variant("batch-randint", ((CHOSEN, "chosen = np.random.randint(0, len(X), size=batch_size)"),)),
    Variant("batch-generator-in-another-cell", (
        (CHOSEN, "chosen = draw_rows(len(X), batch_size)"),), extra=(GENERATOR_IN_A_CELL,)),
    Variant("batch-new-generator-each-time", (
        (CHOSEN, "chosen = np.random.default_rng().choice(X.shape[0], batch_size)"),)),
    Variant("batch-permutation", ((CHOSEN, "chosen = np.random.permutation(len(X))[:batch_size]"),)),
    Variant("batch-permutation-an-epoch", (
        (CHOSEN, "chosen = next_rows(len(X), batch_size)"),), extra=(EPOCH_ORDER_IN_A_CELL,)),
    Variant("batch-shuffled-list", (
        (CHOSEN, ("chosen = list(range(len(X)))\n    np.random.shuffle(chosen)\n"
                 "    chosen = sorted(chosen[:batch_size])")),)),
    Variant("batch-standard-library", (
        (CHOSEN, "import random\n    chosen = [random.randrange(len(X)) for _ in range(batch_size)]"),)),
    Variant("batch-random-floats", (
        (CHOSEN, "chosen = (np.random.rand(batch_size) * len(X)).astype(int)"),)),
    Variant("batch-reseeded-by-the-clock", (
        (CHOSEN, f"import time\n    np.random.seed(time.time_ns() % 2 ** 32)\n    {CHOSEN}"),)),
    Variant("batch-reseeded-by-a-counter", (
        (CHOSEN, f"calls.append(0)\n    np.random.seed(len(calls))\n    {CHOSEN}"),),
        extra=("calls = []\n",)),
    Variant("batch-int32-labels-in-a-list", ((BATCH, "return [X[chosen], y[chosen].astype(np.int32)]"),)),
    Variant("batch-stacked-with-labels", (
        (BATCH, ("both = np.column_stack([X, y])[chosen]\n"
                "    return both[:, :-1], both[:, -1].astype(int)")),)),
    Variant("batch-row-by-row", (
        (BATCH, "return np.array([X[i] for i in chosen]), np.array([y[i] for i in chosen])"),)),
    Variant("batch-take-and-mask", (
        (CHOSEN, ("chosen = np.zeros(len(X), dtype=bool)\n"
                 "    chosen[np.random.choice(len(X), batch_size, replace=False)] = True")),)),

    # T9
    Variant("update-rebound", ((STEP, "params[name] = params[name] - learning_rate * grads[name]"),)),
    Variant("update-inside-the-array", ((STEP, "params[name][...] -= learning_rate * grads[name]"),)),
    Variant("update-of-the-dict", (
        (UPDATE, "params.update({k: v - learning_rate * grads[k] for k, v in params.items()})"),)),
    Variant("update-zip", (
        (UPDATE, ('for name, key in zip(["W1", "b1", "W2", "b2"], ("W1", "b1", "W2", "b2")):\n'
                 "        params[name] += -learning_rate * grads[key]")),)),
    Variant("update-line-by-line", (
        (UPDATE, ('params["W1"] -= learning_rate * grads["W1"]\n'
                 '    params["W2"] -= learning_rate * grads["W2"]\n'
                 '    params["b1"] -= learning_rate * grads["b1"]\n'
                 '    params["b2"] -= learning_rate * grads["b2"]')),)),
    Variant("update-subtract-out-and-return", (
        (UPDATE, ("for name, gradient in grads.items():\n"
                 "        np.subtract(params[name], learning_rate * gradient, out=params[name])\n"
                 "    return params")),)),
    Variant("update-scales-the-gradients", (
        (UPDATE, ("for name in grads:\n        grads[name] *= learning_rate\n"
                 "        params[name] -= grads[name]")),)),

    # T10
    Variant("decay-in-place", (
        (DECAY, "learning_rate *= learning_rate_decay\n    return learning_rate"),)),
    Variant("decay-numpy-scalar", (
        (DECAY, "return np.multiply(np.float64(learning_rate), learning_rate_decay)"),)),

    # T11
    Variant("predict-list", ((ARGMAX, "return [int(row.argmax()) for row in scores]"),)),
    Variant("predict-column", ((ARGMAX, "return np.argmax(scores, axis=1).reshape(-1, 1)"),)),
    Variant("predict-last-of-argsort-as-floats", (
        (ARGMAX, "return np.argsort(scores)[:, -1].astype(float)"),)),
    Variant("predict-by-probabilities", (
        (ARGMAX, ("e = np.exp(scores - scores.max(axis=1, keepdims=True))\n"
                 "    return np.argmax(e / e.sum(axis=1, keepdims=True), axis=1).astype(np.int32)")),)),

    # Several tasks at once
    Variant("extra-keyword-arguments-throughout", (
        ("def softmax_loss(scores, y, params, reg):", "def softmax_loss(scores, y, params, reg=0.0, eps=0):"),
        ("def backward(params, X, y, hidden, probabilities, reg):",
         "def backward(params, X, y, hidden, probabilities, reg=0.0, **options):"),
        ("def sample_minibatch(X, y, batch_size):",
         "def sample_minibatch(X, y, batch_size=200, replace=True, rng=np.random):"),
        ("def sgd_update(params, grads, learning_rate):",
         "def sgd_update(params, grads, learning_rate=1e-3, *more):"),
        ("def decay_learning_rate(learning_rate, learning_rate_decay):",
         "def decay_learning_rate(learning_rate, learning_rate_decay=0.95, epoch=None):"),
        ("def predict(params, X):", "def predict(params, X, chunk=None):"))),
    Variant("numpy-warnings-on-stderr", (
        (SHIFT, "np.log(np.zeros(1))  # divide by zero: a RuntimeWarning on stderr\n    " + SHIFT),
        (DHIDDEN, DHIDDEN + "\n    np.array([1.0]) / np.array([0.0])"),
        (ARGMAX, "np.exp(np.full(1, 1e4))\n    " + ARGMAX))),

    # The class as a whole
    Variant("class-as-in-cs231n", whole=own_class()),
    Variant("class-epochs-as-floats", whole=own_class(train=reworded(
        TRAIN, (OWN_EPOCH, "iterations_per_epoch = max(num_train / batch_size, 1)")))),
    Variant("class-decay-after-the-epoch", whole=own_class(train=reworded(
        TRAIN, ("if it % iterations_per_epoch == 0:", "if (it + 1) % iterations_per_epoch == 0:")))),
    Variant("class-decay-at-the-epoch-start", whole=own_class(train=reworded(
        TRAIN, (OWN_DECAY, ""),
        ("            " + OWN_DRAW, "            if it > 0 and it % iterations_per_epoch == 0:\n"
         "                learning_rate = learning_rate * learning_rate_decay\n            " + OWN_DRAW)))),
    Variant("class-decay-as-a-power", whole=own_class(train=reworded(
        TRAIN, (OWN_DECAY, ""),
        (OWN_UPDATE, "            rate = learning_rate * learning_rate_decay ** (it // iterations_per_epoch)\n"
         + OWN_UPDATE.replace("learning_rate *", "rate *"))))),
    Variant("class-permutation-an-epoch", whole=own_class(train=TRAIN_BY_EPOCHS)),
    Variant("class-without-replacement", whole=own_class(train=reworded(
        TRAIN, (OWN_DRAW, "idx = np.random.choice(num_train, min(batch_size, num_train), replace=False)")))),
    Variant("class-generator-in-train", whole=own_class(train=reworded(
        TRAIN, (OWN_EPOCH, OWN_EPOCH + "\n        rng = np.random.default_rng()"),
        (OWN_DRAW, "idx = rng.integers(0, num_train, batch_size)")))),
    Variant("class-reseeds-each-iteration", whole=own_class(train=reworded(
        TRAIN, (OWN_DRAW, "np.random.seed(it)\n            " + OWN_DRAW)))),
    Variant("class-new-params-dict-each-step", whole=own_class(train=reworded(
        TRAIN, (OWN_UPDATE, ("            self.params = {key: value - learning_rate * grads[key]\n"
                            "                           for key, value in self.params.items()}\n"))))),
    Variant("class-updates-through-aliases", whole=own_class(train=reworded(
        TRAIN, (OWN_UPDATE, ('            W1, b1 = self.params["W1"], self.params["b1"]\n'
                            '            W2, b2 = self.params["W2"], self.params["b2"]\n'
                            '            W1 -= learning_rate * grads["W1"]\n'
                            '            b1 -= learning_rate * grads["b1"]\n'
                            '            W2 -= learning_rate * grads["W2"]\n'
                            '            b2 -= learning_rate * grads["b2"]\n'))))),
    Variant("class-predict-through-loss", whole=own_class(
        predict="\n    def predict(self, X):\n        return self.loss(X).argmax(axis=1)\n")),
    Variant("class-predict-one-by-one", whole=own_class(
        predict="\n    def predict(self, X):\n"
                "        return np.array([np.argmax(self.loss(x[None, :])) for x in X])\n")),
    Variant("class-with-gradient-methods", whole=own_class(loss=LOSS_WITH_GRADIENT_METHODS)),
    Variant("class-with-functions-beside-it", whole=own_class(
        loss=LOSS_WITH_MY_FUNCTIONS, before=FUNCTIONS_OF_MY_OWN,
        train=reworded(TRAIN, ("(self.predict(X_batch) == y_batch).mean()", "accuracy(self, X_batch, y_batch)"),
                       ("(self.predict(X_val) == y_val).mean()", "accuracy(self, X_val, y_val)")))),
    Variant("class-of-layers-from-other-cells", whole=own_class(loss=LOSS_OF_LAYERS),
            extra=(LAYERS_IN_A_CELL, CROSS_ENTROPY_IN_A_CELL)),
    Variant("class-stacked-bias-columns", whole=own_class(
        loss=LOSS_BOTH_BIASES_STACKED,
        train=reworded(TRAIN, ("self.params[key] -= learning_rate * grads[key]",
                               "self.params[key] -= learning_rate * grads[key].reshape(self.params[key].shape)")))),
    Variant("class-biases-as-rows", whole=own_class(
        init=reworded(INIT, ("np.zeros(hidden_size)", "np.zeros((1, hidden_size))"),
                      ("np.zeros(output_size)", "np.zeros((1, output_size))")),
        loss=reworded(LOSS, ("np.sum(dz2, axis=0)", "np.sum(dz2, axis=0, keepdims=True)"),
                      ("np.sum(dz1, axis=0)", "np.sum(dz1, axis=0, keepdims=True)")),
        train=reworded(TRAIN, (OWN_UPDATE, ("            for key, gradient in grads.items():\n"
                               "                self.params[key] = self.params[key] - learning_rate * gradient\n"))))),
    Variant("class-float32", whole=own_class(
        init=INIT + "        self.params = {k: v.astype(np.float32) for k, v in self.params.items()}\n")),
    Variant("class-prints-and-warns", whole=own_class(
        before="import sys\nimport warnings\n",
        train=reworded(TRAIN, (OWN_DRAW, OWN_DRAW + "\n            print('iteration', it)"
                               "\n            print('rate', learning_rate, file=sys.stderr)"),
                       ("        num_train = X.shape[0]\n", ("        num_train = X.shape[0]\n"
                        "        warnings.warn('training starts')\n"))))),
    Variant("class-with-more-arguments", whole=own_class(
        init=reworded(INIT, ("std=1e-4):", "std=1e-4, seed=None, **options):")),
        loss=reworded(LOSS, ("reg=0.0):", "reg=0.0, verbose=False):")),
        train=reworded(TRAIN, ("verbose=False):", "verbose=False, patience=None, callback=None):")),
        predict=reworded(PREDICT, ("def predict(self, X):", "def predict(self, X, batch=None):")))),
)


def trained_model(names, source, dataset, iterations=2000, hidden=150, rate=1e-2):
    """Parameters of a net of the reference (its `names`), trained on the dataset: for made-up submissions."""
    data = load_module(source / "hw4_helpers.py", "hw4_helpers").load_mnist(dataset, verbose=False)
    np.random.seed(0)
    net = names["TwoLayerNet"](data["X_train"].shape[1], hidden, 10)
    few = data["X_val"][:100], data["y_val"][:100]
    net.train(data["X_train"], data["y_train"], *few, learning_rate=rate, reg=0.1, num_iters=iterations)
    return net.params
