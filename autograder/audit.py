"""The hidden tests tested: each known mistake must cost its own task and no other, no right answer a mark."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder import classroom, sample
from autograder.course import JUDGE, Assignment, Course, CourseError, load_module
from autograder.planting import Bug, Variant
from autograder.verdicts import Result

BASELINE = "reference"


@dataclass(frozen=True)
class Row:
    """What one planted submission lost. `task` is the bug's, or "" for a right variant."""

    name: str
    task: str
    lost: tuple[str, ...]
    mistake: str = ""
    message: str = ""

    @property
    def survivor(self) -> bool:
        """A bug that costs nothing."""
        return bool(self.task) and self.task not in self.lost

    @property
    def collateral(self) -> tuple[str, ...]:
        """Tasks that lost marks and should not have."""
        return tuple(task for task in self.lost if task != self.task)

    @property
    def named(self) -> bool:
        """Whether the feedback names the mistake."""
        return self.mistake == self.name.partition(": ")[2]


@dataclass(frozen=True)
class Audit:
    """The outcome: rows of bugs and of right variants."""

    bugs: tuple[Row, ...]
    variants: tuple[Row, ...]

    @property
    def survivors(self) -> list[Row]:
        return [row for row in self.bugs if row.survivor]

    @property
    def collateral(self) -> list[Row]:
        return [row for row in self.bugs if row.collateral]

    @property
    def wronged(self) -> list[Row]:
        """Right variants that lost marks."""
        return [row for row in self.variants if row.lost]

    @property
    def named(self) -> float:
        """Share of the bugs that the feedback names."""
        return sum(row.named for row in self.bugs) / max(1, len(self.bugs))

    @property
    def passed(self) -> bool:
        return not (self.survivors or self.collateral or self.wronged)


def planted(course: Course, assignment: Assignment) -> tuple[Sequence[Bug], Sequence[Variant]]:
    """The assignment's known bugs and right variants."""
    path = course.part("bugs", assignment.name)
    if not path.is_file():
        raise CourseError(f"{path}: not found; list known mistakes there, and audit again")
    module = load_module(path, f"bugs_{assignment.name}")
    for bug in module.BUGS:
        assignment.task(bug.task)
    return module.BUGS, module.VARIANTS


def audit(course: Course, assignment: Assignment, scratch: Path, jobs: int, tell: Callable[[int, int], None]) -> Audit:
    """Plant every bug and variant in a submission of its own and grade them all; `tell` hears progress."""
    here = sample.scratch_course(course, scratch)
    there = here.assignment(assignment.name)
    bugs, variants = planted(course, assignment)
    made = {BASELINE: sample.hand_in(here, there, sample.answers(here, there))}
    for bug in bugs:
        answers, extra = sample.with_bug(here, there, bug)
        made[f"{bug.task}: {bug.name}"] = sample.hand_in(here, there, answers, extra=extra)
    for variant in variants:
        answers, extra = sample.with_variant(here, there, variant)
        made[f"right: {variant.name}"] = sample.hand_in(here, there, answers, extra=extra)
    if len(made) != 1 + len(bugs) + len(variants):
        raise CourseError(f"{course.part('bugs', assignment.name)}: two bugs of a task, or two variants, share a name")
    for name, files in made.items():
        sample.write(here.submitted(there.name, name), files)
    results: dict[str, Result] = {}
    for handed_in, outcome in classroom.grade_all(here, there, list(made), classroom.local(jobs)):
        if isinstance(outcome, Exception):
            raise outcome
        results[handed_in.student] = outcome
        tell(len(results), len(made))
    full = {name: v.score for name, v in results[BASELINE].verdicts.items()}
    judged = [task.name for task in there.tasks if task.graded_by == JUDGE]

    def row(name: str, task: str) -> Row:
        verdicts = results[name].verdicts
        lost = tuple(t for t in judged if (verdicts[t].score or 0) < (full[t] or 0))
        own = verdicts.get(task)
        return Row(name, task, lost, own.mistake if own else "", own.message if own else "")

    return Audit(
        tuple(row(f"{bug.task}: {bug.name}", bug.task) for bug in bugs),
        tuple(row(f"right: {variant.name}", "") for variant in variants),
    )
