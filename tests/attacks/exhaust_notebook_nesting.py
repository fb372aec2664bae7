"""Wants the grader's stack, by JSON nested 100,000 deep in a notebook and its metadata.

Won: grading ends with an exception of ours.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "files_are_read_with_care"
DEEP = b'{"cells": ' + b"[" * 100_000 + b"]" * 100_000 + b', "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
ATTACK = Attack(files={"1-basics.ipynb": DEEP, "2-two-layer-network.ipynb": b'{"cells": [' + b'{"a":' * 100_000})


def won(evidence: Evidence) -> bool:
    return bool(evidence.problem)
