"""How the test cells of a task ended in the examiner -> its verdict.

Once the student's process has been asked by a line that students do not see, whatever it says may hold a hidden input:
texts of errors, names of its classes. From there on, only our own words and the source's are told. What a line that
students see has compared comes from a run of its own, in which no hidden line is (`shown`).
"""

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from autograder.course import Task
from autograder.course.messages import Messages
from autograder.judging.by_examiner.cells import ExamCell, as_python, lines_of, needed_by
from autograder.judging.checking import Kind
from autograder.judging.verdicts import FAILED, NOT_CHECKED, PASSED, Part, Status, Verdict
from autograder.sandbox.answers import Error, Lost
from autograder.sandbox.relay import ENDED, UNDECIDABLE, Outcome
from autograder.sandbox.relay import FAILED as IT_FAILED
from autograder.sandbox.relay import PASSED as IT_PASSED
from autograder.source_notebooks import RANDOM

OURS = (Lost.DIED, Lost.NOISE)  # ways to lose the examiner itself, in which no student's code runs
MESSAGES = ("msg", "err_msg")  # what unittest and numpy.testing call a message


@dataclass(frozen=True)
class CellOutcomes:
    """A notebook's tests of one submission. cells: those that the examiner ran, in order; outcomes: by their names.

    shown: the outcomes of the run without hidden lines. apart: no test could learn from another one.
    """

    cells: Sequence[ExamCell]
    outcomes: Mapping[str, Outcome]
    shown: Mapping[str, Outcome] = field(default_factory=dict)
    apart: bool = False

    def cell(self, name: str) -> ExamCell | None:
        """The cell of that name."""
        return next((cell for cell in self.cells if cell.name == name), None)

    def secret(self, cell: ExamCell) -> bool:
        """Whether hidden lines have run before: of a cell above (copies may tell each other), or before its parts.

        Where no copy can tell another one anything, of a cell above that leaves names which this one uses.
        """
        above = self.cells[: self.cells.index(cell)]
        if self.apart:
            above = needed_by([cell.name], [*above, cell])[:-1]
        before_parts = cell.hidden and cell.parts  # which are called when the cell's other lines have run
        return bool(before_parts) or any(one.hidden for one in above)

    @property
    def want_shown(self) -> list[str]:
        """The tests of which a line that students see has failed where its values may hold a hidden input."""
        ended = ((cell, self.outcomes.get(cell.name)) for cell in self.cells if cell.is_test)
        failed = [(cell, found.error) for cell, found in ended if found is not None and found.how == IT_FAILED]
        return [cell.name for cell, error in failed if in_sight(cell, error) and self.secret(cell)]


def verdict_of_task(words: Messages, task: Task, tests: CellOutcomes, blank: bool = False) -> Verdict:
    """The verdict of all test cells of a task. Each is a part, and so is each of several test functions in one.

    blank: nobody wrote an answer, so that what stopped the tests helps nobody.
    """
    found = [(cell, tests.outcomes[cell.name]) for name in task.test_cells if (cell := tests.cell(name)) is not None]
    labels = [label(task, number) for number in range(len(found))]
    each = [
        verdict_of(words, task, cell, outcome, tests.secret(cell), tests, name)
        for name, (cell, outcome) in zip(labels, found, strict=True)
    ]
    if fault := next((one for one in each if one.fault), None):
        return fault
    parts: list[Part] = []
    for share, name, (cell, outcome) in zip(task.shares or (task.points,), labels, found, strict=True):
        failed = failed_parts(cell, outcome)
        worth = share / max(1, len(cell.parts))
        parts += [Part(one, 0.0 if one in failed else worth, worth) for one in cell.parts or (name,)]
    if all(one.status == PASSED for one in each):
        done = parts if len(parts) > 1 else ()
        return Verdict(task.name, PASSED, task.points, task.points, tuple(done), "", each[0].message, rule=each[0].rule)
    wrong = [one for one in each if one.status != PASSED]
    score = sum(part.score for part in parts)
    if blank and not score:
        wrong = [replace(wrong[0], status=NOT_CHECKED, cause=Kind.BLANK, message=words.say("examiner", "not-written"))]
    return Verdict(
        task.name,
        FAILED if score or any(one.status == FAILED for one in wrong) else NOT_CHECKED,
        score,
        task.points,
        tuple(parts) if len(parts) > 1 else (),
        "",
        "\n".join(dict.fromkeys(one.message for one in wrong)),
        cause=wrong[0].cause,
        rule=wrong[0].rule,
    )


def label(task: Task, number: int) -> str:
    """What students read for one of a task's tests: its ID where the author typed one, else which it is."""
    if len(task.test_cells) == 1:
        return task.name
    name = task.test_cells[number]
    return f"{task.name}, test {number + 1}" if RANDOM.fullmatch(name) else name


def failed_parts(cell: ExamCell, outcome: Outcome) -> frozenset[str]:
    """The parts of a cell that failed; its only one is told by any name that is in it."""
    if outcome.how == IT_PASSED:
        return frozenset()
    return frozenset(outcome.failed) or frozenset(cell.parts) or _Any()


class _Any(frozenset[str]):
    """Holds every name."""

    def __contains__(self, name: object) -> bool:
        return True


def verdict_of(
    words: Messages,
    task: Task,
    cell: ExamCell,
    outcome: Outcome,
    secret: bool,
    tests: CellOutcomes | None = None,
    name: str = "",
) -> Verdict:
    """The verdict of one cell. The reference passes this test: what cannot be decided is so by the student's code.

    secret: a cell before this one has lines that students do not see. name: what students read for the test.
    """
    if outcome.how == IT_PASSED:
        said = words.say("status", "passed")
        return Verdict(task.name, PASSED, task.points, task.points, message=said, rule="its test cell passes")
    if outcome.lost in OURS:
        fault = f"{task.name}: the examiner was lost ({outcome.lost})"
        said = words.say("examiner", "unjudged")
        return Verdict(task.name, NOT_CHECKED, None, task.points, message=said, fault=fault, rule="no test could end")
    status, cause, message = _told(words, name or task.name, cell, outcome, secret, tests or CellOutcomes((cell,), {}))
    rule = {UNDECIDABLE: "its test cell would have to let the student's own code decide", ENDED: "its test had no end"}
    why = rule.get(outcome.how, "its test cell fails")
    return Verdict(task.name, status, 0.0, task.points, message=message, cause=cause, rule=why)


def in_sight(cell: ExamCell, error: Error | None) -> bool:
    """Whether an error came from a line of a test that students see, before any that they do not."""
    known = error is not None and error.cell == cell.name and error.line.isdigit()
    return known and error is not None and int(error.line) < min(cell.hidden, default=1 << 30)


def _told(
    words: Messages, name: str, cell: ExamCell, outcome: Outcome, secret: bool, tests: CellOutcomes
) -> tuple[Status, str, str]:
    """Status, cause and text of a test that did not pass."""
    veiled = "-hidden" if secret or cell.hidden else ""
    if outcome.how == UNDECIDABLE:
        return FAILED, "", words.say("examiner", f"undecidable{veiled}", why=outcome.why)
    if outcome.how == ENDED:
        cause = outcome.lost or (Lost.TIME if outcome.why in ("TimeLimit", Lost.TIME) else Lost.DIED)
        if outcome.lost:
            return NOT_CHECKED, cause, words.say("examiner", "time")
        return NOT_CHECKED, cause, words.say("examiner", f"ended{veiled}", why=outcome.why)
    error = outcome.error
    assert error is not None
    if error.type == "NotImplementedError":
        return NOT_CHECKED, Kind.BLANK, words.say("examiner", "not-written")
    if not in_sight(cell, error) and cell.hidden:
        return FAILED, "", words.say("examiner", "failed-hidden", task=name, said=_of_source(tests, cell, error))
    line = error.line if error.cell == cell.name else ""
    source = _line(cell, line)
    said = error.what
    if secret:
        again = tests.shown.get(cell.name)
        same = again is not None and again.error is not None and (again.error.cell, again.error.line, again.error.type)
        said = (
            again.error.what
            if again is not None and again.error and same == (error.cell, error.line, error.type)
            else ""
        )
    key = "failed-line" if source and said else "failed-line-alone" if source else "failed" if said else "failed-alone"
    return FAILED, "", words.say("examiner", key, task=name, line=line or "?", source=source, error=said)


def _line(cell: ExamCell, line: str) -> str:
    lines = lines_of(cell.source)
    return lines[int(line) - 1].strip() if line.isdigit() and 0 < int(line) <= len(lines) else ""


# ---- what of a hidden line may be told -----------------------------------------------------------


def _of_source(tests: CellOutcomes, cell: ExamCell, error: Error) -> str:
    """What may be told of a failing line that students do not see: a constant text that stands there, or a test's name.

    What assertEqual, numpy.testing or an f-string says holds the hidden values.
    """
    there = tests.cell(error.cell)
    tree = as_python(there.source) if there is not None else None
    if tree is None or not error.line.isdigit():
        return ""
    line = int(error.line)
    around = [node for node in ast.walk(tree) if isinstance(node, ast.stmt) and _spans(node, line)]
    message = _message(min(around, key=_size)) if around else ""
    names = [node.name for node in around if isinstance(node, ast.FunctionDef) and node.name in cell.parts]
    return f": {message or names[0]}" if message or names else ""


def _spans(node: ast.stmt, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or node.lineno)


def _size(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno


def _message(node: ast.stmt) -> str:
    """The constant text that a statement fails with; "" where it has none, or makes it."""
    given: Iterable[ast.expr | None] = ()
    if isinstance(node, ast.Assert):
        given = (node.msg,)
    elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        given = node.exc.args[:1]
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        given = (keyword.value for keyword in node.value.keywords if keyword.arg in MESSAGES)
    found = [one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return " ".join(found[0].split()) if found else ""
