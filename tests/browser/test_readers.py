"""Readers are safe: what attackers handed in is opened in a real browser, where graders and students read it."""

import base64
import contextlib
import importlib
import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

import pytest
from desks import Served, served
from pictured import HEIC, small
from playwright.sync_api import Browser
from shares import in_each_run

from autograder.course import Course
from autograder.grading import made_up
from autograder.marks import verdict_files
from autograder.pages import feedback, graded_notebook, report, report_tables
from autograder.submissions import merge, submission
from tests.attacks.lab import Attack
from tests.attacks.walls import not_cleaned as not_cleaned_text
from tests.browser import server as server_module
from tests.browser.server import Server
from tests.browser.watch import Watch

HERE = Path(__file__).parent.parent / "attacks"
ATTACKS: dict[str, ModuleType] = {
    path.stem: importlib.import_module(f"tests.attacks.{path.stem}") for path in sorted(HERE.glob("browse_*.py"))
}
BARE = "bare-"  # students whose graded notebooks were not cleaned


# what runs, or is fetched, or breaks the page in chromium where the graded notebook was not cleaned
WIN = {
    "attachment_name",
    "attachment_without_name",
    "code_source",
    "data_address",
    "file_name",
    "html_output",
    "javascript_output",
    "link_in_link",
    "markdown_html",
    "missing_attachment",
    "picture_from_elsewhere",
    "picture_ways",
    "raw_cell",
    "script_link",
    "script_link_twice_encoded",
    "server_link",
    "server_picture",
}
# In each test run an eighth of those that win in the formgrader where nothing is cleaned, and of those by LaTeX; in
# `make proof` all. A twelfth of all lose in the lab (test_attacks.py) in each run.
IN_EACH_RUN = in_each_run(ATTACKS, [n for n in ATTACKS if n.removeprefix("browse_") in WIN or "latex" in n][::8])
AT_THE_DESK = in_each_run(ATTACKS, [n for n in IN_EACH_RUN if isinstance(n, str)][::2])


@dataclass(frozen=True)
class Class:
    """A class of attackers, graded and reported: the course, and where the formgrader shows each notebook."""

    course: Course
    attacks: tuple[str, ...]
    pages: Mapping[tuple[str, str], str]  # student, notebook -> id in the gradebook

    def notebook(self, attack: str) -> str:
        """The notebook that shows an attack: the one with T4, or the one with its answers."""
        names = self.course.assignment("hw4").notebooks
        return names[-1] if ATTACKS[attack].ATTACK.answers else names[0]


def hand_in(course: Course, student: str, attack: Attack) -> None:
    """Lay one attack under submitted/, as its lab does."""
    hw4 = course.assignment("hw4")
    files = made_up.hand_in(course, hw4, attack.answers, attack.model)
    for name in [n for n in files if n.endswith(".ipynb")]:
        data = json.loads(files[name])
        if name == f"{hw4.notebooks[-1]}.ipynb":
            data["cells"][:0] = [made_up.code_cell(source) for source in attack.extra]
        if attack.edit is not None:
            attack.edit(name, data)
        files[name] = json.dumps(data).encode()
    made_up.write(course.submitted("hw4", student), {**files, **attack.files})


def pictured(name: str, data: dict[str, Any]) -> None:
    """T4 as pictures of several kinds, written in several ways."""
    kinds = {
        "photo.jpg": small("JPEG", (4000, 3000)),
        "a.webp": small("WEBP"),
        "b.gif": small("GIF"),
        "c.bmp": small("BMP"),
    }
    found = {one: {"image/png": base64.b64encode(picture).decode()} for one, picture in kinds.items()}
    for cell in data["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "T4":
            cell["attachments"] = found
            cell["source"] = (
                'my proof: ![page [1]](attachment:photo.jpg "photograph") <img src="attachment:a.webp" width="900">\n\n'
                f"![b][b] ![c](data:image/tiff;base64,{base64.b64encode(small('TIFF')).decode()})\n\n"
                "[b]: attachment:b.gif"
            )


PICTURED = Attack(edit=lambda name, data: pictured(name, data), files={"scan.heic": HEIC, "proof.docx": b"PK"})
SEEN = "images => images.map(one => [one.naturalWidth, Math.round(one.getBoundingClientRect().width)])"


def not_cleaned(course: Course, student: str) -> None:
    """Put the notebooks of a student under autograded/ as they would be without our cleaning."""
    hw4 = course.assignment("hw4")
    result = verdict_files.load_result(course, "hw4", student)
    assert result is not None
    handed_in = submission.read_submission(course.submitted("hw4", student), student)
    merged = merge.merge_all(handed_in, merge.released(course.release("hw4"), hw4), hw4)
    with (
        patch.object(graded_notebook, "_clean_output", lambda output, pictures: [dict(output)]),
        patch.object(graded_notebook, "_clean_text_cell", not_cleaned_text),
        patch.object(graded_notebook, "clean_text", lambda text: text),
    ):
        found = graded_notebook.notebooks(merged, result)
    for name, data in found.items():
        path = course.root / "autograded" / student / "hw4" / name
        path.unlink()
        path.write_bytes(data)


@pytest.fixture(scope="module")
def attackers(
    request: pytest.FixtureRequest, repo: Course, tmp_path_factory: pytest.TempPathFactory, run: Callable[..., Any]
) -> Class:
    """This run's attacks on browsers, handed in twice, graded and reported by the commands; half of it not cleaned."""
    course = made_up.scratch_course(repo, tmp_path_factory.mktemp("readers") / "course")
    proof = any(item.get_closest_marker("proof") for item in request.session.items)
    attacks = tuple(ATTACKS) if proof else tuple(name for name in IN_EACH_RUN if isinstance(name, str))
    for name in attacks:
        hand_in(course, name, ATTACKS[name].ATTACK)
        hand_in(course, BARE + name, ATTACKS[name].ATTACK)
    if proof:
        hand_in(course, "pictured", PICTURED)
    done = run("autograder", "grade", "hw4", "--course", course.root, "--quiet", "--jobs", 1)
    assert done.returncode == 0, done.stdout + done.stderr
    for name in attacks:
        not_cleaned(course, BARE + name)
    done = run("autograder", "report", "hw4", "--course", course.root, "--quiet")
    assert done.returncode == 0, done.stdout + done.stderr
    query = """
        SELECT handed.student_id, notebook.name, book.id FROM submitted_notebook AS book
        JOIN submitted_assignment AS handed ON handed.id = book.assignment_id
        JOIN notebook ON notebook.id = book.notebook_id
    """
    with contextlib.closing(sqlite3.connect(course.root / "gradebook.db")) as database:
        return Class(course, attacks, {(student, name): page for student, name, page in database.execute(query)})


@pytest.fixture(scope="module")
def server(attackers: Class, home: Path) -> Iterator[Server]:
    """The server whose formgrader shows that class."""
    root = attackers.course.root
    with server_module.running(root.parent, root, home, {}) as found:
        yield found


@pytest.fixture(scope="module")
def watch(browser: Browser, server: Server, attackers: Class) -> Iterator[Watch]:
    """A grader's browser, logged in."""
    with browser.new_context() as context:
        found = Watch(context, (server.base, attackers.course.root.as_uri()))
        found.visit(server.url("formgrader"))
        yield found


def of_release(course: Course) -> set[str]:
    """The links that stand in the notebooks as students get them."""
    texts = (path.read_text(encoding="utf-8") for path in course.release("hw4").glob("*.ipynb"))
    return {f"link to {url}" for text in texts for url in re.findall(r"\]\((https?://[^)\s]+)\)", text)}


def graded_page(watch: Watch, server: Server, found: Class, student: str, name: str) -> list[str]:
    """What ran while somebody read one notebook in the formgrader."""
    ran = watch.read(f"{server.base}/formgrader/submissions/{found.pages[student, name]}/")
    ran = [what for what in ran if what not in of_release(found.course)]
    if not watch.page.locator("#notebook-container").count():
        ran.append("the formgrader has no page")
    elif not watch.page.locator(".MathJax").count():
        ran.append("MathJax did not run, so nothing is known of LaTeX")
    return ran


@pytest.mark.proof  # it waits for the formgrader to draw each
def test_pictures_are_seen_at_a_width_one_can_read(watch: Watch, server: Server, attackers: Class) -> None:
    """Photograph, WebP, GIF, BMP, TIFF and HEIC, attached, inline and beside, in the formgrader and in the feedback."""
    writer = feedback.Writer(attackers.course, attackers.course.assignment("hw4"))
    address = f"{server.base}/formgrader/submissions/{attackers.pages['pictured', '1-basics']}/"
    for url in (address, (writer.folder("pictured") / feedback.WHOLE).as_uri()):
        page = watch.context.new_page()
        page.goto(url)
        natural = {1100: 1, 40: 4, 64: 1}
        sizes = page.locator("img[src^='data:image/jpeg']").evaluate_all(SEEN)
        assert {width: [real for real, _ in sizes].count(width) for width, _ in sizes} == natural, url
        assert all(500 < shown < 1300 for real, shown in sizes if real == 1100), (url, sizes)
        for name in ("scan.heic", "proof.docx"):
            assert page.locator(f"a[href='{name}']").count() == 1, (url, name)
        page.close()
    assert (writer.folder("pictured") / "scan.heic").read_bytes() == HEIC


@pytest.mark.parametrize("name", IN_EACH_RUN)
def test_nothing_runs_where_an_attack_is_graded(watch: Watch, server: Server, attackers: Class, name: str) -> None:
    assert graded_page(watch, server, attackers, name, attackers.notebook(name)) == []


@pytest.mark.parametrize("name", IN_EACH_RUN)
def test_nothing_runs_in_the_feedback_even_where_nothing_was_cleaned(watch: Watch, attackers: Class, name: str) -> None:
    writer = feedback.Writer(attackers.course, attackers.course.assignment("hw4"))
    # links to what the student handed in, which a browser saves
    given = {
        f"link to {path.as_uri()}" for path in writer.folder(name).rglob("*") if path.suffix not in (".html", ".svg")
    }
    given |= of_release(attackers.course)
    assert set(watch.read((writer.folder(name) / feedback.WHOLE).as_uri())) <= given
    # the page's own wall lets links to the web stand; behind the first wall there are none
    bare = watch.read((writer.folder(BARE + name) / feedback.WHOLE).as_uri())
    assert [what for what in bare if not what.startswith("link to http") and BARE not in what] == []


@pytest.fixture(scope="module")
def desk(attackers: Class) -> Iterator[Served]:
    """The page for marking by hand, over that class."""
    with served(attackers.course) as found:
        yield found


@pytest.fixture(scope="module")
def at_the_desk(browser: Browser, desk: Served) -> Iterator[Watch]:
    """A grader's browser that does not know of the page's policy: a harder test."""
    home = f"http://127.0.0.1:{desk.port}/"
    with browser.new_context(bypass_csp=True) as context:
        found = Watch(context, (home,))
        found.visit(f"{home}{desk.keys.place}/enter?token={desk.keys.link('ann')}")
        with found.page.expect_navigation():
            found.page.click("button.main")
        yield found


@pytest.mark.parametrize("name", AT_THE_DESK)
def test_nothing_runs_at_the_desk_even_where_nothing_was_cleaned(at_the_desk: Watch, desk: Served, name: str) -> None:
    bo, base = desk.visitor("bo"), f"http://127.0.0.1:{desk.port}"
    tasks = ("T4", *(task for task in ATTACKS[name].ATTACK.answers if task != "T4"))
    for student, task in ((student, task) for student in (name, BARE + name) for task in tasks):
        place = bo.ask("POST", "/appeal", {"student": student, "task": task}).headers["location"]
        ran = at_the_desk.read(base + place)
        assert at_the_desk.page.locator("#answer-head").inner_text().startswith(task)
        own = [f"link to {base}/{desk.keys.place}/{ours}" for ours in ("answers/", "rubric/", "back?", "?after=")]
        left = [what for what in ran if not what.startswith(tuple(own))]
        # as in the feedback: links to the web stand where nothing was cleaned
        assert [what for what in left if student == name or not what.startswith("link to http")] == [], task


def test_nothing_runs_in_the_class_report(watch: Watch, attackers: Class) -> None:
    path = report.path(attackers.course, attackers.course.assignment("hw4"))
    folder = (attackers.course.root / "feedback").as_uri()
    students = {student for student, _ in attackers.pages}
    assert students >= {name for attack in attackers.attacks for name in (attack, BARE + attack)}
    pages = {f"link to {folder}/{name}/hw4/feedback.html" for name in students}
    tables = {f"link to {path.with_name(name).as_uri()}" for name in report_tables.NAMES}
    assert set(watch.read(path.as_uri())) == pages | tables


@pytest.mark.proof  # that the tests above can fail
def test_attacks_win_in_the_formgrader_where_nothing_was_cleaned(
    watch: Watch, server: Server, attackers: Class
) -> None:
    lost = []
    for name in sorted(WIN, key="server_picture".__eq__):  # last: it makes the formgrader forget its course
        attack = f"browse_{name}"
        if not graded_page(watch, server, attackers, BARE + attack, attackers.notebook(attack)):
            lost.append(name)
    watch.visit(f"{server.base}/formgrader")  # which remembers it
    assert lost == []


def test_a_name_that_nbgraders_pages_would_run_is_refused(
    watch: Watch, server: Server, scratch: Course, run: Callable[..., Any]
) -> None:
    """nbgrader writes students' names into its pages as they are, into scripts too."""
    name = 'x";alert(31337);"'
    assert "dialog 31337" in watch.read(f"{server.base}/formgrader/manage_students/{quote(name)}")
    made_up.write(scratch.submitted("hw4", name), {"a.txt": b"x"})
    for command in ("grade", "scores", "report"):
        done = run("autograder", command, "hw4", "--course", scratch.root)
        assert done.returncode == 1
        assert f"submitted/{name}" in done.stderr and "rename" in done.stderr
        assert not (scratch.root / "autograded").exists()
