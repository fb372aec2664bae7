"""How a test cell ended in the examiner -> the verdict of its task.

Once the student's process has been asked by a line that students do not see, whatever it says may hold a hidden input:
texts of errors, names of its classes. From there on, only our own words and Python's names are told.
"""

import builtins

from autograder.course import Task
from autograder.course.messages import Messages
from autograder.judging.by_examiner.cells import ExamCell
from autograder.judging.checking import Kind
from autograder.judging.verdicts import FAILED, NOT_CHECKED, PASSED, Status, Verdict
from autograder.sandbox.answers import Lost
from autograder.sandbox.relay import ENDED, UNDECIDABLE, Outcome
from autograder.sandbox.relay import PASSED as IT_PASSED

OURS = (Lost.DIED, Lost.NOISE)  # ways to lose the examiner itself, in which no student's code runs


def verdict_of(words: Messages, task: Task, cell: ExamCell, outcome: Outcome, secret: bool) -> Verdict:
    """The verdict. The reference passes this test: what cannot be decided is so by the student's code.

    secret: a cell before this one has lines that students do not see. Copies of one process may tell each other.
    """
    if outcome.how == IT_PASSED:
        said = words.say("status", "passed")
        return Verdict(task.name, PASSED, task.points, task.points, message=said, rule="its test cell passes")
    if outcome.lost in OURS:
        fault = f"{task.name}: the examiner was lost ({outcome.lost})"
        said = words.say("examiner", "unjudged")
        return Verdict(task.name, NOT_CHECKED, None, task.points, message=said, fault=fault, rule="no test could end")
    status, cause, message = _told(words, task, cell, outcome, secret)
    rule = {UNDECIDABLE: "its test cell would have to let the student's own code decide", ENDED: "its test had no end"}
    why = rule.get(outcome.how, "its test cell fails")
    return Verdict(task.name, status, 0.0, task.points, message=message, cause=cause, rule=why)


def _told(words: Messages, task: Task, cell: ExamCell, outcome: Outcome, secret: bool) -> tuple[Status, str, str]:
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
    kind = error.type if isinstance(getattr(builtins, error.type, None), type) else "Exception"
    in_sight = error.cell == task.name and error.line.isdigit() and int(error.line) < min(cell.hidden, default=1 << 30)
    if not in_sight and cell.hidden:
        return FAILED, "", words.say("examiner", "failed-hidden", task=task.name, type=kind)
    line = error.line if error.cell == task.name else "?"
    return FAILED, "", words.say("examiner", "failed", task=task.name, line=line, error=kind if secret else error.what)
