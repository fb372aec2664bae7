"""Known mistakes of hw4: what `autograder audit hw4` plants.

Each is an edit of solutions/hw4.py. A mistake shows in the values that its own task gives, and no two
of a task give the same values; the text that a student reads stands under its name in messages.toml.
"""

from autograder.author import Mistake, model_file

from .reference_lines import (
    ARGMAX,
    BATCH,
    BY_N,
    CHOSEN,
    DATA_LOSS,
    DB1,
    DB1_TO_DB2,
    DB2,
    DECAY,
    DRAW,
    DW1,
    DW1_TO_DW2,
    DW2,
    EPOCH_LENGTH,
    FORWARD_RETURN,
    HIDDEN,
    LOSS_OF_BATCH,
    LOSS_RETURN,
    MASK,
    MINUS_ONE,
    NAMES,
    NORMALISE,
    PREDICT_FORWARD,
    REG_LOSS,
    SCORES,
    SHIFT,
    STEP,
    TRAIN_DECAY,
    TRAIN_UPDATE,
    UPDATE,
)

MISTAKES: tuple[Mistake, ...] = (
    # T1: the residual block
    Mistake("T1", "w1-missing-in-w0", "dz_dw0 = dz_dx1 * dx1 * x0", "dz_dw0 = dz_dy1 * dx1 * x0"),
    Mistake("T1", "w1-missing-in-b0", "dz_db0 = dz_dx1 * dx1\n", "dz_db0 = dz_dy1 * dx1\n"),
    Mistake("T1", "w1-missing-in-both", "dz_dx1 = dz_dy1 * w1", "dz_dx1 = dz_dy1"),
    Mistake("T1", "w1-sign-lost", "dz_dx1 = dz_dy1 * w1", "dz_dx1 = dz_dy1 * abs(w1)"),
    Mistake("T1", "w0-kept-in-its-own-derivative", "dz_dw0 = dz_dx1 * dx1 * x0", "dz_dw0 = dz_dx1 * dx1 * w0"),
    Mistake("T1", "w1-times-x0-not-x1", "dz_dw1 = dz_dy1 * x1", "dz_dw1 = dz_dy1 * x0"),
    Mistake("T1", "w1-kept-in-its-own-derivative", "dz_dw1 = dz_dy1 * x1", "dz_dw1 = dz_dy1 * x1 * w1"),
    Mistake("T1", "b1-kept-in-its-own-derivative", "dz_db1 = dz_dy1\n", "dz_db1 = dz_dy1 * b1\n"),
    Mistake(
        "T1", "skip-connection-forgotten", "dz_dy1 = 1.0 if y1 + x0 > 0 else 0.0", "dz_dy1 = 1.0 if y1 > 0 else 0.0"
    ),
    Mistake("T1", "skip-connection-through-x1", "dz_dx1 = dz_dy1 * w1", "dz_dx1 = dz_dy1 * (w1 + 1)"),
    Mistake("T1", "inner-relu-value-as-derivative", "dx1 = 1.0 if x0 * w0 + b0 > 0 else 0.0", "dx1 = x1"),
    Mistake("T1", "outer-relu-value-as-derivative", "dz_dy1 = 1.0 if y1 + x0 > 0 else 0.0", "dz_dy1 = z"),
    # T2: sizes of the three outputs
    Mistake(
        "T2",
        "inputs-not-outputs",
        "size_A = 1024\n    size_B = 512\n    size_C = 1\n",
        "size_A = 30\n    size_B = 1024\n    size_C = 512\n",
    ),
    Mistake(
        "T2",
        "bias-counted-as-output",
        "size_A = 1024\n    size_B = 512\n    size_C = 1\n",
        "size_A = 1024 + 1\n    size_B = 512 + 1\n    size_C = 1 + 1\n",
    ),
    Mistake(
        "T2",
        "weights-counted",
        "size_A = 1024\n    size_B = 512\n    size_C = 1\n",
        "size_A = 30 * 1024\n    size_B = 1024 * 512\n    size_C = 512 * 1\n",
    ),
    Mistake(
        "T2",
        "order-reversed",
        "size_A = 1024\n    size_B = 512\n    size_C = 1\n",
        "size_A = 1\n    size_B = 512\n    size_C = 1024\n",
    ),
    Mistake("T2", "last-layer-like-the-one-before", "size_C = 1\n", "size_C = 512\n"),
    # T3: learnable parameters
    Mistake(
        "T3",
        "biases-forgotten",
        "(30 + 1) * 1024 + (1024 + 1) * 512 + (512 + 1) * 1",
        "30 * 1024 + 1024 * 512 + 512 * 1",
    ),
    Mistake(
        "T3",
        "one-bias-a-layer",
        "(30 + 1) * 1024 + (1024 + 1) * 512 + (512 + 1) * 1",
        "(30 * 1024 + 1) + (1024 * 512 + 1) + (512 * 1 + 1)",
    ),
    Mistake(
        "T3",
        "bias-for-each-input",
        "(30 + 1) * 1024 + (1024 + 1) * 512 + (512 + 1) * 1",
        "30 * (1024 + 1) + 1024 * (512 + 1) + 512 * (1 + 1)",
    ),
    Mistake("T3", "only-hidden-biases", "(512 + 1) * 1", "512 * 1"),
    Mistake("T3", "last-layer-forgotten", " + (512 + 1) * 1", ""),
    Mistake("T3", "first-layer-forgotten", "(30 + 1) * 1024 + ", ""),
    Mistake("T3", "only-the-biases", "(30 + 1) * 1024 + (1024 + 1) * 512 + (512 + 1) * 1", "1024 + 512 + 1"),
    Mistake("T3", "copied-answer", "(30 + 1) * 1024 + (1024 + 1) * 512 + (512 + 1) * 1", "559059"),
    # T5: forward pass
    Mistake("T5", "relu-missing", HIDDEN, 'hidden = X @ params["W1"] + params["b1"]'),
    Mistake("T5", "b1-missing", HIDDEN, 'hidden = np.maximum(X @ params["W1"], 0)'),
    Mistake("T5", "b2-missing", SCORES, 'scores = hidden @ params["W2"]'),
    Mistake("T5", "b1-after-relu", HIDDEN, 'hidden = np.maximum(X @ params["W1"], 0) + params["b1"]'),
    Mistake("T5", "b1-subtracted", HIDDEN, 'hidden = np.maximum(X @ params["W1"] - params["b1"], 0)'),
    Mistake("T5", "relu-on-the-scores", SCORES, 'scores = np.maximum(hidden @ params["W2"] + params["b2"], 0)'),
    Mistake("T5", "relu-on-the-input", HIDDEN, 'hidden = np.maximum(X, 0) @ params["W1"] + params["b1"]'),
    Mistake("T5", "minimum-not-maximum", HIDDEN, 'hidden = np.minimum(X @ params["W1"] + params["b1"], 0)'),
    Mistake("T5", "absolute-value-not-relu", HIDDEN, 'hidden = np.abs(X @ params["W1"] + params["b1"])'),
    Mistake(
        "T5",
        "leaky-relu",
        HIDDEN,
        'before = X @ params["W1"] + params["b1"]\n    hidden = np.maximum(before, 0.01 * before)',
    ),
    Mistake("T5", "sigmoid-not-relu", HIDDEN, 'hidden = 1 / (1 + np.exp(-(X @ params["W1"] + params["b1"])))'),
    Mistake("T5", "step-not-relu", HIDDEN, 'hidden = (X @ params["W1"] + params["b1"] > 0).astype(float)'),
    Mistake(
        "T5",
        "softmax-applied",
        FORWARD_RETURN,
        "exp_scores = np.exp(scores)\n    return exp_scores / exp_scores.sum(axis=1, keepdims=True), hidden",
    ),
    Mistake("T5", "hidden-before-relu", FORWARD_RETURN, 'return scores, X @ params["W1"] + params["b1"]'),
    Mistake("T5", "hidden-is-only-the-mask", FORWARD_RETURN, "return scores, (hidden > 0).astype(float)"),
    Mistake("T5", "scores-and-hidden-swapped", FORWARD_RETURN, "return hidden, scores"),
    # T6: softmax loss
    Mistake("T6", "half-missing", REG_LOSS, 'reg_loss = reg * (np.sum(params["W1"] ** 2) + np.sum(params["W2"] ** 2))'),
    Mistake("T6", "sum-not-mean", DATA_LOSS, "data_loss = -np.log(probabilities[np.arange(len(y)), y]).sum()"),
    Mistake(
        "T6",
        "mean-over-rows-and-classes",
        DATA_LOSS,
        "data_loss = -np.log(probabilities[np.arange(len(y)), y]).sum() / scores.size",
    ),
    Mistake("T6", "minus-missing", DATA_LOSS, "data_loss = np.log(probabilities[np.arange(len(y)), y]).mean()"),
    Mistake("T6", "log-base-10", DATA_LOSS, "data_loss = -np.log10(probabilities[np.arange(len(y)), y]).mean()"),
    Mistake("T6", "log-missing", DATA_LOSS, "data_loss = -probabilities[np.arange(len(y)), y].mean()"),
    Mistake("T6", "every-class-not-the-label", DATA_LOSS, "data_loss = -np.log(probabilities).mean()"),
    Mistake("T6", "labels-of-all-rows-in-each-row", DATA_LOSS, "data_loss = -np.log(probabilities[:, y]).mean()"),
    Mistake(
        "T6",
        "softmax-down-the-columns",
        NORMALISE,
        "probabilities = exp_scores / exp_scores.sum(axis=0, keepdims=True)",
    ),
    Mistake("T6", "softmax-over-the-whole-batch", NORMALISE, "probabilities = exp_scores / exp_scores.sum()"),
    Mistake("T6", "exponential-missing", "exp_scores = np.exp(shifted)", "exp_scores = np.abs(scores)"),
    Mistake("T6", "largest-of-each-column", SHIFT, "shifted = scores - scores.max(axis=0, keepdims=True)"),
    Mistake("T6", "max-not-subtracted", SHIFT, "shifted = scores"),
    Mistake("T6", "regularization-missing", LOSS_RETURN, "return data_loss, probabilities"),
    Mistake(
        "T6", "reg-not-multiplied", REG_LOSS, 'reg_loss = 0.5 * (np.sum(params["W1"] ** 2) + np.sum(params["W2"] ** 2))'
    ),
    Mistake("T6", "regularization-subtracted", LOSS_RETURN, "return data_loss - reg_loss, probabilities"),
    Mistake("T6", "regularization-of-W1-only", REG_LOSS, 'reg_loss = 0.5 * reg * np.sum(params["W1"] ** 2)'),
    Mistake("T6", "regularization-of-W2-only", REG_LOSS, 'reg_loss = 0.5 * reg * np.sum(params["W2"] ** 2)'),
    Mistake(
        "T6",
        "biases-regularized",
        REG_LOSS,
        "reg_loss = 0.5 * reg * sum(np.sum(value ** 2) for value in params.values())",
    ),
    Mistake(
        "T6",
        "regularization-not-squared",
        REG_LOSS,
        'reg_loss = 0.5 * reg * (np.abs(params["W1"]).sum() + np.abs(params["W2"]).sum())',
    ),
    Mistake(
        "T6",
        "regularization-square-root",
        REG_LOSS,
        'reg_loss = 0.5 * reg * (np.linalg.norm(params["W1"]) + np.linalg.norm(params["W2"]))',
    ),
    Mistake(
        "T6",
        "regularization-mean-not-sum",
        REG_LOSS,
        'reg_loss = 0.5 * reg * (np.mean(params["W1"] ** 2) + np.mean(params["W2"] ** 2))',
    ),
    Mistake("T6", "regularization-divided-by-N", LOSS_RETURN, "return data_loss + reg_loss / len(y), probabilities"),
    Mistake("T6", "log-probabilities-returned", LOSS_RETURN, "return data_loss + reg_loss, np.log(probabilities)"),
    Mistake("T6", "unnormalised-probabilities-returned", LOSS_RETURN, "return data_loss + reg_loss, exp_scores"),
    # T7: backward pass
    Mistake("T7", "W2-regularization-missing", DW2, '"W2": hidden.T @ dscores,'),
    Mistake("T7", "mean-missing", BY_N, "# dscores stay a sum over the batch"),
    Mistake("T7", "mean-taken-twice", BY_N, "dscores /= N ** 2"),
    Mistake("T7", "b1-mean-missing", DB1, '"b1": N * dhidden.sum(axis=0),'),
    Mistake("T7", "b2-mean-missing", DB2, '"b2": (N * dscores).sum(axis=0),'),
    Mistake(
        "T7",
        "biases-mean-not-sum",
        DB1_TO_DB2,
        f'"b1": dhidden.mean(axis=0),\n        {DW2}\n        "b2": dscores.mean(axis=0),',
    ),
    Mistake("T7", "minus-one-missing", MINUS_ONE, "# nothing is subtracted for the label"),
    Mistake("T7", "minus-one-twice", MINUS_ONE, "dscores[np.arange(N), y] -= 2"),
    Mistake("T7", "minus-one-in-every-row", MINUS_ONE, "dscores[:, y] -= 1"),
    Mistake("T7", "sign-flipped", BY_N, "dscores /= -N"),
    Mistake("T7", "softmax-derivative-twice", BY_N, "dscores *= probabilities * (1 - probabilities) / N"),
    Mistake("T7", "mask-missing", MASK, "# the ReLU lets every gradient through"),
    Mistake("T7", "mask-inverted", MASK, "dhidden[hidden > 0] = 0"),
    Mistake("T7", "mask-of-the-gradient", MASK, "dhidden[dhidden <= 0] = 0"),
    Mistake("T7", "mask-before-the-bias", MASK, 'dhidden[X @ params["W1"] <= 0] = 0'),
    Mistake("T7", "hidden-not-mask", MASK, "dhidden *= hidden"),
    Mistake("T7", "b1-without-mask", DB1, '"b1": (dscores @ params["W2"].T).sum(axis=0),'),
    Mistake("T7", "W1-without-mask", DW1, '"W1": X.T @ (dscores @ params["W2"].T) + reg * params["W1"],'),
    Mistake(
        "T7", "W2-from-before-relu", DW2, '"W2": (X @ params["W1"] + params["b1"]).T @ dscores + reg * params["W2"],'
    ),
    Mistake("T7", "W2-transposed", DW2, '"W2": dscores.T @ hidden + reg * params["W2"].T,'),
    Mistake(
        "T7",
        "regularization-missing",
        DW1_TO_DW2,
        f'"W1": X.T @ dhidden,\n        {DB1}\n        "W2": hidden.T @ dscores,',
    ),
    Mistake("T7", "W1-regularization-missing", DW1, '"W1": X.T @ dhidden,'),
    Mistake(
        "T7",
        "regularization-twice",
        DW1_TO_DW2,
        f'"W1": X.T @ dhidden + 2 * reg * params["W1"],\n        {DB1}\n'
        '        "W2": hidden.T @ dscores + 2 * reg * params["W2"],',
    ),
    Mistake(
        "T7",
        "regularization-halved",
        DW1_TO_DW2,
        f'"W1": X.T @ dhidden + 0.5 * reg * params["W1"],\n        {DB1}\n'
        '        "W2": hidden.T @ dscores + 0.5 * reg * params["W2"],',
    ),
    Mistake(
        "T7",
        "regularization-divided-by-N",
        DW1_TO_DW2,
        f'"W1": X.T @ dhidden + reg * params["W1"] / N,\n        {DB1}\n'
        '        "W2": hidden.T @ dscores + reg * params["W2"] / N,',
    ),
    Mistake(
        "T7",
        "regularization-without-reg",
        DW1_TO_DW2,
        f'"W1": X.T @ dhidden + params["W1"],\n        {DB1}\n        "W2": hidden.T @ dscores + params["W2"],',
    ),
    Mistake(
        "T7",
        "biases-regularized",
        DB1_TO_DB2,
        f'"b1": dhidden.sum(axis=0) + reg * params["b1"],\n        {DW2}\n'
        '        "b2": dscores.sum(axis=0) + reg * params["b2"],',
    ),
    # T8: minibatch
    Mistake("T8", "labels-drawn-separately", BATCH, "return X[chosen], y[np.random.choice(len(X), batch_size)]"),
    Mistake("T8", "labels-shuffled", BATCH, "return X[chosen], np.random.permutation(y[chosen])"),
    Mistake("T8", "labels-of-the-first-rows", BATCH, "return X[chosen], y[:batch_size]"),
    Mistake("T8", "labels-of-the-whole-set", BATCH, "return X[chosen], y"),
    Mistake("T8", "whole-set-returned", BATCH, "return X, y"),
    Mistake("T8", "one-row-too-few", BATCH, "return X[chosen[1:]], y[chosen[1:]]"),
    Mistake("T8", "batch-size-ignored", CHOSEN, "chosen = np.random.choice(len(X), 200, replace=True)"),
    Mistake("T8", "same-batch-every-time", CHOSEN, f"np.random.seed(0)\n    {CHOSEN}"),
    Mistake("T8", "first-rows-every-time", CHOSEN, "chosen = np.arange(batch_size)"),
    Mistake("T8", "drawn-from-the-first-rows", CHOSEN, "chosen = np.random.choice(batch_size, batch_size)"),
    Mistake("T8", "last-row-never-drawn", CHOSEN, "chosen = np.random.randint(0, len(X) - 1, batch_size)"),
    Mistake("T8", "first-row-never-drawn", CHOSEN, "chosen = np.random.randint(1, len(X), batch_size)"),
    Mistake("T8", "one-row-repeated", CHOSEN, "chosen = [np.random.randint(len(X))] * batch_size"),
    Mistake(
        "T8",
        "batch-drawn-once",
        DRAW,
        "        X_batch, y_batch = sample_minibatch(X, y, batch_size)\n        for it in range(num_iters):\n",
        in_class=True,
    ),
    Mistake(
        "T8",
        "rows-in-order",
        "X_batch, y_batch = sample_minibatch(X, y, batch_size)",
        "start = it % iterations_per_epoch * batch_size\n"
        "            X_batch, y_batch = X[start:start + batch_size], y[start:start + batch_size]",
        in_class=True,
    ),
    # T9: update
    Mistake("T9", "plus-not-minus", STEP, "params[name] += learning_rate * grads[name]"),
    Mistake("T9", "learning-rate-missing", STEP, "params[name] -= grads[name]"),
    Mistake("T9", "learning-rate-squared", STEP, "params[name] -= learning_rate ** 2 * grads[name]"),
    Mistake("T9", "divided-by-learning-rate", STEP, "params[name] -= grads[name] / learning_rate"),
    Mistake("T9", "biases-not-updated", NAMES, 'for name in ("W1", "W2"):'),
    Mistake("T9", "second-layer-not-updated", NAMES, 'for name in ("W1", "b1"):'),
    Mistake("T9", "first-layer-not-updated", NAMES, 'for name in ("W2", "b2"):'),
    Mistake(
        "T9", "nothing-moves", UPDATE, "params = {name: params[name] - learning_rate * grads[name] for name in params}"
    ),
    Mistake("T9", "old-value-dropped", STEP, "params[name] = -learning_rate * grads[name]"),
    Mistake("T9", "multiplied-not-subtracted", STEP, "params[name] *= 1 - learning_rate * grads[name]"),
    Mistake("T9", "only-the-sign", STEP, "params[name] -= learning_rate * np.sign(grads[name])"),
    Mistake(
        "T9", "gradient-normalised", STEP, "params[name] -= learning_rate * grads[name] / np.linalg.norm(grads[name])"
    ),
    Mistake("T9", "gradient-averaged", STEP, "params[name] -= learning_rate * grads[name].mean()"),
    Mistake("T9", "divided-by-length", STEP, "params[name] -= learning_rate * grads[name] / len(grads[name])"),
    Mistake("T9", "parameters-shrunk", STEP, "params[name] -= learning_rate * (grads[name] + params[name])"),
    Mistake(
        "T9",
        "momentum",
        TRAIN_UPDATE,
        "            step = grads if it == 0 else {k: 0.9 * step[k] + grads[k] for k in grads}\n"
        "            sgd_update(self.params, step, learning_rate)\n",
        in_class=True,
    ),
    Mistake(
        "T9",
        "every-second-iteration",
        TRAIN_UPDATE,
        "            if it % 2 == 0:\n                sgd_update(self.params, grads, learning_rate)\n",
        in_class=True,
    ),
    Mistake(
        "T9",
        "once-an-epoch",
        TRAIN_UPDATE,
        "            if (it + 1) % iterations_per_epoch == 0:\n"
        "                sgd_update(self.params, grads, learning_rate)\n",
        in_class=True,
    ),
    Mistake("T9", "twice-an-iteration", TRAIN_UPDATE, TRAIN_UPDATE + TRAIN_UPDATE, in_class=True),
    Mistake(
        "T9",
        "previous-gradient",
        TRAIN_UPDATE,
        "            if it > 0:\n"
        "                sgd_update(self.params, previous, learning_rate)\n"
        "            previous = grads\n",
        in_class=True,
    ),
    Mistake(
        "T9",
        "gradient-of-the-whole-set",
        LOSS_OF_BATCH,
        "loss, _ = self.loss(X_batch, y_batch, reg)\n            _, grads = self.loss(X, y, reg)",
        in_class=True,
    ),
    # T10: learning-rate decay
    Mistake("T10", "no-decay", DECAY, "return learning_rate"),
    Mistake("T10", "subtracted", DECAY, "return learning_rate - learning_rate_decay"),
    Mistake("T10", "divided", DECAY, "return learning_rate / learning_rate_decay"),
    Mistake("T10", "one-minus-decay", DECAY, "return learning_rate * (1 - learning_rate_decay)"),
    Mistake("T10", "one-plus-decay", DECAY, "return learning_rate / (1 + learning_rate_decay)"),
    Mistake("T10", "decay-squared", DECAY, "return learning_rate * learning_rate_decay ** 2"),
    Mistake("T10", "square-root-of-decay", DECAY, "return learning_rate * learning_rate_decay ** 0.5"),
    Mistake("T10", "exponential-of-decay", DECAY, "return learning_rate * np.exp(-learning_rate_decay)"),
    Mistake("T10", "decay-returned", DECAY, "return learning_rate_decay"),
    Mistake("T10", "decay-argument-ignored", DECAY, "return learning_rate * 0.95"),
    Mistake(
        "T10",
        "every-iteration",
        TRAIN_DECAY,
        "            learning_rate = decay_learning_rate(learning_rate, learning_rate_decay)\n",
        in_class=True,
    ),
    Mistake(
        "T10",
        "once-only",
        TRAIN_DECAY,
        "                if it + 1 == iterations_per_epoch:\n"
        "                    learning_rate = decay_learning_rate(learning_rate, learning_rate_decay)\n",
        in_class=True,
    ),
    Mistake("T10", "epoch-of-batch-size", EPOCH_LENGTH, "iterations_per_epoch = batch_size", in_class=True),
    Mistake(
        "T10", "half-epoch", EPOCH_LENGTH, "iterations_per_epoch = max(len(X) // (2 * batch_size), 1)", in_class=True
    ),
    Mistake(
        "T10", "double-epoch", EPOCH_LENGTH, "iterations_per_epoch = 2 * max(len(X) // batch_size, 1)", in_class=True
    ),
    Mistake(
        "T10",
        "decay-decays-too",
        TRAIN_DECAY,
        TRAIN_DECAY + "                learning_rate_decay *= learning_rate_decay\n",
        in_class=True,
    ),
    # T11: predict
    Mistake("T11", "argmin", ARGMAX, "return np.argmin(scores, axis=1)"),
    Mistake("T11", "max-not-argmax", ARGMAX, "return np.max(scores, axis=1)"),
    Mistake("T11", "argmax-down-the-columns", ARGMAX, "return np.argmax(scores, axis=0)"),
    Mistake("T11", "argmax-of-everything", ARGMAX, "return np.argmax(scores)"),
    Mistake("T11", "one-hot", ARGMAX, "return (scores == scores.max(axis=1, keepdims=True)).astype(int)"),
    Mistake("T11", "scores-returned", ARGMAX, "return scores"),
    Mistake("T11", "whole-ranking-returned", ARGMAX, "return np.argsort(-scores, axis=1)"),
    Mistake("T11", "labels-from-one", ARGMAX, "return np.argmax(scores, axis=1) + 1"),
    Mistake("T11", "second-largest", ARGMAX, "return np.argsort(scores, axis=1)[:, -2]"),
    Mistake("T11", "largest-absolute-score", ARGMAX, "return np.argmax(np.abs(scores), axis=1)"),
    Mistake("T11", "first-positive-score", ARGMAX, "return np.argmax(scores > 0, axis=1)"),
    Mistake("T11", "argmax-of-hidden", PREDICT_FORWARD, "_, scores = forward(params, X)"),
    Mistake(
        "T11",
        "relu-missing-in-predict",
        PREDICT_FORWARD,
        'scores = (X @ params["W1"] + params["b1"]) @ params["W2"] + params["b2"]',
    ),
    Mistake(
        "T11", "biases-missing-in-predict", PREDICT_FORWARD, 'scores = np.maximum(X @ params["W1"], 0) @ params["W2"]'
    ),

    # T12: the saved model
    Mistake("T12", "missing-file", model=lambda params: None),
    Mistake("T12", "unreadable-file", model=lambda params: model_file(params)[:-100]),
    Mistake("T12", "below-threshold", model=lambda params: model_file({**params, "W2": 0 * params["W2"]})),
    Mistake("T12", "wrong-shapes", model=lambda params: model_file({**params, "W1": params["W1"].T})),
    Mistake("T12", "class-not-found", model=lambda params: model_file(params, "DeeperNet")),
)
