"""A made-up class: full marks, a known mistake in each of some tasks, and the submissions that break other graders."""

import ast
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from autograder.course import PERSON, Assignment, Course
from autograder.grading import made_up
from autograder.judging.mutations import Mistake, load_mistakes
from autograder.sandbox.answers import Array
from autograder.source_notebooks import function_name

NAMES = ("bua", "chai", "dao", "ekachai", "fah", "gan", "hathai", "itt", "jan", "kamon", "lek", "mali")
THAI = "# สวัสดีค่ะ: คำตอบของข้อนี้\n"


def make_class(course: Course, assignment: Assignment) -> dict[str, str]:
    """Lay the class under submitted/ -> what each student did, by name."""
    stories = {}
    for number, (name, story, files) in enumerate(_class(course, assignment), start=1):
        stories[name] = story
        stamp = f"2026-11-{number:02d} 12:00:00 UTC\n"
        made_up.write(course.submitted(assignment.name, name), {**files, "timestamp.txt": stamp.encode()})
    return stories


def _class(course: Course, assignment: Assignment) -> Iterator[tuple[str, str, dict[str, bytes]]]:
    """Each student's name, story and files."""
    right = made_up.answers(course, assignment)
    weights: Mapping[str, Array] = {}
    if any(task.saved_model for task in assignment.tasks):
        weights = made_up.train(course, assignment, assignment.dataset, iterations=1000, hidden=30)
    seeds = iter(range(100))

    def filled(answers: Mapping[str, str]) -> dict[str, bytes]:
        model = made_up.model_file(made_up.shaken(weights, next(seeds))) if weights else None
        return made_up.hand_in(course, assignment, answers, model)

    functions = _functions(right)
    first, last = functions[0], functions[-1]  # on the last one, fewest others wait
    yield "anong", "everything right", filled(right)
    yield "endless", f"an endless loop in {last}", filled(right | {last: endless(right[last])})  # takes longest
    for name, mistake in zip(NAMES, _shown(course, assignment, right), strict=False):
        answers, _ = made_up.with_mistake(course, assignment, mistake)
        yield name, f"a mistake in {mistake.task}: {mistake.name}", filled(answers)
    yield "blank", "nothing filled in", made_up.hand_in(course, assignment, {})
    if weights:
        yield "no-weights", f"forgot {assignment.model_file}", made_up.hand_in(course, assignment, right)
    crash = _with_first_cell(filled(right), "1 / 0\nundefined")
    yield "crash", "a crash in the first cell of the student's own", crash
    yield "duplicate", f"the cell of {first} pasted twice", _doubled(filled(right), assignment.task(first).answer_cell)
    thai = {t.name: f"พิสูจน์: {right[t.name]}" for t in assignment.tasks if t.graded_by == PERSON}
    yield "สมชาย ใจดี", "a Thai name and Thai comments", filled(right | {first: THAI + right[first]} | thai)


def _functions(right: Mapping[str, str]) -> list[str]:
    """The tasks that are answered by a function."""
    return [task for task, source in right.items() if function_name(source)]


def _shown(course: Course, assignment: Assignment, right: Mapping[str, str]) -> list[Mistake]:
    """The first known mistake of each task that is a function."""
    mistakes = load_mistakes(course, assignment)
    first = {mistake.task: mistake for mistake in reversed(mistakes) if mistake.edits and not mistake.in_class}
    return [first[task] for task in _functions(right) if task in first]


def endless(source: str) -> str:
    """A function that never ends."""
    function = next(node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef))
    lines, at = source.splitlines(), function.body[-1]
    indent = " " * at.col_offset
    return "\n".join([*lines[: at.lineno - 1], f"{indent}while True:", f"{indent}    pass", *lines[at.lineno - 1 :]])


def _with_first_cell(files: dict[str, bytes], source: str) -> dict[str, bytes]:
    for name in [name for name in files if name.endswith(".ipynb")]:
        notebook = json.loads(files[name])
        notebook["cells"].insert(0, made_up.code_cell(source))
        files[name] = json.dumps(notebook).encode()
    return files


def _doubled(files: dict[str, bytes], grade_id: str) -> dict[str, bytes]:
    for name in [name for name in files if name.endswith(".ipynb")]:
        notebook = json.loads(files[name])
        for at, cell in enumerate(notebook["cells"]):
            if cell["metadata"].get("nbgrader", {}).get("grade_id") == grade_id:
                notebook["cells"].insert(at, cell)
                break
        files[name] = json.dumps(notebook).encode()
    return files


def closing(course: Course, assignment: Assignment, report: Path, on_path: bool) -> Iterator[str]:
    """What the demo made, and what to try next."""
    yield f"\nfiles: {course.root}/gradebook.db, autograded/, release/, submitted/, feedback/, reports/"
    yield "next, in that folder:"
    if not on_path:
        yield f"  . {Path(sys.executable).parent / 'activate'}       so that the commands are found"
    yield f"  open {report} in a browser: the class at a glance; a name leads to the feedback"
    yield f"  autograder scores {assignment.name} --json       the marks as data"
    if by_person := [task.name for task in assignment.tasks if task.graded_by == PERSON]:
        tasks = ", ".join(by_person)
        yield f"  autograder mark {assignment.name}                a page on this machine: mark {tasks} by hand;"
        yield f"                                     then `autograder report {assignment.name}` once more"
