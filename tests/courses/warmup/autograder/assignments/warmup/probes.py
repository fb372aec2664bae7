"""In the sandbox: what is asked of the student's code."""


def T1(student, case):
    yield "columns", lambda: student.function("standardise")(case["X"])


def T2(student, case):
    yield "line", lambda: tuple(student.function("fit_line")(case["x"], case["y"]))
