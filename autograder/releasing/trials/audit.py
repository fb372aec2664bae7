"""The hidden tests tested: each known mistake must cost its own task and no other, no right answer a mark.

And what stands under that: the reference earns full marks, a blank release none, and for every judged
task some mistake is caught. Where none is listed, or all are asked for, a machine makes them: mutants.py.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograder.course import JUDGE, Assignment, Course, shown
from autograder.errors import CourseError
from autograder.grading import made_up, workers
from autograder.judging import mutations
from autograder.judging.contract import said
from autograder.judging.mutations import Mistake, RightVariant, load_mistakes, load_right_variants
from autograder.judging.verdicts import Result, Verdict
from autograder.releasing.trials import mutants as machine
from autograder.releasing.trials import public_cells
from autograder.releasing.trials.mutants import Equivalent, Mutant
from autograder.releasing.trials.public_cells import Shown
from autograder.releasing.trials.visible import Seen, cases, look

REFERENCE, BLANK = "reference", "blank"


@dataclass(frozen=True)
class Row:
    """What one planted submission lost. `task` is the mistake's, or "" for a right variant.

    mutant: what a machine made; check: the check that let it pass.
    """

    name: str
    task: str
    lost: tuple[str, ...]
    mistake: str = ""
    message: str = ""
    mutant: Mutant | None = None
    check: str = ""
    seen: Mapping[str, Seen] = field(default_factory=dict)  # what the visible checks say, where they were asked
    shown: Shown | None = None  # its counterexample; None where the task has no public cells

    @property
    def equivalent(self) -> bool:
        """Listed by the author: it changes nothing that the task asks for."""
        return self.mutant is not None and self.mutant.equivalent is not None

    @property
    def survivor(self) -> bool:
        """A mistake that costs nothing."""
        return bool(self.task) and self.task not in self.lost and not self.equivalent

    @property
    def collateral(self) -> tuple[str, ...]:
        """Tasks that lost marks and should not have."""
        return tuple(task for task in self.lost if task != self.task)

    @property
    def named(self) -> bool:
        """Whether the feedback names the mistake; of a mutant any known one that gives the same values."""
        return bool(self.mistake) if self.mutant else self.mistake == self.name.partition(": ")[2]


@dataclass(frozen=True)
class Audit:
    """The outcome: rows of mistakes, right variants and mutants; wrong: lines on what stands under them."""

    mistakes: tuple[Row, ...]
    variants: tuple[Row, ...]
    wrong: tuple[str, ...] = ()
    mutants: tuple[Row, ...] = ()
    others: tuple[Row, ...] = ()  # submissions of a folder: of these nothing is known
    shown: str = ""  # a line on the counterexamples; "" where there are no public cells
    every: int = 0  # how many mistakes, variants and mutants there are, of which a sample has a part
    own_tests: bool = False  # the notebooks' own tests: of edits alone it is asked whether they cost their task

    @property
    def rows(self) -> tuple[Row, ...]:
        return (*self.mistakes, *self.variants, *self.mutants, *self.others)

    @property
    def survivors(self) -> list[Row]:
        return [row for row in (*self.mistakes, *self.mutants) if row.survivor]

    @property
    def collateral(self) -> list[Row]:
        return [row for row in (*self.mistakes, *self.mutants) if row.collateral]

    @property
    def wronged(self) -> list[Row]:
        """Right variants that lost marks."""
        return [row for row in self.variants if row.lost]

    @property
    def named(self) -> float:
        """Share of the mistakes that the feedback names."""
        return sum(row.named for row in self.mistakes) / max(1, len(self.mistakes))

    @property
    def passed(self) -> bool:
        return not (self.wrong or self.survivors or self.collateral or self.wronged)


def planted(course: Course, assignment: Assignment) -> tuple[Sequence[Mistake], Sequence[RightVariant]]:
    """The assignment's known mistakes and right variants."""
    return load_mistakes(course, assignment), load_right_variants(course, assignment)


def audit(
    course: Course,
    assignment: Assignment,
    scratch: Path,
    jobs: int,
    tell: Callable[[int, int], None],
    by_machine: bool = False,
    sample: int = 0,
    visible: bool = False,
    others: Path | None = None,
) -> Audit:
    """Plant every mistake and variant in a submission of its own and grade them all; `tell` hears progress.

    by_machine: plant mutants instead. Tasks without a listed mistake get theirs in any case. sample: of each task at
    most so many, and of the right variants so many for each task; 0: all. visible: look at the visible
    checks too. others: a folder of more submissions.
    """
    here = made_up.scratch_course(course, scratch)
    there = here.assignment(assignment.name)
    judged = [task.name for task in there.tasks if task.graded_by == JUDGE]
    mistakes, variants = ((), ()) if by_machine else planted(course, assignment)
    without = [task for task in judged if task not in {mistake.task for mistake in mistakes}]
    mutants = chosen = machine.mutants_of(course, assignment, without)
    every = len(mistakes) + len(variants) + len(mutants)
    if sample:
        mistakes, chosen = machine.sample_of(mistakes, sample), machine.sample_of(mutants, sample)
        variants = variants[:: max(1, -(-len(variants) // (sample * len(judged))))]
    params = made_up.train(here, there, there.dataset) if there.model_file else {}
    model = made_up.model_file(params) if params else None
    made = {
        REFERENCE: made_up.hand_in(here, there, made_up.answers(here, there), model),
        BLANK: made_up.hand_in(here, there, {}),
    }
    for mistake in mistakes:
        with _naming(f"{course.part('mistakes', assignment.name)}: {mistake.task}", mistake.name):
            answers, extra = made_up.with_mistake(here, there, mistake)
            theirs = model if mistake.model is None else mistake.model(params)
        made[f"{mistake.task}: {mistake.name}"] = made_up.hand_in(here, there, answers, theirs, extra)
    for variant in variants:
        with _naming(str(course.part("right_variants", assignment.name)), variant.name):
            answers, extra = made_up.with_variant(here, there, variant)
        made[f"right: {variant.name}"] = made_up.hand_in(here, there, answers, model, extra)
    if len(made) != 2 + len(mistakes) + len(variants):
        path = course.part("mistakes", assignment.name)
        raise CourseError(f"{path}: two mistakes of a task, or two right variants, share a name")
    right = made_up.answers(here, there)
    for mutant in chosen:
        made[mutant.name] = made_up.hand_in(here, there, {**right, mutant.task: mutant.source}, model)
    more = cases(others, right, made_up.functions(here, there)[-1]) if others else {}
    for name, cells in more.items():
        made[f"case: {name}"] = made_up.hand_in(here, there, cells, model)
    seen = {name: look(here, there, files) for name, files in made.items()} if visible else {}
    for name, files in made.items():
        made_up.write(here.submitted(there.name, name), files)
    results = graded(here, there, list(made), jobs, tell)
    full = results[REFERENCE].verdicts

    public = public_cells.load_cells(course, assignment)

    def row(name: str, task: str, mutant: Mutant | None = None, text: str = "") -> Row:
        verdicts = results[name].verdicts
        lost = tuple(t for t in judged if (verdicts[t].score or 0) < (full[t].score or 0))
        own = verdicts.get(task)
        check = machine.check_of(course, assignment, task) if mutant and task not in lost else ""
        again = public_cells.tried_again(public, own, text) if own and text and task in lost else None
        named = (own.mistake, own.message) if own else ("", "")
        return Row(name, task, lost, *named, mutant, check, seen.get(name, {}), again)

    rows = tuple(
        row(f"{m.task}: {m.name}", m.task, text=mutations.plant(public.text, m.edits, m.name)) for m in mistakes
    )
    edited = tuple(row(mutant.name, mutant.task, mutant, mutant.edit.text) for mutant in chosen)
    wrong = [below_full(full[task]) for task in judged]
    wrong += [above_none(results[BLANK].verdicts[task]) for task in judged]
    tried = {mutant.task for mutant in mutants} if by_machine else judged
    wrong += [_uncaught(task, (*rows, *edited), course.part("mistakes", assignment.name)) for task in tried]
    listed = course.part("equivalent_mutants", assignment.name)
    wrong += [costs(row, listed) for row in edited]
    wrong += [gone(one, listed) for one in machine.unmade(course, assignment, mutants)] if by_machine else []
    wrong += [_faulty(name, verdict) for name, result in results.items() for verdict in result.verdicts.values()]
    wrong += [one.shown.false for one in (*rows, *edited) if one.shown]
    wrong += public_cells.wronged(course, assignment, public)
    right_rows = tuple(row(f"right: {variant.name}", "") for variant in variants)
    other_rows = tuple(row(f"case: {name}", "") for name in more)
    tried_again = [one.shown for one in (*rows, *edited) if one.shown]
    told = public_cells.summary(tried_again, len(load_right_variants(course, assignment))) if tried_again else ""
    return Audit(rows, right_rows, tuple(line for line in wrong if line), edited, other_rows, told, every)


@contextlib.contextmanager
def _naming(place: str, name: str) -> Iterator[None]:
    """Name the place where an edit of the reference cannot be made."""
    try:
        yield
    except CourseError as error:
        raise CourseError(f"{place}: {error}") from None
    except SyntaxError as error:
        raise CourseError(f"{place}: {name}: the edited reference is no Python: {error.msg}") from None
    except Exception as error:  # of the function that makes a model's file
        raise CourseError(f"{place}: {name}: {said(error)}") from error


def graded(
    course: Course, assignment: Assignment, names: Sequence[str], jobs: int, tell: Callable[[int, int], None]
) -> dict[str, Result]:
    results: dict[str, Result] = {}
    for handed_in, outcome in workers.grade_all(course, assignment, names, workers.local(jobs)):
        if isinstance(outcome, Exception):
            raise outcome
        results[handed_in.student] = outcome
        tell(len(results), len(names))
    return results


def _faulty(name: str, verdict: Verdict) -> str:
    """A line where a check or a probe failed: in a class, a person would have to mark that."""
    return f"{verdict.task}: cannot judge the submission {name!r}: {verdict.fault}" if verdict.fault else ""


def below_full(verdict: Verdict) -> str:
    """A line where the reference itself loses marks: then so does every right student."""
    if verdict.score == verdict.max_score:
        return ""
    why = verdict.fault or verdict.message.replace("\n", " ")
    got = "no mark" if verdict.score is None else shown(verdict.score)
    return f"{verdict.task}: the reference earns {got} of {shown(verdict.max_score)}: {why}"


def above_none(verdict: Verdict) -> str:
    """A line where a submission that answers nothing earns something."""
    if verdict.score is not None and verdict.score <= 0:
        return ""
    got = "no mark" if verdict.score is None else shown(verdict.score)
    return f"{verdict.task}: the release, handed in as it is, earns {got} of {shown(verdict.max_score)}"


def costs(row: Row, path: Path) -> str:
    """A line where what is listed as equivalent is none."""
    if not row.mutant or not row.mutant.equivalent or not row.lost:
        return ""
    return (
        f"{path}: {row.mutant.equivalent}: costs {', '.join(row.lost)}, and so is no equivalent; take it off the list"
    )


def gone(equivalent: Equivalent, path: Path) -> str:
    """A line where what is listed is made no more: the reference says something else now."""
    return f"{path}: {equivalent}: no such edit of the reference is made; take it off the list, or write it anew"


def _uncaught(task: str, rows: Sequence[Row], path: Path) -> str:
    """A line where no listed mistake shows that the check can fail."""
    if any(row.task == task and not row.survivor for row in rows):
        return ""
    return f"{task}: no listed mistake is caught, so nobody knows whether its check can fail; list one in {path}"
