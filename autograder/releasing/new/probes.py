"""In the sandbox, beside the student's code: one generator a task. Each yields (name, question).

A question is a function that calls the student's code and returns numbers. No expected value is known here.
"""


def T1(student, case):
    yield "means", lambda: student.function("column_means")(case["X"])
