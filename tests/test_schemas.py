"""docs/schemas: what the kit writes is what the schemas say, and they can tell it from something else."""

import copy
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from autograder import cli
from autograder.course import Course
from autograder.judging.verdicts import Result
from autograder.marks import verdict_files

SCHEMAS = Path(__file__).resolve().parent.parent / "docs" / "schemas"


def schema(name: str) -> Draft202012Validator:
    text = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
    Draft202012Validator.check_schema(text)
    return Draft202012Validator(text)


@pytest.fixture
def graded(
    scratch: Course, hand_in: Callable[..., dict[str, bytes]], right: dict[str, str], mark: Callable[..., Result]
) -> Course:
    """Real results of a right, a blank and a crashing submission, kept where grading keeps them."""
    crash = right | {"T5": "import sys\nsys.exit(1)"}
    for name, answers in (("สมชาย", right), ("blank", {}), ("crash", crash)):
        verdict_files.keep(scratch, mark(hand_in(answers, weights=None), name))
        scratch.submitted("hw4", name).mkdir(parents=True)
    return scratch


def test_scores_and_verdict_files_are_of_their_schemas(graded: Course, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["scores", "hw4", "--json", "--course", str(graded.root)]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert set(scores) == {"สมชาย", "blank", "crash"}
    schema("scores").validate(scores)
    files = sorted((graded.state / "verdicts" / "hw4").iterdir())
    assert len(files) == 3
    for path in files:
        schema("verdict").validate(json.loads(path.read_text()))
    statuses = {task["status"] for tasks in scores.values() for task in tasks.values()}
    assert statuses == {"passed", "not checked", "needs grading"} or "failed" in statuses


def test_the_schemas_refuse_what_is_something_else(graded: Course, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["scores", "hw4", "--json", "--course", str(graded.root)])
    scores = json.loads(capsys.readouterr().out)

    def changed(**values: Any) -> dict[str, Any]:
        other = copy.deepcopy(scores)
        other["blank"]["T1"] |= values
        return other

    without = changed(score=None, status="failed"), changed(score=None, status="passed")
    for wrong in (*without, changed(score="1"), changed(status="ok"), changed(extra=1), changed(score=-1)):
        with pytest.raises(ValidationError):
            schema("scores").validate(wrong)
    schema("scores").validate(changed(score=None))  # not checked, by no fault of the student's
    kept = json.loads((graded.state / "verdicts" / "hw4" / "blank.json").read_text())
    ours = {**kept["verdicts"]["T1"], "fault": "checks.py:1: ValueError", "score": None}
    schema("verdict").validate({**kept, "verdicts": {"T1": ours}})
    with pytest.raises(ValidationError):
        schema("verdict").validate({**kept, "verdicts": {"T1": {**ours, "score": 0.0}}})
    for wrong in ({**kept, "digest": "x"}, {**kept, "more": 1}, {k: v for k, v in kept.items() if k != "unsafe"}):
        with pytest.raises(ValidationError):
            schema("verdict").validate(wrong)


def test_the_verdict_schema_names_every_field_of_a_result() -> None:
    fields = {field.name for field in dataclasses.fields(Result)} - {"answers", "notebooks"}
    assert set(schema("verdict").schema["properties"]) == set(schema("verdict").schema["required"]) == fields
