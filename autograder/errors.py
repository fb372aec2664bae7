"""The one error that a person can mend."""


class CourseError(Exception):
    """Something in the course folder that its owner can mend. The text names culprit and next step."""
