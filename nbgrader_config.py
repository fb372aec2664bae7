"""Hands the course to nbgrader, and nothing else: what the course is stands in course_config.py."""

import sys
from pathlib import Path

root = Path(__file__).resolve().parent
sys.path.insert(0, str(root))

from autograder.nbgrader_settings import configure  # noqa: E402  (needs the path above)

configure(get_config(), root)  # noqa: F821  (nbgrader puts it there)
