"""A course of one notebook: its tests are its own, and so are its points."""

from autograder.course import Assignment, Course

words = Assignment.from_notebooks("words")

course = Course(name="my-course", assignments=(words,))
