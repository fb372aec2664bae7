"""Classes for the tests of the desk: one submission that was really graded, and others with its verdicts and their
own answer in words; and a browser's part of the page, without a browser."""

import http.client
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from autograder.course import Course
from autograder.desk import marking, web
from autograder.desk.guard import Keys
from autograder.desk.marking import Desk
from autograder.desk.rubric import Chosen
from autograder.desk.web import Site
from autograder.grading import made_up
from autograder.grading.session import GradingSession
from autograder.marks import verdict_files
from autograder.pages import graded_folder, graded_notebook
from autograder.submissions import by_hand, merge
from autograder.submissions.submission import Submission

Files = Mapping[str, bytes]
RUBRIC = """[{task}]
items = [
  {{ name = "idea", key = "1", points = 0.5, text = {{ en = "The idea: $x^2$.", th = "แนวคิด" }} }},
  {{ name = "reason", key = "2", points = 0.5, text = {{ en = "A reason." }} }},
  {{ name = "sign", key = "3", points = -0.25, text = {{ en = "A sign is wrong." }} }},
]
"""


def class_of(
    course: Course, answers: Mapping[str, str], files: Mapping[str, Mapping[str, bytes]] | None = None
) -> None:
    """A class in a course: each student has handed in nothing but this answer in words, and files beside it.

    It is graded as any: the same reader, the same pages, the same gradebook. Only nobody's code runs: the verdicts of
    other tasks are those of a blank notebook.
    """
    (assignment,) = course.assignments
    task = next(t for t in assignment.tasks if t.graded_by == "person")
    bases = merge.released(course.release(assignment.name), assignment)
    ours = merge.release_files(course.release(assignment.name))
    blank = verdict_files.load_result(course, assignment.name, "blank")
    assert blank is not None, "grade a student named blank first"
    results = []
    for student, text in answers.items():
        handed_in = Submission(
            student, {**made_up.hand_in(course, assignment, {task.name: text}), **(files or {}).get(student, {})}
        )
        made_up.write(course.submitted(assignment.name, student), handed_in.files)
        merged = merge.merge_all(handed_in, bases, assignment)
        hashes = {t.name: by_hand.answer_hash(merged, t, handed_in, ours) for t in assignment.tasks}
        verdicts = {**blank.verdicts, task.name: replace(blank.verdicts[task.name], status="needs grading", score=None)}
        result = replace(blank, student=student, digest=handed_in.digest, by_person=hashes, verdicts=verdicts)
        verdict_files.keep(course, result)
        books = graded_notebook.notebooks(merged, result, handed_in, ours)
        graded_folder.lay(course, assignment, student, {**graded_notebook.other_files(handed_in, ours), **books})
        results.append(student)
    with GradingSession(course, assignment) as session:
        session.rebuild(results)


def with_rubric(course: Course) -> Course:
    """The course, with a small rubric for what a person marks."""
    (assignment,) = course.assignments
    task = next(t for t in assignment.tasks if t.graded_by == "person")
    course.part("rubric", assignment.name).write_text(RUBRIC.format(task=task.name), encoding="utf-8")
    return course


def saw(desk: Desk, unit: marking.Unit) -> dict[str, str]:
    """What a page of this unit showed."""
    waiting = desk.waiting
    return {answer.id: marking.seen(waiting.row(answer)) for answer in waiting.members(unit)}


def give(desk: Desk, grader: str, unit: marking.Unit, *items: str, free: float = 0.0, comment: str = "") -> None:
    """Give a mark, as the page does."""
    desk.give(grader, unit, Chosen(dict.fromkeys(items, 1), free, comment), saw(desk, unit), 5.0)


@dataclass
class Visitor:
    """A browser's manners, in a few lines: cookie, Origin, and no redirects unless asked."""

    port: int
    place: str
    cookie: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, fields: Mapping[str, str] | None = None, **headers: str) -> "Answered":
        """One request; headers in place of ours by their names with _ for -."""
        mine = {"Host": f"127.0.0.1:{self.port}", **({"Cookie": f"desk={self.cookie}"} if self.cookie else {})}
        if method == "POST":
            mine |= {"Origin": f"http://127.0.0.1:{self.port}", "Content-Type": "application/x-www-form-urlencoded"}
        mine |= self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        whole = path if path.startswith("/desk") else f"/{self.place}{path}"
        connection.request(method, whole, urlencode(fields or {}) if method == "POST" else None,
                           {name: value for name, value in mine.items() if value})  # fmt: skip
        answer = connection.getresponse()
        found = Answered(answer.status, dict(answer.getheaders()), answer.read())
        connection.close()
        return found

    def enter(self, token: str) -> "Answered":
        """Press the button behind a link."""
        answered = self.ask("POST", "/enter", {"token": token})
        if match := re.search(r"desk=([^;]+)", answered.headers.get("set-cookie", "")):
            self.cookie = match[1]
        return answered

    def next(self) -> "Answered":
        """The next answer that waits."""
        answered = self.ask("GET", "/")
        return self.ask("GET", answered.headers["location"]) if answered.status == 303 else answered


@dataclass(frozen=True)
class Answered:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def action(self) -> str:
        """Where the form of an answer's page goes."""
        found = re.search(r'id="give" class="give" method="post" action="([^"]+)"', self.text)
        assert found, self.text[:3000]
        return found[1]

    @property
    def fields(self) -> dict[str, str]:
        """Its hidden fields."""
        return dict(re.findall(r'<input type="hidden" name="(saw-\w+|second)" value="(\w+)">', self.text))


@dataclass
class Served:
    """A desk that is served from a thread. links: the newest of each grader."""

    desk: Desk
    keys: Keys
    port: int
    links: dict[str, str]

    def visitor(self, grader: str = "") -> Visitor:
        """A browser; of a grader, if one is named."""
        visitor = Visitor(self.port, self.keys.place)
        if grader:
            assert visitor.enter(self.keys.link(grader)).status == 303
        return visitor


@contextmanager
def served(course: Course, second: int = 0) -> Iterator[Served]:
    """The desk of a course, served as `autograder mark` serves it."""
    import socket

    (assignment,) = course.assignments
    with marking.opened(course, assignment, second) as desk, socket.create_server(("127.0.0.1", 0)) as door:
        keys, port = Keys(), door.getsockname()[1]
        announced: dict[str, str] = {}
        site = Site(desk, keys, lambda grader: announced.update({grader: "announced"}))
        server = web.server(site, f"127.0.0.1:{port}")
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
        thread.start()
        try:
            yield Served(desk, keys, port, announced)
        finally:
            server.should_exit = True
            thread.join(30)


@contextmanager
def taken_port() -> Iterator[int]:
    """A port that somebody listens on."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as found:
        yield found.getsockname()[1]
