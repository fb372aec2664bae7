"""Right answers in other words: `autograder audit` hands them in, and none may lose a mark."""

from autograder.author import RightVariant

RIGHT_VARIANTS = (RightVariant("added-by-hand", (("X.mean(axis=0)", "sum(X) / len(X)"),)),)
