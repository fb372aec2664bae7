"""What the visible checks of T5 to T11 ask. `autograder release` bakes it, with right answers and those of mistakes.

The inputs are made as the hidden ones are, so that both checks see the same; but from a seed that everybody may know,
and that no hidden draw has anything to do with. How a function is asked stands in the students' hw4_helpers.py.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from autograder.author import Array, Case, VisibleNumbers, load_module

from .checks.gradients import T7_cases
from .checks.inputs import PARAMETERS, random_params
from .checks.prediction import T11_cases

SEED = 20_100_913  # public
STEPS, LONG = 3, 12.0  # of an update that is asked; times the usual length: a gradient that limits show
RATES, DECAYS = (0.5, 0.0012, 0.2, 0.03), (0.9, 0.7, 0.65, 0.95)


def cases(reference: Mapping[str, Any]) -> dict[str, list[Case]]:
    """The public inputs, by pool."""
    rng = np.random.default_rng(SEED)
    nets = [{name: case[name] for name in (*PARAMETERS, "X", "y", "reg")} for case in T7_cases(rng, reference, {})]
    labels = [{name: case[name] for name in (*PARAMETERS, "X", "scores")} for case in T11_cases(rng, reference, {})]
    params = random_params(rng, 4, 5, 3)
    grads = {f"grad_{name}": rng.normal(0, 1, (STEPS, *value.shape)) for name, value in params.items()}
    for gradient in grads.values():
        gradient[1] *= LONG
    rows = np.arange(103)  # row i has the label i, so pairs can be seen; the last batch would be no whole one
    return {
        "nets": list(nets),
        "labels": list(labels),
        "steps": [{**params, **grads, "rate": np.array(0.4)}],
        "rows": [{"X": 3.0 * np.stack([rows, rows + 0.25, rows + 0.5], axis=1), "y": rows}],
        "rates": [{"rates": np.array(RATES), "decays": np.array(DECAYS)}],
    }


def asking(source: Path) -> Callable[[str, Mapping[str, Any], Case], Mapping[str, Array]]:
    """How the visible checks ask a task's function, among `names`: what it answers to a case."""
    helpers = load_module(source / "hw4_helpers.py", "hw4_helpers_of_the_source")

    def ask(task: str, names: Mapping[str, Any], case: Case) -> Mapping[str, Array]:
        return {name: np.asarray(value) for name, value in helpers.ask_function(task, names, case).items()}

    return ask


VISIBLE = VisibleNumbers(
    file="hw4_numbers.json",
    pools={"T5": "nets", "T6": "nets", "T7": "nets", "T8": "rows", "T9": "steps", "T10": "rates", "T11": "labels"},
    cases=cases,
    asking=asking,
)
