"""Known mistakes of the warm-up, and right answers in other words."""

from autograder.planting import Bug, Variant

LAST = "return (X - mean) / deviation"
LINE = "slope = np.sum(dx * dy) / np.sum(dx**2)\n    intercept = y.mean() - slope * x.mean()"

BUGS = (
    Bug("T1", "not-scaled", LAST, "return X - mean"),
    Bug("T1", "mean-kept", LAST, "return X / deviation"),
    Bug("T1", "variance-not-deviation", "X.std(axis=0)", "X.var(axis=0)"),
    Bug("T1", "divided-by-n-minus-1", "X.std(axis=0)", "X.std(axis=0, ddof=1)"),
    Bug("T1", "whole-table-not-columns", "X.mean(axis=0)\n    deviation = X.std(axis=0)",
        "X.mean()\n    deviation = np.array(X.std())"),
    Bug("T1", "constant-column-becomes-nan", "    deviation[deviation == 0] = 1\n", ""),
    Bug("T2", "swapped", "return slope, intercept", "return intercept, slope"),
    Bug("T2", "sign-of-intercept", "y.mean() - slope * x.mean()", "y.mean() + slope * x.mean()"),
    Bug("T2", "x-by-y", "np.sum(dx**2)", "np.sum(dy**2)"),
    Bug("T2", "through-the-origin", LINE, "slope, intercept = np.sum(x * y) / np.sum(x**2), 0.0"),
)  # fmt: skip

VARIANTS = (
    Variant("polyfit", ((LINE, "slope, intercept = np.polyfit(x, y, 1)"),)),
    Variant("covariance", (("np.sum(dx * dy) / np.sum(dx**2)", "np.cov(x, y)[0, 1] / np.var(x, ddof=1)"),)),
    Variant("a-list-for-a-pair", (("return slope, intercept", "return [slope, intercept]"),)),
    Variant("row-by-row", ((LAST, "return np.array([(row - mean) / deviation for row in X])"),)),
    Variant("float32", (("mean = X.mean(axis=0)", "X = X.astype(np.float32)\n    mean = X.mean(axis=0)"),)),
)  # fmt: skip
