"""Outcomes kept from an earlier grading: a notebook runs anew only where something is another that they hang on.

What a limit had a hand in is not kept: the machine may have been slow.
"""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.grading import answer_cache, notebook_run
from autograder.grading.by_examiner.notebook import Examined
from autograder.judging.by_examiner import prepared
from autograder.judging.by_examiner.cells import ExamCell
from autograder.judging.verdicts import Counterexample
from autograder.sandbox import guest_process, relay, walls
from autograder.sandbox.answers import error_from
from autograder.sandbox.relay import ENDED, Outcome
from autograder.sandbox.walls import EXAMINER, GUEST
from autograder.submissions.merge import Merged

# what stands around each test
FOLDERS = (Path(__file__).parent, prepared.TOOLS.parent)
AROUND = (notebook_run, relay, guest_process, walls)
OF_TESTS = (
    *(path for folder in FOLDERS for path in sorted(folder.glob("*.py"))),
    *(Path(str(module.__file__)) for module in AROUND),
)


@dataclass(frozen=True)
class Ran:
    """What came of a notebook's tests. shown: as in outcomes.CellOutcomes.

    examples: by task, one that shows what is wrong; tried: how the calls of examples ended.
    """

    tests: Examined
    shown: Mapping[str, Outcome]
    examples: Mapping[str, Counterexample] = field(default_factory=dict)
    tried: Sequence[Outcome] = ()

    def limited(self) -> bool:
        """Whether a limit had a hand in it."""
        return any(map(_is_limited, self._outcomes())) or any(error.limit for error in self.tests.errors.values())

    def _outcomes(self) -> Iterator[Outcome]:
        yield from self.tests.outcomes.values()
        yield from self.shown.values()
        yield from self.tried


def run_hash(files: Collection[Path], *more: str) -> str:
    """Hash of what every run hangs on: both guests, the files of the release, and more: the packages, the limits."""
    return answer_cache.run_hash(
        [*sorted(GUEST.rglob("*.py")), *sorted(EXAMINER.glob("*.py")), *OF_TESTS, *files], *more
    )


def key(run: str, book: Merged, files: Mapping[str, bytes], seed: int, cells: Sequence[ExamCell]) -> str:
    """Hash of all that the outcomes of a notebook's tests hang on. book: what runs; files: the student's, beside it."""
    runs = [(cell.role, cell.kind, cell.name, cell.task, cell.skip, cell.source) for cell in book.cells]
    total = hashlib.sha256(repr((run, book.name, runs, seed, _told(cells))).encode())
    for place, content in files.items():
        total.update(f"{place}\0{len(content)}\0".encode() + content)
    return total.hexdigest()[:24]


def _told(cells: Sequence[ExamCell]) -> list[tuple[object, ...]]:
    """All of the cells, sets in an order that is the same in every process."""
    return [tuple(sorted(one) if isinstance(one, frozenset) else one for one in vars(cell).values()) for cell in cells]


def pack(found: Mapping[str, Ran], keys: Mapping[str, str]) -> bytes:
    """What is to be kept, by notebook."""
    books = {
        book: {
            "key": keys[book],
            "outcomes": {name: _plain(one) for name, one in ran.tests.outcomes.items()},
            "errors": {name: vars(error) for name, error in ran.tests.errors.items()},
            "shown": {name: _plain(one) for name, one in ran.shown.items()},
            "apart": ran.tests.apart,
            "examples": {task: vars(one) for task, one in ran.examples.items()},
        }
        for book, ran in found.items()
        if not ran.limited()
    }
    return json.dumps(books).encode()


def _is_limited(outcome: Outcome) -> bool:
    return outcome.how == ENDED or (outcome.error is not None and outcome.error.limit)


def _plain(outcome: Outcome) -> dict[str, object]:
    return {**vars(outcome), "error": outcome.error and vars(outcome.error)}


def unpack(data: bytes, keys: Mapping[str, str]) -> dict[str, Ran]:
    """What was kept of the notebooks that still have these keys; nothing where the data are broken."""
    try:
        books = json.loads(data or b"{}")
        return {book: _ran(about) for book, about in books.items() if about["key"] == keys.get(book)}
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return {}


def _ran(about: Mapping[str, Any]) -> Ran:
    errors = {name: error for name, one in about["errors"].items() if (error := error_from(one)) is not None}
    tests, shown = (
        {name: relay.outcome_from(one) for name, one in about[kind].items()} for kind in ("outcomes", "shown")
    )
    wrong = {task: Counterexample(**one) for task, one in about["examples"].items()}
    return Ran(Examined(tests, errors, about["apart"] is True), shown, wrong)
