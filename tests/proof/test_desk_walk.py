"""Forty answers to T4 marked by keys alone, then an item of the rubric changed; and two hundred seeded ones.

With AUTOGRADER_RECORD=1 the steps become pictures in docs/, the numbers docs/proofs/desk.json and desk-groups.json.
"""

import csv
import io
import json
import os
import random
import re
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import desks
import pictured
import psutil
import pytest
from desks import Served, served
from PIL import Image, ImageDraw, ImageFilter
from playwright.sync_api import expect

from autograder import cli
from autograder.course import Course, load_course
from autograder.desk import marking
from autograder.grading import made_up
from autograder.pages.cleaned.pictures import JPEG

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # for tests.browser

from tests.browser import server as jupyter  # noqa: E402
from tests.browser.conftest import browser as browser  # noqa: E402

pytestmark = pytest.mark.proof

PICTURES = ROOT / "docs" / "pictures"
SAME = r"""With $P_j = e^{h_j} / \sum_k e^{h_k}$ the quotient rule gives $\partial P_i / \partial h_i = P_i (1 - P_i)$,
and for $j \ne i$ it gives $\partial P_j / \partial h_i = -P_i P_j$."""
REST = r"""By the chain rule
$$\frac{\partial L}{\partial h_i} = -\sum_j \frac{y_j}{P_j} \frac{\partial P_j}{\partial h_i}
= -y_i (1 - P_i) + \sum_{j \ne i} y_j P_i.$$
Since $\sum_j y_j = 1$ this is $P_i - y_i$."""
WHOLE = f"{SAME}\n\n{REST}"
THAI = r"""พิสูจน์: แยกเป็นสองกรณี ถ้า $j = i$ จะได้ $P_i (1 - P_i)$ ถ้า $j \ne i$ จะได้ $-P_i P_j$

ใช้กฎลูกโซ่แล้วรวมทุก $j$ โดยที่ $\sum_j y_j = 1$ จึงได้ $P_i - y_i$"""
LINES = ("dP_i/dh_i = P_i (1 - P_i)", "dP_j/dh_i = - P_i P_j", "dL/dh_i = sum_j dL/dP_j dP_j/dh_i", "= P_i - y_i")


def photograph(seed: int, kind: str = "JPEG", size: tuple[int, int] = (1600, 1200)) -> bytes:
    """A page of a notebook as a telephone takes it: lines by hand, at a slant, in bad light."""
    rng = random.Random(seed)
    page = Image.new("L", size, 205)
    draw = ImageDraw.Draw(page)
    for number, line in enumerate(LINES):
        draw.text((150 + rng.randint(-20, 20), 200 + 200 * number), line, fill=60, font_size=72)
    page = page.rotate(rng.uniform(-4, 4), fillcolor=150).filter(ImageFilter.GaussianBlur(1.2))
    return pictured.written(page.convert("RGB"), kind)


def scan(seed: int) -> bytes:
    """Two pages of PDF."""
    pages = [Image.open(io.BytesIO(photograph(seed + n, size=(1000, 1400)))) for n in range(2)]
    return pictured.written(pages[0], "PDF", save_all=True, append_images=pages[1:])


def with_picture(files: dict[str, bytes], picture: bytes) -> dict[str, bytes]:
    """A picture pasted into T4's cell."""
    import base64

    book = json.loads(files["1-basics.ipynb"])
    cell = next(c for c in book["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == "T4")
    cell["source"], cell["attachments"] = "![image.png](attachment:image.png)", {
        "image.png": {JPEG: base64.b64encode(picture).decode()}
    }  # fmt: skip
    return {**files, "1-basics.ipynb": json.dumps(book).encode()}


def forty(course: Course) -> dict[str, dict[str, bytes]]:
    """Student -> files: typed, Thai, photographs, PDF, groups, blank."""
    (hw4,) = course.assignments

    def typed(text: str) -> dict[str, bytes]:
        whole = made_up.hand_in(course, hw4, {"T4": text})
        return {"1-basics.ipynb": whole["1-basics.ipynb"]}

    texts = [WHOLE] * 6 + [WHOLE.replace("e^{h_j}", "e^{ h_j }").replace(r"\frac", r"\dfrac")] * 2 + [THAI] * 4
    texts += [SAME, f"{SAME} So it is $P_i - y_i$.", REST, WHOLE.replace("-P_i P_j", "P_i P_j")]
    texts += [WHOLE.replace("$P_i - y_i$", "$y_i - P_i$"), WHOLE.replace(r"\sum_{j \ne i} y_j P_i", r"\sum_j y_j P_i")]
    texts += [f"{WHOLE}\n\nThis is what T7 uses ({n})." for n in range(6)]
    found = {f"s{n:02d}": typed(text) for n, text in enumerate(texts)}
    for n in range(6):
        found[f"photo{n}"] = with_picture(typed(""), photograph(n // 2))  # each twice: the same bytes
    for n in range(4):
        found[f"pdf{n}"] = {**typed(f"see pdf{n}-proof.pdf"), f"pdf{n}-proof.pdf": scan(10 * n)}
    found["heic"] = {**typed("the photograph"), "IMG_0042.heic": pictured.HEIC}
    for n in range(5):
        found[f"blank{n}"] = typed("")
    return found


@pytest.fixture(scope="module")
def walked(course: Course, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The class, graded as any."""
    target = made_up.scratch_course(course, tmp_path_factory.mktemp("walk") / "course")
    for name, files in forty(target).items():
        made_up.write(target.submitted("hw4", name), files)
    assert cli.main(["grade", "hw4", "--course", str(target.root), "--jobs", "1"]) == 0
    return load_course(target.root)


class Hands:
    """A grader's page, and how many keys were pressed in it."""

    def __init__(self, opened: Any, shoot: bool) -> None:
        self.page = opened.new_context(viewport={"width": 1360, "height": 860}).new_page()
        self.page.set_default_timeout(180_000)
        self.pressed, self.shoot = 0, shoot

    def press(self, *keys: str, away: bool = False) -> None:
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        for key in keys[:-1] if away else keys:
            self.page.keyboard.press(key)
        if away:
            with self.page.expect_navigation():
                self.page.keyboard.press(keys[-1])
        self.pressed += len(keys)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)
        self.pressed += len(text)

    def picture(self, name: str) -> None:
        if self.shoot:
            self.page.screenshot(path=PICTURES / f"{name}.png")


# key -> what stands on the page where the item applies, without white space
ITEMS = {"1": ("Pi(1−Pi)",), "2": ("=−PiPj", "ได้−PiPj"), "3": ("∂L∂hi=", "กฎลูกโซ่"), "4": ("∑jyj=1",), "5": ("Pi−yi",)}


def wanted(shown: str) -> tuple[str, ...]:
    """The items that apply to what is on the page: what a person would see. Our pictures have all of them."""
    shown = "".join(shown.split())
    found = tuple(key for key, signs in ITEMS.items() if shown == "picture" or any(sign in shown for sign in signs))
    assert found, shown
    return found


def mark_all(hands: Hands, site: Served) -> tuple[int, list[float]]:
    """Mark all that waits, by keys -> (answers at once, seconds from Enter to the next page)."""
    page, seconds, units, seen = hands.page, list[float](), 0, set[str]()
    page.goto(f"http://127.0.0.1:{site.port}/{site.keys.place}/enter?token={site.keys.link('ann')}")
    hands.press("Enter", away=True)
    while "/answers/" in page.url:
        units += 1
        text = page.inner_text(".answer")
        formulas = page.locator(".look").first.text_content() or ""  # as MathML has them, without their lines
        pictures = page.locator(".look img").count()
        kind = (
            "photo" if pictures else "thai" if "พิสูจน์" in text else "group" if "the same" in text.split("\n")[0] else ""
        )
        if page.locator(".look").count() > 1:
            hands.press("End")
            page.wait_for_timeout(150)
            kind = "group"
        if kind == "photo" and kind not in seen and "the photograph" not in text:  # that one is a red square
            hands.press("z", "h")
            hands.picture("desk-3-photograph")
            hands.press("z", "h", "h")
        hands.press(*("0" if "Nothing stands in the cell" in text else wanted("picture" if pictures else formulas)))
        if units == 1:
            hands.press("c")
            hands.type("Mind $y_i$.")
            hands.press("Escape")
        expect(page.locator("#kept")).to_have_text("kept", timeout=180_000)
        if page.locator("#near").count() and "near" not in seen and not pictures:
            hands.press("d")
            hands.picture("desk-1-answer")
            seen.add("near")
        if kind and kind not in seen and "the photograph" not in text:
            hands.picture({"group": "desk-2-group", "thai": "desk-4-thai"}.get(kind, "desk-3-photograph-marked"))
            seen.add(kind)
        began = time.monotonic()
        hands.press("Enter", away=True)
        seconds.append(time.monotonic() - began)
    hands.picture("desk-5-done")
    return units, seconds


def scores(course: Course) -> dict[str, Any]:
    """What the five places say of T4: the gradebook, scores, feedback, export, the formgrader's records."""
    from nbgrader.api import Gradebook

    root = course.root
    with sqlite3.connect(root / "gradebook.db") as base:
        query = "SELECT student_id, manual_score FROM grade JOIN base_cell AS cell ON cell.id = grade.cell_id JOIN "
        query += "submitted_notebook AS book ON book.id = grade.notebook_id JOIN submitted_assignment AS handed ON "
        query += "handed.id = book.assignment_id WHERE cell.name = 'T4'"
        gradebook = dict(base.execute(query).fetchall())
    base.close()
    assert cli.main(["report", "hw4", "--course", str(root)]) == 0
    assert cli.main(["export", "hw4", "--to", "csv", "--partial", "--course", str(root)]) == 0
    with (root / "exports" / "hw4-csv.csv").open(encoding="utf-8-sig", newline="") as file:
        export = {row["id"]: row["T4"] for row in csv.DictReader(file)}
    feedback = {}
    for path in (root / "feedback").glob("*/hw4/feedback.html"):
        found = re.search(r"T4: ([\d.-]+) / 1", path.read_text(encoding="utf-8"))
        feedback[path.parts[-3]] = found[1] if found else ""
    with Gradebook(f"sqlite:///{root / 'gradebook.db'}") as book:
        formgrader = {
            name: book.find_grade("T4", "1-basics", "hw4", name).score for name in gradebook
        }  # fmt: skip
    return {"gradebook": gradebook, "formgrader": formgrader, "feedback": feedback, "export": export}


def test_forty_answers_by_keys_and_a_changed_item_moves_just_the_marks_that_used_it(
    walked: Course,
    browser: Any,
    record: Callable[..., None],
    tmp_path: Path,
    copy: Callable[..., Course],
) -> None:
    shoot = os.environ.get("AUTOGRADER_RECORD") == "1"
    desk, other = copy(walked, tmp_path / "desk"), copy(walked, tmp_path / "formgrader")
    with served(desk) as site:
        waiting = site.desk.waiting.progress("ann").of
        hands = Hands(browser, shoot)
        machine = time.process_time()
        units, seconds = mark_all(hands, site)
        machine = time.process_time() - machine
        assert site.desk.waiting.progress("ann").done == waiting == 40 and units <= 24
        pressed, before = hands.pressed, scores(desk)
        used = {g.member.student for g in site.desk.record.all_given() if g.chosen.items.get("sum")}
        base = f"http://127.0.0.1:{site.port}/{site.keys.place}"
        hands.page.goto(f"{base}/rubric/T4")
        hands.page.fill('input[name="points-sum-1"]', "0.05")
        hands.page.fill('input[name="points-conclusion-1"]', "0.1")
        hands.page.click("button.main")
        hands.picture("desk-6-whose-marks-move")
        hands.page.click("button.main")
        hands.page.goto(f"{base}/list")
        hands.picture("desk-7-work-list")
    after = scores(desk)
    for place in before:
        moved = {name for name in before[place] if before[place][name] != after[place].get(name)}
        assert moved == used, place
        assert all(float(after[place][n]) == pytest.approx(float(before[place][n]) - 0.1) for n in used), place
    formgrader = in_the_formgrader(other, browser, tmp_path / "home", before["gradebook"])
    assert formgrader["marks"] == {n: m for n, m in before["gradebook"].items() if m is not None}
    record("desk", {
        "answers": waiting, "looked at": units,
        "keys an answer": {"desk": pressed / waiting, "formgrader": formgrader["keys"] / waiting},
        "seconds to the next answer": {
            "desk, median": sorted(seconds)[len(seconds) // 2], "desk, longest": max(seconds),
            "formgrader, median": formgrader["median"], "formgrader, longest": formgrader["longest"],
        },
        "CPU seconds of the server an answer": {
            "desk, with the test's own": machine / waiting, "formgrader": formgrader["machine"],
        },
        "moved by the changed item": len(used),
    })  # fmt: skip


def in_the_formgrader(course: Course, opened: Any, home: Path, marks: dict[str, float | None]) -> dict[str, Any]:
    """The same marks typed into the formgrader, answer by answer, with its own keys."""
    home.mkdir()
    with jupyter.running(course.root, course.root, home, {}) as running:
        hands = Hands(opened, False)
        page, seconds = hands.page, []
        todo = {name: mark for name, mark in marks.items() if mark is not None}
        with sqlite3.connect(course.root / "gradebook.db") as base:
            query = """SELECT handed.student_id, book.id FROM submitted_notebook AS book
                JOIN submitted_assignment AS handed ON handed.id = book.assignment_id
                JOIN notebook ON notebook.id = book.notebook_id WHERE notebook.name = '1-basics'"""
            books = dict(base.execute(query).fetchall())
        base.close()
        page.goto(running.url("formgrader"))  # the token, once
        work = psutil.Process(running.pid).cpu_times()
        machine = -work.user - work.system
        for student, mark in todo.items():
            began = time.monotonic()
            page.goto(f"{running.base}/formgrader/submissions/{books[student]}/")
            box = page.locator("#T4")
            expect(box).to_have_class(re.compile("needs_manual_grade"), timeout=60_000)  # the page has its marks
            seconds.append(time.monotonic() - began)
            box.focus()
            hands.type(f"{mark:g}")
            with page.expect_response(lambda r: r.request.method == "PUT" and "/api/grade/" in r.url and r.ok):
                hands.press("Tab")  # out of the field: the mark is saved
            hands.pressed += 2  # Ctrl and the dot: to the next submission
        work = psutil.Process(running.pid).cpu_times()
        machine += work.user + work.system
        found = scores(course)["gradebook"]
    return {
        "machine": machine / len(todo),
        "marks": {name: mark for name, mark in found.items() if mark is not None},
        "keys": hands.pressed, "median": sorted(seconds)[len(seconds) // 2], "longest": max(seconds),
    }  # fmt: skip


# ---- two hundred seeded answers -----------------------------------------------------------------

PARTS = (
    r"With $P_j = e^{h_j} / \sum_k e^{h_k}$ the quotient rule gives $\partial P_i / \partial h_i = P_i (1 - P_i)$.",
    r"For $j \ne i$ it gives $\partial P_j / \partial h_i = -P_i P_j$.",
    r"The chain rule: $\frac{\partial L}{\partial h_i} = -\sum_j \frac{y_j}{P_j} \frac{\partial P_j}{\partial h_i}$.",
    r"Since $\sum_j y_j = 1$ it comes to $P_i - y_i$.",
)
NEAR_MISSES = {
    "a sign": ("= -P_i P_j", "= P_i P_j"),
    "an index": (r"\frac{y_j}{P_j}", r"\frac{y_i}{P_j}"),
    "an order": ("$P_i - y_i$", "$y_i - P_i$"),
    "a case of a letter": ("e^{h_j}", "e^{H_j}"),
    "a power": ("P_i (1 - P_i)", "P_i (1 - P_i^2)"),
}


def in_other_clothes(text: str, rng: random.Random) -> str:
    """The same answer as another student types it: white space, case of prose, spelling of LaTeX."""
    ways: list[tuple[str, str]] = [
        (r"\frac", rng.choice([r"\dfrac", r"\tfrac", r"\frac"])),
        ("$P_i - y_i$", rng.choice(["$P_i-y_i$", "$P_{i} - y_{i}$"])),
        ("(1 - P_i)", rng.choice([r"\left(1-P_i\right)", "( 1 - P_{i} )", "(1 - P_i)"])),
        (r"\ne", rng.choice([r"\neq", r"\ne"])), ("The chain rule", rng.choice(["the chain rule", "The Chain Rule"])),
        ("Since ", rng.choice(["since ", "Since   "])), ("e^{h_j}", rng.choice(["e^{ h_j }", "e^{h_{j}}"])),
        ("y_j = 1", rng.choice(["y_j=1", r"y_{j} \, = 1"])),
    ]  # fmt: skip
    for old, new in ways:
        text = text.replace(old, new)
    return text.replace("\n", rng.choice(["\n", "\n\n", "  \n"]) if rng.random() < 0 else "\n") + rng.choice(
        ["", "\n", "   "]
    )


def seeded(seed: int) -> dict[str, tuple[str, str]]:
    """Student -> (what kind of answer it is, its text): few distinct ones, and near-misses among them."""
    rng = random.Random(seed)
    found = {}
    for number in range(200):
        kind, text = "whole", "\n\n".join(PARTS)
        if rng.random() < 0.35:
            kind = rng.choice([*NEAR_MISSES, "a missing case", "a missing end"])
            if kind in NEAR_MISSES:
                assert NEAR_MISSES[kind][0] in text
                text = text.replace(*NEAR_MISSES[kind])
            else:
                gone = 1 if kind == "a missing case" else 3
                text = "\n\n".join(part for at, part in enumerate(PARTS) if at != gone)
        found[f"s{number:03d}"] = kind, in_other_clothes(text, rng)
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_two_hundred_seeded_answers_take_few_decisions_and_no_group_is_mixed(
    course: Course, tmp_path: Path, record: Callable[..., None], seed: int
) -> None:
    target = made_up.scratch_course(course, tmp_path / "course")
    made_up.write(target.submitted("hw4", "blank"), made_up.hand_in(target, target.assignments[0], {}))
    assert cli.main(["grade", "hw4", "--course", str(target.root), "--jobs", "1"]) == 0
    target = load_course(target.root)
    answers = seeded(seed)
    desks.class_of(target, {name: text for name, (_, text) in answers.items()})
    with marking.opened(target, target.assignments[0]) as desk:
        units = desk.waiting.units()
        mixed = [u for u in units if len({answers[a.student][0] for a in u.answers}) > 1]
        assert mixed == []
        assert sum(len(unit.answers) for unit in units) == 200 and len(units) <= 50
        kinds = Counter(kind for kind, _ in answers.values())
        record(f"desk-groups-{seed}", {"answers": 200, "decisions": len(units), "mixed": 0, "kinds": dict(kinds)})


@pytest.fixture
def copy() -> Iterator[Callable[[Course, Path], Course]]:
    import shutil

    def copy(course: Course, folder: Path) -> Course:
        shutil.copytree(course.root, folder)
        return load_course(folder)

    yield copy
