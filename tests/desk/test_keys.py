"""The desk in a browser: everything by keys, nothing of a student's runs, axe has nothing to say."""

import base64
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import desks
import pytest
from desks import Served, served
from pages_in_chromium import chromium, needs_chromium
from PIL import Image
from playwright.sync_api import expect

from autograder.course import Course
from autograder.gradebook import reader

pytestmark = needs_chromium
# before the first frame is painted, the browser lets keys go by
PAINTED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
SLOW_MS = 180_000  # on a machine whose disk is busy, a mark that is synced takes its time

HOSTILE = """<script>window.__won=31337</script> <img src=x onerror="window.__won=31337">
[click](javascript:window.__won=31337) ![far](https://evil.example/31337.png)
$\\href{javascript:window.__won=31337}{x}$ <form action=/list><button>31337</button></form>"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


class Seen:
    """A grader's page, and what went wrong in it: requests elsewhere, errors, dialogs."""

    def __init__(self, browser: Any, site: Served, grader: str = "ann", **options: Any) -> None:
        self.page = browser.new_context(**{"viewport": {"width": 1280, "height": 860}, **options}).new_page()
        self.page.set_default_timeout(SLOW_MS)
        self.wrong: list[str] = []
        home = f"http://127.0.0.1:{site.port}/"
        self.page.on("request", lambda r: r.url.startswith((home, "data:")) or self.wrong.append(r.url))
        self.page.on("console", lambda message: self.wrong.append(message.text))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.wrong.append(dialog.message), dialog.dismiss()))
        self.page.goto(f"{home}{site.keys.place}/enter?token={site.keys.link(grader)}")
        expect(self.page.locator("button.main")).to_be_focused(timeout=SLOW_MS)
        self.keys("Enter", away=True)

    def keys(self, *keys: str, away: bool = False) -> None:
        """Press keys; the last of them leads to another page."""
        self.page.evaluate(PAINTED)
        for key in keys[:-1] if away else keys:
            self.page.keyboard.press(key)
        if away:
            with self.page.expect_navigation():
                self.page.keyboard.press(keys[-1])

    def kept(self, score: str) -> None:
        """Wait until what is chosen is kept, and shown as this score."""
        expect(self.page.locator("#kept")).to_have_text("kept", timeout=SLOW_MS)
        expect(self.page.locator("#score")).to_have_text(score, timeout=SLOW_MS)

    def complaints(self) -> list[str]:
        """What axe finds serious, in light and dark."""
        from axe_playwright_python.sync_playwright import Axe

        found = []
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme=scheme)
            for v in Axe().run(self.page).response["violations"]:
                if v["impact"] in ("serious", "critical"):
                    found.append(f"{scheme} {v['id']}: {v['nodes'][0]['html'][:200]}")
        return found


def marks(course: Course) -> dict[str, float | None]:
    rows = reader.read_rows(course, course.assignments[0])
    return {name: row.marks["T3"].score for name, row in rows.students.items() if "T3" in row.marks}


def test_a_class_is_marked_by_keys_alone(browser: Any, room: Course) -> None:
    with served(room) as site:
        seen = Seen(browser, site)
        page = seen.page
        looked = []
        while "/answers/" in page.url:
            looked.append(page.url)
            seen.keys("?")
            assert page.is_visible("#help")
            seen.keys("?")
            if page.inner_text("#answer-head") != "T3":  # the group: two forms, looked at to the end
                seen.keys("End")
                page.wait_for_timeout(100)  # where the page is long, the browser scrolls as it likes
            if len(looked) == 1:
                seen.keys("Enter", away=True)
                assert "Nothing is chosen" in page.inner_text("[role=alert]")
                seen.wrong.clear()  # the browser's own line about the answer 400
            seen.keys("1", "3")
            seen.kept("0.25")
            seen.keys("3", "s")
            page.keyboard.type("0.125")
            seen.keys("Escape")
            seen.kept("0.625")
            if len(looked) == 1:
                seen.keys("c")
                page.keyboard.type("Mind $x^2$, n and 1.")
                seen.keys("Escape")
            else:
                seen.keys("k")
                assert page.input_value("#comment") == "Mind $x^2$, n and 1."
            seen.kept("0.625")
            seen.keys("Enter", away=True)
        assert len(looked) == 4 and set(marks(room).values()) == {0.625} and len(marks(room)) == 5
        seen.keys("u", away=True)
        assert page.url == looked[-1] and len(marks(room)) < 5
        seen.keys("0")
        seen.kept("0")
        seen.keys("m", away=True)
        assert page.url.endswith("/list") and not seen.wrong


@pytest.mark.proof
def test_later_back_near_and_apart(browser: Any, room: Course) -> None:
    with served(room) as site:
        seen = Seen(browser, site)
        first = seen.page.url
        seen.keys("n", away=True)
        assert seen.page.url != first
        seen.keys("p", away=True)
        assert seen.page.url == first
        unit = next(u for u in site.desk.waiting.units() if u.answers[0].student == "chai")
        seen.page.goto(f"http://127.0.0.1:{site.port}/{site.keys.place}/answers/{unit.id}")
        seen.keys("d")
        assert [m.inner_text().strip() for m in seen.page.query_selector_all("#near mark")] == ["+", "-"]
        group = next(u for u in site.desk.waiting.units() if len(u.answers) == 2)
        seen.page.goto(f"http://127.0.0.1:{site.port}/{site.keys.place}/answers/{group.id}")
        seen.keys("g", away=True)
        assert all(len(u.answers) == 1 for u in site.desk.waiting.units()) and not seen.wrong


@pytest.mark.proof
def test_a_picture_is_turned_without_losing_an_edge_and_a_large_one_moves(browser: Any, room: Course) -> None:
    written = io.BytesIO()
    Image.new("RGB", (1200, 300), "white").save(written, "PNG")
    picture = f"![](data:image/png;base64,{base64.b64encode(written.getvalue()).decode()})"
    desks.class_of(room, {"photo": picture})
    with served(room) as site:
        seen = Seen(browser, site)
        unit = next(u for u in site.desk.waiting.units() if u.answers[0].student == "photo")
        seen.page.goto(f"http://127.0.0.1:{site.port}/{site.keys.place}/answers/{unit.id}")
        for _ in range(4):
            shown = seen.page.locator(".look img").bounding_box()
            box = seen.page.locator(".look").bounding_box()
            assert box["x"] <= shown["x"] and shown["x"] + shown["width"] <= box["x"] + box["width"]
            assert box["y"] <= shown["y"] and shown["y"] + shown["height"] <= box["y"] + box["height"]
            seen.keys("t")
        seen.keys("z", "ArrowRight")
        assert seen.page.locator(".look").evaluate("box => box.scrollLeft") > 0
        seen.keys("ArrowLeft", "z", "t", "z", "ArrowRight")
        shown, look = (seen.page.locator(name).bounding_box() for name in (".look img", ".look"))
        assert shown["height"] > shown["width"] and shown["y"] >= look["y"] and not seen.wrong


@pytest.mark.proof
def test_keys_are_those_of_the_keyboard_where_thai_is_switched_on(browser: Any, room: Course) -> None:
    with served(room) as site:
        seen = Seen(browser, site)
        press = "([key, code]) => document.dispatchEvent(new KeyboardEvent('keydown', {key, code, bubbles: true}))"
        press = press.replace("document.dispatchEvent", "document.body.dispatchEvent")
        seen.page.evaluate(press, ["ๅ", "Digit1"])
        seen.kept("0.5")
        with seen.page.expect_navigation():
            seen.page.evaluate(press, ["\u0e17", "KeyM"])
        assert seen.page.url.endswith("/list")


@pytest.mark.proof
def test_a_group_is_given_only_after_a_look_at_all(browser: Any, room: Course) -> None:
    forms = [f"Squares are {'very ' * 200} easy\n\nand so.", f"squares are {'very ' * 200} easy \n\n\nand so."]
    desks.class_of(room, dict(zip(("one", "two"), forms, strict=True)))
    with served(room) as site:
        seen = Seen(browser, site, viewport={"width": 800, "height": 300})
        group = next(u for u in site.desk.waiting.units() if u.answers[0].student in ("one", "two"))
        seen.page.goto(f"http://127.0.0.1:{site.port}/{site.keys.place}/answers/{group.id}")
        seen.keys("1", "Enter")
        seen.page.wait_for_selector("#unseen:visible")
        assert "one" not in marks(room)
        seen.page.evaluate("document.getElementById('end').scrollIntoView()")
        seen.page.wait_for_selector("#unseen", state="hidden")
        seen.keys("Enter", away=True)
        assert marks(room)["one"] == marks(room)["two"] == 0.5


@pytest.mark.proof
def test_nothing_of_a_student_runs_or_leaves_and_axe_is_content(
    browser: Any, graded: Course, copy_of: Callable[[Course, Path], Course], tmp_path: Path
) -> None:
    room = copy_of(graded, tmp_path / "course")
    desks.class_of(room, {"eve": HOSTILE}, {"eve": {"31337.html": HOSTILE.encode()}})
    with served(room) as site:
        seen = Seen(browser, site, bypass_csp=True)  # axe's script needs the policy out of the way: a harder test, too
        unit = next(u for u in site.desk.waiting.units() if u.answers[0].student == "eve")
        base = f"http://127.0.0.1:{site.port}/{site.keys.place}"
        seen.page.goto(f"{base}/answers/{unit.id}")
        assert seen.page.evaluate("window.__won") is None and not seen.wrong
        assert seen.page.eval_on_selector_all(".look a:not([download])", "all => all.map(a => a.href)") == []
        assert seen.complaints() == []
        seen.keys("1")
        seen.kept("0.5")
        seen.keys("Enter", away=True)
        for path in ("list", "rubric/T3", "even"):
            seen.page.goto(f"{base}/{path}")
            assert seen.complaints() == [], path
        with seen.page.expect_navigation():
            seen.page.click("button[lang=th]")
        seen.keys("n", away=True)
        assert seen.complaints() == [] and not seen.wrong


@pytest.mark.proof  # in each test run by its requests alone (test_pages.py)
def test_a_foreign_page_gets_nothing_from_a_browser_that_is_signed_in(browser: Any, room: Course) -> None:
    import http.server
    import threading

    with served(room) as site:
        seen = Seen(browser, site)
        target = seen.page.url
        form = f"""<form method=post action="{target}"><input name=item-idea value=1><button>x</button></form>
            <img src="{target}"><iframe src="{target}"></iframe>
            <script>fetch("{target}", {{credentials: "include"}}).then(r => r.text()).then(t => document.title = t);
            fetch("{target}/draft", {{method: "POST", mode: "no-cors", credentials: "include", body: "free=1"}});
            </script>""".encode()
        cookies: list[str] = []

        class Foreign(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                cookies.append(self.headers.get("Cookie", ""))
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(form)

            def log_message(self, *_: object) -> None:
                pass

        with http.server.HTTPServer(("127.0.0.1", 0), Foreign) as foreign:
            threading.Thread(target=foreign.serve_forever, daemon=True).start()
            for host in ("127.0.0.1", "localhost"):  # another port of the same site, and another site
                other = seen.page.context.new_page()
                other.goto(f"http://{host}:{foreign.server_port}/")
                other.wait_for_timeout(200)
                assert not other.title()
                other.click("button")
                other.wait_for_load_state()
                assert "refused" in other.inner_text("body")
            foreign.shutdown()
        assert set(cookies) == {""}  # the cookie goes to no other port
        assert marks(room) == {} and not site.desk.record.drafts
