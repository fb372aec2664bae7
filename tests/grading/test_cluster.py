"""grade --cluster: real dask workers, each with the course in a folder of its own."""

import multiprocessing
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from toy import NAME, Toy

from autograder.course import Course
from autograder.grading import made_up, workers
from autograder.marks.verdict_files import load_result
from autograder.submissions.submission import Submission

BIN = Path(sys.executable).parent
NAMES = [f"student{number:02}" for number in range(14)]
PARTS = ("course_config.py", "source", "solutions", "release", "autograder", ".autograder")


@dataclass
class Cluster:
    """A scheduler on this machine and its workers."""

    course: Course
    folder: Path
    port: int
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def start(self, *command: str, folder: Path | None = None) -> "subprocess.Popen[bytes]":
        """Start a dask command in a folder."""
        said = (self.folder / f"{len(self.processes)}.log").open("wb")
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "10 s"}
        with said:
            process = subprocess.Popen(
                [BIN / "dask", *command], cwd=folder or self.folder, stdout=said, stderr=said, env=environment
            )
        self.processes.append(process)
        return process

    def worker(self, name: str) -> "subprocess.Popen[bytes]":
        """Start a worker in a copy of the course."""
        folder = self.folder / name
        for part in PARTS:
            path = self.course.root / part
            if path.is_dir():
                shutil.copytree(path, folder / part)
            else:
                folder.mkdir(exist_ok=True)
                shutil.copy(path, folder / part)
        return self.start(
            "worker", self.address, "--nthreads", "1", "--no-dashboard", "--no-nanny", "--name", name, folder=folder
        )

    def grade(self, *options: str) -> "subprocess.CompletedProcess[str]":
        """autograder grade --cluster, on this machine."""
        command = [str(BIN / "autograder"), "grade", NAME, "--cluster", self.address, *options]
        return subprocess.run(command, cwd=self.course.root, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def classroom(toy: Toy, run: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Fourteen submissions, graded on this machine. Only copied."""
    course = toy.copy(tmp_path_factory.mktemp("cluster") / "course")
    for name in NAMES:
        made_up.write(course.submitted(NAME, name), toy.hand_in({**toy.right, "T2": f"# {name}\n{toy.right['T2']}"}))
    local = run("autograder", "grade", NAME, "-q", "--course", course.root)
    assert local.returncode == 0, local.stderr
    return course


@pytest.fixture
def cluster(classroom: Course, copy_of: Callable[[Course, Path], Course], tmp_path: Path) -> Iterator[Cluster]:
    """The class in a course of its own and a scheduler, no workers yet."""
    course = copy_of(classroom, tmp_path / "course")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = Cluster(course, tmp_path, port)
    with ExitStack() as stack:
        made.start("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
        stack.callback(lambda: [process.kill() or process.wait() for process in made.processes])
        yield made


def wait_for(cluster: Cluster, workers: int) -> None:
    """Until the scheduler has that many workers."""
    from distributed import Client

    with Client(cluster.address, timeout=30, set_as_default=False) as client:
        if workers:
            client.wait_for_workers(workers, timeout=60)


def wait_until_busy(cluster: Cluster, name: str) -> None:
    """Until the scheduler has given work to the worker of that name."""
    from distributed import Client

    with Client(cluster.address, timeout=30, set_as_default=False) as client:
        finish = time.monotonic() + 120
        address = next(at for at, about in client.scheduler_info()["workers"].items() if about["name"] == name)
        while not client.processing().get(address):
            assert time.monotonic() < finish, f"no work for {name}"
            time.sleep(0.05)


def scores(course: Course) -> dict[str, dict[str, tuple[str, float | None]]]:
    found = {name: load_result(course, NAME, name) for name in NAMES}
    return {n: {t: (v.status, v.score) for t, v in r.verdicts.items()} for n, r in found.items() if r is not None}


@pytest.mark.proof
def test_a_cluster_gives_the_marks_of_one_machine_and_a_dead_worker_costs_nothing(cluster: Cluster) -> None:
    local = scores(cluster.course)
    assert len(local) == len(NAMES)
    shutil.rmtree(cluster.course.state / "verdicts")
    victim = cluster.worker("one")
    cluster.worker("two")
    wait_for(cluster, 2)
    command = [str(BIN / "autograder"), "grade", NAME, "--cluster", cluster.address, "--force"]
    running = subprocess.Popen(command, cwd=cluster.course.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    wait_until_busy(cluster, "one")  # it is importing nbgrader, or in the middle of the class: both must do
    assert running.poll() is None
    victim.kill()
    said, _ = running.communicate(timeout=300)
    assert running.returncode == 0, said.decode()
    assert scores(cluster.course) == local


@pytest.mark.parametrize(
    ("size", "slots", "remote", "batches"),
    [
        (10, 1, True, [4, 4, 4, 4, 2, 1, 1]),
        (10, 3, True, [3, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]),
        (workers.BATCH_BYTES, 1, True, [1] * 20),
        (10, 1, False, [1] * 20),
    ],
)
def test_batches_end_with_single_submissions_and_are_small_in_bytes(
    size: int, slots: int, remote: bool, batches: list[int]
) -> None:
    submissions = [Submission(f"{number}", {"best_net.npz": bytes(size)}) for number in range(20)]
    made = workers.Workers(ThreadPoolExecutor, slots, remote)
    found = list(workers._batches(iter(submissions), 20, made))
    assert [len(batch) for batch in found] == batches
    assert [one for batch in found for one in batch] == submissions


@pytest.mark.proof
def test_where_workers_die_each_submission_of_a_batch_has_a_second_try(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOGRADER_COURSE", str(cluster.course.root))
    made = workers.Workers(workers.local(1).start, 1, remote=True)
    marks: dict[str, Any] = {}
    some = NAMES[:5]  # in batches of 2, 1, 1, 1: the first is graded, two are lost
    for handed_in, outcome in workers.grade_all(cluster.course, cluster.course.assignment(NAME), some, made):
        if not marks:
            for child in multiprocessing.active_children():
                child.kill()
        assert not isinstance(outcome, Exception)
        marks[handed_in.student] = {task: (v.status, v.score) for task, v in outcome.verdicts.items()}
    assert marks == {name: found for name, found in scores(cluster.course).items() if name in some}


@pytest.mark.proof  # in each run tests/course/test_fingerprint.py: what differs has another fingerprint
def test_a_worker_with_another_course_is_refused_in_one_line(cluster: Cluster) -> None:
    cluster.worker("other")
    with (cluster.folder / "other" / "solutions" / f"{NAME}.py").open("a") as file:
        file.write("\n# edited\n")
    wait_for(cluster, 1)
    result = cluster.grade("--force")
    assert result.returncode == 1
    assert "another grader or course" in result.stderr and str(cluster.folder / "other") in result.stderr


@pytest.mark.proof
def test_a_scheduler_without_workers_is_said_in_one_line(cluster: Cluster) -> None:
    wait_for(cluster, 0)
    result = cluster.grade("--force")
    assert result.returncode == 1
    assert "has no workers" in result.stderr and "dask worker" in result.stderr


def test_no_scheduler_is_said_in_one_line(toy: Toy, run: Callable[..., Any], tmp_path: Path) -> None:
    course = toy.copy(tmp_path / "course")
    made_up.write(course.submitted(NAME, "anong"), toy.hand_in({}))
    result = run("autograder", "grade", NAME, "--cluster", "tcp://127.0.0.1:9", "--course", course.root)
    assert result.returncode == 1
    assert "no scheduler answers" in result.stderr.splitlines()[-1]
