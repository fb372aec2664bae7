"""Hands the course to nbgrader, and nothing else: what the course is stands in course_config.py."""

from pathlib import Path

from autograder.nbgrader_settings import configure

configure(get_config(), Path(__file__).resolve().parent)  # noqa: F821  (nbgrader puts it there)
