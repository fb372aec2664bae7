"""guest/forks.py: at a fork of ours nothing is done of what modules want done at forks; at others' it is."""

import subprocess
import sys

from autograder.sandbox.walls import GUEST

SCRIPT = """
import os, sys
sys.path.insert(0, sys.argv[1])
import forks
forks.listen()
import random
done = []
os.register_at_fork(before=lambda: done.append("before"), after_in_parent=lambda: done.append("after"),
                    after_in_child=lambda: done.append("child"))
state = random.getstate()
for fork in (os.fork, forks.quietly):
    done.clear()
    told, tell = os.pipe()
    if fork() == 0:
        os.write(tell, f"{done} {random.getstate() == state}".encode())
        os._exit(0)
    os.wait()
    print(os.read(told, 100).decode(), done)
"""


def test_only_at_forks_of_others_is_done_what_modules_want() -> None:
    found = subprocess.run([sys.executable, "-I", "-c", SCRIPT, str(GUEST)], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines() == ["['before', 'child'] False ['before', 'after']", "[] True []"]
