"""The original homework's sweep of 36 settings by the students' own `Search`, and a part of it as one process did it.

    MNIST_DIR=... python -m benchmarks.sweep                    # all 36 on two cores, then 2 of them as before
    MNIST_DIR=... python -m benchmarks.sweep --settings 6 --before 1

As before means: one process, the images in double precision. Both train the same network with the same settings, one
thread each, and the speed-up compares seconds for each setting.
"""

import argparse
import contextlib
import io
import itertools
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"  # numpy reads it once

import numpy as np

from autograder.course import load_course, load_module

ROOT = Path(__file__).resolve().parents[1]
HIDDEN, RATES, REGS, DECAYS = (150, 50), (1e-2, 1e-3, 1e-4), (0.1, 0.01, 0.001), (0.82, 0.95)
ALL = [
    {"hidden_size": hidden, "learning_rate": rate, "reg": reg, "learning_rate_decay": decay}
    for hidden, rate, reg, decay in itertools.product(HIDDEN, RATES, REGS, DECAYS)
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--settings", type=int, default=len(ALL), help="so many of the 36, the promising ones first")
    parser.add_argument("--before", type=int, default=2, help="so many of them again, evenly taken, as one process")
    parser.add_argument("--iterations", type=int, default=6000)
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    course = load_course(ROOT)
    helpers = load_module(course.release("hw4") / "hw4_helpers.py", "hw4_helpers")
    net_class = load_module(course.solution("hw4"), "solutions_hw4").TwoLayerNet
    source = course.solution("hw4").read_text(encoding="utf-8")
    data = helpers.load_mnist("mnist")
    iterations, batch = asked.iterations, asked.batch

    def attempt(setting: dict[str, Any], data: Any) -> Any:
        names: dict[str, Any] = {}  # in this function, so that another process needs no module of ours
        exec(source, names)
        rest = {name: value for name, value in setting.items() if name != "hidden_size"}
        net = names["TwoLayerNet"](784, setting["hidden_size"], 10)
        helpers.train(net, data, num_iters=iterations, batch_size=batch, **rest)
        return net

    settings = ALL[: asked.settings]
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        started = time.perf_counter()
        with helpers.Search(settings, net_class, jobs=asked.jobs) as search:
            search.run(attempt, data)
        after = (time.perf_counter() - started) / len(settings)
        best = search.best_net
    right = float(np.mean(best.predict(data["X_test"]) == data["y_test"]))
    again = settings[:: max(1, len(settings) // asked.before)][: asked.before] if asked.before else []
    started = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):  # of its progress bar
        for setting in again:
            attempt(setting, data)
    before = (time.perf_counter() - started) / max(len(again), 1)
    found = {
        "settings": len(settings),
        "jobs": asked.jobs,
        "seconds a setting": round(after, 1),
        "seconds a setting, one process on float64": round(before, 1),
        "times as fast": round(before / after, 2),
        "best": max(search.tried.values(), key=lambda one: one["accuracy"])["setting"],
        "validation": search.best_accuracy,
        "test": right,
    }
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
