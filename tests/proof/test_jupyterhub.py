"""hw4 on a real JupyterHub: two students fetch, work, hand in twice and read their marks in nbgrader's assignment list.

It needs root, for two accounts that every Linux has, and the registries of Python's and of Node's packages.
"""

import base64
import json
import re
import shlex
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import hub
import other_users
import pytest
from fences import commands

from autograder.course import Course

pytestmark = pytest.mark.proof

NAME = "hw4"
BOOKS = ("1-basics", "2-two-layer-network")
BEST = "12"


def upload(student: hub.Person, files: Mapping[str, bytes]) -> None:
    """Save the work into the fetched folder, as a browser does."""
    for name, data in files.items():
        if name.endswith(".ipynb"):
            model = {"type": "notebook", "format": "json", "content": json.loads(data)}
        else:
            model = {"type": "file", "format": "base64", "content": base64.b64encode(data).decode()}
        student.ask("PUT", f"api/contents/{NAME}/{name}", json=model)


def attempts(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A student's attempts in the assignment list, the earliest first."""
    return [one for entry in listed if entry["status"] == "submitted" for one in entry["submissions"]]


def read(student: hub.Person, attempt: Mapping[str, Any]) -> list[str]:
    """The pages of feedback to an attempt."""
    paths = [f"api/contents/{attempt['local_feedback_path']}/{book}.html?type=file&format=text" for book in BOOKS]
    return [str(student.ask("GET", path)["content"]) for path in paths]


def mark(pages: list[str]) -> str:
    """The mark that both pages show."""
    (found,) = {hub.mark_on(page, BEST) for page in pages}
    return found


def test_two_students_on_a_hub(
    course: Course,
    copy_of: Callable[..., Course],
    tmp_path: Path,
    right: dict[str, str],
    hand_in: Callable[..., dict[str, bytes]],
    run: Callable[..., Any],
    record: Callable[..., None],
) -> None:
    other_users.need_accounts()
    started = time.monotonic()
    here = copy_of(course, tmp_path / "course")
    good, poor = hand_in(right), hand_in({task: right[task] for task in ("T1", "T2", "T5")}, weights=None)

    def teach(section: str) -> None:
        """The commands below a heading of docs/jupyterhub.md."""
        for line in commands("jupyterhub.md", section)[0]:
            done = run(*shlex.split(line), cwd=here.root, seconds=600)
            assert done.returncode == 0, (line, done.stdout, done.stderr)

    with other_users.open_place() as place:
        settings = f"c = get_config()\nc.Exchange.root = {str(place / 'exchange')!r}\n"
        for name in ("exchange", "etc"):
            (place / name).mkdir()
        (place / "exchange").chmod(0o777)
        (place / "etc" / "nbgrader_config.py").write_text(settings)
        with (here.root / "nbgrader_config.py").open("a") as file:
            file.write(f"\n{settings}")
        teach("Hand out")
        with hub.running(place, other_users.ACCOUNTS) as site:
            anna, bo = (hub.Person(site, name) for name in other_users.ACCOUNTS)
            for student, work in ((anna, good), (bo, poor)):
                assert student.ask("GET", "courses") == {"success": True, "value": [here.exchange_id]}
                listed = student.assignments("fetch", here.exchange_id, NAME)
                assert [one["status"] for one in listed] == ["fetched"]
                upload(student, work)
                assert len(attempts(student.assignments("submit", here.exchange_id, NAME))) == 1
            teach("Collect, grade, hand back")
            first = [attempts(who.assignments("fetch_feedback", here.exchange_id, NAME)) for who in (anna, bo)]
            before = [read(who, tries[-1]) for who, tries in zip((anna, bo), first, strict=True)]

            # nobody reads anybody else's: not on the hub, and not in the exchange
            assert all(bo.name not in page for page in before[0]) and all(anna.name not in page for page in before[1])
            denied = [anna.refused(f"user/{bo.name}/api/contents"), bo.refused(f"user/{anna.name}/lab")]
            assert all(code in (403, 404) for code in denied)
            closed = [place / "exchange" / here.exchange_id / name for name in ("feedback", "inbound")]
            for folder in (*closed, place / "home" / bo.name):
                assert "Permission denied" in other_users.run_as(anna.name, ["ls", folder], Path("/")).stderr

            # once more: the last attempt counts, and the feedback of the first one stays
            upload(bo, good)
            bo.assignments("submit", here.exchange_id, NAME)
            teach("Again: second attempts, late work, marks that changed")
            again = attempts(bo.assignments("fetch_feedback", here.exchange_id, NAME))
            assert len(again) == 2 and read(bo, again[0]) == before[1]
            after = read(bo, again[1])
            versions = {**site.versions, "nbgrader": version("nbgrader"), "jupyterlab": version("jupyterlab")}
    scores = run("autograder", "scores", NAME, "--json", "--course", here.root)
    assert set(json.loads(scores.stdout)) == set(other_users.ACCOUNTS)
    marks = {"first student": mark(before[0]), "second student": mark(before[1]), "second attempt": mark(after)}
    assert marks["first student"] == marks["second attempt"] == "11" and marks["second student"] == "3"
    assert re.fullmatch(r"\d{4}-.* UTC", again[1]["timestamp"])
    record("jupyterhub", {"students": 2, "attempts": 3, "marks on the fetched pages, of 12": marks,
                          "others' servers": denied, "seconds": time.monotonic() - started, **versions})  # fmt: skip
