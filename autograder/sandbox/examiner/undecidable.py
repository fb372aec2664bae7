"""What ends a test without a verdict of its own."""


class Undecidable(BaseException):
    """The student's own code would have to decide: whether two things are equal, say. No test can catch it for good:
    it is remembered, and each further question raises it anew."""


class Ended(BaseException):
    """The student's process has ended, or what it was asked took too long."""
