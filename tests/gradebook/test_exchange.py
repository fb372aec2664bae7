"""nbgrader's exchange: from the release to the feedback that two students fetch, each in their own account.

The settings and the commands are those of docs/jupyterhub.md.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lms
import other_users
import pytest
from command_server import BIN, CommandServer, command_server
from fences import ROOT, blocks, commands
from toy import NAME, Toy

from autograder.course import Course, load_course
from autograder.grading import made_up
from autograder.marks.verdict_files import load_result
from autograder.submissions import by_hand
from autograder.submissions.submission import SECRET, STAMP, Submission, read_submission

Run = Callable[..., Any]
PAGE = "jupyterhub.md"
SETTINGS, STUDENTS_SETTINGS, OTHER_ID, OWN_SETTINGS = (
    one.text for one in blocks(ROOT / "docs" / PAGE) if one.language == "python"
)


@dataclass(frozen=True)
class Site:
    """A machine with an exchange: a folder that everybody can pass, and settings for all of its users."""

    place: Path

    @property
    def exchange(self) -> Path:
        return self.place / "exchange"

    def here(self, text: str) -> str:
        """What the page says, for this machine."""
        assert "/srv/nbgrader" in text
        return text.replace("/srv/nbgrader", str(self.place))

    def home(self, name: str) -> Path:
        return self.place / "home" / name

    def env(self, name: str) -> dict[str, str]:
        """The environment of one user."""
        home = self.home(name)
        folders = {"HOME": str(home), "JUPYTER_CONFIG_PATH": str(self.place / "etc"), "MPLCONFIGDIR": f"{home}/.mpl"}
        return {"PATH": f"{BIN}:/usr/bin:/bin", "LANG": "C.UTF-8", **folders}


@pytest.fixture
def site() -> Iterator[Site]:
    with other_users.open_place() as place:
        made = Site(place)
        for line in commands(PAGE, "Once: whoever runs the hub")[0]:
            subprocess.run(shlex.split(made.here(line)), check=True)
        for name in ("etc", "home"):
            (place / name).mkdir()
        (place / "etc" / "nbgrader_config.py").write_text(made.here(SETTINGS))
        yield made


@pytest.fixture
def course(toy: Toy, tmp_path: Path, site: Site, run: Run) -> Course:
    """The instructor's course: that of the semester before, begun anew."""
    for line in (("new", "--from", toy.course.root), ("release", NAME)):
        done = run("autograder", *line, "--course", tmp_path / "course")
        assert done.returncode == 0, done.stdout + done.stderr
    made = load_course(tmp_path / "course")
    with (made.root / "nbgrader_config.py").open("a") as file:
        file.write("\n" + site.here(SETTINGS))
    (chmod,) = commands(PAGE, "Once: whoever runs the hub")[1]
    subprocess.run(shlex.split(chmod), cwd=made.root, check=True)
    return made


@pytest.fixture
def teach(run: Run, course: Course) -> Run:
    """A command of the instructor, in the course folder and without --course; it must succeed -> all that it said."""

    def teach(*line: str) -> str:
        done = run(*line, cwd=course.root)
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        return str(done.stdout + done.stderr)

    return teach


@pytest.fixture
def accounts() -> Iterator[CommandServer]:
    """Commands that other users run."""
    other_users.need_accounts()
    with command_server({**os.environ, "OMP_NUM_THREADS": "1"}, other_users.view()) as server:
        yield server


def below(teach: Run, section: str) -> str:
    """The instructor's commands below a heading of the page, in their order -> all that they said."""
    (lines,) = commands(PAGE, section)
    return "".join(teach(*shlex.split(line.replace("hw4", NAME))) for line in lines)


class Student:
    """A student with an account, who knows nbgrader's commands and the name of the course."""

    def __init__(self, accounts: CommandServer, site: Site, course_id: str, name: str) -> None:
        self.accounts, self.site, self.course_id, self.name = accounts, site, course_id, name
        self.home = site.home(name)
        self.home.mkdir()
        shutil.chown(self.home, name)
        self.home.chmod(0o700)

    def nbgrader(self, step: str) -> str:
        """The page's command for that step."""
        (lines,) = commands(PAGE, "What students do")
        (line,) = [line for line in lines if line.startswith(f"nbgrader {step} ")]
        command = shlex.split(line.replace("hw4", NAME).replace("$COURSE", self.course_id))
        done = self.accounts.run(
            [str(BIN / command[0]), *command[1:]], self.home, self.site.env(self.name), 240, self.name
        )
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        return str(done.stdout + done.stderr)

    def submit(self, files: Mapping[str, bytes]) -> None:
        """Put the work into the fetched folder, and hand it in."""
        for name, data in files.items():
            (self.home / NAME / name).write_bytes(data)
            shutil.chown(self.home / NAME / name, self.name)
        assert "Submitted as" in self.nbgrader("submit")

    def feedback(self) -> list[str]:
        """Fetch all feedback -> the pages, of the earliest attempt first."""
        self.nbgrader("fetch_feedback")
        pages = sorted((self.home / NAME / "feedback").glob("*/*.html"))
        assert len(pages) == len({page.parent for page in pages}), "one notebook, one page an attempt"
        return [page.read_text(encoding="utf-8") for page in pages]


def points(page: str) -> str:
    """The mark that a page shows."""
    found = re.search(r"([\d.]+) of 3 points", page)
    assert found, page[:2000]
    return found[1]


@pytest.mark.proof  # in each test run the commands are used one by one, below
def test_from_the_release_to_fetched_feedback_with_two_students(
    toy: Toy, course: Course, teach: Run, site: Site, accounts: CommandServer
) -> None:
    anna, bo = (Student(accounts, site, course.exchange_id, name) for name in other_users.ACCOUNTS)
    right, half = toy.hand_in(toy.right), toy.hand_in({"T1": toy.right["T1"]})
    assert f"Released as: my-course {NAME}" in below(teach, "Hand out")
    assert f"my-course {NAME}" in teach("nbgrader", "list")
    for student, work in ((anna, right), (bo, half)):
        student.nbgrader("fetch_assignment")
        student.submit(work)
    made_up.write(course.submitted(NAME, "by-mail"), right)  # one who has no account

    said = below(teach, "Collect, grade, hand back")
    assert {path.name for path in (course.root / "submitted").iterdir()} == {anna.name, bo.name, "by-mail"}
    whole = course.root / "feedback" / "by-mail" / NAME / "feedback.html"
    assert f"by-mail: not handed in through the exchange: not released; hand over {whole}" in said and whole.is_file()

    (first,), (second,) = anna.feedback(), bo.feedback()
    assert (points(first), points(second)) == ("2", "1")
    assert bo.name not in first and anna.name not in second

    # the pages of others: there is no list of them, and the secret that their names are made of is not to be read
    released = site.exchange / "my-course" / "feedback"
    assert len(list(released.iterdir())) == 4, "a page for the notebook and the whole one, for two students"
    for folder in (released, site.exchange / "my-course" / "inbound", bo.home):
        assert "Permission denied" in other_users.run_as(anna.name, ["ls", folder], anna.home).stderr

    # a second attempt: it counts, and the feedback of the first one stays where it was
    bo.submit(right)
    assert f"{bo.name}: T2: 0 -> 1" in below(teach, "Again: second attempts, late work, marks that changed")
    old, new = bo.feedback()
    assert old == second and points(new) == "2"
    assert anna.feedback() == [first]
    scores = json.loads(teach("autograder", "scores", NAME, "--json"))
    assert {name: tasks["T2"]["score"] for name, tasks in scores.items()} == dict.fromkeys(scores, 1.0)


# ---- the secret, by itself --------------------------------------------------------------------------

ONE, TWO = "ab" * 64, "cd" * 64
TIME = "2026-11-05 16:00:00.000000 UTC"


def came_by_exchange(course: Course, student: str, files: Mapping[str, bytes], secret: bytes, time: str = TIME) -> None:
    """A submission as nbgrader's collect leaves it."""
    folder = course.submitted(NAME, student)
    made_up.write(folder, {**files, STAMP: time.encode(), SECRET: secret})


def secrets_of(course: Course, student: str) -> list[str | None]:
    """The secret beside the submission, the graded notebooks and the feedback."""
    paths = [course.root / step / student / NAME / SECRET for step in ("submitted", "autograded", "feedback")]
    return [path.read_text() if path.is_file() else None for path in paths]


@pytest.mark.proof
def test_the_secret_goes_along_and_outlives_every_command(toy: Toy, course: Course, teach: Run, site: Site) -> None:
    came_by_exchange(course, "anna", toy.hand_in(toy.right), ONE.encode())
    for lines in (
        ["autograder grade", "autograder report"],
        ["autograder grade --force", "autograder report"],
        ["nbgrader autograde --force", "nbgrader generate_feedback --force"],
        ["autograder grade --rebuild", "autograder report"],
    ):
        for line in lines:
            command, step, *flags = line.split()
            teach(command, step, NAME, *flags)
        assert secrets_of(course, "anna") == [ONE] * 3, lines

    # a course that was graded by a kit that left it out, or a folder that lost it
    graded = course.root / "autograded" / "anna" / NAME
    (graded / SECRET).unlink()
    assert "graded notebooks written again from kept verdicts: anna" in teach("autograder", "grade", NAME)
    assert secrets_of(course, "anna") == [ONE] * 3

    # feedback that was made before that
    folder = course.root / "feedback" / "anna" / NAME
    (folder / SECRET).unlink()
    (site.exchange / "my-course").mkdir()
    not_of_it = f"anna: the feedback is not of the attempt that is there now: `autograder grade {NAME}`, "
    assert not_of_it in teach("nbgrader", "release_feedback", NAME)
    assert list((site.exchange / "my-course" / "feedback").iterdir()) == []
    teach("autograder", "report", NAME)
    assert not_of_it not in teach("nbgrader", "release_feedback", NAME)

    # the same work again: another attempt, so another secret, and a page that this attempt finds
    before = load_result(course, NAME, "anna")
    came_by_exchange(course, "anna", {}, TWO.encode())
    assert not_of_it in teach("nbgrader", "release_feedback", NAME)
    assert len(list((site.exchange / "my-course" / "feedback").iterdir())) == 2, "the first attempt's stay"
    teach("autograder", "grade", NAME)
    teach("autograder", "report", NAME)
    assert secrets_of(course, "anna") == [TWO] * 3
    after = load_result(course, NAME, "anna")
    assert before is not None and after is not None and (before.digest, before.seeds) == (after.digest, after.seeds)


BROKEN = {"empty": b"", "blank": b" \n", "binary": b"\xff\xfe" * 20, "long": b"x" * 5000, "words": b"a few words"}


def test_a_secret_that_nbgrader_cannot_have_written_stops_nobody(
    toy: Toy, course: Course, teach: Run, site: Site
) -> None:
    work = toy.hand_in({})
    for name, broken in BROKEN.items():
        came_by_exchange(course, name, work, broken)
    came_by_exchange(course, "bo", work, ONE.encode(), time="no time at all")
    came_by_exchange(course, "z+[d], e", work, TWO.encode())
    (site.exchange / "my-course").mkdir()
    teach("autograder", "grade", NAME, "--quiet")
    teach("autograder", "report", NAME, "--quiet")
    teach("nbgrader", "release_feedback", NAME, "--student", "z+[d], e")
    assert len(list((site.exchange / "my-course" / "feedback").iterdir())) == 2
    said = teach("nbgrader", "release_feedback", NAME)
    assert set(re.findall(r"(\w+): not handed in through the exchange", said)) == set(BROKEN)
    assert len(list((site.exchange / "my-course" / "feedback").iterdir())) == 4


def test_a_secret_is_no_part_of_the_work(toy: Toy, tmp_path: Path) -> None:
    plain, sent = tmp_path / "plain", tmp_path / "sent"
    made_up.write(plain, toy.hand_in(toy.right))
    made_up.write(sent, {**toy.hand_in(toy.right), SECRET: ONE.encode()})
    read = [read_submission(folder, "anna") for folder in (plain, sent)]
    assert read[0].files == read[1].files and read[0].digest == read[1].digest
    assert [one.secret for one in read] == ["", ONE] and not read[1].problems
    (sent / SECRET).unlink()
    os.symlink("/etc/hostname", sent / SECRET)
    assert read_submission(sent, "anna").secret == ""


def test_a_secret_that_a_student_packed_counts_for_nothing(
    toy: Toy, course: Course, teach: Run, tmp_path: Path
) -> None:
    """Through an LMS; and in a zip that came through an exchange, beside the attempt's own."""
    made_up.write(tmp_path / "download" / "anna", {**toy.hand_in(toy.right), SECRET: ONE.encode()})
    teach("autograder", "collect", NAME, str(tmp_path / "download"))
    assert "1-lines.ipynb" in os.listdir(course.submitted(NAME, "anna"))
    assert not (course.submitted(NAME, "anna") / SECRET).exists()
    packed = {"warmup-submission.zip": lms.zipped({**toy.hand_in(toy.right), SECRET: ONE.encode()})}
    came_by_exchange(course, "bo", packed, TWO.encode())
    assert read_submission(course.submitted(NAME, "bo"), "bo").secret == TWO


def test_fetched_pages_that_are_handed_in_again_are_no_work_for_a_person() -> None:
    pages = {f"{at}feedback/2026-11-05 16:00:00.000000 UTC/1-lines.html": b"mark" for at in ("", "hw4-copy.zip/hw4/")}
    theirs = {"feedback/drawing.html": b"T4", "proof.html": b"T4"}
    assert by_hand.files(Submission("anna", {**pages, **theirs}), ()) == theirs


# ---- the course's name ------------------------------------------------------------------------------


EXCHANGE_IDS = {
    "pattern-recognition": "pattern-recognition",
    "Pattern Recognition 2/2026": "Pattern-Recognition-2-2026",
    "วิทยาการข้อมูล ๒๕๖๙": "วิทยาการข้อมูล-๒๕๖๙",
    "a+b *c* {d} ../e": "a-b-c-d-..-e",
    "..": "",
    "a" * 79 + " " + "b" * 200: "a" * 79,
}


def test_the_exchange_knows_the_course_by_its_name(course: Course) -> None:
    config = course.root / "course_config.py"
    text = config.read_text()
    for name, wanted in EXCHANGE_IDS.items():
        config.write_text(text.replace('name="my-course"', f"name={name!r}"))
        assert load_course(course.root).exchange_id == wanted


def test_a_course_may_have_another_name_in_the_exchange(course: Course, teach: Run, site: Site) -> None:
    with (course.root / "nbgrader_config.py").open("a") as file:
        file.write(f"\n{OTHER_ID}\n")
    teach("nbgrader", "release_assignment", NAME)
    assert [path.name for path in site.exchange.iterdir()] == ["pr-2026"]


@pytest.mark.proof
def test_a_server_that_starts_at_home_knows_the_course(course: Course, site: Site, warm: CommandServer) -> None:
    """With the file that the page has for it; the formgrader reads the same files as nbgrader's commands."""
    home = site.home("instructor")
    (home / ".jupyter").mkdir(parents=True)
    (home / ".jupyter" / "nbgrader_config.py").write_text(OWN_SETTINGS)
    shutil.move(course.root, home / "course")
    done = warm.run([str(BIN / "nbgrader"), "release_assignment", NAME], home, site.env("instructor"), 240)
    assert done.returncode == 0 and f"Released as: my-course {NAME}" in done.stderr, done.stderr
    extension = "from nbgrader.server_extensions.formgrader.formgrader import FormgradeExtension as F; "
    shown = "c = F().load_config(); print(c.CourseDirectory.root, c.Autograde.exporter_class, c.Exchange.root)"
    code = [str(BIN / "python"), "-c", f"{extension}{shown}"]
    said = subprocess.run(code, cwd=home, env=site.env("instructor"), capture_output=True, text=True).stdout.split()
    exporter = "autograder.grading.nbgrader_autograde.GradedExporter"
    assert said == [str(home / "course"), exporter, str(site.exchange)]


@pytest.mark.proof
def test_every_command_of_the_exchange_knows_the_course_in_its_folder(toy: Toy, course: Course, teach: Run) -> None:
    """An instructor who tries it out alone, as a student in the course folder."""
    teach("nbgrader", "release_assignment", NAME)
    teach("nbgrader", "fetch_assignment", NAME)
    made_up.write(course.root / NAME, toy.hand_in(toy.right))
    (course.root / NAME / "feedback" / "earlier").mkdir(parents=True)
    (course.root / NAME / "feedback" / "earlier" / "1-lines.html").write_text("of an attempt before")
    teach("nbgrader", "submit", NAME)
    assert "my-course" in teach("nbgrader", "list", "--inbound")
    teach("nbgrader", "collect", NAME)
    (student,) = (course.root / "submitted").iterdir()
    assert not (student / NAME / "feedback").exists(), "pages that came back are no work"
    for command in ("autograder grade", "autograder report", "nbgrader release_feedback", "nbgrader fetch_feedback"):
        teach(*command.split(), NAME)
    ((page),) = [one for one in (course.root / NAME / "feedback").glob("*/*.html") if one.parent.name != "earlier"]
    assert points(page.read_text(encoding="utf-8")) == "2"


@pytest.mark.proof
def test_students_in_containers_of_one_unix_user_are_told_apart_by_the_hubs_name(
    toy: Toy, course: Course, teach: Run, site: Site, warm: CommandServer
) -> None:
    """With the lines that the page has for them; who marks is somebody else, with settings of their own."""
    below(teach, "Hand out")
    settings = site.place / "etc" / "nbgrader_config.py"
    settings.write_text(f"{settings.read_text()}\n{STUDENTS_SETTINGS}")
    for name, work in (("anna", toy.right), ("bo", {"T1": toy.right["T1"]})):
        home = site.home(name)
        home.mkdir()
        for step in ("fetch_assignment", "submit"):
            command = [str(BIN / "nbgrader"), step, NAME, "--course", course.exchange_id]
            done = warm.run(command, home, {**site.env(name), "JUPYTERHUB_USER": name}, 240)
            assert done.returncode == 0, done.stderr
            made_up.write(home / NAME, toy.hand_in(work))
    teach("nbgrader", "collect", NAME)
    assert {path.name for path in (course.root / "submitted").iterdir()} == {"anna", "bo"}
