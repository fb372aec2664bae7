"""`autograder doctor`: what works on this machine, and how to mend what does not."""

from pathlib import Path

from autograder.commands.console import CourseDir, out
from autograder.errors import CourseError


def command(course: CourseDir = Path()) -> None:
    """Check what grading needs. Python, packages, sandbox and its walls, jupyter, data, disk, gradebook, course."""
    from autograder.commands import console_tables, diagnoses, folder_diagnoses, wall_diagnoses  # numpy and more

    out.print("looking at this machine and this course; the slow part is Jupyter's own list of its extensions")
    found = [*diagnoses.examine(course), *wall_diagnoses.examine(course), *folder_diagnoses.examine(course)]
    out.print(console_tables.diagnoses(found))
    wrong = [diagnosis for diagnosis in found if not diagnosis.ok and diagnosis.stops]
    if wrong:
        known = {diagnosis.of for diagnosis in found} - {""}
        stopped = {diagnosis.of for diagnosis in wrong}
        some = not ("" in stopped or stopped == known)
        what = f"{', '.join(sorted(stopped))} cannot be graded" if some else "grading cannot work"
        names = ", ".join(diagnosis.what for diagnosis in wrong)
        raise CourseError(f"{what} until this is mended: {names}; then `autograder doctor` again")
    minor = sum(not diagnosis.ok for diagnosis in found)
    out.print("grading can work" + (f"; {minor} smaller problems above" if minor else ""))
    out.print("next: `autograder release`, `autograder grade`; or `autograder demo` to see the whole loop")
