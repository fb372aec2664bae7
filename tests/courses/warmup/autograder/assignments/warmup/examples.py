"""Public inputs of the warm-up, by which a student sees what is wrong."""

from autograder.author import Examples

EXAMPLES = {
    "T2": (
        Examples(
            "tuple(fit_line(np.array({x}, float), np.array({y}, float)))",
            [{"x": [0, 1], "y": [1, 2]}, {"x": [0, 1, 2], "y": [0, 1, 5]}],
        ),
    ),
}
