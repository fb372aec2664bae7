"""The page of a student with three mistakes: what stands on it, in which order, how wide, in both languages.

With AUTOGRADER_RECORD=1 its pictures at 1200 and at 400 pixels are written to docs/pictures/.
"""

import dataclasses
import io
import os
import re
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from killing import give
from pages_in_chromium import chromium, complaints, needs_chromium, visit
from PIL import Image
from shares import in_each_run

from autograder import cli
from autograder.course import Course, load_course, messages
from autograder.grading import made_up
from autograder.judging.mutations import Mistake
from autograder.judging.verdicts import NOT_CHECKED, PASSED, Counterexample, Verdict
from autograder.marks import final_marks, verdict_files
from autograder.pages import feedback

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
STUDENT, LANGUAGES, WIDTHS = "somchai", ("en", "th"), (1200, 400)
WRONG = {"T6": "max-not-subtracted", "T7": "W2-regularization-missing", "T10": "one-minus-decay"}
PROOF = r"""จากกฎลูกโซ่

$$\begin{aligned}
\frac{\partial L}{\partial h_i} &= -\sum_j \frac{y_j}{P_j}\,\frac{\partial P_j}{\partial h_i} \\
&= -y_i (1 - P_i) + \sum_{j \neq i} y_j P_i \\
&= P_i \sum_j y_j - y_i = P_i - y_i \qquad \text{เพราะ } \sum_j y_j = 1
\end{aligned}$$"""
COMMENT = r"Well argued. Say why $\sum_j y_j = 1$."
NET = 'params = {"W1": np.ones((1, 1)), "b1": np.zeros(1), "W2": np.array([[1, 2]]), "b2": np.zeros(2)}'
EXAMPLES = {  # where grading has found none of its own
    "T6": Counterexample(f"{NET}\nsoftmax_loss(np.array([[1000, 0]]), np.array([0]), params, 0)[0]", "nan", "0.0"),
    "T7": Counterexample(
        f"{NET}\nbackward(params, np.ones((1, 1)), np.array([0]), np.ones((1, 1)), np.array([[0.5, 0.5]]), 2)['W2']",
        "[[-0.5, 0.5]]",
        "[[1.5, 4.5]]",
    ),
    "T10": Counterexample("decay_learning_rate(2, 0.75)", "0.5", "1.5"),
}


@pytest.fixture(scope="module")
def graded(
    repo: Course,
    mistakes: dict[tuple[str, str], Mistake],
    model: bytes,
    grade: Callable[..., str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Course:
    """That student, graded, with T4 marked by a person; and one who handed in the blank notebooks."""
    course = made_up.scratch_course(repo, tmp_path_factory.mktemp("feedback") / "course")
    hw4 = course.assignment("hw4")
    answers = made_up.answers(course, hw4) | {"T4": PROOF}
    for task, name in WRONG.items():
        answers[task] = made_up.with_mistake(course, hw4, mistakes[task, name])[0][task]
    files = made_up.hand_in(course, hw4, answers, model)
    made_up.write(course.submitted("hw4", STUDENT), {**files, "timestamp.txt": b"2026-11-05 12:00:00 UTC\n"})
    made_up.write(course.submitted("hw4", "blank"), made_up.hand_in(course, hw4, {}))
    grade(course, "--quiet")
    give(course, STUDENT, "T4", score=0.75, comment=COMMENT)
    return course


def put_examples(course: Course) -> None:
    """Have a counterexample with each mistake."""
    result = verdict_files.load_result(course, "hw4", STUDENT)
    assert result is not None
    verdicts = dict(result.verdicts)
    for task in WRONG:
        example = verdicts[task].counterexample or EXAMPLES[task]
        verdicts[task] = dataclasses.replace(verdicts[task], counterexample=example)
    verdict_files.keep(course, dataclasses.replace(result, verdicts=verdicts))


def reported(course: Course) -> Path:
    """That student's page."""
    put_examples(course)
    assert cli.main(["report", "hw4", "--course", str(course.root), "--quiet"]) == 0
    return course.root / "feedback" / STUDENT / "hw4" / "feedback.html"


@pytest.fixture(scope="module")
def pages(
    graded: Course,
    copy_of: Callable[[Course, Path], Course],
    grade: Callable[..., str],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Path]:
    """The page in each language: in the course's own, and graded anew in a copy of the course in Thai."""
    thai = copy_of(graded, tmp_path_factory.mktemp("thai") / "course")
    config = thai.root / "course_config.py"
    config.write_text(re.sub(r'language="\w+"', 'language="th"', config.read_text()))
    grade(thai, "--quiet")
    return dict(zip(LANGUAGES, map(reported, (graded, load_course(thai.root))), strict=True))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


def texts(page: Any, selector: str) -> list[str]:
    return [" ".join(text.split()) for text in page.locator(selector).all_inner_texts()]


@needs_chromium
@pytest.mark.parametrize("width", WIDTHS)
def test_mistakes_come_first_each_with_its_sentence_example_and_lines(
    pages: dict[str, Path], browser: Any, width: int
) -> None:
    page, seen = visit(browser, pages["en"], viewport={"width": width, "height": 900})
    assert seen == []
    assert texts(page, "h2")[:2] == ["Worth another look", "Right"]
    assert texts(page, "main h3 .mark")[:4] == ["T4: 0.75 / 1", "T6: 0.75 / 1", "T7: 0.75 / 1", "T10: 0 / 1"]
    assert texts(page, "ul.row li") == [f"✓ T{n}: 1 / 1" for n in (1, 2, 3, 5, 8, 9, 11, 12)]
    t10 = page.locator("#T10")
    assert "learning_rate * (1 - learning_rate_decay)" in t10.inner_text() and "Your lines" in t10.inner_text()
    result = page.locator("#T10 .pair pre")
    assert result.count() == 2 and page.locator("#T10 .pair b").count() == 0
    assert page.locator("#T4 .comment math").count() == 1
    assert page.locator("#T4 .comment").inner_text().startswith("Your teacher says: Well argued.")
    shown = page.locator("header").inner_text()
    assert "Handed in 2026-11-05" in shown and "grader" not in shown and "?" not in shown


@needs_chromium
@pytest.mark.parametrize(  # in `make proof` each language at each width
    ("language", "width"),
    in_each_run(product(LANGUAGES, WIDTHS), [("th", WIDTHS[-1])]),
)
def test_nothing_is_wider_than_the_page_and_axe_finds_nothing(
    pages: dict[str, Path], browser: Any, width: int, language: str, shoot: Callable[[Any, str], None]
) -> None:
    page, seen = visit(browser, pages[language], viewport={"width": width, "height": 900}, bypass_csp=True)
    shoot(page, f"feedback-{width}" if language == "en" else f"feedback-{width}-{language}")
    for is_open in (False, True):
        page.evaluate("open => document.querySelectorAll('details').forEach(one => one.open = open)", is_open)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, is_open
    drawn = page.locator(".notebook math").evaluate_all("all => all.map(one => one.getBoundingClientRect().height)")
    assert len(drawn) > 45 and all(height > 2 for height in drawn)
    assert page.locator(".latex").count() == 0
    widths = page.locator(".notebook img").evaluate_all("all => all.map(one => one.naturalWidth)")
    assert len(widths) == 2 and min(widths) > 100, "the drawings of T1 and T2"
    assert seen == []
    for scheme in ("light", "dark"):
        assert complaints(page, pages[language], scheme) == []


@pytest.fixture(scope="module")
def shoot() -> Callable[[Any, str], None]:
    """Keeps a picture of a whole page, where this is recorded."""

    def shoot(page: Any, name: str) -> None:
        if os.environ.get("AUTOGRADER_RECORD") == "1":
            taken = Image.open(io.BytesIO(page.screenshot(full_page=True, animations="disabled"))).convert("RGB")
            taken.quantize(128).save(PICTURES / f"{name}.png", optimize=True)

    return shoot


@needs_chromium
def test_a_link_to_an_answer_opens_the_notebook_where_it_stands(pages: dict[str, Path], browser: Any) -> None:
    page, _ = visit(browser, pages["en"])
    assert page.locator("details.notebook[open]").count() == 0
    page.locator("#T4").get_by_role("link", name="Your answer to T4").click()
    assert page.locator("details.notebook[open]").count() == 1
    assert page.locator("#T4-answer").is_visible()


@needs_chromium
def test_the_other_language_says_the_same(pages: dict[str, Path], browser: Any) -> None:
    page, _ = visit(browser, pages["th"])
    assert texts(page, "h2")[:2] == ["ข้อที่ควรดูอีกครั้ง", "ข้อที่ถูกต้อง"]
    assert page.locator("#T10 h4").all_inner_texts()[1:3] == ["โค้ดของคุณให้ค่า", "ค่าที่ถูกต้องคือ"]
    own = page.locator("header, h2, h3, h4, section > p:not(.comment), .parts").all_inner_texts()
    assert not re.search(r"\b(Right|Your|Try|Handed|waits|partly|the|is|of)\b", " ".join(own))


def test_own_accuracies_stand_beside_what_was_needed(pages: dict[str, Path]) -> None:
    text = pages["en"].read_text()
    assert re.search(r"<li>T12, accuracy on the validation images: [\d.]{5} %; needed: above 87.0 %</li>", text)


def page_of(course: Course, verdict: Verdict) -> str:
    """The page of the blank submission with one verdict put in."""
    result = verdict_files.load_result(course, "hw4", "blank")
    assert result is not None
    hw4 = course.assignment("hw4")
    result = dataclasses.replace(result, verdicts={**result.verdicts, verdict.task: verdict})
    mark = final_marks.final_mark(course, hw4, result, final_marks.Rows())
    return feedback.Writer(course, hw4).pages(mark)[feedback.WHOLE]


CAUSES = {
    "blank": ("not written yet", "Write it in its cell"),
    "error": ("your code stopped with an error", ""),
    "time": ("your code took too long", "Look for a loop that never ends"),
    "total": ("your notebooks took too long", "make them shorter"),
    "memory": ("your code needed too much memory", "grows without an end"),
    "processes": ("your code started too many processes", "Leave out what starts processes"),
    "died": ("your code ended before it answered", "Leave out exit() and quit()"),
    "noise": ("your code gave no readable answer", "leave out what writes"),
    "missing": ("a result is missing", ""),
    "no_model": ("the saved model is missing", ""),
    "bad_model": ("the saved model cannot be read", ""),
    "a kind of an older version": ("nothing came back to judge", ""),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_what_became_of_the_code_is_said_and_what_to_do(graded: Course, cause: str) -> None:
    text = page_of(graded, Verdict("T7", NOT_CHECKED, 0.0, 1.0, message="What happened.", cause=cause))
    card = text[text.index('id="T7"') : text.index('id="T8"')]
    label, advice = CAUSES[cause]
    assert f"? {label}</span>" in card and advice in card and "What happened." in card
    assert "not checked" not in card


def test_advice_that_the_message_gives_is_not_said_twice(graded: Course) -> None:
    said = messages.of_engine("en").say("hint", "time")
    text = page_of(graded, Verdict("T7", NOT_CHECKED, 0.0, 1.0, message=said, cause="time"))
    assert text.count("Look for a loop") == 1


def test_what_was_no_fault_of_the_student_waits_for_a_person(graded: Course) -> None:
    text = page_of(graded, Verdict("T7", NOT_CHECKED, None, 1.0, message="A person will look.", fault="checks.py: 1"))
    card = text[text.index('id="T7"') :]
    assert "waits for a person" in card[:300] and "checks.py" not in text


def test_a_blank_submission_says_so_and_shows_no_stub_as_the_students_own(graded: Course) -> None:
    result = verdict_files.load_result(graded, "hw4", "blank")
    assert result is not None
    assert {task: verdict.cause for task, verdict in result.verdicts.items()} == {
        task: "no_model" if task == "T12" else "blank" for task in result.verdicts
    }
    text = page_of(graded, result.verdicts["T7"])
    cards = text[: text.index("Your notebooks")]
    assert "raise NotImplementedError" not in cards and "Handed in" not in cards
    row = cards[cards.index(">Not written yet</h2>") :]
    assert row.count("<li id=") == 11 and 'href="#T7-answer"' in row and cards.count("<section") == 1, "but T12's card"
    assert ">Right</h2>" not in text


def test_a_stub_is_not_shown_as_own_lines_where_the_work_stands_in_another_cell(graded: Course) -> None:
    text = page_of(graded, Verdict("T7", "failed", 0.0, 1.0, message="Got: something."))  # type: ignore[arg-type]
    assert "Got:" in text and "raise NotImplementedError" not in text[: text.index("Your notebooks")]


HOSTILE = Counterexample(
    "</pre><script>alert(31337)</script>", "<img src=x onerror=alert(31337)>", '" onload="alert(31337)'
)


def test_a_counterexample_is_shown_as_text(graded: Course) -> None:
    text = page_of(graded, Verdict("T7", "failed", 0.0, 1.0, message="<b>x</b>", counterexample=HOSTILE))  # type: ignore[arg-type]
    assert "&lt;/pre&gt;&lt;script&gt;alert(31337)&lt;/script&gt;" in text
    assert not re.search(r"<(script|img src=x|b>x)", text)


def test_a_right_task_shows_no_counterexample(graded: Course) -> None:
    text = page_of(graded, Verdict("T7", PASSED, 1.0, 1.0, message="Right.", counterexample=HOSTILE))
    assert "31337" not in text
