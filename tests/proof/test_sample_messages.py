"""Ten messages as students read them, in both languages; AUTOGRADER_RECORD=1 writes docs/messages.md."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from autograder.course import messages, solution_regions
from autograder.grading import made_up, pipeline
from autograder.judging import judge, mutations
from autograder.submissions.submission import Submission

pytestmark = pytest.mark.proof

ROOT = Path(__file__).resolve().parents[2]
HEAD = """# Ten messages, as students read them

Written by `tests/proof/test_sample_messages.py` from real gradings, in a course with `language="en"` and in one
with `language="th"`; after a change of the texts in `autograder/messages/`, run it again with
`AUTOGRADER_RECORD=1`. Each should tell a student what to mend when it is read alone. The first seven are of mistakes
that the kit knows by name, the last three of others.
"""


@dataclass(frozen=True)
class Sample:
    """A mistake in one task: a known one by its name, or an edit of the reference."""

    task: str
    what: str  # what the student did
    mistake: str = ""
    edit: tuple[str, str] = ("", "")


SAMPLES = (
    Sample("T1", "The step through y1 is left out of the chain rule.", mistake="w1-missing-in-both"),
    Sample("T3", "Only the weights are counted.", mistake="biases-forgotten"),
    Sample("T5", "The bias b1 is left out; the toy data cannot show it.", mistake="b1-missing"),
    Sample("T6", "The largest score is not subtracted before the exponential.", mistake="max-not-subtracted"),
    Sample("T7", "The gradient of W2 has no regularization.", mistake="W2-regularization-missing"),
    Sample("T8", "Rows and labels are drawn by two calls.", mistake="labels-drawn-separately"),
    Sample("T10", "A class of the student's own decays in every iteration.", mistake="every-iteration"),
    Sample(
        "T7",
        "The gradient of b1 is summed along the wrong axis.",
        edit=('"b1": dhidden.sum(axis=0)', '"b1": dhidden.sum(axis=1)'),
    ),
    Sample(
        "T9",
        "The gradients are looked up under names that they do not have.",
        edit=("learning_rate * grads[name]", 'learning_rate * grads["d" + name]'),
    ),
    Sample("T12", "best_net.npz was not handed in.", edit=("", "")),
)


def test_ten_messages_in_two_languages(grader, course, hw4, judge_context):
    pieces = [HEAD]
    for number, one in enumerate(SAMPLES, start=1):
        edits = tuple(
            (mistake.old, mistake.new)
            for mistake in judge_context.mistakes
            if (mistake.task, mistake.name) == (one.task, one.mistake)
        )
        edits = edits or tuple(edit for edit in (one.edit,) if edit[0])
        said = {language: verdict(grader, course, hw4, edits, one.task, language) for language in ("en", "th")}
        en, th = said["en"], said["th"]
        assert en.status in (judge.FAILED, judge.NOT_CHECKED)
        assert en.mistake == th.mistake == (one.mistake or ("missing-file" if one.task == "T12" else ""))
        assert en.score == th.score
        assert en.message != th.message
        assert any("\u0e00" <= letter <= "\u0e7f" for letter in th.message)
        parts = "; ".join(
            f"{judge_context.messages.part(one.task, p.name)} {p.score:g} of {p.max_score:g}" for p in en.parts
        )
        name = f"`{one.mistake}`" if one.mistake else "not a known one"
        pieces.append(
            f"## {number}. {one.task}\n\n{one.what} Mistake: {name}. "
            f"Score {en.score:g} of {en.max_score:g} ({parts}).\n\n"
            f"> {en.message}\n\n> {th.message}\n"
        )
    if os.environ.get("AUTOGRADER_RECORD") == "1":
        (ROOT / "docs" / "messages.md").write_text("\n".join(pieces), encoding="utf-8")


def verdict(grader, course, hw4, edits, task, language):
    """The verdict of the reference with the edits, in a course of that language."""
    text = mutations.plant(bench_text := grader.judge_context.reference_text, edits, "sample")
    answers = made_up.answers(course, hw4, text)
    own_class = solution_regions.node_text(text, "TwoLayerNet")
    if own_class != solution_regions.node_text(bench_text, "TwoLayerNet"):
        answers["T11"] = f"{answers['T11']}\n\n\n{own_class}\n"
    words = messages.load_messages(course.part("messages", hw4.name), language)
    speaking = replace(grader, judge_context=replace(grader.judge_context, messages=words), secret=b"\1" * 32)
    result = pipeline.grade_submission(speaking, Submission("student", made_up.hand_in(course, hw4, answers)))
    return result.verdicts[task]
