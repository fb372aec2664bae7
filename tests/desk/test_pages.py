"""The desk's pages: who gets in, what is refused, and that nothing of a student's is more than text."""

import base64
import contextlib
import html
import io
import os
import re
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import desks
import pytest
from desks import Served, served
from PIL import Image, ImageDraw
from toy import NAME

from autograder import cli
from autograder.course import Course
from autograder.desk import guard, web
from autograder.gradebook import reader
from autograder.marks import final_marks

HOSTILE = """<script>window.__won=31337</script> <img src=x onerror=alert(1)> [click](javascript:alert(1))
![far](https://evil.example/31337.png) $\\href{javascript:alert(1)}{x}$ $$\\text{<script>alert(1)</script>}$$
<form action=/list method=post><input name=student value=x></form> </main></body></html> {{ 7 * 191 }}"""


def pdf(pages: int) -> bytes:
    """A PDF of so many pages."""
    sheets = [Image.new("RGB", (300, 400), "white") for _ in range(pages)]
    for number, sheet in enumerate(sheets):
        ImageDraw.Draw(sheet).text((40, 40), f"page {number}", fill="black")
    written = io.BytesIO()
    sheets[0].save(written, "PDF", save_all=True, append_images=sheets[1:])
    return written.getvalue()


@pytest.fixture
def open_desk(room: Course) -> Iterator[Served]:
    with served(room) as found:
        yield found


def score(course: Course, student: str) -> float | None:
    rows = reader.read_rows(course, course.assignments[0])
    return final_marks.class_marks(course, course.assignments[0], [student], rows)[student].score("T3")


def test_a_link_is_exchanged_once_for_a_cookie_and_then_good_for_nothing(open_desk: Served) -> None:
    token = open_desk.keys.link("ann")
    visitor = open_desk.visitor()
    assert visitor.ask("GET", "/").status == 403
    page = visitor.ask("GET", f"/enter?token={token}")
    assert page.status == 200 and token in page.text and "for ann, and good once" in page.text
    # to look at it, as a mail's preview does, uses nothing up
    answered = visitor.enter(token)
    cookie = answered.headers["set-cookie"].lower()
    assert answered.status == 303 and "httponly" in cookie and "samesite=strict" in cookie
    assert f"path=/{open_desk.keys.place}" in cookie and open_desk.links == {"ann": "announced"}
    assert visitor.ask("GET", "/list").status == 200
    other = open_desk.visitor()
    again = other.enter(token)
    assert again.status == 403 and "was used" in again.text and not other.cookie
    assert other.ask("GET", "/list").status == 403


@pytest.mark.parametrize(
    ("method", "headers", "why"),
    [
        ("GET", {"Host": "evil.example"}, "not known by that name"),
        ("GET", {"Host": "localhost:1"}, "not known by that name"),
        ("GET", {"Sec_Fetch_Site": "cross-site"}, "comes from another page"),
        ("GET", {"Sec_Fetch_Site": "same-site"}, "comes from another page"),
        ("POST", {"Origin": "http://evil.example"}, "comes from another page"),
        ("POST", {"Origin": "null"}, "comes from another page"),
        ("POST", {"Origin": ""}, "does not say from where"),
        ("POST", {"Origin": "http://127.0.0.1:1"}, "comes from another page"),
        ("PUT", {}, "only GET and POST"),
    ],
)
def test_what_no_page_of_ours_sent_is_refused_with_the_cookie_too(
    open_desk: Served, method: str, headers: dict[str, str], why: str
) -> None:
    visitor = open_desk.visitor("ann")
    answered = visitor.ask(method, "/undo" if method == "POST" else "/list", **headers)
    assert answered.status == 403 and why in answered.text
    assert visitor.ask("GET", "/list").status == 200


def test_too_much_is_refused_before_it_is_read(open_desk: Served) -> None:
    answered = open_desk.visitor("ann").ask("POST", "/undo", {"x": "y" * guard.LONGEST})
    assert answered.status == 403 and "too much was sent" in answered.text


def test_chunks_without_a_length_and_beside_one_are_refused_before_they_are_read(open_desk: Served) -> None:
    visitor = open_desk.visitor()
    for length in ("", "Content-Length: 9\r\n"):
        head = f"POST /{visitor.place}/enter HTTP/1.1\r\nHost: 127.0.0.1:{open_desk.port}\r\n"
        head += f"Origin: http://127.0.0.1:{open_desk.port}\r\nTransfer-Encoding: chunked\r\n{length}\r\n"
        with socket.create_connection(("127.0.0.1", open_desk.port), 60) as line:
            line.sendall(head.encode() + b"5\r\ntoken\r\n")  # and nothing more: an answer does not wait for the rest
            answered = got = line.recv(100_000)
            while got and not answered.endswith(b"\nrefused: too much was sent, or it was not said how much\n"):
                got = line.recv(100_000)
                answered += got
        assert answered.startswith(b"HTTP/1.1 403") and answered.endswith(b"said how much\n")


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nX-Slow", b"enter"])
def test_who_is_long_in_asking_is_cut_off(
    room: Course, begun: bytes, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(guard, "PATIENCE", 0.3)
    with served(room) as found, socket.create_connection(("127.0.0.1", found.port), 60) as line:
        if begun == b"enter":
            whole = f"POST /{found.keys.place}/enter HTTP/1.1\r\nHost: 127.0.0.1:{found.port}\r\n"
            begun = f"{whole}Origin: http://127.0.0.1:{found.port}\r\nContent-Length: 9\r\n\r\ntok".encode()
        with contextlib.suppress(ConnectionError):  # it may be cut off with a word or without
            line.sendall(begun)
            assert line.recv(1000) == b""
        monkeypatch.setattr(guard, "PATIENCE", 60.0)
        assert found.visitor("ann").ask("GET", "/list").status == 200
    assert "Traceback" not in capfd.readouterr().err


def test_who_holds_many_connections_leaves_room_for_a_grader(
    open_desk: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "MOST_CONNECTIONS", 5)
    with contextlib.ExitStack() as held:
        lines = [held.enter_context(socket.create_connection(("127.0.0.1", open_desk.port), 60)) for _ in range(20)]
        assert open_desk.visitor("ann").ask("GET", "/list").status == 200
        ended = 0
        for line in lines:
            line.setblocking(False)
            try:
                ended += line.recv(1) == b""
            except BlockingIOError:
                pass  # it is open still
            except ConnectionResetError:
                ended += 1
        assert ended >= 15


def test_too_many_fields_and_a_file_that_is_gone_are_one_line(hostile: Course) -> None:
    with served(hostile) as found:
        visitor = found.visitor("ann")
        many = visitor.ask("POST", "/appeal", {str(n): "" for n in range(guard.MOST_FIELDS + 1)})
        assert many.status == 503 and "more than 3000 fields" in many.text
        answer = next(a for u in found.desk.waiting.units() for a in u.answers if a.student == "only-files")
        (hostile.root / "autograded" / "only-files" / NAME / "a.pdf").unlink()
        gone = visitor.ask("GET", f"/answers/{answer.id}/files/1")
        assert gone.status == 503 and "run `autograder grade warmup`" in gone.text
        assert visitor.ask("GET", f"/answers/{answer.id}").status == 200


def test_every_answer_has_our_headers_refusals_and_files_too(open_desk: Served) -> None:
    visitor = open_desk.visitor("ann")
    asked = [visitor.next(), visitor.ask("GET", "/list"), visitor.ask("GET", "/static/desk.js"),
             visitor.ask("GET", "/static/../web.py"), visitor.ask("GET", "/list", Host="x"),
             open_desk.visitor().ask("GET", "/list")]  # fmt: skip
    for answered in asked:
        assert {name.lower(): answered.headers.get(name.lower()) for name in guard.HEADERS} == {
            name.lower(): value for name, value in guard.HEADERS.items()
        }
    assert [answered.status for answered in asked] == [200, 200, 200, 404, 403, 403]
    assert "unsafe" not in guard.POLICY and "default-src 'none'" in guard.POLICY


def test_a_mark_is_given_and_the_next_answer_follows(
    open_desk: Served, room: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = open_desk.visitor("ann")
    names = set()
    for _ in range(4):
        page = visitor.next()
        assert not {name for name in ("anong", "bua", "chai", "dao", "สมหญิง") if name in page.text}
        names.add(page.action)
        kept = visitor.ask("POST", f"{page.action}/draft", {"item-idea": "1"})
        assert (kept.status, kept.text) == (200, "0.5")
        fields = {**page.fields, "item-idea": "1", "free": "0,25", "comment": "Good."}
        assert visitor.ask("POST", page.action, fields).status == 303
    assert len(names) == 4 and "Nothing waits" in visitor.next().text
    assert score(room, "bua") == score(room, "dao") == 0.75
    listed = visitor.ask("GET", "/list").text
    assert "dao" in listed and "ann" in listed  # what is decided has names again
    assert re.search(r"<td>\d{4}-\d\d-\d\d \d\d:\d\d UTC</td>", listed) and "The newest" not in listed
    monkeypatch.setattr(web, "MOST_SHOWN", 2)
    assert "The newest 2 of 5 are shown" in visitor.ask("GET", "/list").text
    assert visitor.ask("POST", "/undo").status == 303 and "item-idea" in visitor.next().text
    even = visitor.ask("GET", "/even").text
    assert "Marks 1 to 3" in even and "0.75" in even


def test_nothing_is_given_by_a_slip(open_desk: Served, room: Course) -> None:
    visitor = open_desk.visitor("ann")
    page = visitor.next()
    empty = visitor.ask("POST", page.action, page.fields)
    assert empty.status == 400 and "press 0 for zero" in empty.text
    odd = visitor.ask("POST", page.action, {**page.fields, "free": "much"})
    assert odd.status == 400 and "Points are a number" in odd.text
    assert visitor.ask("POST", f"{page.action}/draft", {"free": "nan"}).text == "Points are a number, as 0.25 or -0.1."
    long = visitor.ask("POST", page.action, {**page.fields, "comment": "x" * 4001})
    assert long.status == 400 and "at most 4000 characters" in long.text
    stale = visitor.ask("POST", page.action, {"item-idea": "1", "saw-0123456789ab": "0"})
    assert stale.status == 409 and "Look at it once more" in stale.text
    assert visitor.ask("GET", "/answers/nobody").status == 409
    assert visitor.ask("POST", page.action, {**page.fields, "zero": "1"}).status == 303
    assert sorted(score(room, name) or 0 for name in ("anong", "chai", "dao")) == [0, 0, 0]


def test_a_conflict_is_shown_and_mine_is_kept_as_a_draft(open_desk: Served, room: Course) -> None:
    import killing

    visitor = open_desk.visitor("ann")
    page = visitor.next()
    for name in ("anong", "bua", "chai", "dao", "สมหญิง ใจดี"):
        killing.give(room, name, "T3", score=0.625, comment="by the other")
    answered = visitor.ask("POST", page.action, {**page.fields, "item-reason": "1"})
    assert answered.status == 409 and "0.625" in answered.text and "by the other" in answered.text
    assert score(room, "dao") == 0.625
    again = visitor.ask("GET", page.action)
    assert "Entered elsewhere (formgrader): 0.625" in again.text
    assert re.search(r'name="item-reason" value="1"[^>]* checked', again.text)
    assert visitor.ask("POST", page.action, {**again.fields, "item-reason": "1"}).status == 303


def test_two_graders_never_get_the_same_answer(open_desk: Served) -> None:
    ann, bo = open_desk.visitor("ann"), open_desk.visitor("bo")
    mine, yours = ann.next(), bo.next()
    assert mine.action != yours.action
    there = bo.ask("GET", mine.action)
    assert "ann is at this answer now" in there.text
    assert bo.ask("POST", mine.action, {**mine.fields, "item-idea": "1"}).status == 409


def test_a_second_mark_that_is_sent_twice_is_never_a_first_one(room: Course) -> None:
    with served(room, second=100) as found:
        ann, bo = found.visitor("ann"), found.visitor("bo")
        while 'id="give"' in (page := ann.next()).text:
            assert ann.ask("POST", page.action, {**page.fields, "item-idea": "1"}).status == 303
        page = bo.next()
        assert "You are the second grader" in page.text and page.fields["second"] == "1"
        theirs = {**page.fields, "item-reason": "1", "free": "0.25"}
        assert [bo.ask("POST", page.action, theirs).status for _ in range(2)] == [303, 409]
        assert {score(room, name) for name in ("anong", "bua", "chai", "dao")} == {0.5}
        ((_, first, second),) = found.desk.waiting.seconds()
        assert (first.by, second.by, second.score) == ("ann", "bo", 0.75)


def test_a_rubric_is_edited_previewed_and_used(open_desk: Served, room: Course) -> None:
    visitor = open_desk.visitor("ann")
    page = visitor.next()
    visitor.ask("POST", page.action, {**page.fields, "item-idea": "1"})
    form = {"start": "0", "name-idea": "idea", "key-idea": "1", "points-idea-1": "0.25", "text-idea-1-en": "Idea.",
            "name-reason": "reason", "key-reason": "2", "text-reason-1-en": "",
            "name-new": "more", "key-new": "", "points-new-1": "0.75", "text-new-1-th": "เพิ่ม"}  # fmt: skip
    preview = visitor.ask("POST", "/rubric/T3/preview", form)
    assert (
        preview.status == 200
        and "0.5 → 0.25" in preview.text
        and "points = 0.5" in room.part("rubric", NAME).read_text()
    )
    hidden = dict(re.findall(r'name="(whole|digest)" value="([^"]*)"', preview.text))
    hidden["whole"] = hidden["whole"].replace("&#34;", '"')
    assert visitor.ask("POST", "/rubric/T3", hidden).status == 303
    assert [item.name for item in open_desk.desk.rubric("T3").items] == ["idea", "more"]
    assert visitor.ask("POST", "/rubric/T3", {"whole": "{", "digest": ""}).status == 503
    assert "come to 1" not in visitor.ask("GET", "/rubric/T3").text


@pytest.mark.parametrize(
    ("typed", "told"), [({"start": "x"}, "Points are a number"), ({"key-new": "ab"}, "one of its own of")]
)
def test_what_was_typed_into_a_rubric_stays_where_something_in_it_is_wrong(
    open_desk: Served, typed: dict[str, str], told: str
) -> None:
    visitor = open_desk.visitor("ann")
    form = {"start": "0", "name-idea": "idea", "key-idea": "1", "points-idea-1": "0.25", "text-idea-1-en": "",
            "points-idea-2": "0.125", "text-idea-2-th": "ครึ่ง <b>", "name-new": "more", "key-new": "",
            "points-new-1": "0.75", "text-new-1-en": 'An hour of "words".'} | typed  # fmt: skip
    page = visitor.ask("POST", "/rubric/T3/preview", form)
    assert page.status == 400 and told in page.text
    found = re.findall(r'<input name="([^"]+)" value="([^"]*)"', page.text)
    assert {name: html.unescape(value) for name, value in found}.items() >= form.items()
    assert [item.name for item in open_desk.desk.rubric("T3").items] == ["idea", "reason", "sign"]


def test_an_item_gets_another_level_on_the_page(open_desk: Served) -> None:
    visitor = open_desk.visitor("ann")
    page = visitor.ask("GET", "/rubric/T3").text
    assert 'name="points-idea-2" value=""' in page and 'name="points-idea-3"' not in page
    form = {"start": "0", "name-idea": "idea", "key-idea": "1", "points-idea-1": "0.5", "text-idea-1-en": "All of it.",
            "points-idea-2": "0.25", "text-idea-2-en": "Half of it."}  # fmt: skip
    preview = visitor.ask("POST", "/rubric/T3/preview", form)
    hidden = dict(re.findall(r'name="(whole|digest)" value="([^"]*)"', preview.text))
    hidden["whole"] = hidden["whole"].replace("&#34;", '"')
    assert visitor.ask("POST", "/rubric/T3", hidden).status == 303
    (item,) = open_desk.desk.rubric("T3").items
    assert [level.points for level in item.levels] == [0.5, 0.25]
    again = visitor.ask("GET", "/rubric/T3").text
    assert "level 2" in again and 'name="points-idea-3" value=""' in again
    assert 'value="2" data-points="0.25"' in visitor.next().text
    form |= {"points-idea-3": "0.1", "text-idea-3-en": "Some of it."}
    del form["text-idea-2-en"]  # and the one in the middle is taken out
    preview = visitor.ask("POST", "/rubric/T3/preview", form)
    hidden = dict(re.findall(r'name="(whole|digest)" value="([^"]*)"', preview.text))
    hidden["whole"] = hidden["whole"].replace("&#34;", '"')
    assert visitor.ask("POST", "/rubric/T3", hidden).status == 303
    assert 'value="3" data-points="0.1"' in visitor.next().text


def test_an_appeal_opens_any_task_with_its_verdict_and_replay(open_desk: Served, room: Course) -> None:
    visitor = open_desk.visitor("ann")
    nobody = visitor.ask("POST", "/appeal", {"student": "<b>", "task": "T1"})
    assert nobody.status == 404 and "&lt;b&gt;" in nobody.text
    found = visitor.ask("POST", "/appeal", {"student": "blank", "task": "T1"})
    page = visitor.ask("GET", found.headers["location"])
    assert page.status == 200 and "The check says" in page.text
    replayed = visitor.ask("GET", f"{page.action}/replay")
    assert "decided:" in replayed.text and replayed.action == page.action  # beside the form that overrides
    assert visitor.ask("POST", page.action, {**replayed.fields, "free": "0.5", "comment": "right"}).status == 303
    rows = reader.read_rows(room, room.assignments[0])
    marks = final_marks.class_marks(room, room.assignments[0], ["blank"], rows)["blank"]
    assert marks.score("T1") == 0.5 and "A person changed this mark" in marks.result.verdicts["T1"].message


def test_a_picture_alone_is_not_nothing(room: Course) -> None:
    written = io.BytesIO()
    Image.new("RGB", (60, 40), "white").save(written, "PNG")
    picture = f"![](data:image/png;base64,{base64.b64encode(written.getvalue()).decode()})"
    desks.class_of(room, {"photo": picture, "empty": " "})
    with served(room) as found:
        visitor = found.visitor("ann")
        for student, empty in (("photo", False), ("empty", True)):
            unit = next(u for u in found.desk.waiting.units() if u.answers[0].student == student)
            page = visitor.ask("GET", f"/answers/{unit.id}").text
            assert ("Nothing stands in the cell" in page) == empty and ("<img" in page) != empty


def test_an_appeal_is_of_one_answer_where_others_are_the_same(open_desk: Served, room: Course) -> None:
    visitor = open_desk.visitor("ann")
    group = next(unit for unit in open_desk.desk.waiting.units() if len(unit.answers) == 2)
    page = visitor.ask("GET", f"/answers/{group.id}")
    assert visitor.ask("POST", page.action, {**page.fields, "item-idea": "1"}).status == 303
    found = visitor.ask("POST", "/appeal", {"student": "bua", "task": "T3"})
    alone = visitor.ask("GET", found.headers["location"])
    assert alone.status == 200 and len(alone.fields) == 1
    assert visitor.ask("POST", alone.action, {**alone.fields, "item-reason": "1", "item-idea": "1"}).status == 303
    assert (score(room, "anong"), score(room, "bua")) == (0.5, 1.0)


def test_the_page_speaks_both_languages(open_desk: Served) -> None:
    visitor = open_desk.visitor("ann")
    assert visitor.ask("POST", "/language", {"language": "th"}).status == 303
    page = visitor.next().text
    assert '<html lang="th">' in page and "ให้คะแนน" in page and "แนวคิด" in page
    assert visitor.ask("POST", "/language", {"language": "xx"}).status == 303


@pytest.fixture(scope="module")
def hostile(graded: Course, copy_of: Callable[[Course, Path], Course], tmp_path_factory: Any) -> Course:
    course = copy_of(graded, tmp_path_factory.mktemp("hostile") / "course")
    beside = {
        "somchai-proof.pdf": pdf(2),
        "somchai.html": b"<script>window.__won=31337</script>",
        "bad.pdf": b"%PDF-1.7",
    }
    text = f"{HOSTILE}\n\nsee [somchai-proof.pdf](somchai-proof.pdf)"
    desks.class_of(course, {"eve": text, "only-files": "see my file"}, {"eve": beside, "only-files": {"a.pdf": pdf(1)}})
    return course


def test_what_a_student_wrote_is_inert_nameless_and_saved_never_opened(hostile: Course) -> None:
    with served(hostile) as found:
        visitor = found.visitor("ann")
        unit = next(u for u in found.desk.waiting.units() if u.answers[0].student == "eve")
        page = visitor.ask("GET", f"/answers/{unit.id}")
        (answer,) = unit.answers
        inside = page.text.partition("<article")[2].partition("</article>")[0]
        assert not re.search(r"<(script|form|img src=x|iframe|svg|style)|href=.javascript", inside)
        assert "evil.example" not in re.sub(r">[^<]*<", "><", inside) and "1337" not in re.findall(r"\b1337\b", inside)
        assert "somchai" not in page.text and "file 1" in page.text
        assert page.text.count('<figure class="scan">') == 2 and "cannot be shown here" in page.text
        files = {name: number for number, name in enumerate(answer.files, 1)}
        for name, number in files.items():
            saved = visitor.ask("GET", f"/answers/{answer.id}/files/{number}")
            assert saved.status == 200 and saved.headers["content-type"] == "application/octet-stream", name
            assert saved.headers["content-disposition"].startswith(f'attachment; filename="file {number}.')
            assert saved.headers["x-content-type-options"] == "nosniff"
        scan = f"/answers/{answer.id}/files/{files['somchai-proof.pdf']}"
        assert visitor.ask("GET", f"{scan}/2").body.startswith(b"\xff\xd8\xff")
        assert visitor.ask("GET", f"{scan}/3").status == 404
        assert visitor.ask("GET", f"/answers/{answer.id}/files/9").status == 409
        assert found.visitor().ask("GET", scan).status == 403


def test_ctrl_c_is_the_usual_end_of_the_command(room: Course) -> None:
    reads, writes = os.pipe()
    sys.stdout.flush()
    if (child := os.fork()) == 0:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in a shell's background ignores it
        sys.stdout = os.fdopen(writes, "w", buffering=1)
        os._exit(cli.main(["mark", NAME, "--course", str(room.root), "--grader", "พี่แอน"]))
    os.close(writes)
    with os.fdopen(reads) as said:
        lines = [said.readline() for _ in range(3)]
        assert "0 of 5 answers" in lines[0] and "พี่แอน: http://127.0.0.1:" in lines[1] and "Ctrl+C" in lines[2], lines
        os.kill(child, signal.SIGINT)
        assert "ended; 0 of 5 answers of warmup are marked" in said.read()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_marking_starts_by_the_command_and_says_what_is_wrong(room: Course, run: Callable[..., Any], toy: Any) -> None:
    def said(*more: str) -> str:
        done = run("autograder", "mark", NAME, "--course", room.root, *more)
        assert done.returncode == 1, done.stdout
        return " ".join(str(done.stderr).split())

    assert "--grader 'a/b': a name of letters" in said("--grader", "a/b")
    assert "--grader ' ': a name of letters" in said("--grader", "พี่แอน", "--grader", "ann_1 b.-", "--grader", " ")
    assert "name the address by which the graders reach this machine" in said("--host", "0.0.0.0")
    with desks.taken_port() as port:
        assert "leave out --port for a free one" in said("--port", str(port))
    room.part("rubric", NAME).write_text("[T9]")
    assert "has no such task" in said()
