"""checking.py, judge.py, messages.py, mutations.py: what is asked, what is said, and in which words."""

import ast
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograder
from autograder.course import EXAMINER, Assignment, Course, Task, messages, secret
from autograder.errors import CourseError
from autograder.files import write_whole
from autograder.grading.asking import GraderContext
from autograder.judging import checking, judge, mutations
from autograder.judging.checking import CheckContext, Problem
from autograder.judging.mutations import Mistake
from autograder.sandbox.answers import Answers, Error

ENGINE_TEXTS = tomllib.loads(messages.ENGINE.read_text(encoding="utf-8"))
ROOT = Path(__file__).resolve().parents[2]
ENGINE = Path(autograder.__file__).parent
HW4_TEXTS = tomllib.loads((ROOT / "autograder/assignments/hw4/messages.toml").read_text(encoding="utf-8"))
JUDGED = [f"T{n}" for n in range(1, 13) if n != 4]


# ---- checking -----------------------------------------------------------------------------------


def test_values_are_compared_raveled_and_only_a_wrong_number_of_entries_is_a_wrong_shape() -> None:
    wanted = np.arange(6.0)
    assert checking.compare(wanted.reshape(2, 3), wanted, 1e-9) is None
    found = checking.compare(wanted[:5], wanted, 1e-9)
    assert found is not None and found.kind == "shape"
    assert (found.facts["got"], found.facts["wanted"]) == ("(5,)", "(6,)")


def test_a_deviation_is_told_by_size_count_and_place_and_never_by_value() -> None:
    wanted = np.array([[10.0, 2.0], [3.0, 4.0]])
    found = checking.compare(wanted + np.array([[0, 0], [1, 0]]), wanted, 1e-5)
    assert found == Problem("off", {"percent": "10", "where": "[1, 0]", "wrong": "1", "of": "4"})


def test_the_tolerance_is_of_the_largest_expected_entry() -> None:
    wanted = np.array([100.0, 1.0])
    assert checking.compare(wanted + np.array([0, 0.9e-3]), wanted, 1e-5) is None
    assert checking.compare(wanted + np.array([0, 1.1e-3]), wanted, 1e-5) is not None


@pytest.mark.parametrize(("value", "what"), [(np.nan, "nan"), (np.inf, "inf"), (-np.inf, "inf")])
def test_what_is_no_number_is_named(value: float, what: str) -> None:
    found = checking.compare(np.array([1.0, value]), np.ones(2), 1e9)
    assert found == Problem("nonfinite", {"what": what, "count": "1", "of": "2"})


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        (Answers(), "missing"),
        (Answers(lost="time", facts={"seconds": "3"}), "lost"),
        (Answers(errors={"0/own": Error("NotImplementedError", "T5")}), "blank"),
        (Answers(errors={"0/own": Error("TimeLimit", "")}), "time"),
        (Answers(errors={"0/own": Error("MemoryError", "")}), "memory"),
        (Answers(errors={"0/own": Error("IndexError", "out", "3", "T5-answer")}), "error"),
    ],
)
def test_where_nothing_came_back_the_reason_is_told(grader: GraderContext, answers: Answers, kind: str) -> None:
    found = CheckContext("T5", [{}], answers, {}).value(0, "own.0")
    assert isinstance(found, Problem)
    assert found.kind == kind and found.unchecked
    assert grader.judge_context.messages.problem(found.kind, found.facts)


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (Error("ValueError", "operands could not be broadcast together with shapes (3,) (4,)", "3", "T5"), "shapes"),
        (Error("ValueError", "matmul: Input operand 1 has a mismatch in its core dimension 0", "3", "T5"), "shapes"),
        (Error("IndexError", "index 7 is out of bounds for axis 0 with size 7", "3", "T5"), "shapes"),
        (Error("AxisError", "axis 2 is out of bounds for array of dimension 2", "3", "T5"), "shapes"),
        (Error("ValueError", "invalid literal for int() with base 10: 'a'", "3", "T5"), "line"),
        (Error("ZeroDivisionError", "division by zero", "3", "T5"), "line"),
        (Error("NameError", "name 'shape' is not defined", "3", "T5"), "name"),
        (Error("KeyError", "'axis'", "3", "T5"), "key"),
        (Error("AttributeError", "'list' object has no attribute 'shape'", "3", "T5"), "attribute"),
        (Error("AttributeError", "'Mine' object has no attribute 'scaler'", "3", "T5"), "own-attribute"),
        (Error("TypeError", "f() missing 1 required positional argument: 'reg'"), "arguments"),
        (Error("TypeError", "'NoneType' object is not subscriptable", "3", "T5"), "none"),
        (Error("TypeError", "'int' object is not callable", "3", "T5"), "callable"),
        (Error("ModuleNotFoundError", "No module named 'torch'", "1", "T5"), "import"),
        (Error("FileNotFoundError", "[Errno 2] No such file or directory: 'x'", "1", "T5"), "file"),
        (Error("UnboundLocalError", "cannot access local variable 'x'", "1", "T5"), "unbound"),
        (Error("RecursionError", "maximum recursion depth exceeded", "1", "T5"), "recursion"),
        (Error("IndentationError", "unexpected indent", "1", "T5"), "syntax"),
        (Error("SystemExit", "", "1", "T5"), "exit"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.what,
)
def test_only_an_error_of_sizes_has_the_hint_about_sizes(grader: GraderContext, error: Error, hint: str) -> None:
    found = CheckContext("T5", [{}], Answers(errors={"0/own": error}), {}).value(0, "own.0")
    assert isinstance(found, Problem) and found.facts["hint"] == hint
    words = grader.judge_context.messages
    assert ("N, D, H and C" in words.hint(found.kind, found.facts)) == (hint == "shapes")
    assert words.hint(found.kind, found.facts)


@pytest.mark.parametrize(
    "facts", [{"said": "no such text"}, {"said": "pair"}, {"said": "nothing_of", "name": "{error}"}, {"hidden": "sum"}]
)
def test_what_a_guest_says_beside_an_error_are_words_and_never_a_fault(
    grader: GraderContext, facts: dict[str, str]
) -> None:
    error = Error("TypeError", "mine", "3", "T5-answer", facts)
    found = CheckContext("T5", [{}], Answers(errors={"0/own": error}), {}).value(0, "own.0")
    assert isinstance(found, Problem) and found.kind == "error"
    said = grader.judge_context.messages.problem(found.kind, found.facts)
    assert said == "Your code stopped with TypeError: mine (T5-answer, line 3)." or "{error} returned nothing" in said
    assert isinstance(grader.judge_context.messages.hint(found.kind, found.facts), str)


def test_a_sentence_that_ends_in_a_mark_of_its_own_gets_no_second_one(grader: GraderContext) -> None:
    for end, wanted in (("?", "?"), ("!", "!"), ("...", "..."), (".", "."), ("", ".")):
        said = grader.judge_context.messages.say("problem", "lost", reason=f"why{end}")
        assert said == f"No answer came back: why{wanted}"


# ---- messages--------------------------------------------------------------------------------------


def test_every_text_of_the_engine_is_there_in_both_languages() -> None:
    own = {f"hw4 {group}": HW4_TEXTS[group] for group in ("problem", "returned", "hint")}
    for group, entries in {**ENGINE_TEXTS, **own}.items():
        for key, said in entries.items():
            assert set(said) == {"en", "th"}, (group, key)
            names = [sorted(re.findall(r"{(\w+)}", said[language])) for language in ("en", "th")]
            assert names[0] == names[1], (group, key)


def test_every_task_part_and_bug_has_its_text_in_both_languages(
    course: Course, grader: GraderContext, mistakes: dict[tuple[str, str], Mistake]
) -> None:
    said = tomllib.loads(course.part("messages", "hw4").read_text(encoding="utf-8"))
    for task in JUDGED:
        assert {"en", "th"} == set(said[task]["asks"]) == set(said[task]["hint"]), task
        context = judge.check_context(grader.judge_context, task, 1, Answers())
        for part_result in grader.judge_context.checks.of(task).check(context):
            assert set(said[task]["parts"][part_result.part]) == {"en", "th"}, (task, part_result.part)
    for task, name in mistakes:
        assert set(said[task]["mistakes"][name]) == {"en", "th"}, (task, name)
    assert {(t, n) for t, about in said.items() for n in about.get("mistakes", {})} - set(mistakes) <= {
        ("T12", n) for n in said["T12"].get("mistakes", {})
    }


def problems(path: Path) -> list[tuple[str, set[str] | None]]:
    """Every Problem(kind, facts) that a file makes: kind, and names of the facts or None where not written out."""
    found: list[tuple[str, set[str] | None]] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Problem"):
            continue
        kind, *facts = node.args
        if isinstance(kind, ast.Constant):
            names: set[str] | None = set()
            if facts:
                whole = isinstance(facts[0], ast.Dict) and all(isinstance(k, ast.Constant) for k in facts[0].keys)
                names = {k.value for k in facts[0].keys} if whole else None  # type: ignore[attr-defined]
            found.append((str(kind.value), names))
    return found


def test_every_problem_that_a_check_can_find_has_a_text_and_its_facts(course: Course) -> None:
    checks = course.part("checks", "hw4").parent
    sources = [*checks.glob("*.py"), *(p for p in ENGINE.rglob("*.py") if not p.is_relative_to(ENGINE / "assignments"))]
    made = [(path, kind, facts) for path in sources for kind, facts in problems(path)]
    assert len(made) > 25
    for path, kind, facts in made:
        own = path.parent == checks and kind in HW4_TEXTS["problem"]
        told = (HW4_TEXTS if own else ENGINE_TEXTS)["problem"][kind]
        wanted = set(re.findall(r"{(\w+)}", told["en"]))
        assert facts is None or wanted <= facts, f"{path}: {kind}"


def test_no_text_for_students_holds_an_answer(course: Course) -> None:
    said = course.part("messages", "hw4").read_text(encoding="utf-8")
    for secret_value in ("557057", "557,057", "-0.2", "0.4"):
        assert not re.search(rf"(?<![\d.]){re.escape(secret_value)}(?!\d)", said), secret_value


def test_a_missing_or_broken_file_of_texts_is_named(course: Course, hw4: Assignment, tmp_path: Path) -> None:
    empty = replace(course, root=tmp_path)
    with pytest.raises(CourseError, match=r"messages\.toml: not found; every assignment needs its texts"):
        messages.load_messages(empty, hw4)
    own_tests = replace(hw4, tasks=(Task("T", "book", graded_by=EXAMINER),))
    assert messages.load_messages(empty, own_tests).assignment == {}
    path = empty.part("messages", "hw4")
    path.parent.mkdir(parents=True)
    path.write_text("[T1\n")
    for assignment in (hw4, own_tests):
        with pytest.raises(CourseError, match=r"messages\.toml: "):
            messages.load_messages(empty, assignment)


# ---- cases --------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", JUDGED)
def test_hidden_inputs_come_again_for_the_same_seed_and_differ_for_another(grader: GraderContext, task: str) -> None:
    def numbers(seed: int) -> list[Any]:
        return [
            {k: np.asarray(v).tolist() for k, v in case.items()}
            for case in judge.cases(grader.judge_context, task, seed)
        ]

    assert numbers(5) == numbers(5)
    if task not in ("T1", "T2", "T3", "T12"):  # whose inputs stand in the notebook, or are the images
        assert numbers(5) != numbers(6)


@pytest.mark.parametrize("task", JUDGED)
def test_the_shares_of_a_tasks_parts_are_the_whole_task(grader: GraderContext, task: str) -> None:
    context = judge.check_context(grader.judge_context, task, 1, Answers())
    part_results = grader.judge_context.checks.of(task).check(context)
    assert sum(part_result.share for part_result in part_results) == pytest.approx(1)
    assert not any(part_result.ok for part_result in part_results), "no answer is no right answer"


# ---- mutations ----------------------------------------------------------------------------------


def test_an_edit_that_does_not_fit_once_is_named() -> None:
    for text in ("nothing", "x = 1\nx = 1\n"):
        with pytest.raises(CourseError, match=r"^mine: 'x = 1' stands [02] times in the reference"):
            mutations.plant(text, (("x = 1", "x = 2"),), "mine")


def test_every_known_mistake_fits_the_reference_and_there_are_enough(
    grader: GraderContext, mistakes: dict[tuple[str, str], Mistake]
) -> None:
    for (_, name), mistake in mistakes.items():
        mutations.run_text(mutations.plant(grader.judge_context.reference_text, mistake.edits, name), name)
    counts = {task: sum(t == task for t, _ in mistakes) for task in JUDGED}
    assert len(mistakes) >= 70
    assert all(counts[f"T{n}"] >= 6 for n in range(5, 12)), counts


# ---- the secret ---------------------------------------------------------------------------------


def test_the_secret_is_made_once_readable_by_its_owner_alone_and_outside_git(scratch: Course) -> None:
    first = secret.load_secret(scratch)
    path = scratch.state / "secret"
    assert secret.load_secret(scratch) == first and len(first) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {".autograder/", "submitted/", "autograded/", "feedback/"} <= set(ignored)


def test_a_seed_hangs_on_the_secret_and_on_every_part() -> None:
    key = bytes(32)
    seeds = {
        secret.seed(key, "a", "b"), secret.seed(key, "ab"), secret.seed(key, "b", "a"),
        secret.seed(bytes(31) + b"\1", "a", "b"), secret.seed(key, "a", "b", ""),
    }  # fmt: skip
    assert len(seeds) == 5
    assert secret.seed(key, "a", "b") in seeds
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file"
    write_whole(path, b"old", 0o600)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(TypeError):
        write_whole(path, "no bytes")  # type: ignore[arg-type]
    assert path.read_bytes() == b"old"
    assert [p.name for p in path.parent.iterdir()] == ["file"]
