"""Reference solution of hw4: a two-layer neural network from scratch.

One function a task, named and shaped as in the notebook. The solution regions of the source
notebooks are filled from this file (`autograder release` says when they differ), so every answer
has one home. N is the number of images, D the input size, H the hidden size, C the classes.
"""

import numpy as np


def T1():
    """Gradients of the residual block z = relu(y1 + x0), by hand with the chain rule."""
    x0, w0, w1, b0, b1 = 1.0, 0.3, -0.2, 0.1, -0.3
    # forward
    x1 = max(x0 * w0 + b0, 0.0)
    y1 = x1 * w1 + b1
    z = max(y1 + x0, 0.0)
    # backward: start at the output and walk back through the graph
    dz_dy1 = 1.0 if y1 + x0 > 0 else 0.0
    dz_dw1 = dz_dy1 * x1
    dz_db1 = dz_dy1
    dz_dx1 = dz_dy1 * w1
    dx1 = 1.0 if x0 * w0 + b0 > 0 else 0.0
    dz_dw0 = dz_dx1 * dx1 * x0
    dz_db0 = dz_dx1 * dx1
    return dict(dz_dw0=dz_dw0, dz_dw1=dz_dw1, dz_db0=dz_db0, dz_db1=dz_db1, x1=x1, y1=y1, z=z)


def T2():
    """Sizes of the outputs of the three fully connected layers, for one input."""
    size_A = 1024
    size_B = 512
    size_C = 1
    return dict(size_A=size_A, size_B=size_B, size_C=size_C)


def T3():
    """Learnable parameters: each layer has (inputs + 1 bias) * outputs."""
    num_parameters = (30 + 1) * 1024 + (1024 + 1) * 512 + (512 + 1) * 1
    return dict(num_parameters=num_parameters)


T4 = r"""With $P_j = e^{h_j} / \sum_k e^{h_k}$: $\partial P_i/\partial h_i = P_i(1-P_i)$ and
$\partial P_j/\partial h_i = -P_iP_j$ for $j \neq i$, so $\partial L/\partial h_i = P_i - y_i$."""


def forward(params, X):
    """Scores of a batch: fully connected - ReLU - fully connected.

    params: dict of W1 (D, H), b1 (H,), W2 (H, C), b2 (C,);  X: (N, D)
    Returns (scores (N, C), hidden (N, H)), hidden taken after the ReLU.
    """
    hidden = np.maximum(X @ params["W1"] + params["b1"], 0)
    scores = hidden @ params["W2"] + params["b2"]
    return scores, hidden


def softmax_loss(scores, y, params, reg):
    """Softmax cross-entropy loss, mean over the batch, plus L2 on the two weight matrices.

    scores: (N, C);  y: (N,) integer labels;  reg: strength of the regularization
    Returns (loss, probabilities (N, C)). Safe for large scores: the largest score of each row
    is subtracted first, which leaves the probabilities as they are.
    """
    shifted = scores - scores.max(axis=1, keepdims=True)
    exp_scores = np.exp(shifted)
    probabilities = exp_scores / exp_scores.sum(axis=1, keepdims=True)
    data_loss = -np.log(probabilities[np.arange(len(y)), y]).mean()
    reg_loss = 0.5 * reg * (np.sum(params["W1"] ** 2) + np.sum(params["W2"] ** 2))
    return data_loss + reg_loss, probabilities


def backward(params, X, y, hidden, probabilities, reg):
    """Gradients of the loss by every parameter, regularization included.

    X: (N, D);  y: (N,);  hidden: (N, H) from forward;  probabilities: (N, C) from softmax_loss
    Returns a dict with the keys and shapes of params.
    """
    N = X.shape[0]
    dscores = probabilities.copy()
    dscores[np.arange(N), y] -= 1
    dscores /= N
    dhidden = dscores @ params["W2"].T
    dhidden[hidden <= 0] = 0
    return {
        "W1": X.T @ dhidden + reg * params["W1"],
        "b1": dhidden.sum(axis=0),
        "W2": hidden.T @ dscores + reg * params["W2"],
        "b2": dscores.sum(axis=0),
    }


def sample_minibatch(X, y, batch_size):
    """A random minibatch: batch_size rows of X with their own labels.

    X: (N, D);  y: (N,).  Returns (X_batch (batch_size, D), y_batch (batch_size,)).
    """
    chosen = np.random.choice(len(X), batch_size, replace=True)
    return X[chosen], y[chosen]


def sgd_update(params, grads, learning_rate):
    """One step of stochastic gradient descent, in place: walk against the gradient."""
    for name in params:
        params[name] -= learning_rate * grads[name]


def decay_learning_rate(learning_rate, learning_rate_decay):
    """The learning rate of the next epoch."""
    return learning_rate * learning_rate_decay


def predict(params, X):
    """The label with the largest score for each row of X (N, D): an array (N,)."""
    scores, _ = forward(params, X)
    return np.argmax(scores, axis=1)


class TwoLayerNet:
    """input - fully connected - ReLU - fully connected - softmax, with your functions inside.

    self.params holds W1 (D, H), b1 (H,), W2 (H, C), b2 (C,).
    """

    def __init__(self, input_size, hidden_size, output_size, std=1e-4):
        self.params = {
            "W1": std * np.random.randn(input_size, hidden_size),
            "b1": np.zeros(hidden_size),
            "W2": std * np.random.randn(hidden_size, output_size),
            "b2": np.zeros(output_size),
        }

    def loss(self, X, y=None, reg=0.0):
        """Scores (N, C) without y; with y the tuple (loss, grads), grads keyed as params."""
        scores, hidden = forward(self.params, X)
        if y is None:
            return scores
        loss, probabilities = softmax_loss(scores, y, self.params, reg)
        return loss, backward(self.params, X, y, hidden, probabilities, reg)

    def train(self, X, y, X_val, y_val, learning_rate=1e-3, learning_rate_decay=0.95,
              reg=5e-6, num_iters=100, batch_size=200, verbose=False):
        """Minibatch SGD. Returns a dict of loss_history, train_acc_history, val_acc_history."""
        iterations_per_epoch = max(len(X) // batch_size, 1)
        history = {"loss_history": [], "train_acc_history": [], "val_acc_history": []}
        for it in range(num_iters):
            X_batch, y_batch = sample_minibatch(X, y, batch_size)
            loss, grads = self.loss(X_batch, y_batch, reg)
            history["loss_history"].append(loss)
            sgd_update(self.params, grads, learning_rate)
            if verbose and it % 100 == 0:
                print(f"iteration {it} / {num_iters}: loss {loss:.6f}")
            if (it + 1) % iterations_per_epoch == 0:  # an epoch is over
                history["train_acc_history"].append(np.mean(self.predict(X_batch) == y_batch))
                history["val_acc_history"].append(np.mean(self.predict(X_val) == y_val))
                learning_rate = decay_learning_rate(learning_rate, learning_rate_decay)
        return history

    def predict(self, X):
        """Labels (N,)."""
        return predict(self.params, X)


def T12(data):
    """Tune on the validation set, which the helper's Search keeps book of; the best model found."""
    import hw4_helpers

    settings = [dict(hidden_size=150, learning_rate=1e-2, reg=0.1),
                dict(hidden_size=150, learning_rate=5e-3, reg=0.1),
                dict(hidden_size=100, learning_rate=1e-2, reg=0.01)]
    with hw4_helpers.Search(settings, TwoLayerNet) as log:
        for setting in log:
            net = TwoLayerNet(data["X_train"].shape[1], setting["hidden_size"], 10)
            hw4_helpers.train(net, data, learning_rate=setting["learning_rate"], reg=setting["reg"],
                              num_iters=2000)
            log.offer(net, np.mean(net.predict(data["X_val"]) == data["y_val"]))
    best_net = log.best_net
    return best_net
