"""docs/schemas: what the kit writes is what the schemas say, and they can tell it from something else."""

import copy
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError
from referencing import Registry, Resource

from autograder import cli
from autograder.course import Course
from autograder.judging.verdicts import Counterexample, Result, result_from
from autograder.marks import verdict_files

SCHEMAS = Path(__file__).resolve().parent.parent / "docs" / "schemas"


def schema(name: str) -> Draft202012Validator:
    texts = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in SCHEMAS.iterdir()}
    text = texts[f"{name}.schema.json"]
    Draft202012Validator.check_schema(text)
    beside: Any = Registry().with_resources((file, Resource.from_contents(one)) for file, one in texts.items())
    return Draft202012Validator(text, registry=beside)


@pytest.fixture
def graded(
    scratch: Course, hand_in: Callable[..., dict[str, bytes]], right: dict[str, str], mark: Callable[..., Result]
) -> Course:
    """Real results of a right, a blank, and a crashing submission with a mistake, where grading keeps them."""
    crash = right | {"T3": "num_parameters = 1", "T5": "import sys\nsys.exit(1)"}
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
    assert statuses == {"passed", "failed", "not checked", "needs grading"}
    assert cli.main(["scores", "hw4", "--json", "--totals", "--course", str(graded.root)]) == 0
    totals = json.loads(capsys.readouterr().out)
    schema("totals").validate(totals)
    assert {name: one["tasks"] for name, one in totals.items()} == scores
    assert totals["สมชาย"]["total"] is None and totals["blank"]["total"] == 0  # T4 of the first waits for a person


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
    cli.main(["scores", "hw4", "--json", "--totals", "--course", str(graded.root)])
    totals = json.loads(capsys.readouterr().out)["blank"]
    late = {"penalty": 0.5, "reason": "Late by 1 begun days: 10 % of the score for each.", "total": None}
    schema("totals").validate({"blank": totals | late})
    tasks = {"tasks": {"T1": totals["tasks"]["T1"] | {"status": "ok"}}}
    for values in ({"penalty": 0.5}, {"penalty": -1}, {"total": "1"}, {"total": -1.0}, {"more": 1}, tasks):
        with pytest.raises(ValidationError):
            schema("totals").validate({"blank": totals | values})
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


def test_a_counterexample_is_kept_with_the_verdict_and_stays_out_of_the_marks(
    graded: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    path = graded.state / "verdicts" / "hw4" / "blank.json"
    result = result_from(json.loads(path.read_text()))
    example = Counterexample("decay_learning_rate(2, 3)", "5", "6")
    verdict = dataclasses.replace(result.verdicts["T10"], counterexample=example)
    result = dataclasses.replace(result, verdicts={**result.verdicts, "T10": verdict})
    verdict_files.keep(graded, result)
    schema("verdict").validate(json.loads(path.read_text()))
    assert result_from(json.loads(path.read_text())).verdicts["T10"].counterexample == example
    cli.main(["scores", "hw4", "--json", "--course", str(graded.root)])
    schema("scores").validate(json.loads(capsys.readouterr().out))
    assert cli.main(["scores", "hw4", "--json", "--counterexamples", "--course", str(graded.root)]) == 0
    found = json.loads(capsys.readouterr().out)
    schema("counterexamples").validate(found)
    assert found.keys() == {"สมชาย", "blank", "crash"}
    assert found["blank"] == {"T10": {"cell": example.cell, "gives": "5", "right": "6"}} and not found["สมชาย"]
    for more in ([], ["--json", "--totals"]):
        assert cli.main(["scores", "hw4", "--counterexamples", *more, "--course", str(graded.root)]) == 1
        assert "--counterexamples goes with --json, and not with --totals" in capsys.readouterr().err
    with pytest.raises(ValidationError):
        wrong = {**verdict.as_json(), "counterexample": {"cell": "", "gives": "5", "right": "6"}}
        schema("verdict").validate({**result.as_json(), "verdicts": {"T10": wrong}})
