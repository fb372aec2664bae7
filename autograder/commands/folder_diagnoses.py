"""What has come apart in a course's folder, and what git would take along. None of it stops grading."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

from autograder.commands.diagnoses import Diagnosis
from autograder.course import Assignment, Course, few, load_course
from autograder.errors import CourseError
from autograder.releasing import drift
from autograder.releasing.new_assignment import CONFIG, KIT

PRIVATE = (".autograder", "gradebook.db", "submitted", "autograded", "feedback", "reports", "exports")
OF_A_COURSE = (CONFIG, "source", "solutions", "release", "autograder/assignments")


def examine(root: Path) -> Iterator[Diagnosis]:
    """Look at the folder of a course that can be loaded."""
    try:
        course = load_course(root)
    except CourseError:  # told already
        return
    for assignment in course.assignments:
        yield notebooks(course, assignment)
    yield submissions(course)
    if git(course.root, "rev-parse", "--is-inside-work-tree") is not None:
        yield private(course)
        if course.root == KIT:
            yield kits_own(course)


def notebooks(course: Course, assignment: Assignment) -> Diagnosis:
    """The source against the release and the course."""
    what, name = f"notebooks ({assignment.name})", assignment.name
    lines = drift.other_points(course, assignment)
    for folder in (course.source(name), course.release(name)):
        lines += drift.no_tasks(folder, assignment)
    mend = "as each line says"
    if old := drift.outdated(course, assignment):
        lines.append(f"{course.release(name)} is older than its source: {', '.join(old)}")
        mend = f"autograder release {name}" + (", and as the other lines say" if len(lines) > 1 else "")
    if lines:
        return Diagnosis(what, False, "\n".join(lines), mend, stops=False)
    return Diagnosis(what, True, "source, release and course_config.py say the same")


def submissions(course: Course) -> Diagnosis:
    """Notebooks in submitted/ that no assignment's folder holds."""
    lines = list(dict.fromkeys(line for one in course.assignments for line in drift.loose(course, one)))
    if lines:
        return Diagnosis("submissions", False, "\n".join(lines), "move them there", stops=False)
    return Diagnosis("submissions", True, "none stands outside of an assignment's folder")


def private(course: Course) -> Diagnosis:
    """What git has, or would take with the next `git add -A`, and must not."""
    roster = [] if Path(course.roster).is_absolute() else [course.roster]
    if tracked := git(course.root, "ls-files", "--", *PRIVATE, *roster):
        mend = (
            "`git rm -r --cached` them, and commit; what was pushed stays in the history: keep that repository private"
        )
        return Diagnosis("git", False, f"git has {few(tracked)}", mend, stops=False)
    loose = [name for name in PRIVATE if git(course.root, "check-ignore", "-q", f"{name}/x") is None]
    if loose:
        mend = f"add these lines to {course.root / '.gitignore'}; a new course has them: docs/own-course.md"
        return Diagnosis("git", False, f"`git add -A` would take {', '.join(loose)}", mend, stops=False)
    return Diagnosis("git", True, "has neither secret, marks nor students' work")


def kits_own(course: Course) -> Diagnosis:
    """Whether the kit's own course was edited in the kit's own folder, where `git pull` brings other edits."""
    changed = [line[3:] for line in git(course.root, "status", "--porcelain", "--", *OF_A_COURSE) or []]
    changed += git(course.root, "diff", "--name-only", "@{upstream}...HEAD", "--", *OF_A_COURSE) or []
    if changed:
        names = few(list(dict.fromkeys(changed)))
        found = f"course and kit are one folder, and edited in it: {names}; `git pull` may collide"
        mend = f"keep a course of your own apart: `autograder new --from {course.root} --course NEW_FOLDER`"
        return Diagnosis("kit", False, found, mend, stops=False)
    return Diagnosis("kit", True, "this is the kit's own folder, as it came; keep a course of your own in another")


def git(root: Path, *line: str) -> list[str] | None:
    """What git says, line by line; None where it fails, or is not there."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *line], capture_output=True, text=True, timeout=60, errors="replace"
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.splitlines() if done.returncode == 0 else None
