"""The class report of 1,000 students: how large, and how long chromium takes to show it."""

import random
import time
from dataclasses import replace
from statistics import median

import pytest
from pages_in_chromium import chromium, needs_chromium

from autograder.grading import made_up
from autograder.grading.pipeline import grade_submission
from autograder.marks import final_marks
from autograder.marks.final_marks import Rows
from autograder.marks.verdict_files import keep
from autograder.pages import report
from autograder.pages.similarity import Alike
from autograder.releasing.trials import audit
from autograder.submissions.submission import Submission

pytestmark = [pytest.mark.proof, needs_chromium]

STUDENTS, SECONDS = 1000, 2.0
FIRST = ("Anong", "Bua", "Chai", "Dao", "Somchai", "สมชาย", "สมหญิง", "อนงค์", "ดาว", "ชัย")


@pytest.fixture(scope="module")
def real(grader, course, hw4):
    """Real verdicts: the right answers, one known mistake of each task, nothing at all."""
    mistakes, _ = audit.planted(course, hw4)
    net = made_up.model_file(made_up.train(course, hw4, "sample", iterations=1000, hidden=30))
    one = {mistake.task: mistake for mistake in mistakes}.values()
    answers = [made_up.answers(course, hw4), *(made_up.with_mistake(course, hw4, mistake)[0] for mistake in one), {}]
    handed_in = [made_up.hand_in(course, hw4, found, net if found else None) for found in answers]
    return [grade_submission(grader, Submission(f"s{n}", files)) for n, files in enumerate(handed_in)]


def a_class(real, hw4):
    """A class of verdicts drawn from real ones, task by task; two of three are right."""
    rng = random.Random(1)
    for number in range(STUDENTS):
        name = f"{rng.choice(FIRST)} {rng.choice(FIRST)} {number:04d}"
        found = {t.name: (real[0] if rng.random() < 0.67 else rng.choice(real)).verdicts[t.name] for t in hw4.tasks}
        shifted = {
            task: replace(v, measured={part: min(1, value + rng.gauss(0, 0.01)) for part, value in v.measured.items()})
            for task, v in found.items()
        }
        yield replace(real[0], student=name, verdicts=shifted)


def test_the_report_of_a_thousand_loads_quickly(real, course, hw4, record, capsys):
    results = list(a_class(real, hw4))
    for result in results:
        keep(course, result)
    names = [result.student for result in results]
    marks = list(final_marks.class_marks(course, hw4, names, Rows()).values())
    alike = report.Likenesses([names[:2]], [Alike(tuple(names[n : n + 2]), ("T6", "T7")) for n in range(0, 100, 2)])
    started = time.perf_counter()
    path = report.write(course, hw4, marks, [], alike)
    made = time.perf_counter() - started
    with chromium() as browser:
        loads = []
        for _ in range(5):
            page = browser.new_page()
            started = time.perf_counter()
            page.goto(path.as_uri(), wait_until="load")
            assert page.locator(".students tbody tr").count() == STUDENTS
            page.evaluate("document.body.offsetHeight")  # laid out
            loads.append(time.perf_counter() - started)
            page.close()
    numbers = {
        "students": STUDENTS,
        "kilobytes": path.stat().st_size / 1000,
        "seconds to write it": made,
        "seconds to load it in chromium (median of 5)": median(loads),
        "slowest": max(loads),
    }
    with capsys.disabled():
        print(f"\n{numbers}")
    record("report-of-a-thousand", numbers)
    assert median(loads) < SECONDS
