"""Known mistakes of the warm-up."""

from autograder.author import Mistake

LAST = "return (X - mean) / deviation"
LINE = "slope = np.sum(dx * dy) / np.sum(dx**2)\n    intercept = y.mean() - slope * x.mean()"

MISTAKES = (
    Mistake("T1", "not-scaled", LAST, "return X - mean"),
    Mistake("T1", "mean-kept", LAST, "return X / deviation"),
    Mistake("T1", "variance-not-deviation", "X.std(axis=0)", "X.var(axis=0)"),
    Mistake("T1", "divided-by-n-minus-1", "X.std(axis=0)", "X.std(axis=0, ddof=1)"),
    Mistake("T1", "whole-table-not-columns", "X.mean(axis=0)\n    deviation = X.std(axis=0)",
        "X.mean()\n    deviation = np.array(X.std())"),
    Mistake("T1", "constant-column-becomes-nan", "    deviation[deviation == 0] = 1\n", ""),
    Mistake("T2", "swapped", "return slope, intercept", "return intercept, slope"),
    Mistake("T2", "sign-of-intercept", "y.mean() - slope * x.mean()", "y.mean() + slope * x.mean()"),
    Mistake("T2", "x-by-y", "np.sum(dx**2)", "np.sum(dy**2)"),
    Mistake("T2", "through-the-origin", LINE, "slope, intercept = np.sum(x * y) / np.sum(x**2), 0.0"),
)  # fmt: skip
