"""The whole way as a plain user, without root: release, grade a class with attacks in it, scores."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from autograder.course import load_course
from autograder.grading import made_up
from autograder.marks.verdict_files import load_result
from tests.attacks.lab import Evidence, Lab, full_marks
from tests.attacks.test_attacks import MODULES, attack_of

NOBODY = 65534
ATTACKS = [  # of every kind of wall: those that a plain user puts up in another way than root
    "exhaust_memory_backlog",
    "exhaust_memory_dead_leader",
    "exhaust_memory_forks",
    "exhaust_memory_numpy",
    "exhaust_processes",
    "exhaust_threads",
    "forge_frames",
    "leave_by_namespaces",
    "leave_by_socket_families",
    "leave_loopback",
    "leave_process",
    "read_process_list",
    "read_secret",
    "read_sibling_devices",
    "read_sibling_tmp",
    "write_guest",
    "write_start_up_files",
]
AsUser = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder of the plain user's own, which others on the machine can pass through."""
    folder = Path(tempfile.mkdtemp(prefix="plain-user-", dir="/var/tmp"))
    os.chown(folder, NOBODY, NOBODY)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def interpreter(drop: list[str]) -> str:
    """A Python of this version that the plain user can start; skips where there is none."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for path in (sys._base_executable, f"/usr/bin/{name}", f"/usr/local/bin/{name}"):  # type: ignore[attr-defined]
        done = subprocess.run([*drop, "env", path, "-c", "import venv"], capture_output=True)
        if done.returncode == 0:
            return str(path)
    pytest.skip(f"no {name} that a plain user can start")


@pytest.fixture(scope="module")
def as_user(place: Path) -> AsUser:
    """Run a command of an environment of the plain user's own; its packages are those of this one."""
    if os.getuid() != 0:
        pytest.skip("needs root, to become a plain user; who is one has run all other tests as one")
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed (util-linux)")
    ids = ["--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]
    drop = ["setpriv", *ids, "--inh-caps=-all", "--bounding-set=-all"]
    drop += ["env", "-i", f"HOME={place}", f"TMPDIR={place}", "PATH=/usr/bin:/bin", "LANG=C.UTF-8", "COLUMNS=200"]
    python = interpreter(drop)
    if subprocess.run([*drop, "ls", str(made_up.__file__)], capture_output=True).returncode:
        pytest.skip("this repository lies where a plain user cannot read it")
    made = subprocess.run([*drop, python, "-m", "venv", "--without-pip", str(place / "venv")], capture_output=True)
    assert made.returncode == 0, made.stderr
    packages = next((place / "venv" / "lib").glob("python*")) / "site-packages"
    packages.rmdir()
    packages.symlink_to(sysconfig.get_path("purelib"))
    for name in ("autograder", "alembic"):
        script = (Path(sys.executable).parent / name).read_text(encoding="utf-8").partition("\n")[2]
        (place / "venv" / "bin" / name).write_text(f"#!{place}/venv/bin/python\n{script}", encoding="utf-8")
        (place / "venv" / "bin" / name).chmod(0o755)

    def run(*line: str, seconds: float = 280) -> Any:
        command = [*drop, str(place / "venv" / "bin" / line[0]), *line[1:]]
        return subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=seconds)

    return run


def owned(folder: Path) -> None:
    """Give a folder, and all in it, to the plain user."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)


def test_a_plain_user_releases_and_grades_and_no_attack_wins(lab: Lab, as_user: AsUser, place: Path) -> None:
    course = made_up.scratch_course(load_course(lab.course.root), place / "course")
    config = course.root / "course_config.py"
    text = config.read_text("utf-8")
    small = (
        "limits=Limits(cell_seconds=2, question_seconds=1, total_seconds=60, memory_mb=700, processes=40, file_mb=16)"
    )
    at = text.index("limits=Limits(")
    config.write_text(text[:at] + small + text[text.index(")", at) + 1 :], encoding="utf-8")
    for number, name in enumerate(ATTACKS):
        handed_in = lab.hand_in(replace(attack_of(MODULES[name], lab), student=name))
        made_up.write(course.submitted("hw4", f"{number:02}-{name}"), handed_in.files)
    made_up.write(course.submitted("hw4", "99-honest"), lab.honest.files)
    owned(course.root)
    released = as_user("autograder", "release", "hw4", "--course", str(course.root))
    assert released.returncode == 0, released.stderr
    done = as_user("autograder", "grade", "hw4", "--course", str(course.root), "--jobs", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    scores = as_user("autograder", "scores", "hw4", "--json", "--course", str(course.root))
    assert len(json.loads(scores.stdout)) == len(ATTACKS) + 1
    honest = load_result(course, "hw4", "99-honest")
    assert honest is not None and full_marks(honest) and not honest.unsafe
    won = []
    for number, name in enumerate(ATTACKS):
        result = load_result(course, "hw4", f"{number:02}-{name}")
        assert result is not None
        seen = Evidence((result,), honest, 0, {}, "", 0, 0, canary=lab.canary, heard=tuple(lab.heard))
        won += [name] if MODULES[name].won(seen) else []
    assert won == []
    left = subprocess.run(["ps", "-u", str(NOBODY), "-o", "args="], capture_output=True, text=True).stdout
    assert not [line for line in left.splitlines() if "zygote.py" in line and str(place) in line]
