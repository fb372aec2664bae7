"""Grading by the notebook's own tests: the examiner runs them, and asks the student's process."""
