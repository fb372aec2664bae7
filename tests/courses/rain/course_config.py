"""A course of one notebook: its tests are its own, and so are its points."""

from autograder.course import Assignment, Course

rain = Assignment.from_notebooks("rain")

course = Course(name="my-course", assignments=(rain,))
