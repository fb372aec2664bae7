"""The bench that attacks are tried on: a scratch course, warm guests with small limits, evidence.

Hostile code only ever runs inside the kit's sandbox. Where a wall is taken away (walls.py), an outer
limit stands instead: small bounds in the attack itself, tmp folders, 127.0.0.1.
"""

import contextlib
import dataclasses
import fcntl
import json
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import numpy as np

from autograder.course import Assignment, Course, Limits, load_course, load_module
from autograder.grading import answer_cache, calibration, made_up, pipeline
from autograder.grading.asking import GraderContext
from autograder.judging.verdicts import PASSED, Result
from autograder.pages import graded_notebook
from autograder.sandbox.answers import Answers, Array
from autograder.sandbox.channel import Channel
from autograder.submissions import merge
from autograder.submissions.submission import Submission

ROOT = Path(__file__).resolve().parents[2]
SMALL = Limits(
    cell_seconds=2,
    probe_seconds=3,
    check_seconds=1,
    total_seconds=20,
    reference_times=1,
    patience=1,
    memory_mb=700,
    processes=40,
    file_mb=16,
    open_files=128,
)
# taking memory takes time, on a busy machine much of it: no other limit may end such an attack first
AMPLE = dataclasses.replace(SMALL, cell_seconds=10, probe_seconds=15, total_seconds=60, patience=4)
STOPPED = "Your code stopped with"  # a message that tells an error
MARK = "LOOT"  # what an attack raises to show what it got: the graded notebook tells the error
# A way in, for the start of a cell: nothing of ours has a name in sys.modules. (Others: frames, from a question up; the
# collector, which finds it after gc.unfreeze().)
BY_ALARM = """
import signal
ours = signal.getsignal(signal.SIGALRM).__globals__  # the names of notebook_process
"""
# What the processes that a cell before has left have written into its pipe: `wanted` bytes, where all come to it.
GATHERED = """
os.set_blocking(read, False)
said = b""
end = time.time() + 9
while len(said) < wanted and time.time() < end:
    time.sleep(0.1)
    try:
        said += os.read(read, 99)
    except BlockingIOError:
        pass
"""


@dataclass(frozen=True)
class Attack:
    """What one student hands in. Everything not named is the release, not filled in.

    answers: task -> source of its answer cell; first: cells of the student's own at the very start of
    the first notebook; extra: the same before the first answer of the last one; edit: changes the
    notebooks as JSON; runs: how many submissions with this content are handed in one after another.
    In all sources __ROOT__, __PORT__, __SOCKET__ and __CANARY__ stand for what the lab has made.
    ample: its cells and questions may take as long as AMPLE says.
    """

    answers: Mapping[str, str] = field(default_factory=dict)
    first: Sequence[str] = ()
    extra: Sequence[str] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    model: bytes | None = None
    edit: Callable[[str, dict[str, object]], None] | None = None
    runs: int = 1
    student: str = "mallory"
    ample: bool = False


@dataclass(frozen=True)
class Evidence:
    """What is there to see after an attack."""

    results: tuple[Result, ...]
    after: Result | None  # of an honest submission, graded right after by the same warm guest
    seconds: float  # of the attack's own grading
    graded: Mapping[str, str]  # the graded notebooks
    page: str  # the feedback page, where the attack is one on browsers
    megabytes: float  # by which the grader's own process grew
    received: int  # bytes of the longest reply that the grader took
    restarted: bool = False  # whether the warm guest had to be started again
    problem: str = ""  # an exception of ours
    canary: Path = Path()  # a folder outside: anything in it was put there by the attack
    heard: tuple[str, ...] = ()  # what the lab's listeners were sent
    cpu_seconds: float = 0.0  # of the grader's own process
    signs: int = 0  # how often SIGN stood in what was handed in

    @property
    def result(self) -> Result:
        return self.results[-1]

    @property
    def worked(self) -> float:
        """CPU seconds of the grader's own process, as a machine of a usual pace needs them."""
        return self.cpu_seconds * pace()

    @property
    def honest(self) -> bool:
        """Whether the honest submission after the attack got full marks."""
        return self.after is not None and full_marks(self.after)

    @property
    def live(self) -> bool:
        """Whether anything of the student's can run in the feedback page: a script, a handler, a script link."""
        return runs_something(self.page)

    @property
    def ended(self) -> set[str]:
        """Types of the errors that ended its cells."""
        return {error["type"] for result in self.results for error in result.cell_errors.values()}

    @property
    def stumbled(self) -> bool:
        """Whether anything of ours or of the author's failed: grading, a check, a list of mistakes."""
        return bool(self.problem) or any(v.fault for result in self.results for v in result.verdicts.values())

    @property
    def loot(self) -> str:
        """What the attack's cells said they got."""
        return "\n".join(text[text.index(MARK) :] for text in self._texts() if MARK in text)

    @property
    def told(self) -> str:
        """All that the attack's cells and answers said in errors."""
        return "\n".join(self._texts())

    def _texts(self) -> Iterator[str]:
        for result in self.results:
            yield from (e["text"] for e in result.cell_errors.values())
            yield from (v.message for v in result.verdicts.values())
            for task, found in answer_cache.unpack(result.answers).answers.items():
                if (
                    task in result.verdicts and STOPPED in result.verdicts[task].message
                ):  # which tells no more than a type
                    yield from (error.text for error in found.errors.values())

    @property
    def answers(self) -> Mapping[str, Answers]:
        """What came to the judge, by task; without what a limit ended, and what was no frame."""
        return answer_cache.unpack(self.result.answers).answers

    def answer(self, task: str, name: str) -> Array:
        """An answer to the first case of a task; NaN alone where none of that name came."""
        found = self.answers[task].get(0, name) if task in self.answers else None
        return np.array(np.nan) if found is None else found

    def score(self, *tasks: str) -> float:
        """Marks for those tasks, or for all."""
        verdicts = self.result.verdicts
        return sum(verdicts[task].score or 0.0 for task in (tasks or verdicts))


class Lab:
    """A scratch course on the offline sample, an honest submission, graders that are made on demand."""

    def __init__(self, folder: Path, model: bytes) -> None:
        """model: one that passes T12 on the sample."""
        here = load_course(ROOT)
        loaded = made_up.scratch_course(here, folder / "course")
        self.folder = folder
        found = loaded.assignments[0]
        self.assignment: Assignment = dataclasses.replace(found, limits=SMALL)
        self.course: Course = dataclasses.replace(loaded, assignments=(self.assignment,))
        self.right = made_up.answers(self.course, self.assignment)
        self.model = model
        self.honest = Submission("honest", made_up.hand_in(self.course, self.assignment, self.right, self.model))
        self.canary = folder / "canary"
        self.canary.mkdir(mode=0o777)
        self.canary.chmod(0o777)
        self.places: dict[str, str] = {"__ROOT__": str(self.course.root), "__CANARY__": str(self.canary)}
        self._grader: GraderContext | None = None
        self._furnish()

    def _furnish(self) -> None:
        """What attacks are after: another student, a gradebook, a home folder, listeners on this machine."""
        root = self.course.root
        made_up.write(self.course.submitted("hw4", "victim"), self.honest.files)
        (root / "gradebook.db").touch()
        verdict = root / ".autograder" / "verdicts" / "hw4" / "victim.json"
        verdict.parent.mkdir(parents=True)
        verdict.write_text("{}", encoding="ascii")
        home = self.folder / "home"
        home.mkdir()
        (home / "token").write_text("of the grader", encoding="ascii")
        self.places |= {"__HOME__": str(home), "__SOCKET__": f"{root}/listener", "__ABSTRACT__": f"lab-{os.getpid()}"}
        tcp = socket.create_server(("127.0.0.1", 0))
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(tcp.getsockname())
        path, abstract = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
        path.bind(self.places["__SOCKET__"])
        abstract.bind("\0" + self.places["__ABSTRACT__"])
        os.chmod(self.places["__SOCKET__"], 0o777)
        self.places["__PORT__"] = str(tcp.getsockname()[1])
        # shown to every guest, and locked
        self._locked = (self.course.release("hw4") / "hw4_helpers.py").open("r+")
        fcntl.flock(self._locked, fcntl.LOCK_EX)
        fcntl.lockf(self._locked, fcntl.LOCK_EX)
        self.heard: list[str] = []
        for listener in (tcp, path, abstract):
            listener.listen()
            threading.Thread(target=self._listen, args=(listener,), daemon=True).start()
        threading.Thread(target=self._hear, args=(udp,), daemon=True).start()

    def _listen(self, listener: socket.socket) -> None:
        while True:
            found, _ = listener.accept()
            self._hear(found)

    def _hear(self, sock: socket.socket) -> None:
        while data := sock.recv(100):
            self.heard.append(data.decode("utf-8", "replace"))
        sock.close()

    def open(self, limits: Limits = SMALL, unsafe: bool = False) -> GraderContext:
        """A new grader, with a guest that nobody has used."""
        return pipeline.open_grader(self.course, dataclasses.replace(self.assignment, limits=limits), unsafe)

    @property
    def grader(self) -> GraderContext:
        """The grader with all walls, one for all attacks: the warm guest that a class goes through."""
        if self._grader is None:
            self._grader = self.open()
        return self._grader

    def close(self) -> None:
        if self._grader is not None:
            self._grader.guest.close()

    def place(self, text: str) -> str:
        """A source with the lab's own addresses put in."""
        for name, value in self.places.items():
            text = text.replace(name, value)
        return text

    def hand_in(self, attack: Attack, number: int = 0) -> Submission:
        """The attack as a submission."""
        answers = {task: self.place(source) for task, source in attack.answers.items()}
        files = made_up.hand_in(self.course, self.assignment, answers, attack.model)
        at_start, last = self.assignment.notebooks[0], self.assignment.notebooks[-1]
        for name in [n for n in files if n.endswith(".ipynb")]:
            data = json.loads(files[name])
            if name == f"{at_start}.ipynb":
                data["cells"][:0] = [made_up.code_cell(self.place(source)) for source in attack.first]
            if name == f"{last}.ipynb":
                ids = [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in data["cells"]]
                at = ids.index("T5-answer")
                data["cells"][at:at] = [made_up.code_cell(self.place(source)) for source in attack.extra]
            if attack.edit is not None:
                attack.edit(name, data)
            files[name] = json.dumps(data).encode()
        files.update(dict(attack.files.items()))
        return Submission(attack.student + (str(number) if number else ""), files)

    def page(self, grader: GraderContext, student: str, shown: Mapping[str, str], result: Result) -> str:
        """nbgrader's feedback pages of a graded submission, as one text."""
        import nbformat  # these three are slow
        from nbconvert.exporters import HTMLExporter
        from nbgrader.server_extensions import formgrader
        from sqlalchemy import text

        from autograder.gradebook import database, registration
        from autograder.gradebook.writer import GradebookWriter

        with database.connect(self.course) as book:
            registration.register(book, self.course, self.assignment)
            GradebookWriter(book, self.course, self.assignment).save([result])
            rows = book.db.execute(
                text(
                    "SELECT base_cell.name, comment.auto_comment FROM comment"
                    " JOIN base_cell ON base_cell.id = comment.cell_id"
                    " JOIN submitted_notebook AS book ON book.id = comment.notebook_id"
                    " JOIN submitted_assignment AS handed ON handed.id = book.assignment_id"
                    " WHERE handed.student_id = :student"
                ),
                {"student": student},
            )
            comments = dict(rows.all())
        templates = Path(formgrader.__file__).parent / "templates"
        styles = templates.parent / "static" / "node_modules" / "bootstrap" / "dist" / "css"
        pages = []
        for name, notebook_text in shown.items():
            found = nbformat.reads(notebook_text, as_version=4)
            for cell in found.cells:
                if "nbgrader" in cell.metadata:
                    cell.metadata.nbgrader.update(comment=comments.get(cell.metadata.nbgrader.grade_id), score=0.0)
            exporter = HTMLExporter(
                template_name="feedback",
                extra_template_basedirs=[str(templates)],
                extra_template_paths=[str(styles)],
            )
            about = {"notebook": name, "student": student, "score": 0, "max_score": 1, "late_penalty": 0}
            pages.append(exporter.from_notebook_node(found, resources={"nbgrader": about})[0])
        return "\n".join(pages)

    def run(
        self, attack: Attack, grader: GraderContext | None = None, page: bool = False, honest: bool = True
    ) -> Evidence:
        """Grade an attack, then an honest submission, and look around. page: make the feedback page too."""
        grader = grader or self.grader
        if grader.guest.starts == 0:  # so that no attack pays for the start
            grader.guest.start()
        for leftover in self.canary.iterdir():
            leftover.unlink()
        self.heard.clear()
        results, problem, took = [], "", _Meter()
        reset_peak()
        started, before, starts = time.monotonic(), peak(), grader.guest.starts
        worked = time.process_time()
        for number in range(attack.runs):
            handed_in = self.hand_in(attack, number)
            with took, _ample(grader) if attack.ample else contextlib.nullcontext():
                try:
                    results.append(pipeline.grade_submission(grader, handed_in))
                except Exception as error:  # ours: an attack that causes one has won
                    problem = f"{type(error).__name__}: {error}"
        seconds, grown = time.monotonic() - started, peak() - before
        worked = time.process_time() - worked
        # where a wall is gone, nobody asks about the next submission
        asked = honest and grader is self._grader
        after = pipeline.grade_submission(grader, self.honest) if asked else None
        shown: dict[str, str] = {}
        if not problem:
            merged = merge.merge_all(handed_in, grader.bases, grader.assignment)
            books = graded_notebook.notebooks(merged, results[-1])
            shown = {name: data.decode() for name, data in books.items() if name.endswith(".ipynb")}
        time.sleep(0.05)  # for listeners
        made = ""
        if page and shown:
            try:
                made = self.page(grader, handed_in.student, shown, results[-1])
            except Exception as error:  # nbgrader's reader stumbled: that is for us to prevent
                problem = f"no page: {type(error).__name__}: {error}"
        return Evidence(
            restarted=grader.guest.starts > starts,
            results=tuple(results),
            after=after,
            seconds=seconds,
            cpu_seconds=worked,
            signs=sum(data.count(SIGN.encode()) for data in handed_in.files.values()),
            graded=shown,
            page=made,
            megabytes=grown,
            received=took.most,
            problem=problem,
            canary=self.canary,
            heard=tuple(self.heard),
        )


@contextlib.contextmanager
def _ample(grader: GraderContext) -> Iterator[None]:
    """While cells and questions may take longer. The guest itself keeps the limits that it was started with."""
    calibration.fit(grader.guest, grader.judge_context, grader.bases)  # before: it would measure against others
    usual = grader.guest.limits
    more = {name: getattr(AMPLE, name) for name in ("cell_seconds", "probe_seconds", "patience")}
    grader.guest.limits = dataclasses.replace(usual, **more)
    try:
        yield
    finally:
        grader.guest.limits = usual


def in_text(text: str, **more: object) -> Callable[[str, dict[str, object]], None]:
    """An edit that writes a text into T4 and into a cell of the student's own; more: of both cells."""

    def edit(name: str, data: dict[str, object]) -> None:
        cells = data["cells"]
        for cell in cells:  # type: ignore[attr-defined]
            if cell["metadata"].get("nbgrader", {}).get("grade_id") == "T4":
                cell.update(source=text, **more)
        cells.append({"cell_type": "markdown", "metadata": {}, "source": text, "id": "x", **more})  # type: ignore[attr-defined]

    return edit


def pace() -> float:
    """How fast this machine is now: 1.0 where a million steps of an empty loop take 0.03 s."""

    def steps() -> float:
        started = time.process_time()
        for _ in range(1_000_000):
            pass
        return time.process_time() - started

    return 0.03 / min(steps() for _ in range(3))


def reset_peak() -> None:
    """Forget the most memory that this process has had (Linux: see proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak() -> float:
    """The most memory that this process has had since reset_peak, in megabytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024


LATEX = re.compile(
    r"\\(?:href|url|require|style|class|cssId|includegraphics)"
)  # of which MathJax makes more than letters
SIGN = "31337"  # what the attacks on browsers have in their code


class _Reader(HTMLParser):
    """Reads a page as a browser would, and notes what would run."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._script = False
        self._plain = 0  # MathJax reads no <pre>

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._script = tag == "script"
        self._plain += tag == "pre"
        for name, value in attributes:
            text = value or ""
            if name.startswith("on") and SIGN in text:
                self.found.append(f"{tag} {name}={text}")
            url = re.sub(r"[\t\n\r]", "", text)  # browsers leave these out of addresses
            # an address on the reader's own server can do as much as a script: none of a student's is live
            if (
                name in ("href", "src", "srcset", "xlink:href", "action", "formaction", "data", "srcdoc")
                and SIGN in url
            ):
                self.found.append(f"{tag} {name}={text}")

    def handle_endtag(self, tag: str) -> None:
        self._script = False
        self._plain -= tag == "pre"

    def handle_data(self, data: str) -> None:
        if self._script and SIGN in data:
            self.found.append(f"script {data[:60]}")
        if SIGN in data and not self._plain:
            self.found += [f"latex {found}" for found in LATEX.findall(data)]


def runs_something(page: str) -> bool:
    """Whether something with the sign of an attack would run in a browser."""
    reader = _Reader()
    reader.feed(page)
    return bool(reader.found)


class _Meter:
    """Counts the bytes of the longest reply that the grader took in."""

    def __init__(self) -> None:
        self.most = 0

    def __enter__(self) -> None:
        self._read = Channel._read

        def read(channel: Channel, size: int, deadline: float) -> bytes:
            data = self._read(channel, size, deadline)
            self.most = max(self.most, len(data))
            return data

        Channel._read = read  # type: ignore[method-assign]

    def __exit__(self, *found: object) -> None:
        Channel._read = self._read  # type: ignore[method-assign]


def full_marks(result: Result) -> bool:
    """Whether an honest submission got everything that needs no person."""
    return all(v.status == PASSED for v in result.verdicts.values() if v.task != "T4")


def known_pictures(lab: Lab) -> tuple[Array, Array]:
    """The published validation and test images, minus the mean, and their labels: anybody has them."""
    data = load_module(lab.course.source("hw4") / "hw4_helpers.py", "hw4_helpers").load_mnist("sample", verbose=False)
    return np.concatenate([data["X_val"], data["X_test"]]), np.concatenate([data["y_val"], data["y_test"]])


def unflagged(evidence: Evidence) -> bool:
    """Whether T12 has its marks, and no person is told to look at it."""
    found = evidence.result.verdicts["T12"]
    told = found.flag and any(f"flagged {found.flag!r}" in note for note in evidence.result.notes)
    return found.status == PASSED and not told
