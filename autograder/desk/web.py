"""The desk's pages: what a browser may ask, and what it is shown.

It is long, so that all that a page may ask, and every answer to it, stand in one place.
"""

import asyncio
import functools
import hashlib
import math
import re
import socket
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import uvicorn
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route

from autograder.course import PERSON, messages, shown
from autograder.course.messages import Messages
from autograder.course.records import LANGUAGES
from autograder.desk import agreement, guard, levelled, rubric
from autograder.desk.answers import Answer, Shown
from autograder.desk.guard import Guard, Keys
from autograder.desk.marking import Conflict, Desk, seen
from autograder.desk.rubric import KEYS, Chosen, Item, Level, Rubric
from autograder.desk.waiting import Stale, Unit
from autograder.errors import CourseError
from autograder.gradebook import reader
from autograder.grading import appeals
from autograder.marks import verdict_files
from autograder.marks.manual_marks import ManualMark
from autograder.pages import html_page, markdown
from autograder.pages.cleaned import pictures
from autograder.pages.cleaned.pictures import Picture

TEMPLATES = Path(__file__).parent / "templates"
STATIC = {"desk.js": "text/javascript", "desk.css": "text/css"}
TOKENS = re.compile(r" ?([_^{}()]) ?")
MAX_COMMENT = 4000  # characters
MOST_SHOWN = 300  # lines of the list of what is decided
PAGES_KEPT = 40  # files whose pages stay in memory
MOST_AHEAD = 5  # answers whose pages are made before they are asked for
ANEW = 5.0  # seconds after which the gradebook is looked at again

Handler = Callable[["Site", Request, str], Awaitable[Response]]


@dataclass
class Site:
    """The desk, who may see it, and what each grader's browser is at. announce: tells the next link at the terminal."""

    desk: Desk
    keys: Keys
    announce: Callable[[str], None]
    language: dict[str, str] = field(default_factory=dict)
    opened: dict[tuple[str, str], float] = field(default_factory=dict)
    pages: dict[bytes, tuple[Picture, ...]] = field(default_factory=dict)
    looked: float = 0.0
    ahead: set[asyncio.Task[Any]] = field(default_factory=set)

    def url(self, *parts: str) -> str:
        return "/".join(["", self.keys.place, *(parts or [""])])

    def words(self, grader: str) -> Messages:
        return _texts(self.language.get(grader, self.desk.course.language))

    def look(self) -> None:
        """Look at the gradebook again, where the last look is not of just now."""
        if time.monotonic() - self.looked > ANEW:
            self.desk.look()
            self.looked = time.monotonic()

    def page(self, template: str, grader: str, status: int = 200, **values: Any) -> Response:
        """A page of a template; everything that is not Markup is escaped."""
        words = self.words(grader)
        about: dict[str, Any] = {
            "say": functools.partial(words.say, "desk"),
            "keys": words.engine["keys"],
            "language": words.language,
            "other": next(one for one in LANGUAGES if one != words.language),
            "grader": grader,
            "assignment": self.desk.assignment,
            "url": self.url,
            "points": shown,
            "signed": rubric.signed,
            "formulas": markdown.with_formulas,
            "compact": _compact,
            "when": functools.partial(_when, zone=ZoneInfo(self.desk.course.timezone)),
        }
        return HTMLResponse(_templates().get_template(template).render(**about, **values), status)

    async def scans(self, answer: Answer) -> dict[int, tuple[Picture, ...]]:
        """The pages of the PDF files of an answer, by the file's number; read in confinement, once."""
        found = {}
        for number, name in enumerate(answer.files, 1):
            if not name.lower().endswith(".pdf"):
                continue
            try:
                data = await run_in_threadpool(self.desk.waiting.reader.file, answer, number)
            except CourseError:  # who asks for the file itself is told
                continue
            key = hashlib.sha256(data).digest()  # a group may hold the same file many times
            if key not in self.pages:
                made = await run_in_threadpool(pictures.pages_of, data)
                while len(self.pages) >= PAGES_KEPT:
                    self.pages.pop(next(iter(self.pages)))
                self.pages[key] = made
            found[number] = self.pages.get(key, ())
        return found


def _compact(levelled_text: str) -> str:
    """A levelled text without the spaces that stand between a formula's tokens."""
    return TOKENS.sub(r"\1", levelled_text)


def _when(at: str, zone: ZoneInfo) -> str:
    """A time of the journal as the course's clock had it."""
    return f"{datetime.fromisoformat(at).astimezone(zone):%Y-%m-%d %H:%M %Z}"


@functools.cache
def _texts(language: str) -> Messages:
    return messages.plain_messages(Path(__file__).parent / "messages.toml", language)


@functools.cache
def _templates() -> Environment:
    loader = FileSystemLoader([TEMPLATES, html_page.TEMPLATES])
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


@dataclass(frozen=True)
class Looks:
    """One look of a unit's answers. count: of answers that look just like this one, itself among them."""

    answer: Answer
    shown: Shown
    scans: Mapping[int, tuple[Picture, ...]]
    count: int


@dataclass(frozen=True)
class Near:
    """The answer that is nearest to one, beside it."""

    percent: int
    unit: str
    mark: ManualMark | None
    difference: Sequence[levelled.Piece]


# ---- marking ------------------------------------------------------------------------------------


async def start(site: Site, request: Request, grader: str) -> Response:
    """To the next answer that waits."""
    site.look()
    unit = site.desk.next(grader, request.query_params.get("after", ""))
    if unit is None:
        progress = site.desk.waiting.progress(grader)
        return site.page("done.html", grader, progress=progress)
    return RedirectResponse(site.url("answers", unit.id), 303)


async def show(
    site: Site, request: Request, grader: str, said: str = "", status: int = 200, replayed: Sequence[str] = ()
) -> Response:
    """One answer, or a group."""
    site.look()
    waiting = site.desk.waiting
    unit = waiting.unit(request.path_params["unit"])
    mine = site.desk.claim(grader, unit)
    task = site.desk.assignment.task(unit.task)
    second = waiting.is_second(grader, unit)
    members = unit.answers[:1] if second else waiting.members(unit)
    used = site.desk.rubric(unit.task)
    waiting.visit(grader, unit)
    draft = site.desk.draft(grader, unit)
    if second and (grader, unit.id) not in site.desk.record.drafts:
        draft = Chosen()
    site.opened.setdefault((grader, unit.id), time.monotonic())
    given = [(waiting.row(a), waiting.given(a)) for a in members if waiting.row(a).given and not second]
    page = site.page(
        "answer.html",
        grader,
        status,
        unit=unit,
        task=task,
        looks=await _looks(site, members),
        saw={answer.id: seen(waiting.row(answer)) for answer in members},
        rubric=used,
        said=functools.partial(rubric.said, language=site.words(grader).language),
        draft=draft,
        score=rubric.score(used, draft, task.points),
        comments=site.desk.comments(unit.task),
        progress=waiting.progress(grader),
        near=_near(site, unit, members[0], second),
        second=second,
        given=given,
        told=said or ("" if mine else _elsewhere(waiting.holder(unit), site.words(grader))),
        mine=mine,
        machine=task.graded_by != PERSON,
        replayed=replayed,
        worth=members[0].verdict,
    )
    for following in waiting.queue(grader, unit.id)[:1]:  # made ready while this one is looked at
        asyncio.get_running_loop().call_soon(waiting.nearest, following)
        for answer in following.answers[:MOST_AHEAD]:
            site.ahead.add(asyncio.create_task(site.scans(answer)))
    site.ahead = {running for running in site.ahead if not running.done()}
    return page


def _elsewhere(holder: str, words: Messages) -> str:
    return words.say("desk", "elsewhere", grader=holder) if holder else words.say("desk", "elsewhere-unknown")


async def _looks(site: Site, members: Sequence[Answer]) -> list[Looks]:
    """The members of a group by how they look: what looks the same to the letter is shown once."""
    handed_in: dict[str, list[Answer]] = defaultdict(list)  # the same bytes look the same: they are read once
    for answer in members:
        handed_in[answer.hash or answer.id].append(answer)
    found: dict[Any, Looks] = {}
    for same in handed_in.values():
        each, scans = site.desk.waiting.reader.show(same[0]), await site.scans(same[0])
        like = each.pieces, each.pictures, tuple(scans.values())
        first = found.get(like, Looks(same[0], each, scans, 0))
        found[like] = replace(first, count=first.count + len(same))
    return list(found.values())


def _near(site: Site, unit: Unit, answer: Answer, second: bool) -> Near | None:
    waiting = site.desk.waiting
    found = waiting.nearest(unit)
    if found is None:
        return None
    other = waiting.unit(found[0])
    mark = None if second or waiting.is_open(other.answers[0]) else waiting.row(other.answers[0])
    return Near(found[1], other.id, mark, levelled.difference(answer.text, other.answers[0].text))


async def draft(site: Site, request: Request, grader: str) -> Response:
    """Keep what is chosen so far."""
    fields = await guard.form(request)
    unit = site.desk.waiting.unit(request.path_params["unit"])
    chosen = _chosen(fields, site.words(grader))
    if site.desk.record.drafts.get((grader, unit.id)) != chosen:
        site.desk.note(grader, unit, chosen)
    return PlainTextResponse(shown(rubric.score(site.desk.rubric(unit.task), chosen, _points(site, unit))))


async def give(site: Site, request: Request, grader: str) -> Response:
    """Give a mark, and on to the next."""
    fields = await guard.form(request)
    words = site.words(grader)
    unit = site.desk.waiting.unit(request.path_params["unit"])
    try:
        chosen = _chosen(fields, words)
    except CourseError as error:
        return await show(site, request, grader, str(error), 400)
    if not chosen and not site.desk.rubric(unit.task).start and fields.get("zero") != "1":
        return await show(site, request, grader, words.say("desk", "choose"), 400)
    seconds = time.monotonic() - site.opened.pop((grader, unit.id), time.monotonic())
    if not site.desk.claim(grader, unit):
        return await show(site, request, grader, "", 409)
    second = site.desk.waiting.is_second(grader, unit)
    if second != (fields.get("second") == "1"):  # sent twice, say: what was meant as a second mark is never a first
        raise Stale("the page was of a second mark, and this would be a first one, or the other way round")
    if second:
        site.desk.give_second(grader, unit, chosen)
        return RedirectResponse(site.url(), 303)
    saw = {name.removeprefix("saw-"): value for name, value in fields.items() if name.startswith("saw-")}
    try:
        site.desk.give(grader, unit, chosen, saw, seconds)
    except (Conflict, Stale) as error:
        site.desk.note(grader, unit, chosen)
        site.looked = 0.0
        if isinstance(error, Conflict):
            return site.page("conflict.html", grader, 409, found=error.found.values(), unit=unit.id)
        text = words.say("desk", "stale-member")
        return site.page("message.html", grader, 409, head="stale", text=text, unit=unit.id)
    return RedirectResponse(site.url(), 303)


def _chosen(fields: Mapping[str, str], words: Messages) -> Chosen:
    """What stands in the form; CourseError for what cannot be used, in the grader's language."""
    items = {
        name.removeprefix("item-"): int(value)
        for name, value in fields.items()
        if name.startswith("item-") and value.isascii() and value.isdigit() and len(value) < 3 and int(value)
    }
    comment = fields.get("comment", "").replace("\r\n", "\n")
    if len(comment) > MAX_COMMENT:
        raise CourseError(words.say("desk", "bad-comment", most=str(MAX_COMMENT)))
    return Chosen(items, _number(fields.get("free", ""), words), comment)


def _number(text: str, words: Messages) -> float:
    try:
        value = float(text.strip().replace(",", ".").replace("−", "-") or 0)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or abs(value) > 1000:
        raise CourseError(words.say("desk", "bad-points"))
    return value


def _points(site: Site, unit: Unit) -> float:
    return site.desk.assignment.task(unit.task).points


async def apart(site: Site, request: Request, grader: str) -> Response:
    """Take a group apart; to the first of its answers."""
    unit = site.desk.waiting.unit(request.path_params["unit"])
    site.desk.take_apart(grader, unit)
    return RedirectResponse(site.url("answers", unit.answers[0].id), 303)


async def undo(site: Site, request: Request, grader: str) -> Response:
    """Take the grader's last mark back, and show its answer."""
    try:
        unit = site.desk.undo(grader)
    except Conflict as error:
        return site.page("conflict.html", grader, 409, found=error.found.values(), unit="")
    return RedirectResponse(site.url("answers", unit) if unit else site.url(), 303)


async def back(site: Site, request: Request, grader: str) -> Response:
    """To the answer before."""
    name = request.query_params.get("from", "")
    before = site.desk.waiting.back(grader, name)
    return RedirectResponse(site.url("answers", before or name) if before or name else site.url(), 303)


async def file(site: Site, request: Request, grader: str) -> Response:
    """A file of the student's, to be saved: never opened in place."""
    answer, number = _file(site, request)
    data = await run_in_threadpool(site.desk.waiting.reader.file, answer, number)
    name = f"file {number}{Path(answer.files[number - 1]).suffix[:12]}"
    safe = "".join(c if c.isascii() and (c.isalnum() or c in " .-") else "_" for c in name)
    headers = {"Content-Disposition": f'attachment; filename="{safe}"', "Content-Security-Policy": "sandbox"}
    return Response(data, headers=headers, media_type="application/octet-stream")


async def scan(site: Site, request: Request, grader: str) -> Response:
    """A page of a PDF, as a picture that we encoded."""
    answer, number = _file(site, request)
    pages = (await site.scans(answer)).get(number, ())
    at = int(request.path_params["page"])
    if not 0 < at <= len(pages):
        return PlainTextResponse("no such page\n", 404)
    return Response(pages[at - 1].data, media_type=pages[at - 1].mime)


def _file(site: Site, request: Request) -> tuple[Answer, int]:
    answer, number = site.desk.waiting.answer(request.path_params["answer"]), int(request.path_params["number"])
    if not 0 < number <= len(answer.files):
        raise Stale("there is no such file")
    return answer, number


# ---- the work list ------------------------------------------------------------------------------


async def work(site: Site, request: Request, grader: str) -> Response:
    """What waits, what was decided, by whom and when."""
    site.desk.look()
    waiting, course, assignment = site.desk.waiting, site.desk.course, site.desk.assignment
    rows: dict[tuple[str, str, str], list[tuple[Unit, int]]] = defaultdict(list)
    for unit in waiting.units():
        found = list(filter(waiting.is_open, unit.answers))
        for answer in found[:1]:
            kind = "kind-changed" if waiting.row(answer).given else "kind-fault" if answer.verdict.fault else "kind-new"
            rows[answer.task, kind, answer.verdict.fault].append((unit, len(found)))
    texts = messages.load_messages(course, assignment)
    flags = []
    for student in verdict_files.students(course, assignment):
        result = verdict_files.load_result(course, assignment.name, student)
        for name, verdict in result.verdicts.items() if result is not None else ():
            if verdict.flag:
                flags.append((student, name, texts.flag(name, verdict.flag)))
    decided = sorted(waiting.decided(), key=lambda found: found[1].at if found[1] is not None else "", reverse=True)
    units = {answer.id: unit.id for unit in waiting.units() for answer in unit.answers}
    values: dict[str, Any] = {"rows": rows, "flags": flags, "decided": decided, "units": units, "most": MOST_SHOWN}
    return site.page("list.html", grader, progress=waiting.progress(grader), refused=waiting.refused, **values)


async def appeal(site: Site, request: Request, grader: str) -> Response:
    """To one student's answer to one task, whatever became of it."""
    fields = await guard.form(request)
    student, task = fields.get("student", "").strip(), fields.get("task", "")
    answer = site.desk.appeal(student, task)
    if answer is None:
        words = site.words(grader)
        text = words.say("desk", "appeal-nobody", student=student[:200], task=task[:40])
        return site.page("message.html", grader, 404, head="appeal", text=text, unit="")
    return RedirectResponse(site.url("answers", answer.id), 303)


async def replay(site: Site, request: Request, grader: str) -> Response:
    """An answer with its verdict replayed beside it, as `grade --explain` does."""
    desk = site.desk
    answer = desk.waiting.unit(request.path_params["unit"]).answers[0]
    rows = reader.read_rows(desk.course, desk.assignment)
    lines = await run_in_threadpool(appeals.explain, desk.course, desk.assignment, [answer.student], answer.task, rows)
    return await show(site, request, grader, replayed=lines)


# ---- the rubric ---------------------------------------------------------------------------------


async def edit(
    site: Site, request: Request, grader: str, said: str = "", typed: Mapping[str, str] = MappingProxyType({})
) -> Response:
    """The rubric of a task, to be changed. said, typed: what is wrong with what stands in the form, which stays."""
    task = site.desk.assignment.task(request.path_params["task"])
    used = site.desk.rubric(task.name)
    changed = task.name in site.desk.from_file()
    numbers = {item.name: _numbers(site, task.name, item) for item in used.items}
    values: dict[str, Any] = {"changed": changed, "best": used.best(), "numbers": numbers, "languages": LANGUAGES}
    status = 400 if said else 200
    return site.page("rubric.html", grader, status, task=task, rubric=used, said=said, typed=typed, **values)


async def preview(site: Site, request: Request, grader: str) -> Response:
    """Whose marks a changed rubric moves: nothing is changed yet."""
    task = site.desk.assignment.task(request.path_params["task"])
    fields = await guard.form(request)
    taken = site.desk.from_file().get(task.name) if fields.get("file") == "1" else None
    try:
        wanted = taken or _edited(site, task.name, fields, site.words(grader))
        changed = rubric.checked(f"rubric of {task.name}", wanted)
    except CourseError as error:
        return await edit(site, request, grader, str(error), fields)
    found = site.desk.preview(task.name, changed)
    same = [move for move in found.moves if not move.left and move.now.score == move.given.member.now.score]
    moving = [move for move in found.moves if not move.left and move not in same]
    ways: dict[tuple[float, float], list[str]] = defaultdict(list)
    for move in moving:
        ways[move.given.member.now.score or 0.0, move.now.score or 0.0].append(move.given.member.student)
    left = sorted(move.given.member.student for move in found.moves if move.left)
    values: dict[str, Any] = {
        "count": len(moving),
        "ways": sorted((*way, sorted(students)) for way, students in ways.items()),
        "same": same,
        "left": left,
        "digest": found.digest,
        "best": changed.best(),
    }
    whole = rubric.as_text(changed)
    return site.page("preview.html", grader, task=task, rubric=changed, whole=whole, **values)


async def reword(site: Site, request: Request, grader: str) -> Response:
    """Use a changed rubric that was previewed."""
    task = site.desk.assignment.task(request.path_params["task"])
    fields = await guard.form(request)
    changed = rubric.from_text(f"rubric of {task.name}", fields.get("whole", ""))
    site.desk.reword(grader, task.name, changed, fields.get("digest", ""))
    return RedirectResponse(site.url("rubric", task.name), 303)


def _numbers(site: Site, task: str, item: Item | None) -> list[int]:
    """The numbers of an item's levels, and one for a level that may be new."""
    if item is None:
        return [1]
    there = [level.number for level in item.levels]
    return [*there, max(site.desk.record.free_number(task, item.name), *(number + 1 for number in there))]


def _edited(site: Site, task: str, fields: Mapping[str, str], words: Messages) -> Rubric:
    """The rubric that stands in the form. A row whose texts and points are empty is no item any more."""
    old = {item.name: item for item in site.desk.rubric(task).items}
    names = [name.removeprefix("name-") for name in fields if name.startswith("name-")]
    items: list[Item] = []
    for row in names:
        levels = []
        for number in _numbers(site, task, old.get(row)):
            text = {one: fields.get(f"text-{row}-{number}-{one}", "").strip() for one in LANGUAGES}
            text = {one: " ".join(said.split()) for one, said in text.items() if said}
            if text:
                levels.append(Level(_number(fields.get(f"points-{row}-{number}", ""), words), text, number))
        if levels:
            key = fields.get(f"key-{row}", "").strip() or next(k for k in KEYS if k not in {i.key for i in items})
            items.append(Item(fields[f"name-{row}"].strip(), key, tuple(levels)))
    return Rubric(_number(fields.get("start", ""), words), tuple(items))


# ---- how even -----------------------------------------------------------------------------------


async def even(site: Site, request: Request, grader: str) -> Response:
    """What two graders marked, and each grader over time."""
    site.look()
    tasks = []
    pairs = list(site.desk.waiting.seconds())
    for task in site.desk.assignment.tasks:
        mine = [(u, first, second) for u, first, second in pairs if u.task == task.name]
        scores = [(first.member.now.score or 0.0, second.score) for _, first, second in mine]
        differing = [(u, a, b) for (u, a, b), (one, other) in zip(mine, scores, strict=True) if one != other]
        steps = agreement.drift(site.desk.marks(), task.name)
        if mine or steps:
            tasks.append((task, agreement.agreement(scores), differing, steps))
    return site.page("even.html", grader, tasks=tasks)


async def switch(site: Site, request: Request, grader: str) -> Response:
    """The page's other language."""
    wanted = (await guard.form(request)).get("language", "")
    if wanted in LANGUAGES:
        site.language[grader] = wanted
    return RedirectResponse(site.url("list"), 303)


# ---- the way in ---------------------------------------------------------------------------------


def serve(desk: Desk, graders: Sequence[str], door: socket.socket, where: str, say: Callable[[str], None]) -> None:
    """Serve the desk until it is interrupted. where: name and port as browsers have it; say: prints a line."""
    keys = Keys()

    def announce(grader: str, what: str = "{}: {}") -> None:
        say(what.format(grader, f"http://{where}/{keys.place}/enter?token={keys.link(grader)}"))

    site = Site(desk, keys, functools.partial(announce, what="{} has come in; a link for another window: {}"))
    for grader in graders:
        announce(grader)
    say("each link is good once; Ctrl+C ends, and all that was given stays")
    server(site, where).run(sockets=[door])


def server(site: Site, where: str) -> uvicorn.Server:
    """The desk's server. where: name and port as browsers have it."""
    settings = uvicorn.Config(
        application(site, [where]), log_level="error", lifespan="off", ws="none", http=guard.Connection, loop="asyncio",
        server_header=False, date_header=False,
    )  # fmt: skip
    return uvicorn.Server(settings)


def application(site: Site, hosts: Sequence[str]) -> Starlette:
    """The desk as a server's application. hosts: as browsers name it, with the port."""

    def signed_in(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def checked(request: Request) -> Response:
            grader = site.keys.holder(request)
            if grader is None:
                return PlainTextResponse(f"{_texts(site.desk.course.language).say('desk', 'used')}\n", 403)
            try:
                return await handler(site, request, grader)
            except Stale:
                text = site.words(grader).say("desk", "stale-member")
                return site.page("message.html", grader, 409, head="stale", text=text, unit="")
            except CourseError as error:
                if request.url.path.endswith("/draft"):
                    return PlainTextResponse(str(error), 400)
                return site.page("message.html", grader, 503, head="error", text=str(error), unit="")

        return checked

    async def enter(request: Request) -> Response:
        """A link: it is exchanged only when its button is pressed, so that no preview of a mail uses it up."""
        words = _texts(site.desk.course.language)
        values = {"say": functools.partial(words.say, "desk"), "language": words.language, "url": site.url}
        if request.method == "POST":
            found = site.keys.exchange((await guard.form(request)).get("token", ""))
            if found is None:
                return PlainTextResponse(f"{words.say('desk', 'used')}\n", 403)
            grader, cookie = found
            answer = RedirectResponse(site.url(""), 303)
            answer.set_cookie(guard.COOKIE, cookie, path=site.url(), httponly=True, samesite="strict")
            site.announce(grader)
            return answer
        token = request.query_params.get("token", "")
        page = _templates().get_template("enter.html")
        whose = site.keys.whose(token)
        return HTMLResponse(page.render(token=token, whose=whose, assignment=site.desk.assignment, **values))

    async def static(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in STATIC:
            return PlainTextResponse("no such file\n", 404)
        return Response(_static(name), media_type=STATIC[name])

    def get(path: str, handler: Handler) -> Route:
        return Route(path, signed_in(handler), methods=["GET"])

    def post(path: str, handler: Handler) -> Route:
        return Route(path, signed_in(handler), methods=["POST"])

    routes = [
        get("/", start), get("/answers/{unit}", show), post("/answers/{unit}", give),
        post("/answers/{unit}/draft", draft), post("/answers/{unit}/apart", apart), post("/undo", undo),
        get("/back", back), get("/answers/{answer}/files/{number:int}", file),
        get("/answers/{answer}/files/{number:int}/{page:int}", scan), get("/answers/{unit}/replay", replay),
        get("/list", work), post("/appeal", appeal), get("/rubric/{task}", edit),
        post("/rubric/{task}/preview", preview), post("/rubric/{task}", reword), get("/even", even),
        post("/language", switch), Route("/enter", enter, methods=["GET", "POST"]), Route("/static/{name}", static),
    ]  # fmt: skip
    entrance = site.url("enter")
    return Starlette(
        routes=[Mount(site.url(), routes=routes)], middleware=[Middleware(Guard, hosts=hosts, entrance=entrance)]
    )


@functools.cache
def _static(name: str) -> bytes:
    data = (TEMPLATES / name).read_bytes()
    return (html_page.TEMPLATES / "page.css").read_bytes() + data if name.endswith(".css") else data
