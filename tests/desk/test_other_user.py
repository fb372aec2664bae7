"""Another user of the same machine, who has no link: the page and the desk's files give them nothing."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import desks
import other_users
from toy import NAME

from autograder.commands import mark
from autograder.course import Course

TRIES = """
import os, sys, urllib.error, urllib.request
base, folder, *paths = sys.argv[1:]
for path in paths:
    for cookie in ("", "desk=guess"):
        for data in (None, b"token=guess"):
            headers = {"Cookie": cookie, **({"Origin": base} if data else {})}
            try:
                print("got", path, urllib.request.urlopen(urllib.request.Request(base + path, data, headers)).read())
            except urllib.error.HTTPError as error:
                print("refused", path, error.code, error.read())
for folder, _, names in os.walk(folder):
    for name in names:
        try:
            open(os.path.join(folder, name)).read()
            print("read", os.path.join(folder, name))
        except OSError as error:
            print("closed", os.path.join(folder, name))
"""


def test_another_user_of_the_machine_gets_neither_page_nor_files(
    graded: Course, copy_of: Callable[[Course, Path], Course]
) -> None:
    other_users.need_accounts()
    old = os.umask(0o022)  # as open as folders usually are
    try:
        with other_users.open_place() as place:
            room = copy_of(graded, place / "course")
            with desks.served(room) as site:
                visitor = site.visitor("ann")
                page = visitor.next()
                site.keys.link("ann")  # a link that nobody has used is of no use to who does not have it
                given = visitor.ask("POST", page.action, {**page.fields, "item-idea": "1", "comment": "Good."})
                assert given.status == 303
                home = f"/{site.keys.place}"
                paths = ["/", f"{home}/", page.action, f"{home}/list", f"{home}/enter", f"{page.action}/files/1"]
                base = f"http://127.0.0.1:{site.port}"
                line = [sys.executable, "-c", TRIES, base, str(room.state), *paths]
                tried = other_users.run_as("nobody", line, Path("/"))
            assert tried.returncode == 0, tried.stderr
            said = tried.stdout.splitlines()
            answered = [line for line in said if line.startswith(("got", "refused"))]
            got = [line for line in answered if line.startswith("got")]
            assert len(answered) == 4 * len(paths)
            assert len(got) == 2 and all("/enter" in line for line in got)  # the way in, without a link
            assert not any(word in line for line in answered for word in ("anong", "dao", "Good.", "item-", "T3"))
            closed = {line.removeprefix("closed ") for line in said if line.startswith("closed")}
            kept = [path for name in ("marks", "verdicts") for path in (room.state / name / NAME).iterdir()]
            ours = [*(room.state / "desk").iterdir(), *kept, room.state / "secret"]
            assert len(kept) >= 6 and {str(path) for path in ours} <= closed
            look = ["head", "-c", "15", room.gradebook]
            assert mark.open_to_others(room) and other_users.run_as("nobody", look, Path("/")).returncode == 0
            room.root.chmod(0o700)  # as the command says then
            assert not mark.open_to_others(room) and other_users.run_as("nobody", look, Path("/")).returncode != 0
    finally:
        os.umask(old)
