"""Feedback pages, class report, people's marks: one small class graded for real, then looked at in a browser."""

import base64
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook
from pages_in_chromium import chromium, complaints, needs_chromium, visit

from autograder.course import Assignment, Course
from autograder.gradebook import reader
from autograder.grading import made_up
from autograder.judging.mutations import Mistake
from autograder.judging.verdicts import Result, Verdict
from autograder.marks import final_marks, verdict_files
from autograder.pages import feedback as feedback_module
from autograder.pages import report

THAI = "สมชาย ใจดี"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
HOSTILE = (
    "<script>alert('text')</script> <img src=x onerror=alert('img')> [link](javascript:alert('link'))\n\n"
    "![$x$\" onload=\"alert('alt')](http://127.0.0.1:9/track.png) $a<script>alert('math')</script>$\n\n"
    "<svg/onload=alert('svg')> ![scan](attachment:scan.png) [web](https://example.org/?a=1&b=2)"
)
Run = Callable[..., Any]
Copy = Callable[[Course, Path], Course]


def put(files: dict[str, bytes], name: str, grade_id: str, **values: Any) -> dict[str, bytes]:
    """The files with keys of one cell changed."""
    book = json.loads(files[name])
    for cell in book["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == grade_id:
            cell.update(values)
    return {**files, name: json.dumps(book).encode()}


@pytest.fixture(scope="module")
def graded(
    repo: Course,
    hw4: Assignment,
    hand_in: Callable[..., dict[str, bytes]],
    right: dict[str, str],
    mistakes: dict[tuple[str, str], Mistake],
    run: Run,
    tmp_path_factory: pytest.TempPathFactory,
) -> Course:
    """A graded class with its report. Only read."""
    course = made_up.scratch_course(repo, tmp_path_factory.mktemp("report") / "course")
    plot = {"output_type": "display_data", "data": {"image/png": PNG}, "metadata": {}}
    wrong, _ = made_up.with_mistake(course, hw4, mistakes["T7", "W2-regularization-missing"])
    hostile = put(hand_in(right), "1-basics.ipynb", "T4", source=HOSTILE, attachments={"scan.png": {"image/png": PNG}})
    files = {
        "anong": put(hand_in(right), "2-two-layer-network.ipynb", "T5-answer", outputs=[plot]),
        "bua": {**hand_in(wrong), "T4 <b>.pdf": b"%PDF-1.4", "scan.png": base64.b64decode(PNG)},
        "chai": hostile,
        THAI: hand_in({}, weights=None),
    }
    for name, found in files.items():
        made_up.write(course.submitted("hw4", name), {**found, "timestamp.txt": b"2026-11-05 12:00:00 UTC\n"})
    done = run("autograder", "grade", "hw4", "--course", course.root, "--jobs", 1)
    assert done.returncode == 0, done.stderr
    give(course, "anong", "T4", 0.5, "A gap in the case j != i.")
    done = run("autograder", "report", "hw4", "--course", course.root)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{course.root}/reports/hw4/index.html" in done.stdout and "next: " in done.stdout
    return course


def give(course: Course, student: str, task: str, mark: float | None, comment: str, extra: float | None = None) -> None:
    """What the formgrader's two handlers do when a person enters a mark and a comment."""
    book_name = "1-basics" if task == "T4" else "2-two-layer-network"
    with Gradebook(f"sqlite:///{course.root}/gradebook.db") as book:
        grade = book.find_grade(task, book_name, "hw4", student)
        grade.manual_score, grade.extra_credit = mark, extra
        grade.needs_manual_grade = mark is None and grade.auto_score is None
        answer = task if task == "T4" else f"{task}-answer"
        book.find_comment(answer, book_name, "hw4", student).manual_comment = comment
        book.db.commit()


def feedback(course: Course, student: str, name: str = "feedback") -> Path:
    return course.root / "feedback" / student / "hw4" / f"{name}.html"


def scores(course: Course, run: Run) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("autograder", "scores", "hw4", "--json", "--course", course.root).stdout)
    return found


# ---- a person's marks ---------------------------------------------------------------------------


def test_a_mark_given_in_the_formgrader_reaches_scores_feedback_and_report(graded: Course, run: Run) -> None:
    found = scores(graded, run)["anong"]["T4"]
    assert (found["score"], found["max_score"], found["status"]) == (0.5, 1, "failed")
    assert "A gap in the case j != i." in found["message"]
    page = feedback(graded, "anong").read_text()
    assert "A gap in the case j != i." in page and "anong: 11.5 of 12 points" in page and "partly right" in page
    row = re.search(r"<tr>.*?>anong</a></th>(.*?)</tr>", report_of(graded).read_text(), re.DOTALL)
    assert row and "<td class=t>11.5</td>" in row[1]


def test_an_override_extra_credit_and_a_comment_are_put_over_the_judges_mark(
    graded: Course, copy_of: Copy, run: Run, tmp_path: Path
) -> None:
    course = copy_of(graded, tmp_path / "course")
    give(course, "bua", "T7", 1.0, "Right on paper.")
    give(course, "bua", "T5", None, "", extra=0.25)
    give(course, "bua", "T6", None, "Elegant.")
    found = scores(course, run)["bua"]
    assert (found["T7"]["score"], found["T7"]["status"], found["T7"]["mistake"]) == (1.0, "passed", "")
    assert "reg * W2" in found["T7"]["message"] and "Right on paper." in found["T7"]["message"]
    assert found["T5"]["score"] == 1.25
    assert found["T6"]["score"] == 1 and "Elegant." in found["T6"]["message"]
    assert "Right on paper." in run("autograder", "scores", "hw4", "--json", "--course", course.root).stdout


def test_a_mark_for_an_answer_that_has_changed_since_does_not_count(
    graded: Course, copy_of: Copy, run: Run, tmp_path: Path
) -> None:
    course = copy_of(graded, tmp_path / "course")
    path = course.submitted("hw4", "anong") / "1-basics.ipynb"
    path.write_bytes(put({path.name: path.read_bytes()}, path.name, "T4", source="Another proof.")[path.name])
    assert run("autograder", "grade", "hw4", "--course", course.root, "--jobs", 1).returncode == 0
    found = scores(course, run)["anong"]["T4"]
    assert found["score"] is None and found["status"] == "needs grading"


def test_a_gradebook_that_cannot_be_read_is_one_line(graded: Course, copy_of: Copy, run: Run, tmp_path: Path) -> None:
    course = copy_of(graded, tmp_path / "course")
    (course.root / "gradebook.db").write_bytes(b"not a database" * 100)
    done = run("autograder", "scores", "hw4", "--course", course.root)
    assert done.returncode == 1
    assert "gradebook.db: people's marks cannot be read" in done.stderr and "autograder doctor" in done.stderr


def test_without_a_gradebook_the_judges_marks_stand(graded: Course, copy_of: Copy, tmp_path: Path) -> None:
    course = copy_of(graded, tmp_path / "course")
    (course.root / "gradebook.db").unlink()
    assert reader.read_rows(course, course.assignment("hw4")).students == {}


# ---- feedback -----------------------------------------------------------------------------------


def test_nbgraders_own_command_gives_the_same_pages(graded: Course, copy_of: Copy, run: Run, tmp_path: Path) -> None:
    course = copy_of(graded, tmp_path / "course")
    ours = {p.relative_to(course.root): p.read_bytes() for p in course.root.glob("feedback/*/hw4/*") if p.is_file()}
    shutil.rmtree(course.root / "feedback")
    done = run("nbgrader", "generate_feedback", "hw4", cwd=course.root)
    assert done.returncode == 0, done.stderr[-2000:]
    theirs = {p.relative_to(course.root): p.read_bytes() for p in course.root.glob("feedback/*/hw4/*") if p.is_file()}
    theirs = {path: data for path, data in theirs.items() if path.suffix != ".npz"}  # it copies the model too
    assert ours == theirs and len(ours) == 4 * 4 + 2


def test_the_table_has_every_task_with_mark_parts_status_and_message(graded: Course, hw4: Assignment) -> None:
    page = feedback(graded, "bua").read_text()
    rows = re.findall(r'<th scope="row">(.*?)</tr>', page, re.DOTALL)
    assert [re.search(r"T\d+", row)[0] for row in rows] == [task.name for task in hw4.tasks]  # type: ignore[index]
    assert "0.75 / 1" in rows[6] and "partly right" in rows[6] and "reg * W2" in rows[6]
    assert "gradient of W2: 0 / 0.25" in rows[6] and "gradient of W1: 0.25 / 0.25" in rows[6]
    assert "waits for a person" in rows[3]


def test_the_notebook_follows_with_the_students_own_pictures_and_scans(graded: Course) -> None:
    anong, bua = feedback(graded, "anong").read_text(), feedback(graded, "bua").read_text()
    assert anong.count(f"data:image/png;base64,{PNG}") == 1
    assert "Picture 1 of 2-two-layer-network" in anong
    assert bua.count(f"data:image/png;base64,{PNG}") == 1 and "T4 &lt;b&gt;.pdf" in bua
    assert PNG not in feedback(graded, "anong", "1-basics").read_text()


def test_feedback_speaks_the_language_of_the_course(graded: Course, copy_of: Copy, run: Run, tmp_path: Path) -> None:
    course = copy_of(graded, tmp_path / "course")
    config = course.root / "course_config.py"
    config.write_text(config.read_text().replace('language="en"', 'language="th"'))
    assert run("autograder", "report", "hw4", "--course", course.root).returncode == 0
    page = feedback(course, "bua").read_text()
    assert '<html lang="th">' in page and "รอผู้สอนตรวจ" in page and "คะแนน" in page
    assert "waits for a person" not in page


def test_the_graded_notebook_shows_scans_where_a_person_marks(graded: Course) -> None:
    book = json.loads((graded.root / "autograded/bua/hw4/1-basics.ipynb").read_text())
    ids = [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in book["cells"]]
    shown = book["cells"][ids.index("T4") + 1]
    assert "(T4%20%3Cb%3E.pdf)" in shown["source"] and "![scan 1](attachment:scan-1)" in shown["source"]
    assert shown["attachments"] == {"scan-1": {"image/png": PNG}}
    assert (graded.root / "autograded/bua/hw4/T4 <b>.pdf").read_bytes() == b"%PDF-1.4"


@pytest.fixture(scope="module")
def browser() -> Any:
    with chromium() as found:
        yield found


PAGES = ["feedback/anong/hw4/feedback.html", "feedback/chai/hw4/feedback.html", "reports/hw4/index.html"]


@needs_chromium
@pytest.mark.parametrize("path", PAGES)
def test_pages_fetch_nothing_and_run_nothing(graded: Course, browser: Any, path: str) -> None:
    page, seen = visit(browser, graded.root / path)
    assert seen == []
    assert page.locator("script").count() == 0
    assert page.evaluate("document.images.length") == page.evaluate(
        "Array.from(document.images).filter(image => image.naturalWidth > 0 && image.alt).length"
    )


@needs_chromium
def test_without_its_policy_too_a_hostile_answer_runs_nothing(graded: Course, browser: Any) -> None:
    page, seen = visit(browser, graded.root / PAGES[1], bypass_csp=True)
    assert seen == []
    assert page.get_by_text("alert('text')").count() >= 1, "the answer is shown as it is"
    assert page.locator("[onload], [onerror], svg, iframe, object").count() == 0
    assert page.locator("main a[href]:not([href^='#'])").count() == 0, "no link of a student's leads anywhere"


@needs_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", [*PAGES, f"feedback/{THAI}/hw4/feedback.html"])
def test_axe_finds_nothing_serious(graded: Course, browser: Any, path: str, scheme: str) -> None:
    assert complaints(browser, graded.root / path, scheme) == []


# ---- the class report ---------------------------------------------------------------------------


def report_of(course: Course) -> Path:
    return course.root / "reports" / "hw4" / "index.html"


def test_the_report_says_what_happened_to_the_class(graded: Course) -> None:
    page = report_of(graded).read_text()
    for words in (
        "Dataset: sample",
        "(W2-regularization-missing)",
        "reg * W2",
        "T5 is not written yet.",
        "gradient of W2: 2 of 4 (50 %)",
        "validation: 3 models",
        "The saved models hold the very same numbers: anong, bua, chai",
        "Marks of 4 students: from 0 to 11.5 of 12 points",
    ):
        assert words in page, words
    fingerprint = json.loads((graded.state / "verdicts/hw4/bua.json").read_text())["fingerprint"]
    assert fingerprint in page


def test_every_picture_has_words(graded: Course) -> None:
    labels = re.findall(r'<svg role="img" aria-label="([^"]+)"', report_of(graded).read_text())
    assert len(labels) == 3 == report_of(graded).read_text().count("<svg")
    assert "T7 50 %" in labels[1]


@needs_chromium
def test_a_name_leads_to_the_feedback(graded: Course, browser: Any) -> None:
    page, _ = visit(browser, report_of(graded))
    page.get_by_role("link", name=THAI).click()
    assert page.locator("h1").inner_text().startswith("Feedback")
    assert THAI in page.inner_text("header")


def marked(course: Course, result: Result) -> final_marks.StudentMark:
    return final_marks.final_mark(course, course.assignment("hw4"), result, final_marks.Rows())


def test_names_and_notes_are_shown_and_not_obeyed(graded: Course, hw4: Assignment) -> None:
    result = verdict_files.load_result(graded, "hw4", "bua")
    assert result is not None
    evil = "<script>alert(1)</script>"
    bad = replace(result, student=evil, notes=(evil,))
    page = report.page(
        graded, graded.assignment("hw4"), [marked(graded, bad)], [evil], report.Likenesses([[evil, "b"]], [])
    )
    assert "<script" not in page and page.count("&lt;script&gt;") >= 4


def test_flags_of_a_check_are_told_to_a_person(graded: Course) -> None:
    result = verdict_files.load_result(graded, "hw4", "anong")
    assert result is not None
    flagged = Verdict("T12", "passed", 1.0, 1.0, flag="memorised")
    found = replace(result, verdicts={**result.verdicts, "T12": flagged})
    page = report.page(graded, graded.assignment("hw4"), [marked(graded, found)], [], report.Likenesses())
    assert "<li>T12, memorised: anong." in page


def test_who_is_not_graded_is_named_and_nothing_graded_is_one_line(
    graded: Course, copy_of: Copy, run: Run, tmp_path: Path
) -> None:
    course = copy_of(graded, tmp_path / "course")
    shutil.copytree(course.submitted("hw4", "anong"), course.submitted("hw4", "new"))
    done = run("autograder", "report", "hw4", "--course", course.root)
    assert done.returncode == 0 and "not graded yet: new" in done.stdout
    assert "Not graded yet, and not in this report: new." in report_of(course).read_text()
    shutil.rmtree(course.state)
    done = run("autograder", "report", "hw4", "--course", course.root)
    assert done.returncode == 1 and "run `autograder grade hw4`" in done.stderr


def test_quiet_is_quiet(graded: Course, copy_of: Copy, run: Run, tmp_path: Path) -> None:
    course = copy_of(graded, tmp_path / "course")
    done = run("autograder", "report", "hw4", "--quiet", "--course", course.root)
    assert done.returncode == 0 and done.stdout == ""


def test_what_only_a_person_should_look_at_is_not_in_the_students_page(graded: Course, hw4: Assignment) -> None:
    result = verdict_files.load_result(graded, "hw4", "bua")
    assert result is not None
    noted = replace(result, notes=("T12: flagged 'memorised': look at it",), told=("notes.txt: left out",))
    page = feedback_module.Writer(graded, graded.assignment("hw4")).pages(marked(graded, noted))["feedback.html"]
    assert "flagged" not in page and "notes.txt: left out" in page
