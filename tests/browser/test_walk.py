"""The walk of the kit's three users in a real browser: a student works and hands in, a person marks, both read.

A long form, for `make proof`. In each test run the release is run to its end without a browser
(tests/hw4/test_notebooks_run.py), and chromium opens the formgrader (tests/browser/test_readers.py). Each step leaves a
picture; AUTOGRADER_RECORD=1 writes them to docs/pictures/, where the docs show them.
"""

import io
import json
import os
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from autograder.course import Course
from autograder.grading import made_up
from tests.browser import server as server_module
from tests.browser.lab import SLOW_MS, Lab, put, said
from tests.browser.server import Server

pytestmark = pytest.mark.proof
PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
BASICS, NETWORK = "1-basics.ipynb", "2-two-layer-network.ipynb"
STUDENT = "somying"
SIZE = {"width": 1100, "height": 760}
LONG, SHORT = b"num_iters=2000", b"num_iters=400"
MARK, COMMENT = "0.75", "Well argued. Say why the sum over j has two cases."
Shoot = Callable[[Page | Locator, str], None]
Run = Callable[..., Any]


@dataclass(frozen=True)
class Seen:
    """What the saved notebooks said after a step, by grade_id."""

    basics: dict[str, str]
    network: dict[str, str]


@pytest.fixture(scope="module")
def shoot() -> Shoot:
    """Takes a picture of a page or of a part of it, where this is recorded; what is to be shown is there always."""
    recording = os.environ.get("AUTOGRADER_RECORD") == "1"

    def shoot(what: Page | Locator, name: str) -> None:
        if not recording:
            if isinstance(what, Locator):
                expect(what).to_be_visible()
            return
        taken = Image.open(io.BytesIO(what.screenshot(animations="disabled", caret="hide"))).convert("RGB")
        # quantized: a third of the size, and looks the same
        taken.quantize(128).save(PICTURES / f"{name}.png", optimize=True)

    return shoot


@pytest.fixture(scope="module")
def place(repo: Course, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A course on the sample, and beside it a student's folder: a copy of the release."""
    root = tmp_path_factory.mktemp("walk")
    course = made_up.scratch_course(repo, root / "course")
    shutil.copytree(course.release("hw4"), root / "student")
    return course


@pytest.fixture(scope="module")
def server(place: Course, home: Path) -> Iterator[Server]:
    """One server for both: Lab over the student's folder, the formgrader over the course."""
    more = {"HW4_DATASET": "sample", "MNIST_DIR": ""}
    with server_module.running(place.root.parent, place.root, home, more) as found:
        yield found


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """The page that everything happens in."""
    with browser.new_context(viewport=SIZE, bypass_csp=True) as context:  # axe is put in from outside
        yield context.new_page()


@pytest.fixture(scope="module")
def lab(page: Page, server: Server) -> Lab:
    """JupyterLab over the student's folder."""
    return Lab(page, server, "student")


def run_through(lab: Lab, name: str, before: Callable[[], object] = lambda: None) -> dict[str, str]:
    """Open, run and save a notebook -> what it says. before: what is done before it is run."""
    lab.open(name)
    before()
    lab.run_all()
    lab.save()
    return said(lab.server.root / lab.folder / name)


@pytest.fixture(scope="module")
def untouched(browser: Browser, server: Server, place: Course, shoot: Shoot) -> Seen:
    """The release as it comes, run from top to bottom, in a folder and a page of its own."""
    shutil.copytree(place.release("hw4"), server.root / "untouched")
    with browser.new_context(viewport=SIZE) as context:
        lab = Lab(context.new_page(), server, "untouched")
        seen = Seen(run_through(lab, BASICS), run_through(lab, NETWORK))
        lab.cell(NETWORK, "T5").scroll_into_view_if_needed()
        shoot(lab.page, "student-1-not-done")
    return seen


@pytest.fixture(scope="module")
def scan() -> bytes:
    """A page of handwriting, as far as one can be made here."""
    from matplotlib.figure import Figure  # slow

    figure = Figure(figsize=(4, 1))
    figure.text(0.05, 0.4, r"$\partial L / \partial h_i = P_i - y_i$", fontsize=20, rotation=2)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=60)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def worked(lab: Lab, place: Course, right: dict[str, str], scan: bytes, shoot: Shoot) -> Seen:
    """Every answer put in, T5 typed in the browser; run, saved. Training is shorter: enough for the sample."""
    stub = made_up.source_of({p.name: p.read_bytes() for p in place.release("hw4").glob("*.ipynb")}, "T5-answer")
    files = made_up.hand_in(place, place.assignment("hw4"), right | {"T5": stub})
    for name, data in files.items():
        assert (name == NETWORK) == (LONG in data)
        put(lab.server, f"student/{name}", data.replace(LONG, SHORT))
    (lab.server.root / "student" / "proof.png").write_bytes(scan)

    def type_t5() -> None:
        lab.write(lab.cell(NETWORK, "T5-answer"), right["T5"])
        lab.save()

    seen = Seen(run_through(lab, BASICS), run_through(lab, NETWORK, type_t5))
    for grade_id in ("T7", "train-second", "plot-losses", "show-best-weights", "T12-answer"):
        part = lab.cell(NETWORK, grade_id).locator(".jp-Cell-outputWrapper")
        part.scroll_into_view_if_needed()
        shoot(part, f"student-2-{grade_id}")
    lab.cell(NETWORK, "T5").scroll_into_view_if_needed()
    shoot(lab.page, "student-2-done")
    return seen


@pytest.fixture(scope="module")
def handed_in(lab: Lab, worked: Seen, shoot: Shoot) -> bytes:
    """The file that the last cell made, fetched as the browser would."""
    cell = lab.cell(NETWORK, "check-submission")
    lab.run(cell)
    shoot(cell.locator(".jp-Cell-outputWrapper"), "student-3-check-submission")
    answer = lab.page.request.get(lab.server.url("files/student/hw4-submission.zip"))
    assert answer.ok
    lab.save()
    return answer.body()


@pytest.fixture(scope="module")
def marked(page: Page, handed_in: bytes, server: Server, place: Course, run: Run, shoot: Shoot) -> dict[str, Any]:
    """Graded; T4 marked and commented on in the formgrader; report and feedback written -> the scores."""
    folder = place.submitted("hw4", STUDENT)
    with zipfile.ZipFile(io.BytesIO(handed_in)) as archive:
        archive.extractall(folder)
    done = run("autograder", "grade", "hw4", "--course", place.root)
    assert done.returncode == 0, done.stdout + done.stderr
    page.goto(server.url("formgrader"))
    page.get_by_role("link", name="Manual Grading").click()
    page.get_by_role("link", name="hw4").click()
    page.get_by_role("link", name="1-basics").click()
    expect(page.get_by_role("link", name="Submission #1")).to_be_visible(timeout=SLOW_MS)
    shoot(page, "instructor-1-formgrader")
    page.get_by_role("link", name="Submission #1").click()
    mark = page.locator("#T4")
    expect(mark).to_have_class(re.compile("needs_manual_grade"), timeout=SLOW_MS)
    with page.expect_response(lambda r: r.request.method == "PUT" and "/api/grade/" in r.url and r.ok):
        mark.fill(MARK)
        mark.press("Tab")
    with page.expect_response(lambda r: r.request.method == "PUT" and "/api/comment/" in r.url and r.ok):
        page.locator("#T4-comment").fill(COMMENT)
        page.locator("#T4-comment").blur()
    mark.scroll_into_view_if_needed()
    shoot(page, "instructor-2-marking-T4")
    done = run("autograder", "report", "hw4", "--course", place.root)
    assert done.returncode == 0, done.stdout + done.stderr
    done = run("autograder", "scores", "hw4", "--json", "--course", place.root)
    found: dict[str, Any] = json.loads(done.stdout)
    return found[STUDENT]


TO_DO = [*(f"T{n}" for n in (1, 2, 3)), *(f"T{n}" for n in range(5, 13))]


def test_a_fresh_release_runs_to_its_end_and_each_task_says_that_it_is_not_done(untouched: Seen) -> None:
    both = untouched.basics | untouched.network
    for task in TO_DO:
        assert both[task].startswith(f"{task}: not yet\n  to do  "), both[task]
    assert re.search(r"T5\s+missing", both["check-submission"]), both["check-submission"]
    assert "<picture>" in both["show-digits"]


@pytest.mark.parametrize(("name", "tasks"), [(BASICS, TO_DO[:3]), (NETWORK, TO_DO[3:])])
def test_a_fresh_release_runs_to_its_end_in_notebook_7_too(
    browser: Browser, server: Server, place: Course, name: str, tasks: list[str]
) -> None:
    shutil.copytree(place.release("hw4"), server.root / "classic", dirs_exist_ok=True)
    with browser.new_context(viewport=SIZE) as context:
        seen = run_through(Lab(context.new_page(), server, "classic", view="notebooks"), name)
    for task in tasks:
        assert seen[task].startswith(f"{task}: not yet\n  to do  "), seen[task]


def test_filled_in_every_check_passes_and_the_plots_appear(worked: Seen, lab: Lab) -> None:
    both = worked.basics | worked.network
    for task in ["T1", "T2", "T3", *(f"T{n}" for n in range(5, 13))]:
        state = "the form fits" if task in TO_DO[:3] else "passed"
        assert f"{task}: {state}" in both[task] and "to do" not in both[task], both[task]
    for name in ("toy-loss-plot", "show-digits", "plot-losses", "plot-accuracies", "show-best-weights"):
        assert "<picture>" in both[name], name


def test_every_picture_in_the_page_has_words_below_it(worked: Seen, lab: Lab) -> None:
    """Lab leaves the alt text of a picture out, so its words stand below."""
    pictures = lab.page.locator(".jp-OutputArea-output img")
    assert all(width > 100 for width in pictures.evaluate_all("all => all.map(one => one.naturalWidth)"))
    assert lab.page.locator(".jp-OutputArea-output", has_text="Figure:").count() == pictures.count() >= 6


def test_the_last_cell_says_that_all_but_the_sample_is_ready_and_makes_the_file(handed_in: bytes, lab: Lab) -> None:
    cell = lab.cell(NETWORK, "check-submission")
    expect(cell).to_contain_text("1 of 15 lines are not ready")
    expect(cell).to_contain_text("trained on the sample of 5,000 digits")
    with zipfile.ZipFile(io.BytesIO(handed_in)) as archive:
        assert {BASICS, NETWORK, "best_net.npz", "proof.png"} <= set(archive.namelist())


def test_the_whole_walk_ends_in_full_marks_and_the_persons_mark(marked: dict[str, Any]) -> None:
    assert marked["T4"]["score"] == float(MARK)
    others = {task: found["score"] for task, found in marked.items() if task != "T4"}
    assert others == dict.fromkeys(others, 1) and len(others) == 11


def test_mark_and_comment_stand_in_the_feedback_and_the_report_leads_to_it(
    marked: dict[str, Any], place: Course, page: Page, shoot: Shoot
) -> None:
    page.goto((place.root / "reports" / "hw4" / "index.html").as_uri())
    shoot(page, "instructor-3-report")
    page.get_by_role("link", name=STUDENT).click()
    expect(page).to_have_url(re.compile(rf"feedback/{STUDENT}/hw4/"))
    card = page.locator("#T4")
    expect(card).to_contain_text(MARK)
    expect(card).to_contain_text(COMMENT)
    assert page.locator("img").count() >= 6


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("which", ["reports/hw4/index.html", f"feedback/{STUDENT}/hw4/feedback.html"])
def test_axe_finds_nothing_serious(marked: dict[str, Any], place: Course, page: Page, which: str, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto((place.root / which).as_uri())
    found = Axe().run(page).response["violations"]
    serious = [
        (one["id"], [node["html"] for node in one["nodes"]][:3])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    assert serious == []
