"""Known mistakes: what `autograder audit` plants.

Each is an edit of the reference: the first text must stand there once, the second takes its place.
"""

from autograder.author import Mistake

MISTAKES = (
    Mistake("T1", "means-of-rows", "X.mean(axis=0)", "X.mean(axis=1)"),
    Mistake("T1", "sum-not-mean", "X.mean(axis=0)", "X.sum(axis=0)"),
)
