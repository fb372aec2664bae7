"""A class of 1,000 at the desk: how long it takes to open, and what the server does for one answer and for the next.

With AUTOGRADER_RECORD=1 the numbers become docs/proofs/desk-of-a-thousand.json.
"""

import random
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import desks
import pytest
from desks import Answered, Visitor, served

from autograder import cli
from autograder.course import Course, load_course
from autograder.desk import marking, web
from autograder.grading import made_up

pytestmark = pytest.mark.proof

STUDENTS, MARKED = 1000, 60
NINTH = MARKED * 9 // 10
WORDS = (
    "therefore",
    "class",
    "the",
    "sum",
    "case",
    "rule",
    "softmax",
    "we",
    "get",
    "minus",
    "product",
    "loss",
    "index",
)
PROOF = r"""With $P_j = e^{h_j} / \sum_k e^{h_k}$ the quotient rule gives $\partial P_i / \partial h_i = P_i (1 - P_i)$.

For $j \ne i$ it gives $\partial P_j / \partial h_i = -P_i P_j$. The chain rule:
$$\frac{\partial L}{\partial h_i} = -\sum_j \frac{y_j}{P_j} \frac{\partial P_j}{\partial h_i}.$$

Since $\sum_j y_j = 1$ it comes to $P_i - y_i$."""


def texts() -> dict[str, str]:
    """Student -> answer: a fifth blank, an eighth the same in two spellings, the others each in their own words."""
    rng, found = random.Random(5), {}
    for number in range(STUDENTS):
        own = f"{PROOF}\n\n{' '.join(rng.choices(WORDS, k=150))} $x_{{{number}}}$"
        same = PROOF.replace(r"\frac", rng.choice([r"\dfrac", r"\frac"]))
        found[f"s{number:04d}"] = "" if number < 200 else same if number < 325 else own
    return found


def a_class(course: Course, folder: Path) -> Course:
    """The class, in a course of its own."""
    target = made_up.scratch_course(course, folder)
    made_up.write(target.submitted("hw4", "blank"), made_up.hand_in(target, target.assignment("hw4"), {}))
    assert cli.main(["grade", "hw4", "--course", str(target.root), "--jobs", "1"]) == 0
    target = load_course(target.root)
    desks.class_of(target, texts())
    return target


Took = dict[str, list[float]]


def step(ann: Visitor, page: Answered, number: int, took: Took, worked: Took) -> Answered:
    """Mark what a page shows -> the next page. took, worked: seconds of each request, and of our processor at it."""

    def timed(name: str, *request: Any) -> Answered:
        began, working = time.perf_counter(), time.process_time()
        answered = ann.ask(*request)
        took[name].append(time.perf_counter() - began)
        worked[name].append(time.process_time() - working)
        return answered

    chosen = {"item-same": "1", "free": f"0.{number % 5}"}
    kept = timed("keep", "POST", f"{page.action}/draft", chosen)
    given = timed("give", "POST", page.action, {**page.fields, **chosen})
    began = timed("start", "GET", given.headers["location"])
    assert (kept.status, given.status, began.status) == (200, 303, 303), given.text[:2000]
    return timed("show", "GET", began.headers["location"])


def test_a_class_of_a_thousand_opens_and_goes_on_quickly(
    course: Course, tmp_path: Path, record: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "ANEW", 0.0)  # it looks at the gradebook twice a step; in use, once
    room, opened, opening = a_class(course, tmp_path / "course"), list[float](), list[float]()
    for _ in range(4):
        began, working = time.perf_counter(), time.process_time()
        with marking.opened(room, room.assignments[0]) as desk:
            assert desk.waiting.progress("ann").of == STUDENTS
        opened.append(time.perf_counter() - began)
        opening.append(time.process_time() - working)
    took, worked = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    groups: list[dict[str, float]] = []
    with served(room) as site:
        ann = site.visitor("ann")
        page = ann.next()
        for number in range(MARKED):
            page = step(ann, page, number, took, worked)
        for unit in [unit for unit in site.desk.waiting.units() if len(unit.answers) > 1]:
            began = time.perf_counter()
            shown = ann.ask("GET", f"/answers/{unit.id}")
            looked = time.perf_counter() - began
            began = time.perf_counter()
            given = ann.ask("POST", shown.action, {**shown.fields, "item-same": "1"})
            assert (shown.status, given.status) == (200, 303)
            several = {"answers": len(shown.fields), "show": looked, "give": time.perf_counter() - began}
            groups.append(several)
        began = time.perf_counter()
        assert ann.ask("GET", "/list").status == 200
        listed = time.perf_counter() - began
    after_enter = ("give", "start", "show")
    whole = [1000 * sum(of) for of in zip(*(took[name] for name in after_enter), strict=True)]
    cpu = [1000 * sum(of) for of in zip(*(worked[name] for name in after_enter), strict=True)]
    numbers = {
        "answers": STUDENTS,
        "seconds to open, the first time": opened[0],
        "of the processor": opening[0],
        "seconds to open, median of the next three": median(opened[1:]),
        "steps": MARKED,
        "milliseconds, median": {name: 1000 * median(of) for name, of in took.items()},
        "milliseconds from Enter to the next page": {"median": median(whole), "nine of ten": sorted(whole)[NINTH]},
        "of the processor, both ends": {"median": median(cpu), "nine of ten": sorted(cpu)[NINTH]},
        "of the processor, by request": {name: 1000 * median(of) for name, of in worked.items()},
        "groups, in seconds": groups,
        "seconds for the work list": listed,
    }
    print(numbers)
    record("desk-of-a-thousand", numbers)
    assert len(whole) == MARKED
