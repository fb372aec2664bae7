"""The stop button in a real browser: in a training, both kinds of search, a download. One line each, no traceback.

In each test run JupyterLab and a training; in `make proof` all four, in Notebook 7 as well. With AUTOGRADER_RECORD=1
pictures are written to docs/pictures/.
"""

import os
import re
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Locator, expect

from autograder.course import Course
from autograder.grading import made_up
from tests.browser import server as server_module
from tests.browser.lab import SLOW_MS, Lab, put
from tests.browser.server import Server

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
NETWORK = "2-two-layer-network.ipynb"
SIZE = {"width": 1100, "height": 760}
LONG, ENDLESS = "num_iters=2000", "num_iters=10_000_000"
LOOP = """settings = [dict(hidden_size=20, num_iters=50), dict(hidden_size=21, num_iters=10_000_000)]
with hw4_helpers.Search(settings, TwoLayerNet) as search:
    for setting in search:
        net = TwoLayerNet(784, setting["hidden_size"], 10)
        hw4_helpers.train(net, data, learning_rate=1e-2, num_iters=setting["num_iters"])
        search.offer(net, np.mean(net.predict(data["X_val"]) == data["y_val"]))
best_net = search.best_net
"""
CORES = """settings = [dict(hidden_size=22, num_iters=50), dict(hidden_size=23, num_iters=10_000_000)]
def attempt(setting, data):
    net = TwoLayerNet(784, setting["hidden_size"], 10)
    hw4_helpers.train(net, data, learning_rate=1e-2, num_iters=setting["num_iters"])
    return net
with hw4_helpers.Search(settings, TwoLayerNet, "cores.json", jobs=2) as search:
    search.run(attempt, data)
best_net = search.best_net
"""
BEFORE = ("setup", "two-layer-net", *(f"T{n}-answer" for n in range(5, 12)))


@pytest.fixture(scope="module")
def silent() -> Iterator[str]:
    """Address of a mirror that sends the start of a file, and then nothing."""
    held = []

    def answer(server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            held.append(connection)
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9912422\r\n\r\n" + bytes(1000))

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer, args=(server,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/mnist/"
        server.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def server(
    repo: Course, right: dict[str, str], home: Path, silent: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """JupyterLab over two folders of a student whose answers are right, with trainings that never end."""
    root = tmp_path_factory.mktemp("stops")
    course = made_up.scratch_course(repo, root / "course")
    more = {"HW4_DATASET": "sample", "MNIST_DIR": "", "MNIST_MIRROR": silent, "MNIST_CACHE": str(root / "cache")}
    with server_module.running(root, course.root, home, more) as found:
        for view in ("lab", "notebook"):
            folder = root / view
            shutil.copytree(course.release("hw4"), folder)
            for name, data in made_up.hand_in(course, course.assignment("hw4"), right).items():
                put(found, f"{view}/{name}", data.replace(LONG.encode(), ENDLESS.encode()))
        yield found


def shoot(part: Locator, name: str) -> None:
    """A picture of an output, where this is recorded."""
    if os.environ.get("AUTOGRADER_RECORD") == "1":
        part.screenshot(path=PICTURES / f"{name}.png", animations="disabled", caret="hide")


def stop(lab: Lab, cell: Locator, seen: str) -> str:
    """Run a cell, press the stop button once `seen` is shown -> what stands below the cell."""
    cell.locator(".jp-InputPrompt").click()
    lab.page.keyboard.press("Shift+Enter")
    expect(cell.locator(".jp-Cell-outputArea")).to_contain_text(re.compile(seen), timeout=SLOW_MS)
    cell.locator(".jp-InputPrompt").click()
    lab.page.keyboard.press("Escape")
    lab.page.keyboard.press("i")
    lab.page.keyboard.press("i")
    lab.ran(cell)
    return cell.locator(".jp-Cell-outputArea").inner_text()


def opened(browser: Browser, server: Server, view: str) -> Lab:
    """The notebook with its answers run, and the digits loaded."""
    page = browser.new_context(viewport=SIZE).new_page()
    lab = Lab(page, server, view, "lab/tree" if view == "lab" else "notebooks")
    lab.open(NETWORK)
    for name in (*BEFORE, "load-mnist"):
        lab.run(lab.cell(NETWORK, name))
    return lab


def processes() -> set[int]:
    """The Pythons that this process has started: the server, its kernels, and what they have started."""
    return {one.pid for one in psutil.Process().children(recursive=True) if "python" in one.name()}


def no_traceback(said: str) -> None:
    assert "Traceback" not in said and "Interrupt" not in said, said


@pytest.mark.proof  # in each run a kernel is stopped (tests/hw4/test_student_kernel.py)
def test_a_training_that_is_stopped_in_jupyterlab_says_so_in_a_line_and_the_plots_work(
    browser: Browser, server: Server
) -> None:
    walk(browser, server, "lab", whole=False)


@pytest.mark.proof
@pytest.mark.parametrize("view", ["lab", "notebook"])
def test_a_training_both_searches_and_a_download_stop_in_a_line_and_leave_no_process(
    browser: Browser, server: Server, view: str
) -> None:
    walk(browser, server, view, whole=True)


def walk(browser: Browser, server: Server, view: str, whole: bool) -> None:
    lab = opened(browser, server, view)
    for name in ("train-first", "train-second") if whole else ("train-second",):
        cell = lab.cell(NETWORK, name)
        said = stop(lab, cell, r"val=0\.")
        no_traceback(said)
        assert re.search(r"Stopped after [\d,]+ iterations", said), said
        shoot(cell.locator(".jp-Cell-outputWrapper"), f"stop-{view}-{name}")
    if not whole:  # given cells are locked: this one is the student's
        lab.write(lab.cell(NETWORK, "T12-answer"), "first_net, first = second_net, second")
        lab.run(lab.cell(NETWORK, "T12-answer"))
    for name in ("plot-losses", "plot-accuracies", "show-wrong-digits") if whole else ("plot-accuracies",):
        cell = lab.cell(NETWORK, name)
        lab.run(cell)
        expect(cell.locator(".jp-OutputArea-output img").first).to_be_visible(timeout=SLOW_MS)
    if not whole:
        return
    if view == "lab":
        shoot(cell.locator(".jp-Cell-outputWrapper"), f"stop-{view}-{name}")
    answer = lab.cell(NETWORK, "T12-answer")
    for kind, source in (("loop", LOOP), ("cores", CORES)):
        before = processes()
        lab.write(answer, source)
        said = stop(lab, answer, r"/10000000 \[")
        no_traceback(said)
        assert "Stopped. The best model so far is kept" in said, said
        assert processes() == before
        shoot(answer.locator(".jp-Cell-outputWrapper"), f"stop-{view}-{kind}")
    lab.write(answer, "data = hw4_helpers.load_mnist('mnist')")
    said = stop(lab, answer, "downloading MNIST")
    no_traceback(said)
    assert "Stopped. Run the cell again: a download goes on where it stopped." in said, said
    shoot(answer.locator(".jp-Cell-outputWrapper"), f"stop-{view}-download")
    lab.page.context.close()
