"""Right answers of the warm-up in other words."""

from autograder.author import RightVariant

from .mistakes import LAST, LINE

RIGHT_VARIANTS = (
    RightVariant("polyfit", ((LINE, "slope, intercept = np.polyfit(x, y, 1)"),)),
    RightVariant("covariance", (("np.sum(dx * dy) / np.sum(dx**2)", "np.cov(x, y)[0, 1] / np.var(x, ddof=1)"),)),
    RightVariant("a-list-for-a-pair", (("return slope, intercept", "return [slope, intercept]"),)),
    RightVariant("row-by-row", ((LAST, "return np.array([(row - mean) / deviation for row in X])"),)),
    RightVariant("float32", (("mean = X.mean(axis=0)", "X = X.astype(np.float32)\n    mean = X.mean(axis=0)"),)),
)  # fmt: skip
