"""The report of a made-up class of 1,000: how large it is, and how long a browser takes to show it."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from autograder import report, sample
from autograder.course import Assignment, Course
from autograder.planting import Bug
from autograder.verdicts import Result

RECORD = Path(__file__).resolve().parents[2] / "docs" / "proofs" / "report-of-1000.json"
STUDENTS, SECONDS = 1000, 2.0
LOADED = """() => new Promise(done => requestAnimationFrame(() => setTimeout(() => {
    done(performance.getEntriesByType('navigation')[0].loadEventEnd);
})))"""


@pytest.mark.proof
def test_the_report_of_a_thousand_students_is_there_in_two_seconds(
    browser: Browser,
    course: Course,
    hw4: Assignment,
    mark: Callable[..., Result],
    hand_in: Callable[..., dict[str, bytes]],
    bugs: Mapping[tuple[str, str], Bug],
    tmp_path: Path,
) -> None:
    kinds = []  # real results, one for each of many mistakes; each made-up student has one of them
    for bug in list(bugs.values())[::4]:
        answers, extra = sample.with_bug(course, hw4, bug)
        kinds.append(mark(hand_in(answers, extra)))
    found = [replace(kinds[n % len(kinds)], student=f"student-{n:04d}") for n in range(STUDENTS)]
    path = tmp_path / "index.html"
    path.write_text(report.page(course, hw4, found, [], report.Likenesses()), encoding="utf-8")
    times = []
    for _ in range(5):
        with browser.new_context() as context:  # each with an empty cache
            page = context.new_page()
            page.goto(path.as_uri())
            times.append(page.evaluate(LOADED) / 1000)
            assert page.get_by_role("link", name="student-0999").count() == 1
    numbers = {"students": STUDENTS, "megabytes": round(path.stat().st_size / 1e6, 2), "seconds": sorted(times)}
    if os.environ.get("AUTOGRADER_RECORD") == "1":
        RECORD.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
    assert max(times) < SECONDS, numbers
