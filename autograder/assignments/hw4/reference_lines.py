"""Lines of the reference that edits start from: mistakes.py and right_variants.py."""

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
