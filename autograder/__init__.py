"""An auto-graded course assignment kit: the student's process returns values, a judge compares them."""

__version__ = "0.9.0"
