"""Known mistakes and right answers in other words: what `autograder audit` plants.

Both are edits of the reference: the first text must stand there once, the second takes its place.
"""

from autograder.planting import Bug, Variant

BUGS = (
    Bug("T1", "means-of-rows", "X.mean(axis=0)", "X.mean(axis=1)"),
    Bug("T1", "sum-not-mean", "X.mean(axis=0)", "X.sum(axis=0)"),
)

VARIANTS = (Variant("added-by-hand", (("X.mean(axis=0)", "sum(X) / len(X)"),)),)
