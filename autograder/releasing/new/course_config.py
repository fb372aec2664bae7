"""The course as data. Change a line here and every command follows it.

Each task is one line: name, notebook, who grades it. A required task is worth 1 point or what points=
says; an optional one (optional=True) half of a required one, as a bonus.
"""

from autograder.course import Assignment, Course, Task

course = Course(
    name="my-course",
    language="en",  # of the feedback: "en" or "th"
    assignments=(),
)
