"""cgroups.py: a guest is in a group of its own where the system gives one; what a crash left is removed.

The code for version 2 runs against a tree of plain files, and its placement and end in a real one where it is there.
memory.max was never measured: no machine of ours had it.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from toy import Toy

from autograder.commands import diagnoses, wall_diagnoses
from autograder.course import Limits
from autograder.sandbox import cgroups
from autograder.sandbox.answers import Lost
from autograder.sandbox.cgroups import Cgroup, NoCgroup, Parent

SYSTEM = Path("/sys/fs/cgroup")
LIMITS = Limits(memory_mb=700, processes=40, file_mb=16)
Tree = Callable[..., Path]


@pytest.fixture
def given() -> Parent:
    """The group that this system gives."""
    try:
        return cgroups.find()
    except NoCgroup as error:
        pytest.skip(f"{error}")


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """A /proc/self of plain files: in version 2 at /user/scope of a tree, whose groups hand these controllers down."""

    def make(offered: str = "cpu memory pids", **handed_down: str) -> Path:
        proc, mount = tmp_path / "proc", tmp_path / "cgroup"
        (mount / "user" / "scope").mkdir(parents=True)
        proc.mkdir()
        (proc / "cgroup").write_text("5:pids:/elsewhere\n0::/user/scope\n")
        (proc / "mountinfo").write_text(
            f"30 1 0:1 / / rw - ext4 /dev/root rw\n31 30 0:2 / {mount} rw - cgroup2 cgroup2 rw\n"
        )
        (mount / "cgroup.controllers").write_text(f"{offered}\n")
        for name, folder in {"top": mount, "user": mount / "user", "scope": mount / "user" / "scope"}.items():
            (folder / "cgroup.subtree_control").write_text(handed_down.get(name, "") + "\n")
            (folder / "cgroup.procs").touch()
        return proc

    return make


def test_the_nearest_group_that_hands_both_controllers_down_is_taken(tree: Tree, tmp_path: Path) -> None:
    found = cgroups.find(tree(top="cpu memory pids", user="memory pids", scope="pids"))
    assert found == Parent(tmp_path / "cgroup" / "user", 2)


def test_where_there_is_none_it_says_why(tree: Tree, tmp_path: Path) -> None:
    with pytest.raises(NoCgroup, match=r"^version 2 has no memory, pids here$"):
        cgroups.find(tree("hugetlb"))
    (tmp_path / "cgroup" / "cgroup.controllers").write_text("memory pids\n")
    with pytest.raises(NoCgroup, match=r"^no group above .*/user/scope may be written$"):
        cgroups.find(tmp_path / "proc")
    (tmp_path / "proc" / "mountinfo").write_text("30 1 0:1 / / rw - ext4 /dev/root rw\n")
    with pytest.raises(NoCgroup, match=r"^no cgroups of version 2 are mounted here$"):
        cgroups.find(tmp_path / "proc")


def test_version_1_gives_pids_alone_and_memory_is_not_looked_for(tree: Tree, tmp_path: Path) -> None:
    proc, mount = tree("hugetlb"), tmp_path / "one"
    (mount / "elsewhere").mkdir(parents=True)
    (mount / "elsewhere" / "cgroup.procs").touch()
    with (proc / "mountinfo").open("a") as file:
        file.write(f"32 30 0:3 / {tmp_path / 'memory'} rw - cgroup cgroup rw,memory\n")
        file.write(f"33 30 0:4 / {mount} rw - cgroup cgroup rw,pids\n")
    parent = cgroups.find(proc)
    assert parent == Parent(mount / "elsewhere", 1)
    made = cgroups.make(parent, LIMITS)
    assert {path.name for path in made.folder.iterdir()} == {"pids.max"}
    made.remove()


def test_the_limits_of_a_box_and_room_for_what_is_ours_are_written(tmp_path: Path) -> None:
    made = cgroups.make(Parent(tmp_path, 2), LIMITS)
    written = {path.name: path.read_text() for path in made.folder.iterdir()}
    most = (700 + 2 * 16 + cgroups.AROUND_MB) << 20
    assert written == {
        "pids.max": str(40 + cgroups.AROUND),
        "memory.max": str(most),
        "memory.swap.max": "0",
        "memory.oom.group": "1",
    }
    made.remove()


def test_what_a_crash_left_is_removed_and_what_lives_stays(tmp_path: Path) -> None:
    (tmp_path / "autograder-left").mkdir()
    (tmp_path / "another").mkdir()
    living = Cgroup(tmp_path / "autograder-living", -1)
    living.folder.mkdir()
    lock = cgroups._lock(living.folder)
    made = cgroups.make(Parent(tmp_path, 1), LIMITS)
    assert set(tmp_path.iterdir()) == {tmp_path / "another", living.folder, made.folder}
    os.close(lock)
    made.remove()


def test_a_group_that_is_left_by_a_process_that_was_killed_is_removed(given: Parent) -> None:
    code = (
        "import os, signal; from autograder.sandbox import cgroups; from autograder.course import Limits\n"
        "print(cgroups.make(cgroups.find(), Limits()).folder, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    left = Path(done.stdout.strip())
    assert done.returncode == -signal.SIGKILL and left.is_dir()
    made = cgroups.make(given, LIMITS)
    assert not left.exists() and made.folder.is_dir()
    made.remove()
    assert not made.folder.exists()


def test_no_more_processes_start_in_a_group_than_it_may_hold(given: Parent) -> None:
    made = cgroups.make(given, Limits(processes=0))
    start = "for n in $(seq 40); do sleep 5 & done"
    done = subprocess.run(made.entering(["/bin/sh", "-c", start]), capture_output=True, text=True)
    assert done.returncode != 0 and "fork" in done.stderr.lower()
    for pid in made.members():
        os.kill(pid, signal.SIGKILL)
    made.remove()
    assert not made.folder.exists()


def test_a_guest_is_in_its_group_from_its_start_and_the_group_ends_with_it(toy: Toy, given: Parent) -> None:
    with diagnoses.guest_of(toy.course, toy.assignment) as guest:
        guest.open().close()
        assert guest.cgroup is not None
        folder, inside = guest.cgroup.folder, guest.cgroup.members()
        assert folder.parent == given.folder
        assert {guest.pid, wall_diagnoses.innermost(guest.pid)} <= set(inside)
    assert not folder.exists()


def test_where_nothing_is_let_in_the_guest_starts_all_the_same(
    toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = Cgroup(tmp_path / "gone", os.open(tmp_path, os.O_RDONLY))
    monkeypatch.setattr(cgroups, "given", lambda limits: nowhere)
    with diagnoses.guest_of(toy.course, toy.assignment) as guest:
        guest.open().close()
        assert guest.alive


def test_a_guest_that_the_kernel_ended_for_its_memory_is_told_so(
    toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cgroups, "find", lambda: Parent(tmp_path, 2))
    for count, reason in ((0, None), (1, Lost.MEMORY)):
        with diagnoses.guest_of(toy.course, toy.assignment) as guest:
            guest.open().close()
            assert guest.cgroup is not None
            (guest.cgroup.folder / "memory.events").write_text(f"low 0\nhigh 0\noom 1\noom_kill {count}\n")
            os.kill(guest.pid, signal.SIGKILL)
            while guest.alive:  # or it may answer still
                time.sleep(0.01)
            assert guest.end(lost=True) == (reason, "")


@pytest.fixture
def in_version_2() -> Iterator[Cgroup]:
    """A real group of version 2, of whatever controllers."""
    mounts = [
        path.parent
        for path in (SYSTEM / "cgroup.controllers", SYSTEM / "unified" / "cgroup.controllers")
        if path.exists()
    ]
    if not mounts or not os.access(mounts[0] / "cgroup.procs", os.W_OK) or os.getuid() != 0:
        pytest.skip("no cgroups of version 2 that this user may write")
    folder = mounts[0] / f"{cgroups.PREFIX}test-{os.getpid()}"
    folder.mkdir()
    yield Cgroup(folder, cgroups._lock(folder))
    cgroups._remove(folder)


def test_what_is_in_a_group_of_version_2_ends_with_it(in_version_2: Cgroup) -> None:
    line = in_version_2.entering(["/bin/sh", "-c", "sleep 60 & echo ready; wait"])
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        assert process.pid in in_version_2.members() and len(in_version_2.members()) == 2
        in_version_2.remove()
        assert process.wait() == -signal.SIGKILL
    assert not in_version_2.folder.exists()
