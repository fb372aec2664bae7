"""guest/notebook_process.py: in which order a probe's questions are asked, and how many may take too long."""

import json
import os
import subprocess
import sys

from autograder.sandbox.walls import GUEST

ASKED = """
import contextlib, json, sys
import notebook_process as guest
from namespace import Namespace

asked = []

def endless():
    raise guest.TimeLimit("as the alarm does")

def probe(student, case):
    yield "own", lambda: 1.0
    for number in range(5):
        yield f"slow{number}", endless
    yield "late", lambda: 2.0

arrays, errors, _ = guest.probe_cases(probe, Namespace({}), [{}, {}], contextlib.nullcontext, {}, asked.append)
print(json.dumps([asked, sorted(arrays), sorted(errors), sorted({error["type"] for error in errors.values()})]))
"""


def test_what_a_probe_asks_first_is_asked_of_all_cases_and_after_three_that_take_too_long_nothing() -> None:
    line = [sys.executable, "-c", ASKED]
    ran = subprocess.run(line, env={**os.environ, "PYTHONPATH": str(GUEST)}, capture_output=True, text=True, check=True)
    asked, answered, failed, kinds = json.loads(ran.stdout)
    assert asked == ["own", "own", "slow0", "slow1", "slow2"]
    assert answered == ["0/own", "1/own"]
    assert failed == sorted(f"{case}/{name}" for case in (0, 1) for name in (*(f"slow{n}" for n in range(5)), "late"))
    assert kinds == ["TimeLimit"]
