"""Answers and the reference -> verdicts. The only importer of solutions; it never runs student code."""

import contextlib
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from autograder import planting, texts
from autograder.answers import Answers, Array, Error
from autograder.checking import Case, Exam, Finding, Problem, compare
from autograder.course import JUDGE, Assignment, Course, Task, load_module
from autograder.data import Dataset, prepared
from autograder.guest import student as guest_student
from autograder.planting import Bug
from autograder.verdicts import FAILED, NEEDS_GRADING, NOT_CHECKED, PASSED, Part, Verdict

UNTOLD = (
    "unjudged",
    "blank",
    "missing",
    "lost",
    "time",
    "memory",
    "no_model",
    "bad_model",
)  # problems that no known mistake explains
UNJUDGED = "the check stumbled over these answers"  # a bug of the check, or values made to find one
SAME = 1e-6  # of the largest entry: a known mistake made again gives the same values


@dataclass(frozen=True)
class Bench:
    """What the judge has on the table for one assignment. Holds secrets: never leaves the host."""

    course: Course
    assignment: Assignment
    reference_text: str
    reference: Mapping[str, Any]
    checks: ModuleType
    probes: ModuleType
    bugs: tuple[Bug, ...]
    texts: texts.Texts
    dataset: Dataset


def bench(course: Course, assignment: Assignment) -> Bench:
    """Load what an assignment's judge needs."""
    name = assignment.name
    text = course.solution(name).read_text(encoding="utf-8")
    checks = load_module(course.part("checks", name), f"checks_{name}")
    bugs_file: Path = course.part("bugs", name)
    return Bench(
        course=course,
        assignment=assignment,
        reference_text=text,
        reference=planting.run_text(text, f"solutions_{name}"),
        checks=checks,
        probes=load_module(course.part("probes", name), f"probes_{name}"),
        bugs=load_module(bugs_file, f"bugs_{name}").BUGS if bugs_file.is_file() else (),
        texts=texts.load(course.part("messages", name), course.language),
        dataset=prepared(course, assignment, checks),
    )


def cases(bench: Bench, task: str, seed: int) -> list[Case]:
    """The hidden inputs of a task: the same again for the same seed."""
    make: Callable[..., list[Case]] = getattr(bench.checks, f"{task}_cases")
    return make(np.random.default_rng(seed), bench.reference, bench.dataset.arrays)


def exam(
    bench: Bench,
    task: str,
    seed: int,
    answers: Answers,
    model: tuple[str, Mapping[str, Array]] | Problem | None = None,
) -> Exam:
    """Everything that the check of one task may look at."""
    return Exam(
        task=task,
        cases=cases(bench, task, seed),
        answers=answers,
        reference=bench.reference,
        data=bench.dataset.arrays,
        model=model,
        thresholds=bench.assignment.thresholds.get(bench.assignment.dataset, (0.0, 0.0)),
        sizes=getattr(bench.checks, "sizes_of", lambda case: ""),
        seed=seed,
    )


def asks(bench: Bench, exam: Exam) -> bool:
    """Whether the sandbox has to be asked about a task at all."""
    needed: Callable[[Exam], bool] | None = getattr(bench.checks, f"{exam.task}_asks", None)
    return needed is None or needed(exam)


def verdicts(bench: Bench, exams: Mapping[str, Exam]) -> dict[str, Verdict]:
    """Judge the exams of a submission, in the order of the tasks."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the values may be anything
        findings = {task: _check(bench, task, e) for task, e in exams.items()}
        if hasattr(bench.checks, "afterwards"):
            bench.checks.afterwards(exams, findings)
        planted: list[Mapping[str, Any]] = []  # the reference with the mistakes charged so far
        answer = {}
        for task, found in findings.items():
            mistake = ""
            if not all(finding.ok for finding in found):
                if all(f.problem is None or f.problem.kind in UNTOLD for f in found):
                    mistake = next((f.mistake for f in found if f.mistake), "")
                elif not exams[task].answers.given and _follows(bench, exams[task], planted):
                    found = [replace(finding, problem=None) for finding in found]
                elif not (mistake := next((f.mistake for f in found if f.mistake), "")):
                    mistake = _name(bench, exams[task], planted)
            flag = next((f.flag for f in found if f.flag), "")
            answer[task] = replace(_verdict(bench, bench.assignment.task(task), found, mistake), flag=flag)
    return answer


def _check(bench: Bench, task: str, exam: Exam) -> list[Finding]:
    """The findings of a check. Values that it stumbles over earn nothing, and stop nobody else."""
    try:
        found: list[Finding] = getattr(bench.checks, task)(exam)
    except Exception as error:
        said = f"{type(error).__name__}: {error}"[:200]
        return [Finding(task, 1.0, Problem("unjudged"), f"{UNJUDGED} ({said})")]
    return found


def findings(bench: Bench, exam: Exam) -> list[Finding]:
    """What the check of one task finds in an exam, part by part."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _check(bench, exam.task, exam)


def _verdict(bench: Bench, task: Task, findings: Sequence[Finding], mistake: str) -> Verdict:
    points = task.points
    parts = tuple(Part(f.part, points * f.share if f.ok else 0.0, points * f.share) for f in findings)
    wrong = [finding for finding in findings if finding.problem is not None]
    measured = {f.part: f.measured for f in findings if f.measured is not None}
    if not wrong:
        return Verdict(task.name, PASSED, points, points, parts, "", bench.texts.say("status", "passed"), measured)
    score = min(points, max(0.0, round(sum(part.score for part in parts), 6)))
    nothing = score == 0 and all(f.problem is not None and f.problem.unchecked for f in wrong)
    status = NOT_CHECKED if nothing else FAILED
    message = _message(bench, task, wrong, mistake)
    return Verdict(task.name, status, score, points, parts, mistake, message, measured)


def _message(bench: Bench, task: Task, wrong: Sequence[Finding], mistake: str) -> str:
    """One text for the student: the known mistake, or what was asked, what was got, one hint."""
    words = bench.texts
    said: dict[str, list[str]] = {}
    for finding in wrong:
        if finding.problem is not None:
            said.setdefault(words.problem(finding.problem), []).append(words.part(task.name, finding.part))
    got = " ".join(f"{', '.join(parts)}: {text}" for text, parts in said.items())
    kinds = {finding.problem.kind for finding in wrong if finding.problem is not None}
    if known := words.mistake(task.name, mistake):
        told_by_check = any(finding.mistake for finding in wrong) and kinds != {"no_model"}
        return f"{known}\n{words.say('report', 'got')} {got}" if told_by_check else known
    if kinds <= {"blank", "lost", "no_model", "bad_model"}:
        return " ".join(said)
    if kinds & {"error", "time", "memory", "processes"}:
        return f"{words.say('report', 'got')} {got}\n{words.say('report', 'hint')} {words.say('report', 'crash-hint')}"
    asked, hint = words.of_task(task.name, "asks"), words.of_task(task.name, "hint")
    lines = [
        (words.say("report", "asked"), asked),
        (words.say("report", "got"), got),
        (words.say("report", "hint"), hint),
    ]
    return "\n".join(f"{label} {text}" for label, text in lines if text)


# ---- known mistakes -----------------------------------------------------------------------------


def _telling(bench: Bench, exam: Exam) -> str:
    """Prefix of the answers by which a mistake of this task can be told."""
    telling: Mapping[str, tuple[str, str]] = getattr(bench.checks, "TELLING", {})
    given, own = telling.get(exam.task, ("", ""))
    return given if exam.answers.given else own


def _name(bench: Bench, exam: Exam, planted: list[Mapping[str, Any]]) -> str:
    """Name of the known mistake that gives the student's values, or ""; remembers it in `planted`."""
    given = exam.answers.given
    known = [bug for bug in bench.bugs if bug.task == exam.task and not (bug.in_class and given)]
    # a class of the student's own is first held against the mistakes that only a class can have
    for bug in sorted(known, key=lambda bug: not bug.in_class):
        with contextlib.suppress(Exception):  # a mistake may make the reference raise
            text = planting.plant(bench.reference_text, ((bug.old, bug.new),), bug.name)
            names = planting.run_text(text, bug.name)
            if _same(bench, exam, names):
                planted.append(names)
                return bug.name
    return ""


def _follows(bench: Bench, exam: Exam, planted: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a class of the student's own errs here just as an earlier mistake makes it err."""
    possible: Callable[[Exam], bool] | None = getattr(bench.checks, f"{exam.task}_can_follow", None)
    if possible is not None and not possible(exam):
        return False
    return any(_same(bench, exam, names) for names in planted)


def _same(bench: Bench, exam: Exam, names: Mapping[str, Any]) -> bool:
    """Whether the student's telling answers are those that the module `names` gives."""
    prefix = _telling(bench, exam)
    theirs = exam.answers
    ours = ask(bench.probes, exam.task, names, exam.cases, prefix, theirs.given)
    signature = getattr(bench.checks, f"{exam.task}_signature", None)
    if signature is not None:
        return bool(signature(replace(exam, answers=ours)) == signature(exam))

    def telling(keys: Mapping[str, Any]) -> set[str]:
        return {key for key in keys if key.partition("/")[2].startswith(prefix)}

    keys = telling(ours.arrays)
    if not keys or keys != telling(theirs.arrays) or telling(ours.errors) != telling(theirs.errors):
        return False
    return all(_equal(theirs.arrays[key], ours.arrays[key]) for key in keys)


def _equal(a: Array, b: Array) -> bool:
    if a.size != b.size:
        return False
    a, b = a.ravel(), b.ravel()
    finite = np.isfinite(b)
    if not np.array_equal(a[~finite], b[~finite], equal_nan=True):
        return False
    return compare(a[finite], b[finite], SAME) is None


def ask(
    probes: ModuleType, task: str, names: Mapping[str, Any], cases: Sequence[Case], prefix: str, given: bool
) -> Answers:
    """Ask a probe about trusted code, here on the host: the reference with an edit."""
    if task in names and not names[task].__code__.co_argcount:  # plain assignments: the reference returns them
        names = {**names, **names[task]()}
    # otherwise the module's own names, not a copy: instruments must stand in where its functions look
    who = guest_student.Student(names)
    arrays: dict[str, Array] = {}
    errors: dict[str, Error] = {}
    for number, case in enumerate(cases):
        plain = guest_student.Case({name: np.asarray(value) for name, value in case.items()})
        for name, question in getattr(probes, task)(who, plain):
            if not name.startswith((prefix.partition(".")[0], "shapes")):
                continue
            try:
                arrays.update(guest_student.plain(f"{number}/{name}", question()))
            except Exception as error:
                errors[f"{number}/{name}"] = Error(type(error).__name__, "")
    return Answers(arrays, errors, given)


def needs_person(bench: Bench, task: Task, written: bool) -> Verdict:
    """The verdict of a task that a person grades: blank is 0, text or a picture waits."""
    if written:
        text = bench.texts.say("status", "needs-grading")
        return Verdict(task.name, NEEDS_GRADING, None, task.points, (), "", text)
    return Verdict(task.name, NOT_CHECKED, 0.0, task.points, (), "", bench.texts.say("status", "blank-text"))


def judged_tasks(assignment: Assignment) -> list[Task]:
    """The tasks that need no person."""
    return [task for task in assignment.tasks if task.graded_by == JUDGE]


# ---- for an appeal ------------------------------------------------------------------------------


def expected(bench: Bench, exam: Exam) -> dict[str, Array]:
    """What the reference answers to the same questions, by name; what it draws at random is left out."""
    if exam.task in bench.reference or getattr(bench.checks, "TELLING", {}).get(exam.task):
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            once, twice = (
                ask(bench.probes, exam.task, bench.reference, exam.cases, "", exam.answers.given).arrays for _ in "ab"
            )
        return {name: once[name] for name in once if name in twice and np.array_equal(once[name], twice[name])}
    return {}
