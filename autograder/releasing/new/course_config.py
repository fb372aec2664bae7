"""The course as data. Change a line here and every command follows it.

Each task is one line: name, notebook, who grades it. A required task is worth 1 point, an optional
one (optional=True) half a point, as a bonus.
"""

from autograder.course import Assignment, Course, Task

course = Course(
    name="my-course",
    language="en",  # of the feedback: "en" or "th"
    assignments=(),
)
