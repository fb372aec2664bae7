"""Right answers of hw4 in other words: edits of solutions/hw4.py, or the whole class in one cell.

Where one loses a mark, a check is wrong: `autograder audit hw4` hands them all in.
"""

from autograder.author import RightVariant

from .reference_lines import (
    ARGMAX,
    BATCH,
    BY_N,
    CHOSEN,
    COPY,
    DATA_LOSS,
    DB1,
    DB2,
    DECAY,
    DHIDDEN,
    DW1,
    DW2,
    FORWARD_RETURN,
    HIDDEN,
    LOSS_RETURN,
    MASK,
    MINUS_ONE,
    NORMALISE,
    REG_LOSS,
    SCORES,
    SHIFT,
    STEP,
    UPDATE,
)

# A class written as a whole, piece by piece: a variant swaps the pieces that it words otherwise.
INIT = """
    def __init__(self, input_size, hidden_size, output_size, std=1e-4):
        self.params = {}
        self.params["W1"] = std * np.random.randn(input_size, hidden_size)
        self.params["b1"] = np.zeros(hidden_size)
        self.params["W2"] = std * np.random.randn(hidden_size, output_size)
        self.params["b2"] = np.zeros(output_size)
"""

LOSS = """
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
"""

TRAIN = """
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
"""

PREDICT = """
    def predict(self, X):
        hidden = np.maximum(0, X.dot(self.params["W1"]) + self.params["b1"])
        return np.argmax(hidden.dot(self.params["W2"]) + self.params["b2"], axis=1)
"""


def own_class(
    *, init: str = INIT, loss: str = LOSS, train: str = TRAIN, predict: str = PREDICT, before: str = ""
) -> str:
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

TRAIN_BY_EPOCHS = """
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
"""

LOSS_WITH_GRADIENT_METHODS = """
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
"""

LOSS_OF_LAYERS = """
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
"""

LAYERS_IN_A_CELL = """import numpy as np


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
"""

CROSS_ENTROPY_IN_A_CELL = """import numpy as np


def cross_entropy(scores, y):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    onehot = np.zeros_like(p)
    onehot[np.arange(len(y)), y] = 1
    return -(onehot * np.log(p)).sum() / len(y), (p - onehot) / len(y)
"""

LOSS_BOTH_BIASES_STACKED = """
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
"""

FUNCTIONS_OF_MY_OWN = """

def relu(x):
    return x * (x > 0)


def softmax(scores):
    e = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def accuracy(net, X, y):
    return float(np.mean(np.asarray(net.predict(X)).ravel() == y))
"""

LOSS_WITH_MY_FUNCTIONS = """
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
"""

EPOCH_ORDER_IN_A_CELL = '''import numpy as np

waiting = {}


def next_rows(n, k):
    """The next k rows of a random order of n; a new order when fewer than k are left."""
    if len(waiting.get(n, ())) < k:
        waiting[n] = list(np.random.permutation(n))
    rows, waiting[n] = waiting[n][:k], waiting[n][k:]
    return rows
'''

GENERATOR_IN_A_CELL = """import numpy as np

rng = np.random.default_rng(2024)


def draw_rows(n, k):
    return rng.integers(n, size=k)
"""

LINEAR_IN_A_CELL = """import numpy as np


def linear(x, W, b):
    return np.dot(x, W) + b


def relu(x):
    return np.where(x > 0, x, 0.0)


def onehot(y, classes):
    return np.eye(classes)[y]
"""


RIGHT_VARIANTS: tuple[RightVariant, ...] = (
    # T1-T3
    RightVariant(
        "T1-fractions",
        (
            (
                "x0, w0, w1, b0, b1 = 1.0, 0.3, -0.2, 0.1, -0.3",
                (
                    "from fractions import Fraction as F\n"
                    "    x0, w0, w1, b0, b1 = F(1), F(3, 10), F(-1, 5), F(1, 10), F(-3, 10)"
                ),
            ),
        ),
    ),
    RightVariant(
        "T1-numpy-arrays",
        (
            (
                "x0, w0, w1, b0, b1 = 1.0, 0.3, -0.2, 0.1, -0.3",
                ("import numpy as np\n    x0, w0, w1, b0, b1 = (np.array([v]) for v in (1.0, 0.3, -0.2, 0.1, -0.3))"),
            ),
            ("x1 = max(x0 * w0 + b0, 0.0)", "x1 = np.maximum(x0 * w0 + b0, 0.0)"),
            ("z = max(y1 + x0, 0.0)", "z = np.maximum(y1 + x0, 0.0)"),
        ),
    ),
    RightVariant(
        "T1-central-differences",
        (
            (
                "dz_dw0 = dz_dx1 * dx1 * x0",
                (
                    "block = lambda w0: max(max(x0 * w0 + b0, 0) * w1 + b1 + x0, 0)\n"
                    "    dz_dw0 = (block(w0 + 1e-6) - block(w0 - 1e-6)) / 2e-6"
                ),
            ),
        ),
    ),
    RightVariant(
        "T1-plain-numbers",
        (
            ("dz_dw0 = dz_dx1 * dx1 * x0", "dz_dw0 = -0.2"),
            ("dz_dw1 = dz_dy1 * x1", "dz_dw1 = 0.4"),
            ("dz_db0 = dz_dx1 * dx1\n", "dz_db0 = -0.2\n"),
            ("dz_db1 = dz_dy1\n", "dz_db1 = 1\n"),
        ),
    ),
    RightVariant(
        "T2-tuples-of-a-batch",
        (
            ("size_A = 1024", "N = 64\n    size_A = (N, 1024)"),
            ("size_B = 512", "size_B = (N, 512)"),
            ("size_C = 1\n", "size_C = (N, 1)\n"),
        ),
    ),
    RightVariant(
        "T2-T3-numpy-integers",
        (
            ("size_A = 1024", "import numpy as np\n    size_A = np.int64(1024)"),
            ("size_B = 512", "size_B = np.int32(512)"),
            ("size_C = 1\n", "size_C = np.array(1)\n"),
            (
                "num_parameters = (30 + 1) * 1024",
                ("import numpy as np\n    num_parameters = np.array(0) + (30 + 1) * 1024"),
            ),
        ),
    ),
    RightVariant(
        "T2-T3-floats",
        (
            ("size_A = 1024", "size_A = 1024.0"),
            ("size_B = 512", "size_B = 1024 / 2"),
            ("size_C = 1\n", "size_C = 1.0\n"),
            ("num_parameters = (30 + 1) * 1024", "num_parameters = (30 + 1) * 1024.0"),
        ),
    ),
    RightVariant(
        "T3-sum-over-layers",
        (
            (
                "num_parameters = (30 + 1) * 1024 + (1024 + 1) * 512 + (512 + 1) * 1",
                ("sizes = [30, 1024, 512, 1]\n    num_parameters = sum(a * b + b for a, b in zip(sizes, sizes[1:]))"),
            ),
        ),
    ),
    # T5
    RightVariant(
        "forward-dot-and-where",
        ((HIDDEN, 'h = np.dot(X, params["W1"]) + params["b1"]\n    hidden = np.where(h > 0, h, 0)'),),
    ),
    RightVariant(
        "forward-einsum",
        (
            (HIDDEN, ('hidden = np.einsum("nd,dh->nh", X, params["W1"]) + params["b1"]\n    hidden[hidden < 0] = 0')),
            (SCORES, 'scores = np.einsum("nh,hc->nc", hidden, params["W2"]) + params["b2"]'),
        ),
    ),
    RightVariant(
        "forward-row-by-row",
        (
            (
                HIDDEN,
                (
                    'hidden = np.zeros((X.shape[0], params["W1"].shape[1]))\n'
                    "    for i in range(X.shape[0]):\n"
                    '        hidden[i] = np.maximum(X[i].dot(params["W1"]) + params["b1"], 0)'
                ),
            ),
            (SCORES, ('scores = [h.dot(params["W2"]) + params["b2"] for h in hidden]\n    scores = np.array(scores)')),
        ),
    ),
    RightVariant(
        "forward-stacked-bias-columns",
        (
            (
                HIDDEN,
                (
                    "ones = np.ones((len(X), 1))\n"
                    '    hidden = np.maximum(np.c_[X, ones] @ np.r_[params["W1"], [params["b1"]]], 0)'
                ),
            ),
            (SCORES, 'scores = np.c_[hidden, ones] @ np.r_[params["W2"], [params["b2"]]]'),
        ),
    ),
    RightVariant("forward-returns-a-list", ((FORWARD_RETURN, "return [scores, hidden]"),)),
    RightVariant(
        "forward-float32",
        (
            (
                HIDDEN,
                (
                    'hidden = X.astype(np.float32) @ params["W1"].astype(np.float32)\n'
                    '    hidden = np.maximum(hidden + params["b1"].astype(np.float32), 0)'
                ),
            ),
            (
                SCORES,
                (
                    'scores = hidden @ params["W2"].astype(np.float32)\n'
                    '    scores = scores + params["b2"].astype(np.float32)'
                ),
            ),
        ),
    ),
    RightVariant(
        "forward-extra-keyword-arguments",
        (
            ("def forward(params, X):", "def forward(params, X, verbose=False, *, activation=None):"),
            (SCORES, f"{SCORES}\n    if verbose:\n        print(scores.shape)"),
        ),
    ),
    RightVariant("forward-prints", ((SCORES, f'{SCORES}\n    print("scores", scores.shape, "hidden", hidden.shape)'),)),
    RightVariant("forward-fortran-order", ((SCORES, 'scores = (params["W2"].T @ hidden.T).T + params["b2"]'),)),
    RightVariant(
        "helpers-in-another-cell",
        (
            (HIDDEN, 'hidden = relu(linear(X, params["W1"], params["b1"]))'),
            (SCORES, 'scores = linear(hidden, params["W2"], params["b2"])'),
            (COPY, "dscores = probabilities - onehot(y, probabilities.shape[1])"),
            (MINUS_ONE, "# the one is subtracted above"),
        ),
        extra=(LINEAR_IN_A_CELL,),
    ),
    # T6
    RightVariant(
        "loss-clipped",
        ((DATA_LOSS, "data_loss = -np.log(np.clip(probabilities[np.arange(len(y)), y], 1e-7, 1)).mean()"),),
    ),
    RightVariant(
        "loss-with-epsilon", ((DATA_LOSS, "data_loss = -np.log(probabilities[np.arange(len(y)), y] + 1e-7).mean()"),)
    ),
    RightVariant(
        "loss-log-sum-exp",
        (
            (
                DATA_LOSS,
                (
                    "log_sum = np.log(np.sum(exp_scores, axis=1))\n"
                    "    data_loss = np.mean(log_sum - shifted[np.arange(len(y)), y])"
                ),
            ),
        ),
    ),
    RightVariant(
        "loss-logaddexp",
        (
            (SHIFT, "log_p = scores - np.logaddexp.reduce(scores, axis=1)[:, np.newaxis]"),
            ("exp_scores = np.exp(shifted)", "rows = range(scores.shape[0])"),
            (NORMALISE, "probabilities = np.exp(log_p)"),
            (DATA_LOSS, "data_loss = -np.mean([log_p[i, y[i]] for i in rows])"),
        ),
    ),
    RightVariant(
        "loss-one-hot",
        (
            (
                DATA_LOSS,
                (
                    "onehot = np.zeros(scores.shape)\n"
                    "    onehot[np.arange(len(y)), y] = 1\n"
                    "    data_loss = -(onehot * (shifted - np.log(exp_scores.sum(axis=1)[:, None]))).sum()\n"
                    "    data_loss /= len(y)"
                ),
            ),
        ),
    ),
    RightVariant(
        "loss-row-by-row",
        (
            (
                DATA_LOSS,
                (
                    "data_loss = 0\n    for i in range(len(y)):\n"
                    "        data_loss -= np.log(probabilities[i, y[i]]) / len(y)"
                ),
            ),
        ),
    ),
    RightVariant(
        "loss-choose-along-axis",
        (
            (
                DATA_LOSS,
                (
                    "right = np.take_along_axis(probabilities, y.reshape(-1, 1), axis=1)\n"
                    "    data_loss = -np.mean(np.log(right))"
                ),
            ),
        ),
    ),
    RightVariant(
        "loss-shifts-in-place", ((SHIFT, "scores -= scores.max(axis=1).reshape(-1, 1)\n    shifted = scores"),)
    ),
    RightVariant(
        "loss-norm-and-vdot",
        (
            (
                REG_LOSS,
                (
                    'reg_loss = reg * np.linalg.norm(params["W1"]) ** 2 / 2\n'
                    '    reg_loss += 0.5 * reg * np.vdot(params["W2"], params["W2"])'
                ),
            ),
        ),
    ),
    RightVariant("loss-python-float", ((LOSS_RETURN, "return float(data_loss + reg_loss), probabilities"),)),
    RightVariant("loss-0-d-array", ((LOSS_RETURN, "return np.array(data_loss + reg_loss), probabilities"),)),
    RightVariant("loss-array-of-one", ((LOSS_RETURN, "return np.array([data_loss + reg_loss]), probabilities"),)),
    RightVariant(
        "loss-writes-to-stderr", ((SHIFT, 'import sys\n    sys.stderr.write("computing the loss\\n")\n    ' + SHIFT),)
    ),
    RightVariant(
        "loss-warns", ((SHIFT, 'import warnings\n    warnings.warn("softmax of %d rows" % len(scores))\n    ' + SHIFT),)
    ),
    # T7
    RightVariant("backward-changes-probabilities", ((COPY, "dscores = probabilities"),)),
    RightVariant(
        "backward-einsum",
        (
            (DW1, '"W1": np.einsum("nd,nh->dh", X, dhidden) + reg * params["W1"],'),
            (DB1, '"b1": np.einsum("nh->h", dhidden),'),
            (DW2, '"W2": np.einsum("nh,nc->hc", hidden, dscores) + reg * params["W2"],'),
            (DB2, '"b2": np.einsum("nc->c", dscores),'),
        ),
    ),
    RightVariant(
        "backward-row-by-row",
        (
            (DW1, '"W1": sum(np.outer(X[i], dhidden[i]) for i in range(N)) + reg * params["W1"],'),
            (DB1, '"b1": sum(dhidden[i] for i in range(N)),'),
            (DW2, '"W2": sum(np.outer(hidden[i], dscores[i]) for i in range(N)) + reg * params["W2"],'),
            (DB2, '"b2": sum(dscores[i] for i in range(N)),'),
        ),
    ),
    RightVariant("backward-add-at", ((MINUS_ONE, "np.add.at(dscores, (np.arange(N), y), -1)"),)),
    RightVariant(
        "backward-one-hot",
        ((COPY, 'dscores = probabilities - np.eye(params["b2"].size)[y]'), (MINUS_ONE, "assert dscores.shape[0] == N")),
    ),
    RightVariant("backward-mask-times", ((MASK, "dhidden = dhidden * (hidden > 0)"),)),
    RightVariant("backward-mask-where", ((MASK, "dhidden = np.where(hidden > 0, dhidden, 0)"),)),
    RightVariant("backward-at-the-kink", ((MASK, 'dhidden *= X @ params["W1"] + params["b1"] >= 0'),)),
    RightVariant(
        "backward-mean-at-the-end",
        (
            (BY_N, "# the mean comes with each gradient"),
            (DW1, '"W1": np.dot(X.T, dhidden) / N + reg * params["W1"],'),
            (DB1, '"b1": dhidden.mean(axis=0),'),
            (DW2, '"W2": np.dot(hidden.T, dscores) / N + reg * params["W2"],'),
            (DB2, '"b2": dscores.mean(axis=0),'),
        ),
    ),
    RightVariant(
        "backward-float32",
        (
            (BY_N, "dscores = (dscores / N).astype(np.float32)"),
            (DW1, '"W1": (X.T @ dhidden + reg * params["W1"]).astype(np.float32),'),
        ),
    ),
    RightVariant(
        "np-matrix",
        (
            (HIDDEN, 'hidden = np.maximum(np.matrix(X) * np.matrix(params["W1"]) + params["b1"], 0)'),
            (SCORES, 'scores = hidden * np.matrix(params["W2"]) + params["b2"]'),
            (SHIFT, "scores = np.asarray(scores)\n    " + SHIFT),
            (COPY, "dscores = np.matrix(probabilities)"),
            (DHIDDEN, 'dhidden = dscores * np.matrix(params["W2"]).T'),
            (DW1, '"W1": np.matrix(X).T * dhidden + reg * params["W1"],'),
            (DW2, '"W2": np.matrix(hidden).T * dscores + reg * params["W2"],'),
            (DB1, '"b1": np.asarray(dhidden.sum(axis=0)).ravel(),'),
            (DB2, '"b2": dscores.sum(axis=0).A1,'),
        ),
    ),
    RightVariant(
        "backward-other-dict",
        (
            (
                "    N = X.shape[0]\n    dscores =",
                "    from collections import OrderedDict\n    N = X.shape[0]\n    dscores =",
            ),
            ('    return {\n        "W1": X.T', '    return OrderedDict({\n        "W1": X.T'),
            (DB2 + "\n    }", DB2 + "\n    })"),
        ),
    ),
    # T8
    RightVariant(
        "batch-without-replacement", ((CHOSEN, "chosen = np.random.choice(len(X), batch_size, replace=False)"),)
    ),
    RightVariant("batch-randint", ((CHOSEN, "chosen = np.random.randint(0, len(X), size=batch_size)"),)),
    RightVariant(
        "batch-generator-in-another-cell",
        ((CHOSEN, "chosen = draw_rows(len(X), batch_size)"),),
        extra=(GENERATOR_IN_A_CELL,),
    ),
    RightVariant(
        "batch-new-generator-each-time", ((CHOSEN, "chosen = np.random.default_rng().choice(X.shape[0], batch_size)"),)
    ),
    RightVariant("batch-permutation", ((CHOSEN, "chosen = np.random.permutation(len(X))[:batch_size]"),)),
    RightVariant(
        "batch-permutation-an-epoch",
        ((CHOSEN, "chosen = next_rows(len(X), batch_size)"),),
        extra=(EPOCH_ORDER_IN_A_CELL,),
    ),
    RightVariant(
        "batch-shuffled-list",
        (
            (
                CHOSEN,
                (
                    "chosen = list(range(len(X)))\n    np.random.shuffle(chosen)\n"
                    "    chosen = sorted(chosen[:batch_size])"
                ),
            ),
        ),
    ),
    RightVariant(
        "batch-standard-library",
        ((CHOSEN, "import random\n    chosen = [random.randrange(len(X)) for _ in range(batch_size)]"),),
    ),
    RightVariant("batch-random-floats", ((CHOSEN, "chosen = (np.random.rand(batch_size) * len(X)).astype(int)"),)),
    RightVariant(
        "batch-reseeded-by-the-clock",
        ((CHOSEN, f"import time\n    np.random.seed(time.time_ns() % 2 ** 32)\n    {CHOSEN}"),),
    ),
    RightVariant(
        "batch-reseeded-by-a-counter",
        ((CHOSEN, f"calls.append(0)\n    np.random.seed(len(calls))\n    {CHOSEN}"),),
        extra=("calls = []\n",),
    ),
    RightVariant("batch-int32-labels-in-a-list", ((BATCH, "return [X[chosen], y[chosen].astype(np.int32)]"),)),
    RightVariant(
        "batch-stacked-with-labels",
        ((BATCH, ("both = np.column_stack([X, y])[chosen]\n    return both[:, :-1], both[:, -1].astype(int)")),),
    ),
    RightVariant(
        "batch-row-by-row", ((BATCH, "return np.array([X[i] for i in chosen]), np.array([y[i] for i in chosen])"),)
    ),
    RightVariant(
        "batch-take-and-mask",
        (
            (
                CHOSEN,
                (
                    "chosen = np.zeros(len(X), dtype=bool)\n"
                    "    chosen[np.random.choice(len(X), batch_size, replace=False)] = True"
                ),
            ),
        ),
    ),
    # T9
    RightVariant("update-rebound", ((STEP, "params[name] = params[name] - learning_rate * grads[name]"),)),
    RightVariant("update-inside-the-array", ((STEP, "params[name][...] -= learning_rate * grads[name]"),)),
    RightVariant(
        "update-of-the-dict", ((UPDATE, "params.update({k: v - learning_rate * grads[k] for k, v in params.items()})"),)
    ),
    RightVariant(
        "update-zip",
        (
            (
                UPDATE,
                (
                    'for name, key in zip(["W1", "b1", "W2", "b2"], ("W1", "b1", "W2", "b2")):\n'
                    "        params[name] += -learning_rate * grads[key]"
                ),
            ),
        ),
    ),
    RightVariant(
        "update-line-by-line",
        (
            (
                UPDATE,
                (
                    'params["W1"] -= learning_rate * grads["W1"]\n'
                    '    params["W2"] -= learning_rate * grads["W2"]\n'
                    '    params["b1"] -= learning_rate * grads["b1"]\n'
                    '    params["b2"] -= learning_rate * grads["b2"]'
                ),
            ),
        ),
    ),
    RightVariant(
        "update-subtract-out-and-return",
        (
            (
                UPDATE,
                (
                    "for name, gradient in grads.items():\n"
                    "        np.subtract(params[name], learning_rate * gradient, out=params[name])\n"
                    "    return params"
                ),
            ),
        ),
    ),
    RightVariant(
        "update-scales-the-gradients",
        ((UPDATE, ("for name in grads:\n        grads[name] *= learning_rate\n        params[name] -= grads[name]")),),
    ),
    # T10
    RightVariant("decay-in-place", ((DECAY, "learning_rate *= learning_rate_decay\n    return learning_rate"),)),
    RightVariant(
        "decay-numpy-scalar", ((DECAY, "return np.multiply(np.float64(learning_rate), learning_rate_decay)"),)
    ),
    # T11
    RightVariant("predict-a-tuple", (("return np.argmax(scores, axis=1)", "return tuple(np.argmax(scores, axis=1))"),)),
    RightVariant("predict-list", ((ARGMAX, "return [int(row.argmax()) for row in scores]"),)),
    RightVariant("predict-last-of-argsort-as-floats", ((ARGMAX, "return np.argsort(scores)[:, -1].astype(float)"),)),
    RightVariant(
        "predict-by-probabilities",
        (
            (
                ARGMAX,
                (
                    "e = np.exp(scores - scores.max(axis=1, keepdims=True))\n"
                    "    return np.argmax(e / e.sum(axis=1, keepdims=True), axis=1).astype(np.int32)"
                ),
            ),
        ),
    ),
    # Several tasks at once
    RightVariant(
        "extra-keyword-arguments-throughout",
        (
            ("def softmax_loss(scores, y, params, reg):", "def softmax_loss(scores, y, params, reg=0.0, eps=0):"),
            (
                "def backward(params, X, y, hidden, probabilities, reg):",
                "def backward(params, X, y, hidden, probabilities, reg=0.0, **options):",
            ),
            (
                "def sample_minibatch(X, y, batch_size):",
                "def sample_minibatch(X, y, batch_size=200, replace=True, rng=np.random):",
            ),
            (
                "def sgd_update(params, grads, learning_rate):",
                "def sgd_update(params, grads, learning_rate=1e-3, *more):",
            ),
            (
                "def decay_learning_rate(learning_rate, learning_rate_decay):",
                "def decay_learning_rate(learning_rate, learning_rate_decay=0.95, epoch=None):",
            ),
            ("def predict(params, X):", "def predict(params, X, chunk=None):"),
        ),
    ),
    RightVariant(
        "numpy-warnings-on-stderr",
        (
            (SHIFT, "np.log(np.zeros(1))  # divide by zero: a RuntimeWarning on stderr\n    " + SHIFT),
            (DHIDDEN, DHIDDEN + "\n    np.array([1.0]) / np.array([0.0])"),
            (ARGMAX, "np.exp(np.full(1, 1e4))\n    " + ARGMAX),
        ),
    ),
    # The class as a whole
    RightVariant("class-as-in-cs231n", whole=own_class()),
    RightVariant(
        "class-epochs-as-floats",
        whole=own_class(train=reworded(TRAIN, (OWN_EPOCH, "iterations_per_epoch = max(num_train / batch_size, 1)"))),
    ),
    RightVariant(
        "class-decay-after-the-epoch",
        whole=own_class(
            train=reworded(TRAIN, ("if it % iterations_per_epoch == 0:", "if (it + 1) % iterations_per_epoch == 0:"))
        ),
    ),
    RightVariant(
        "class-decay-at-the-epoch-start",
        whole=own_class(
            train=reworded(
                TRAIN,
                (OWN_DECAY, ""),
                (
                    "            " + OWN_DRAW,
                    "            if it > 0 and it % iterations_per_epoch == 0:\n"
                    "                learning_rate = learning_rate * learning_rate_decay\n            " + OWN_DRAW,
                ),
            )
        ),
    ),
    RightVariant(
        "class-decay-as-a-power",
        whole=own_class(
            train=reworded(
                TRAIN,
                (OWN_DECAY, ""),
                (
                    OWN_UPDATE,
                    "            rate = learning_rate * learning_rate_decay ** (it // iterations_per_epoch)\n"
                    + OWN_UPDATE.replace("learning_rate *", "rate *"),
                ),
            )
        ),
    ),
    RightVariant("class-permutation-an-epoch", whole=own_class(train=TRAIN_BY_EPOCHS)),
    RightVariant(
        "class-without-replacement",
        whole=own_class(
            train=reworded(
                TRAIN, (OWN_DRAW, "idx = np.random.choice(num_train, min(batch_size, num_train), replace=False)")
            )
        ),
    ),
    RightVariant(
        "class-generator-in-train",
        whole=own_class(
            train=reworded(
                TRAIN,
                (OWN_EPOCH, OWN_EPOCH + "\n        rng = np.random.default_rng()"),
                (OWN_DRAW, "idx = rng.integers(0, num_train, batch_size)"),
            )
        ),
    ),
    RightVariant(
        "class-reseeds-each-iteration",
        whole=own_class(train=reworded(TRAIN, (OWN_DRAW, "np.random.seed(it)\n            " + OWN_DRAW))),
    ),
    RightVariant(
        "class-new-params-dict-each-step",
        whole=own_class(
            train=reworded(
                TRAIN,
                (
                    OWN_UPDATE,
                    (
                        "            self.params = {key: value - learning_rate * grads[key]\n"
                        "                           for key, value in self.params.items()}\n"
                    ),
                ),
            )
        ),
    ),
    RightVariant(
        "class-updates-through-aliases",
        whole=own_class(
            train=reworded(
                TRAIN,
                (
                    OWN_UPDATE,
                    (
                        '            W1, b1 = self.params["W1"], self.params["b1"]\n'
                        '            W2, b2 = self.params["W2"], self.params["b2"]\n'
                        '            W1 -= learning_rate * grads["W1"]\n'
                        '            b1 -= learning_rate * grads["b1"]\n'
                        '            W2 -= learning_rate * grads["W2"]\n'
                        '            b2 -= learning_rate * grads["b2"]\n'
                    ),
                ),
            )
        ),
    ),
    RightVariant(
        "class-predict-through-loss",
        whole=own_class(predict="\n    def predict(self, X):\n        return self.loss(X).argmax(axis=1)\n"),
    ),
    RightVariant(
        "class-predict-one-by-one",
        whole=own_class(
            predict="\n    def predict(self, X):\n"
            "        return np.array([np.argmax(self.loss(x[None, :])) for x in X])\n"
        ),
    ),
    RightVariant("class-with-gradient-methods", whole=own_class(loss=LOSS_WITH_GRADIENT_METHODS)),
    RightVariant(
        "class-with-functions-beside-it",
        whole=own_class(
            loss=LOSS_WITH_MY_FUNCTIONS,
            before=FUNCTIONS_OF_MY_OWN,
            train=reworded(
                TRAIN,
                ("(self.predict(X_batch) == y_batch).mean()", "accuracy(self, X_batch, y_batch)"),
                ("(self.predict(X_val) == y_val).mean()", "accuracy(self, X_val, y_val)"),
            ),
        ),
    ),
    RightVariant(
        "class-of-layers-from-other-cells",
        whole=own_class(loss=LOSS_OF_LAYERS),
        extra=(LAYERS_IN_A_CELL, CROSS_ENTROPY_IN_A_CELL),
    ),
    RightVariant(
        "class-stacked-bias-columns",
        whole=own_class(
            loss=LOSS_BOTH_BIASES_STACKED,
            train=reworded(
                TRAIN,
                (
                    "self.params[key] -= learning_rate * grads[key]",
                    "self.params[key] -= learning_rate * grads[key].reshape(self.params[key].shape)",
                ),
            ),
        ),
    ),
    RightVariant(
        "class-biases-as-rows",
        whole=own_class(
            init=reworded(
                INIT,
                ("np.zeros(hidden_size)", "np.zeros((1, hidden_size))"),
                ("np.zeros(output_size)", "np.zeros((1, output_size))"),
            ),
            loss=reworded(
                LOSS,
                ("np.sum(dz2, axis=0)", "np.sum(dz2, axis=0, keepdims=True)"),
                ("np.sum(dz1, axis=0)", "np.sum(dz1, axis=0, keepdims=True)"),
            ),
            train=reworded(
                TRAIN,
                (
                    OWN_UPDATE,
                    (
                        "            for key, gradient in grads.items():\n"
                        "                self.params[key] = self.params[key] - learning_rate * gradient\n"
                    ),
                ),
            ),
        ),
    ),
    RightVariant(
        "class-float32",
        whole=own_class(
            init=INIT + "        self.params = {k: v.astype(np.float32) for k, v in self.params.items()}\n"
        ),
    ),
    RightVariant(
        "class-prints-and-warns",
        whole=own_class(
            before="import sys\nimport warnings\n",
            train=reworded(
                TRAIN,
                (
                    OWN_DRAW,
                    OWN_DRAW + "\n            print('iteration', it)"
                    "\n            print('rate', learning_rate, file=sys.stderr)",
                ),
                (
                    "        num_train = X.shape[0]\n",
                    ("        num_train = X.shape[0]\n        warnings.warn('training starts')\n"),
                ),
            ),
        ),
    ),
    RightVariant(
        "class-with-more-arguments",
        whole=own_class(
            init=reworded(INIT, ("std=1e-4):", "std=1e-4, seed=None, **options):")),
            loss=reworded(LOSS, ("reg=0.0):", "reg=0.0, verbose=False):")),
            train=reworded(TRAIN, ("verbose=False):", "verbose=False, patience=None, callback=None):")),
            predict=reworded(PREDICT, ("def predict(self, X):", "def predict(self, X, batch=None):")),
        ),
    ),
    RightVariant(
        "class-looks-at-the-loss-again-after-the-step",
        whole=own_class(
            train=reworded(
                TRAIN, (OWN_UPDATE, OWN_UPDATE + "            loss_history.append(self.loss(X_batch, y_batch)[0])\n")
            )
        ),
    ),
    RightVariant(
        "class-looks-at-other-losses-once-an-epoch",
        whole=own_class(
            train=reworded(
                TRAIN,
                (
                    OWN_DECAY,
                    OWN_DECAY
                    + "                print(self.loss(X_val, y_val, reg)[0], self.loss(X, y, reg)[0])\n",
                ),
            )
        ),
    ),
    RightVariant(
        "class-looks-at-another-minibatch",
        whole=own_class(
            train=reworded(
                TRAIN,
                (
                    OWN_UPDATE,
                    OWN_UPDATE + "            watched = np.random.choice(num_train, batch_size)\n"
                    "            loss_history.append(self.loss(X[watched], y[watched])[0])\n",
                ),
            )
        ),
    ),
    RightVariant(
        "class-loss-returns-more",
        whole=own_class(
            loss=reworded(LOSS, ("        return loss, grads\n", "        return loss, grads, scores, reg\n")),
            train=reworded(TRAIN, ("loss, grads = self.loss", "loss, grads, *_ = self.loss")),
        ),
    ),
    RightVariant(
        "class-loss-with-an-option-before-reg",
        whole=own_class(loss=reworded(LOSS, ("y=None, reg=0.0):", "y=None, training=True, reg=0.0):"))),
    ),
    RightVariant(
        "class-trains-by-a-helper-method",
        whole=own_class(
            loss=LOSS
            + "\n    def value_and_slopes(self, rows, labels, strength):\n"
            + "        return TwoLayerNet.loss(self, rows, labels, strength)\n",
            train=reworded(
                TRAIN, ("self.loss(X_batch, y=y_batch, reg=reg)", "self.value_and_slopes(X_batch, y_batch, reg)")
            ),
        ),
    ),
    RightVariant(
        "class-trains-by-a-function",
        whole=own_class(
            before="\n\ndef slopes(net, X, y, reg):\n    return net.hidden_loss(X, y, reg)[1]\n",
            loss=LOSS + reworded(LOSS, ("def loss(", "def hidden_loss(")),
            train=reworded(
                TRAIN,
                ("loss, grads = self.loss(X_batch, y=y_batch, reg=reg)", "grads = slopes(self, X_batch, y_batch, reg)"),
                ("            loss_history.append(loss)\n", "            loss = 0.0\n"),
            ),
        ),
    ),
    RightVariant(
        "class-velocity-among-the-parameters",
        whole=own_class(
            init=INIT + '        self.params["v"] = {key: 0 * value for key, value in self.params.items()}\n',
            train=reworded(
                TRAIN,
                (
                    OWN_UPDATE,
                    '            for key, v in self.params["v"].items():\n'
                    "                self.params[key] -= learning_rate * (grads[key] + 0 * v)\n",
                ),
            ),
        ),
    ),
    RightVariant(
        "class-gradients-by-other-names-inside",
        whole=own_class(
            loss=reworded(
                LOSS,
                ("        return loss, grads\n", "        return loss, Slopes(grads)\n"),
            ),
            before="\n\nclass Slopes(dict):\n    pass\n",
        ),
    ),
)
