"""The rival: the same homework on plain nbgrader, set up the usual way, with hidden tests in the kernel."""

import json
import shutil
from pathlib import Path

from autograder.course import Assignment, Course

CONFIG = """
c = get_config()
c.CourseDirectory.root = {root!r}
c.CourseDirectory.db_url = "sqlite:///{root}/gradebook.db"
c.ExecutePreprocessor.timeout = 120
"""

# The hidden tests that an instructor would write: fresh numbers against a formula, T12 from the weights.
BEGIN, END = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
SETUP = """
import numpy as np
_rng = np.random.RandomState({seed})
_p = dict(W1=_rng.randn(5, 7), b1=_rng.randn(7), W2=_rng.randn(7, 4), b2=_rng.randn(4))
_X, _y = _rng.randn(6, 5), _rng.randint(0, 4, 6)
_h = np.maximum(_X @ _p["W1"] + _p["b1"], 0)
_s = _h @ _p["W2"] + _p["b2"]
_e = np.exp(_s - _s.max(1, keepdims=True))
_q = _e / _e.sum(1, keepdims=True)
"""
HIDDEN = {
    "T1": "assert np.allclose([dz_dw0, dz_dw1, dz_db0, dz_db1], [-0.2, 0.4, -0.2, 1.0])",
    "T2": "assert (size_A, size_B, size_C) == (1024, 512, 1)",
    "T3": "assert num_parameters == 557057",
    "T5": "assert np.allclose(forward(_p, _X)[0], _s)",
    "T6": (
        "assert np.allclose(softmax_loss(_s, _y, _p, 0.1)[0], -np.log(_q[range(6), _y]).mean()"
        ' + 0.05 * ((_p["W1"] ** 2).sum() + (_p["W2"] ** 2).sum()))\n'
        "assert np.isfinite(softmax_loss(_s + 1000, _y, _p, 0.1)[0])"
    ),
    "T7": (
        "_g = backward(_p, _X, _y, _h, _q, 0.05)\n"
        "for _k in _p:\n"
        "    def _f():\n"
        '        _hh = np.maximum(_X @ _p["W1"] + _p["b1"], 0)\n'
        "        return softmax_loss(_hh @ _p['W2'] + _p['b2'], _y, _p, 0.05)[0]\n"
        "    assert np.allclose(_g[_k], hw4_helpers.numeric_gradient(_f, _p[_k]), atol=1e-6)"
    ),
    "T8": (
        "_seen = set()\n"
        "for _ in range(150):\n"
        "    _a, _b = sample_minibatch(_X, _y, 4)\n"
        "    assert len(_a) == 4\n"
        "    assert all(any((r == x).all() and l == t for x, t in zip(_X, _y)) for r, l in zip(_a, _b))\n"
        "    _seen.update(_a[:, 0])\n"
        "assert len(_seen) == 6"
    ),
    "T9": (
        "_q2 = {k: v.copy() for k, v in _p.items()}\n"
        "sgd_update(_q2, {k: np.ones_like(v) for k, v in _p.items()}, 0.1)\n"
        "assert all(np.allclose(_q2[k], _p[k] - 0.1) for k in _p)"
    ),
    "T10": "assert np.allclose(decay_learning_rate(0.2, 0.9), 0.18)",
    "T11": (
        "assert (np.ravel(predict(_p, _X)) == _s.argmax(1)).all()\n"
        "np.random.seed(1)\n"
        "_net = TwoLayerNet(5, 20, 4, std=0.1)\n"
        "_net.train(_X, _y, _X, _y, learning_rate=0.2, num_iters=100, batch_size=5)\n"
        "assert (_net.predict(_X) == _y).mean() > 0.6"
    ),
    "T12": (
        "_d = hw4_helpers.load_mnist(verbose=False)\n"
        "_n = TwoLayerNet(784, 150, 10)\n"
        '_w = np.load("best_net.npz")\n'
        '_n.params = {k: _w[k] for k in ("W1", "b1", "W2", "b2")}\n'
        '_bar = (0.974, 0.963) if len(_d["y_val"]) == 5000 else (0.87, 0.87)\n'
        'assert (_n.predict(_d["X_val"]) == _d["y_val"]).mean() > _bar[0]\n'
        'assert (_n.predict(_d["X_test"]) == _d["y_test"]).mean() > _bar[1]'
    ),
}


def make_course(course: Course, assignment: Assignment, root: Path) -> None:
    """A plain nbgrader course in `root`: our source notebooks, hidden tests in the test cells."""
    source = root / "source" / assignment.name
    source.mkdir(parents=True)
    (root / "nbgrader_config.py").write_text(CONFIG.format(root=str(root)), encoding="utf-8")
    for name in ("hw4_helpers.py", "hw4_numbers.json"):
        shutil.copy(course.source(assignment.name) / name, source)
    for number, name in enumerate(assignment.notebooks):
        notebook = json.loads((course.source(assignment.name) / f"{name}.ipynb").read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            task = cell["metadata"].get("nbgrader", {}).get("grade_id")
            if cell["cell_type"] == "code" and task in HIDDEN:
                # the visible checks stay, as they do for the kit
                hidden = f"\n{BEGIN}{SETUP.format(seed=number)}{HIDDEN[task]}\n{END}"
                cell["source"] = ["".join(cell["source"]), hidden]
        (source / f"{name}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
