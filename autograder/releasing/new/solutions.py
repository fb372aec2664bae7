"""Reference solution: one function a task, named and shaped as in the notebook.

`autograder release` puts the lines of each function into the notebook's solution region, and takes
them out of what students get.
"""


def column_means(X):
    """The mean of each column of X (N, D): an array (D,)."""
    return X.mean(axis=0)


T2 = "The mean follows an outlier, the median does not."  # what a good answer says
