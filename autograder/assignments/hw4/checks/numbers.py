"""T1 to T3: numbers that stand in the notebook."""

from collections.abc import Mapping

from autograder.author import CheckContext, PartResult, Problem


def _numbers(context: CheckContext, tolerance: float) -> list[PartResult]:
    expected: Mapping[str, float] = context.reference[context.task]()
    wanted = [name for name in expected if name not in ("x1", "y1", "z")]
    part_results = []
    for name in wanted:
        problem = context.compare(0, name, expected[name], tolerance)
        if problem is not None and not problem.unchecked:
            problem = Problem("number")  # how far it is off would tell the number itself
        part_results.append(PartResult(name, 1 / len(wanted), problem))
    return part_results


def T1(context: CheckContext) -> list[PartResult]:
    """The four gradients of the residual block are right."""
    return _numbers(context, 1e-3)  # typed by hand, perhaps rounded to three digits


def T2(context: CheckContext) -> list[PartResult]:
    """The sizes of the outputs A, B and C are right."""
    return _numbers(context, 1e-9)  # whole numbers


def T3(context: CheckContext) -> list[PartResult]:
    """The number of learnable parameters is right."""
    return _numbers(context, 1e-9)  # a whole number
