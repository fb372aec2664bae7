"""Public test cells: how many run unchanged in the examiner, and whether its verdicts are those of one process.

    python -m benchmarks.public_cells FOLDER [--most 7] [--edits 2] [--seed 0]

FOLDER holds a folder a repository, with source notebooks as nbgrader has them: solutions and tests in them. Of each at
most so many notebooks are drawn. Each is run with its own answers, tests in the student's process and in the examiner,
both in the sandbox; then with edits by machine of its answers. It prints tables, and keeps nothing.
"""

import argparse
import ast
import collections
import json
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from autograder.errors import CourseError
from autograder.grading.notebook_run import NotebookRun
from autograder.judging.by_examiner.cells import BEGIN
from autograder.judging.by_machine.edits import edits_of
from autograder.submissions.align import ANSWER, LOCKED, TEST, Cell
from autograder.submissions.merge import Merged
from tests.examiner.bench import SMALL, Bench, Written, read

ROLES = {"given": LOCKED, "answer": ANSWER, "test": TEST}


def written(path: Path) -> list[Written]:
    """The code cells of a source notebook; none where it has no answers or no tests."""
    found: list[Written] = []
    for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8")).get("cells", [])):
        if cell["cell_type"] == "code":
            grading, source = cell["metadata"].get("nbgrader", {}), "".join(cell["source"])
            kind = "answer" if grading.get("solution") else "test" if grading.get("grade") else "given"
            found.append(Written(kind, f"cell{number}", source))
    solved = any(BEGIN in cell.source for cell in found if cell.kind == "answer")
    return found if solved and any(cell.kind == "test" for cell in found) else []


def drawn(folder: Path, most: int, chance: random.Random) -> Iterator[Path]:
    """At most so many notebooks of each repository."""
    for repository in sorted(path for path in folder.iterdir() if path.is_dir()):
        books = [path for path in sorted(repository.rglob("*.ipynb")) if _is_source(path)]
        yield from chance.sample(books, min(most, len(books)))


def _is_source(path: Path) -> bool:
    try:
        return bool(written(path))
    except (ValueError, KeyError, OSError, AttributeError):
        return False


def in_process(bench: Bench, cells: Sequence[Written], answers: Mapping[str, str]) -> dict[str, bool]:
    """Which tests pass in the student's own process, as with plain nbgrader."""
    theirs = tuple(Cell(ROLES[c.kind], "code", answers.get(c.name, c.source), c.name) for c in cells)
    run = NotebookRun(bench.guest, Merged("book", theirs, {}), [], {}, time.monotonic() + SMALL.total_seconds)
    with bench.guest.submission():
        whole = run.cells()
    return {c.name: whole and c.name not in run.check_errors for c in cells if c.kind == "test"}


def edited(cells: Sequence[Written], count: int, chance: random.Random) -> Iterator[dict[str, str]]:
    """Answers with an edit by machine, each: the cell's name -> its text."""
    found = []
    for cell in (cell for cell in cells if cell.kind == "answer"):
        try:
            functions = [one.name for one in ast.parse(cell.source).body if isinstance(one, ast.FunctionDef)]
            found += [{cell.name: edit.text} for name in functions for edit in edits_of(cell.source, name)]
        except SyntaxError:
            continue
    yield from chance.sample(found, min(count, len(found)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--most", type=int, default=7, help="notebooks of a repository")
    parser.add_argument("--edits", type=int, default=2, help="of a notebook's answers")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    chance, bench = random.Random(arguments.seed), Bench()
    counts, reasons = collections.Counter[str](), collections.Counter[str]()
    for path in drawn(arguments.folder, arguments.most, chance):
        cells = written(path)
        try:
            read(cells)
        except CourseError as error:  # a cell that is no Python, say
            print(f"{path.relative_to(arguments.folder)}: {error}", flush=True)
            counts["notebooks that are refused"] += 1
            continue
        own = in_process(bench, cells, {})
        right = [name for name, passes in own.items() if passes]
        counts["notebooks"] += 1
        counts["test cells"] += len(own)
        counts["of these, pass in one process"] += len(right)
        outcomes = bench.examined(cells).outcomes
        followed = [name for name in right if outcomes[name].how == "passed"]
        counts["of these, pass in the examiner"] += len(followed)
        for name in set(right) - set(followed):
            one = outcomes[name]
            reasons[f"{one.how}: {one.why or one.error or one.lost}"[:90]] += 1
            print(
                f"{path.relative_to(arguments.folder)} {name}: {one.how}: {one.why or one.error or one.lost}",
                flush=True,
            )
        for answers in edited(cells, arguments.edits, chance):
            here, there = in_process(bench, cells, answers), bench.examined(cells, answers).outcomes
            for name in followed:
                verdict = "passed" if here[name] else "failed"
                same = here[name] == (there[name].how == "passed")
                counts[f"verdicts of edits, {verdict}, {'the same' if same else 'another'}"] += 1
                if not same:
                    print(f"{path.relative_to(arguments.folder)} {name}: {answers}: {there[name]}", flush=True)
    bench.close()
    print("\n| | |\n|---|---|")
    for what, count in counts.items():
        print(f"| {what} | {count} |")
    print("\n| cells | why not |\n|---|---|")
    for reason, count in reasons.most_common():
        print(f"| {count} | {reason} |")


if __name__ == "__main__":
    main()
