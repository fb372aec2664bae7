"""Edits of the reference as submissions: which are made, what the author lists as equivalent, what an audit says.

tests/test_docs.py grades all edits of the toy course, as docs/author.md has it.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from toy import NAME, TASKS, Toy

from autograder import cli
from autograder.course import Course
from autograder.errors import CourseError
from autograder.releasing.trials import mutants as machine
from autograder.releasing.trials.mutants import Equivalent, load_equivalents, mutants_of, sample_of

ENTRY = """[[equivalent]]
function = "standardise"
before = "return (X - mean) / deviation"
after = ["return (X + mean) / deviation"]
reason = "None at all."
"""
AFTER = '["return (X + mean) / deviation"]'
NOT_MADE = ENTRY.replace("return (X + mean) / deviation", "return X + 12")


def listed(course: Course) -> Path:
    return course.part("equivalent_mutants", NAME)


def audited(course: Course, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str]:
    """Exit code and output of an audit of the machine's edits."""
    capsys.readouterr()
    code = cli.main(["audit", NAME, "--mutants", "--course", str(course.root), "--jobs", "2", *more])
    return code, capsys.readouterr().out


@pytest.mark.proof
def test_a_survivor_is_shown_beside_its_check_and_a_list_that_does_not_hold_is_told(
    toy_scratch: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    path = listed(toy_scratch)
    kept = path.read_text(encoding="utf-8")
    line = '    "dx, dy = x - x.mean(), y",\n'
    assert line in kept
    path.write_text(f"{kept.replace(line, '')}\n{ENTRY}\n{NOT_MADE}", encoding="utf-8")
    code, out = audited(toy_scratch, capsys)
    assert code == 1
    assert "98 edits by machine: 1 survivors, 0 with collateral, " in out and "; 7 listed as equivalent" in out
    checks = toy_scratch.part("checks", NAME)
    number = next(n for n, text in enumerate(checks.read_text("utf-8").splitlines(), 1) if text.startswith("def T2("))
    assert (
        "survivor   T2: solutions/warmup.py:16, fit_line, term: costs nothing\n"
        "  - dx, dy = x - x.mean(), y - y.mean()\n"
        "  + dx, dy = x - x.mean(), y\n"
        f"  passed by {checks.relative_to(toy_scratch.root)}:{number}: T2: "
        "Slope and intercept of the least-squares line are right.\n"
    ) in out
    entry = "standardise: 'return (X - mean) / deviation' -> "
    assert (
        f"{path}: {entry}'return (X + mean) / deviation': costs T1, and so is no equivalent; take it off the list"
        in out
    )
    assert f"{path}: {entry}'return X + 12': no such edit of the reference is made; take it off the list" in out


@pytest.mark.proof
def test_an_edit_that_costs_another_task_too_is_told(toy_scratch: Course, capsys: pytest.CaptureFixture[str]) -> None:
    """The author asks T2 with what T1 gave: then an error of T1 is paid twice."""
    probes = toy_scratch.part("probes", NAME)
    text = probes.read_text(encoding="utf-8")
    asked = 'student.function("standardise")(np.stack([case["x"], case["y"]], 1)).std() and '
    text = text.replace('tuple(student.function("fit_line")', f'{asked}tuple(student.function("fit_line")')
    probes.write_text(text.replace("\n\n\ndef T1", "\n\nimport numpy as np\n\n\ndef T1", 1), encoding="utf-8")
    code, out = audited(toy_scratch, capsys, "--sample", "6")
    assert code == 1
    assert re.search(r"collateral T1: solutions/warmup.py:\d+, standardise, \w+: also costs T2\n  - ", out), out


def test_a_sample_has_the_same_edits_of_each_task_each_time(toy: Toy) -> None:
    every = mutants_of(toy.course, toy.assignment, TASKS)
    chosen = sample_of(every, 4)
    assert [mutant.task for mutant in chosen] == ["T1"] * 4 + ["T2"] * 4
    assert chosen == sample_of(every, 4) and set(chosen) < set(every)
    assert sample_of(every, 1000) == every


def test_plain_assignments_that_never_end_are_left_to_the_sandbox(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "SECONDS", 0.2)
    text = "def T1():\n    x = 3\n    while x > 0:\n        x -= 1\n    return dict(x=x)\n"
    endless = next(edit for edit in machine.edits_of(text, "T1") if edit.after == "x += 1")
    assert machine._same_values(text, endless) is False


def test_the_check_that_passed_is_named_by_its_place_and_its_sentence(toy_scratch: Course) -> None:
    path = toy_scratch.part("checks", NAME)
    name, assignment = path.relative_to(toy_scratch.root), toy_scratch.assignment(NAME)
    says = "The columns have mean 0 and deviation 1; a constant column is all zeros."
    assert re.fullmatch(rf"{name}:\d+: T1: {says}", machine.check_of(toy_scratch, assignment, "T1"))
    text = path.read_text(encoding="utf-8").replace("check=T1)", "check=functools.partial(T1))")
    path.write_text(text.replace("import numpy", "import functools\n\nimport numpy", 1), encoding="utf-8")
    assert machine.check_of(toy_scratch, assignment, "T1").startswith(f"{name}: T1: ")


# ---- the author's list --------------------------------------------------------------------------


def test_without_a_list_nothing_is_equivalent(toy_scratch: Course) -> None:
    listed(toy_scratch).unlink()
    assert load_equivalents(toy_scratch, toy_scratch.assignment(NAME)) == ()
    assert not any(one.equivalent for one in mutants_of(toy_scratch, toy_scratch.assignment(NAME), TASKS))


def test_an_entry_has_an_edit_for_each_line_of_after_and_may_name_a_later_place(toy_scratch: Course) -> None:
    text = ENTRY.replace('["return (X + mean) / deviation"]', '["return (X + mean) / deviation", ""]\nplace = 2')
    listed(toy_scratch).write_text(text, encoding="utf-8")
    before, why = "return (X - mean) / deviation", "None at all."
    assert load_equivalents(toy_scratch, toy_scratch.assignment(NAME)) == (
        Equivalent("standardise", before, "return (X + mean) / deviation", why, 2),
        Equivalent("standardise", before, "", why, 2),
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ([("[[equivalent]]", "[[equivalent")], "Expected "),
        ([("[[equivalent]]", "[[equivalents]]")], "has 'equivalents'; every entry begins with [[equivalent]]"),
        ([("[[equivalent]]", "[equivalent]")], "every entry begins with [[equivalent]]"),
        ([("reason", "why")], "entry 1 has 'why'; an entry has function, before, after, reason, place"),
        ([('reason = "None at all."', "")], "entry 1 has no reason"),
        ([("None at all.", "")], "entry 1: reason = '' is no str, or empty"),
        (
            [('["return (X + mean) / deviation"]', '"return (X + mean) / deviation"')],
            "entry 1: after = 'return (X + mean) / deviation' is no list, or empty",
        ),
        ([(AFTER, "[]")], "entry 1: after = [] is no list, or empty"),
        ([(AFTER, "[3]")], "entry 1: after has 3, which is no text"),
        ([('None at all."', 'None at all."\nplace = true')], "entry 1: place = True is no int, or empty"),
        ([(ENTRY, ENTRY + ENTRY)], "entry 2: 'return (X + mean) / deviation' is listed twice"),
    ],
)
def test_what_is_wrong_with_the_list_is_told_in_a_line(
    toy_scratch: Course, changes: Sequence[tuple[str, str]], told: str
) -> None:
    text = ENTRY
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    listed(toy_scratch).write_text(text, encoding="utf-8")
    with pytest.raises(CourseError) as caught:
        load_equivalents(toy_scratch, toy_scratch.assignment(NAME))
    assert str(caught.value).startswith(f"{listed(toy_scratch)}: {told}") and "\n" not in str(caught.value)
