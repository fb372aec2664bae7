"""Reference solution of the warm-up."""

import numpy as np


def standardise(X):
    """The columns of X (N, D), each with mean 0 and standard deviation 1; a constant column is all 0."""
    mean = X.mean(axis=0)
    deviation = X.std(axis=0)
    deviation[deviation == 0] = 1
    return (X - mean) / deviation


def fit_line(x, y):
    """Slope and intercept of the least-squares line through the points x (N,), y (N,): a pair of numbers."""
    dx, dy = x - x.mean(), y - y.mean()
    slope = np.sum(dx * dy) / np.sum(dx**2)
    intercept = y.mean() - slope * x.mean()
    return slope, intercept


T3 = "Squares have a derivative everywhere, so the best line has a formula; but one outlier pulls hard at it."
