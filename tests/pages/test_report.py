"""Feedback pages, class report, people's marks: one small class graded for real, then looked at in a browser."""

import base64
import json
import re
import shutil
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from killing import give
from pages_in_chromium import chromium, complaints, needs_chromium, visit
from rich.console import Console
from shares import in_each_run
from toy import BOOK, NAME, Toy

from autograder.course import Course
from autograder.gradebook import reader
from autograder.grading import made_up
from autograder.judging.verdicts import Result, Verdict
from autograder.marks import final_marks, verdict_files
from autograder.pages import charts, report
from autograder.pages import feedback as feedback_module
from autograder.pages.statistics import OUTCOMES, TaskRate

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
def graded(two_books: Toy, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A graded class of the toy course in two notebooks, with its report. Only read."""
    toy, right = two_books, two_books.right
    course = toy.copy(tmp_path_factory.mktemp("report") / "course")
    plot = {"output_type": "display_data", "data": {"image/png": PNG}, "metadata": {}}
    wrong = {**right, "T1": right["T1"].replace("    deviation[deviation == 0] = 1\n", "")}
    scan = {"scan.png": {"image/png": PNG}}
    files = {
        "anong": put(toy.hand_in(right), BOOK, "T1-answer", outputs=[plot]),
        "bua": {**toy.hand_in(wrong), "T3 <b>.pdf": b"%PDF-1.4", "scan.png": base64.b64decode(PNG)},
        "chai": put(toy.hand_in(right), "2-line.ipynb", "T3", source=HOSTILE, attachments=scan),
        THAI: toy.hand_in({}),
    }
    for name, found in files.items():
        made_up.write(course.submitted(NAME, name), {**found, "timestamp.txt": b"2026-11-05 12:00:00 UTC\n"})
    done = run("autograder", "grade", NAME, "--course", course.root, "--jobs", 1)
    assert done.returncode == 0, done.stderr
    give(course, "anong", "T3", score=0.5, comment="A gap: outliers.")
    done = run("autograder", "report", NAME, "--course", course.root)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{course.root}/reports/{NAME}/index.html" in done.stdout and "next: " in done.stdout
    return course


def feedback(course: Course, student: str, name: str = "feedback") -> Path:
    return course.root / "feedback" / student / NAME / f"{name}.html"


def scores(course: Course, run: Run) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("autograder", "scores", NAME, "--json", "--course", course.root).stdout)
    return found


def test_names_in_thai_are_text_in_a_picture() -> None:
    """Which letters this machine's fonts have is nothing to the page; a warning would be an error here."""
    rates = [TaskRate("ค่าเฉลี่ย", dict.fromkeys(OUTCOMES, 1), ())]
    assert "ค่าเฉลี่ย" in charts.tasks(rates, "words", report.words_of("th"))


# ---- a person's marks ---------------------------------------------------------------------------


def test_a_mark_given_in_the_formgrader_reaches_scores_feedback_and_report(graded: Course, run: Run) -> None:
    found = scores(graded, run)["anong"]["T3"]
    assert (found["score"], found["max_score"], found["status"]) == (0.5, 1, "failed")
    assert "A gap: outliers." in found["message"]
    page = feedback(graded, "anong").read_text()
    assert "A gap: outliers." in page and "anong: 2.5 of 3 points" in page and "partly right" in page
    row = re.search(r"<tr>.*?>anong</a></th>(.*?)</tr>", report_of(graded).read_text(), re.DOTALL)
    assert row and "<td class=t>2.5</td>" in row[1]


def test_an_override_extra_credit_and_a_comment_are_put_over_the_judges_mark(
    graded: Course, copy_of: Copy, run: Run, tmp_path: Path
) -> None:
    course = copy_of(graded, tmp_path / "course")
    give(course, "bua", "T1", score=1.0, comment="Right on paper.")
    give(course, "bua", "T2", extra=0.25)
    give(course, "anong", "T2", comment="Elegant.")
    shown = scores(course, run)
    found = shown["bua"]
    assert (found["T1"]["score"], found["T1"]["status"], found["T1"]["mistake"]) == (1.0, "passed", "")
    assert "equal numbers" in found["T1"]["message"] and "Right on paper." in found["T1"]["message"]
    assert found["T2"]["score"] == 1.25
    assert shown["anong"]["T2"]["score"] == 1 and "Elegant." in shown["anong"]["T2"]["message"]


def test_a_mark_for_an_answer_that_has_changed_since_does_not_count(
    graded: Course, copy_of: Copy, run: Run, tmp_path: Path
) -> None:
    course = copy_of(graded, tmp_path / "course")
    path = course.submitted(NAME, "anong") / "2-line.ipynb"
    path.write_bytes(put({path.name: path.read_bytes()}, path.name, "T3", source="Another reason.")[path.name])
    assert run("autograder", "grade", NAME, "--course", course.root, "--jobs", 1).returncode == 0
    found = scores(course, run)["anong"]["T3"]
    assert found["score"] is None and found["status"] == "needs grading"


def test_a_gradebook_that_cannot_be_read_is_one_line(graded: Course, copy_of: Copy, run: Run, tmp_path: Path) -> None:
    course = copy_of(graded, tmp_path / "course")
    (course.root / "gradebook.db").write_bytes(b"not a database" * 100)
    done = run("autograder", "scores", NAME, "--course", course.root)
    assert done.returncode == 1
    assert "gradebook.db: people's marks cannot be read" in done.stderr and "autograder doctor" in done.stderr


def test_without_a_gradebook_the_judges_marks_stand(graded: Course, copy_of: Copy, tmp_path: Path) -> None:
    course = copy_of(graded, tmp_path / "course")
    (course.root / "gradebook.db").unlink()
    assert reader.read_rows(course, course.assignment(NAME)).students == {}


# ---- feedback -----------------------------------------------------------------------------------


def test_nbgraders_own_command_gives_the_same_pages(graded: Course, copy_of: Copy, run: Run, tmp_path: Path) -> None:
    course = copy_of(graded, tmp_path / "course")
    ours = {p.relative_to(course.root): p.read_bytes() for p in course.root.glob(f"feedback/*/{NAME}/*") if p.is_file()}
    shutil.rmtree(course.root / "feedback")
    done = run("nbgrader", "generate_feedback", NAME, cwd=course.root)
    assert done.returncode == 0, done.stderr[-2000:]
    theirs = {
        p.relative_to(course.root): p.read_bytes() for p in course.root.glob(f"feedback/*/{NAME}/*") if p.is_file()
    }
    assert ours == theirs and len(ours) == 4 * 4 + 2


def test_every_task_has_its_mark_and_what_is_not_right_its_parts_status_and_message(graded: Course) -> None:
    page = feedback(graded, "bua").read_text()
    assert re.findall(r'class="mark">(T\d)', page) == ["T1", "T3", "T2"]
    cards = dict(re.findall(r'<section class="verdict [^"]*" id="(T\d)"(.*?)</section>', page, re.DOTALL))
    assert "0.75 / 1" in cards["T1"] and "partly right" in cards["T1"] and "equal numbers" in cards["T1"]
    assert "a constant column: 0 / 0.25" in cards["T1"] and "usual columns: 0.75 / 0.75" in cards["T1"]
    assert "waits for a person" in cards["T3"] and "T2" not in cards


def test_the_notebook_follows_with_the_students_own_pictures_and_scans(graded: Course) -> None:
    anong, bua = feedback(graded, "anong").read_text(), feedback(graded, "bua").read_text()
    assert anong.count(f"data:image/png;base64,{PNG}") == 1
    assert "Picture 1 of 1-lines" in anong
    assert bua.count(f"data:image/png;base64,{PNG}") == 1 and "T3 &lt;b&gt;.pdf" in bua
    assert PNG not in feedback(graded, "anong", "2-line").read_text()


def test_feedback_speaks_the_language_of_the_course(graded: Course, copy_of: Copy, run: Run, tmp_path: Path) -> None:
    course = copy_of(graded, tmp_path / "course")
    config = course.root / "course_config.py"
    config.write_text(config.read_text().replace('language="en"', 'language="th"'))
    assert run("autograder", "report", NAME, "--course", course.root).returncode == 0
    page = feedback(course, "bua").read_text()
    assert '<html lang="th">' in page and "รอผู้สอนตรวจ" in page and "คะแนน" in page
    assert "waits for a person" not in page


def test_the_graded_notebook_shows_scans_where_a_person_marks(graded: Course) -> None:
    folder = graded.root / "autograded" / "bua" / NAME
    book = json.loads((folder / "2-line.ipynb").read_text())
    ids = [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in book["cells"]]
    shown = book["cells"][ids.index("T3") + 1]
    assert "(T3%20%3Cb%3E.pdf)" in shown["source"] and "![scan 1](attachment:scan-1)" in shown["source"]
    assert shown["attachments"] == {"scan-1": {"image/png": PNG}}
    assert (folder / "T3 <b>.pdf").read_bytes() == b"%PDF-1.4"


@pytest.fixture(scope="module")
def browser() -> Any:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def for_axe(browser: Any) -> Any:
    """One page for all that axe looks at: to open another takes longer."""
    return browser.new_context(bypass_csp=True).new_page()


PAGES = [
    f"feedback/anong/{NAME}/feedback.html",
    f"feedback/chai/{NAME}/feedback.html",
    f"reports/{NAME}/index.html",
]


@needs_chromium
@pytest.mark.parametrize("path", in_each_run(PAGES, PAGES[2:]))
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
@pytest.mark.parametrize(  # in each test run the page of hostile answers in one scheme
    ("path", "scheme"),
    in_each_run(
        product([*PAGES, f"feedback/{THAI}/{NAME}/feedback.html"], ["light", "dark"]),
        [(PAGES[1], "light")],
    ),
)
def test_axe_finds_nothing_serious(graded: Course, for_axe: Any, path: str, scheme: str) -> None:
    assert complaints(for_axe, graded.root / path, scheme) == []


# ---- the class report ---------------------------------------------------------------------------


def report_of(course: Course) -> Path:
    return course.root / "reports" / NAME / "index.html"


def test_the_report_says_what_happened_to_the_class(graded: Course) -> None:
    page = report_of(graded).read_text()
    for words in (
        "(constant-column-becomes-nan)",
        "equal numbers",
        "T1 is not written yet.",
        "a constant column: 2 of 4 (50 %)",
        "Marks of 4 students: from 0 to 2.5 of 3 points",
    ):
        assert words in page, words
    fingerprint = json.loads((graded.state / "verdicts" / NAME / "bua.json").read_text())["fingerprint"]
    assert fingerprint in page


def test_every_picture_has_words(graded: Course) -> None:
    labels = re.findall(r'<svg role="img" aria-label="([^"]+)"', report_of(graded).read_text())
    assert len(labels) == 2 == report_of(graded).read_text().count("<svg")
    assert "T1 50 %" in labels[1]


@needs_chromium
def test_a_name_leads_to_the_feedback(graded: Course, browser: Any) -> None:
    page, _ = visit(browser, report_of(graded))
    page.get_by_role("link", name=THAI).click()
    assert page.locator("h1").inner_text().startswith("Feedback")
    assert THAI in page.inner_text("header")


def marked(course: Course, result: Result) -> final_marks.StudentMark:
    return final_marks.final_mark(course, course.assignment(NAME), result, final_marks.Rows())


def page_of(course: Course, result: Result, ungraded: Sequence[str], alike: report.Likenesses) -> str:
    """The report of a class of one."""
    assignment, found = course.assignment(NAME), [marked(course, result)]
    return report.page(course, assignment, found, report.summary_of(course, assignment, found), ungraded, alike)


def test_names_and_notes_are_shown_and_not_obeyed(graded: Course) -> None:
    result = verdict_files.load_result(graded, NAME, "bua")
    assert result is not None
    evil = "<script>alert(1)</script>"
    bad = replace(result, student=evil, notes=(evil,))
    page = page_of(graded, bad, [evil], report.Likenesses([[evil, "b"]], []))
    assert "<script" not in page and page.count("&lt;script&gt;") >= 4


def test_flags_of_a_check_are_told_to_a_person(graded: Course) -> None:
    result = verdict_files.load_result(graded, NAME, "anong")
    assert result is not None
    flagged = Verdict("T2", "passed", 1.0, 1.0, flag="memorised")
    found = replace(result, verdicts={**result.verdicts, "T2": flagged})
    page = page_of(graded, found, [], report.Likenesses())
    assert "<li>T2, memorised: anong." in page


def test_a_thai_course_has_its_report_in_thai(graded: Course) -> None:
    result = verdict_files.load_result(graded, NAME, "bua")
    assert result is not None
    alike = report.Likenesses([["bua", "b"]], [])
    pages = {one: page_of(replace(graded, language=one), result, ["new"], alike) for one in ("en", "th")}
    with (Path(report.__file__).parent / "messages.toml").open("rb") as file:
        texts = [text for group in tomllib.load(file).values() for text in group.values()]
    told = [text for text in texts if text["en"] in pages["en"] and "{" not in text["en"] and len(text["en"]) > 4]
    assert len(told) > 30 and [text["en"] for text in told if f">{text['en']}<" in pages["th"]] == []
    assert [text["th"] for text in told if text["th"] not in pages["th"]] == []
    assert '<html lang="th">' in pages["th"]


@needs_chromium
@pytest.mark.parametrize(  # in `make proof` each language at each width
    ("language", "width"), in_each_run(product(["en", "th"], [400, 1200]), [("en", 400)])
)
def test_no_word_makes_the_report_wider(graded: Course, browser: Any, width: int, language: str) -> None:
    course = replace(graded, language=language)
    swapped = Verdict("T2", "failed", 0.0, 1.0, mistake="swapped", message="x" * 400)
    raised = Verdict("T2", "not checked", 0.0, 1.0, message="Your code stopped with E: " + "x" * 400)
    found = []
    for student, verdict in (("anong", raised), ("bua", swapped)):
        result = verdict_files.load_result(graded, NAME, student)
        assert result is not None
        longer = replace(result, student=f"{student}-{'6' * 50}", verdicts={**result.verdicts, "T2": verdict})
        found.append(marked(course, longer))
    assignment = course.assignment(NAME)
    summary = report.summary_of(course, assignment, found)
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.set_content(report.page(course, assignment, found, summary, [], report.Likenesses()))
    assert "x" * 400 in page.inner_text("table td.why")
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_who_is_not_graded_is_named_and_nothing_graded_is_one_line(
    graded: Course, copy_of: Copy, run: Run, tmp_path: Path
) -> None:
    course = copy_of(graded, tmp_path / "course")
    shutil.copytree(course.submitted(NAME, "anong"), course.submitted(NAME, "new"))
    done = run("autograder", "report", NAME, "--course", course.root)
    assert done.returncode == 0 and "not graded yet: new" in done.stdout
    assert "Not graded yet, and not in this report: new</li>" in report_of(course).read_text()
    assert "again" not in done.stdout, "a copy of a course is the same work"
    shutil.rmtree(course.state)
    done = run("autograder", "report", NAME, "--course", course.root)
    assert done.returncode == 1 and "run `autograder grade warmup`" in done.stderr


def test_a_notebook_that_takes_too_long_costs_its_own_page_alone(
    graded: Course, copy_of: Copy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = [replace(one, limits=replace(one.limits, total_seconds=0.2)) for one in graded.assignments]
    course = replace(copy_of(graded, tmp_path / "course"), assignments=tuple(short))
    written: list[str] = []

    def write(writer: Any, mark: Any) -> None:
        while mark.student == "bua":
            pass
        written.append(mark.student)

    monkeypatch.setattr(feedback_module.Writer, "write", write)
    made = report.make(course, course.assignment(NAME), final_marks.Rows(), Console(quiet=True), quiet=True)
    assert list(made.failed) == ["bua"] and sorted(made.folders) == sorted(written)
    assert sorted(written) == sorted({"anong", "chai", THAI})
    assert (course.root / "reports" / NAME / "index.html").stat().st_mtime > feedback(course, "anong").stat().st_mtime


def test_quiet_is_quiet(graded: Course, copy_of: Copy, run: Run, tmp_path: Path) -> None:
    course = copy_of(graded, tmp_path / "course")
    done = run("autograder", "report", NAME, "--quiet", "--course", course.root)
    assert done.returncode == 0 and done.stdout == ""


def test_what_only_a_person_should_look_at_is_not_in_the_students_page(graded: Course) -> None:
    result = verdict_files.load_result(graded, NAME, "bua")
    assert result is not None
    noted = replace(result, notes=("T2: flagged 'memorised': look at it",), told=("notes.txt: left out",))
    page = feedback_module.Writer(graded, graded.assignment(NAME)).pages(marked(graded, noted))["feedback.html"]
    assert "flagged" not in page and "notes.txt: left out" in page
