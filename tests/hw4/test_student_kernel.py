"""The students' helpers in a real kernel, as a browser drives it: stop buttons, unsaved cells, tables in place."""

import json
import os
import queue
import re
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import KernelManager

from autograder.course import Assignment, Course
from autograder.grading import made_up
from autograder.judging.mutations import Mistake

NETWORK = "2-two-layer-network.ipynb"
Cells = dict[str, str]


class Kernel:
    """A kernel in a student's folder: run a cell, get its outputs as text, updates in place made."""

    def __init__(self, folder: Path) -> None:
        # over a socket file the kernel does not warn of an open port on stderr
        self.manager = KernelManager(kernel_name="python3", transport="ipc", ip=str(folder / "kernel"))
        around = os.environ | {"HW4_DATASET": "sample", "MNIST_DIR": "", "OMP_NUM_THREADS": "1"}
        self.manager.start_kernel(cwd=str(folder), env=around)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        self.updates = 0

    def run(self, code: str, *stop_at: str) -> str:
        """What the cell shows in the end. The stop button is pressed once all of `stop_at` are seen at a time."""
        request = self.client.execute(code)
        shown: dict[str, str] = {}
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            try:
                message = self.client.get_iopub_msg(timeout=5)
            except queue.Empty:
                continue
            if message["parent_header"].get("msg_id") != request:
                continue
            content, kind = message["content"], message["msg_type"]
            if kind == "status" and content["execution_state"] == "idle":
                return "\n".join(shown.values())
            if kind in ("display_data", "update_display_data"):
                self.updates += kind == "update_display_data"
                name = content["transient"].get("display_id", f"output {len(shown)}")
                assert (name in shown) == (kind == "update_display_data")
                shown[name] = content["data"]["text/plain"]
            elif kind == "stream":
                shown[f"output {len(shown)}"] = content["text"]
            elif kind == "error":
                shown[f"output {len(shown)}"] = f"{content['ename']}: {content['evalue']}"
            if stop_at and all(text in "\n".join(shown.values()) for text in stop_at):
                stop_at = ()
                self.manager.interrupt_kernel()
        raise TimeoutError(f"the cell did not end: {code[:80]}")

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()


@pytest.fixture(scope="module")
def cells(course: Course, hw4: Assignment, right: Cells) -> Cells:
    """Sources of the network notebook with right answers, by grade_id."""
    notebook = json.loads(made_up.hand_in(course, hw4, right)[NETWORK])
    return {c["metadata"]["nbgrader"]["grade_id"]: "".join(c["source"])
            for c in notebook["cells"] if "nbgrader" in c["metadata"]}  # fmt: skip


@pytest.fixture(scope="module")
def folder(course: Course, hw4: Assignment, right: Cells, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A student's folder with right answers, nothing run yet."""
    made = tmp_path_factory.mktemp("kernel")
    made_up.write(made, made_up.hand_in(course, hw4, right))
    for path in course.beside_notebooks("hw4"):
        (made / path.name).write_bytes(path.read_bytes())
    return made


@pytest.fixture(scope="module")
def kernel(folder: Path, cells: Cells) -> Iterator[Kernel]:
    """A kernel in which the answers of T5 to T11 have run."""
    running = Kernel(folder)
    for name in ("setup", "two-layer-net", *(f"T{n}-answer" for n in range(5, 12))):
        assert running.run(cells[name]) == ""
    assert "dataset in use: sample" in running.run("data = hw4_helpers.load_mnist()")
    yield running
    running.close()


SEARCH = """
settings = [dict(hidden_size=20, num_iters=100), dict(hidden_size=30, num_iters={second})]
with hw4_helpers.Search(settings, TwoLayerNet) as search:
    for setting in search:
        net = TwoLayerNet(784, setting["hidden_size"], 10)
        hw4_helpers.train(net, data, learning_rate=1e-2, num_iters=setting["num_iters"])
        search.offer(net, np.mean(net.predict(data["X_val"]) == data["y_val"]))
kept = search.best_net
"""


def test_the_stop_button_keeps_the_best_and_the_search_goes_on_in_one_table(kernel: Kernel, folder: Path) -> None:
    before = kernel.updates
    said = kernel.run(SEARCH.format(second=10**7), "/10000000 [")
    assert "T12 search: 1 of 2 settings tried, best validation accuracy" in said
    assert said.count("T12 search") == 1 and kernel.updates > before + 2
    assert "2  30           10000000" in said and said.rstrip().endswith("Run the cell again to go on.")
    assert "stopped" in said and "Traceback" not in said and "KeyboardInterrupt" not in said
    assert kernel.run("print(kept.params['W1'].shape)").strip() == "(784, 20)"
    said = kernel.run(SEARCH.format(second=100))
    assert "1 settings were tried before" in said and "T12 search: 2 of 2 settings tried" in said
    assert sorted(path.name for path in folder.glob("search-*")) == [
        "search-TwoLayerNet-sample.json", "search-TwoLayerNet-sample.npz"
    ]  # fmt: skip


@pytest.mark.proof  # a whole training; one that is stopped is in each run
def test_training_shows_one_line_in_place(kernel: Kernel) -> None:
    # long enough for a fast machine too: what is done at once shows no bar
    said = kernel.run("hw4_helpers.train(TwoLayerNet(784, 20, 10), data, num_iters=4000);")
    assert said.count("training:") == 1 and "4000/4000" in said and "loss=" in said and "val=0." in said


def children(kernel: Kernel) -> list[str]:
    """The processes that the kernel has started, and that are there still."""
    return kernel.run(
        "import psutil\nfor one in psutil.Process().children(recursive=True): print(' '.join(one.cmdline()))"
    ).splitlines()


def test_a_stopped_training_gives_its_history_so_far_in_one_line_and_the_plots_work(
    kernel: Kernel, cells: Cells
) -> None:
    kernel.run("first_net = TwoLayerNet(784, 50, 10)")
    stopped = "first = hw4_helpers.train(first_net, data, learning_rate=1e-3, num_iters=10**7)"
    said = kernel.run(stopped, "val=0.")  # an epoch is over
    assert re.search(r"^Stopped after [\d,]+ iterations\. The plots show them", said, re.MULTILINE), said
    assert "Traceback" not in said and "Interrupt" not in said and said.count("\n") == 2, said
    lengths = kernel.run("print(*(len(first[name]) for name in first), 'val_acc_history' in first)")
    losses, minibatch, validation, there = lengths.split()
    assert int(losses) > 19 and int(minibatch) >= 1 and int(validation) >= 1 and there == "True"
    kernel.run("second_net, second = first_net, first")
    assert "in 0 iterations" not in kernel.run(cells["plot-losses"]) and "goes from" in kernel.run(cells["plot-losses"])
    assert "on the validation set" in kernel.run(cells["plot-accuracies"])
    said = kernel.run(cells["show-wrong-digits"])
    assert re.search(r"\d+ of 500 validation digits are read wrongly\. From the top left: \d as \d", said), said


ON_CORES = """
def attempt(setting, data):
    net = TwoLayerNet(784, setting["hidden_size"], 10)
    hw4_helpers.train(net, data, learning_rate=1e-2, num_iters=setting["num_iters"])
    return net

settings = [dict(hidden_size=20, num_iters=50), dict(hidden_size=21, num_iters={second})]
with hw4_helpers.Search(settings, TwoLayerNet, "cores-{name}.json", jobs={jobs}) as search:
    search.run(attempt, data)
kept = search.best_net
"""


def test_a_search_on_two_cores_is_live_stops_in_a_line_leaves_no_process_and_goes_on(kernel: Kernel) -> None:
    before, updates = children(kernel), kernel.updates
    said = kernel.run(ON_CORES.format(second=10**7, name="a", jobs=2), "1 of 2 settings", "/10000000 [")
    assert "T12 search: 1 of 2 settings tried, best validation accuracy" in said
    assert kernel.updates > updates + 2 and said.count("T12 search") == 1
    assert "stopped" in said and "Traceback" not in said and "Interrupt" not in said, said
    assert said.rstrip().endswith("Run the cell again to go on."), said
    assert children(kernel) == before
    said = kernel.run(ON_CORES.format(second=60, name="a", jobs=2))
    assert "1 settings were tried before" in said and "T12 search: 2 of 2 settings tried" in said
    assert children(kernel) == before


@pytest.mark.proof
def test_the_best_model_is_the_same_on_one_core_and_on_two(kernel: Kernel) -> None:
    for jobs in (1, 2):
        kernel.run(
            ON_CORES.format(second=60, name=f"b{jobs}", jobs=jobs)
            + f"nets = {{**globals().get('nets', {{}}), {jobs}: kept}}"
        )
    said = kernel.run(
        "one, two = nets[1].params, nets[2].params\n"
        "print(type(nets[2]) is TwoLayerNet, {one[k].dtype == two[k].dtype == float for k in one},"
        " max(abs(one[k] - two[k]).max() for k in one))"
    )
    assert said.split() == ["True", "{True}", "0.0"], said


@pytest.mark.proof
def test_an_error_in_an_attempt_on_another_core_is_one_line_with_its_place(kernel: Kernel) -> None:
    wrong = ON_CORES.format(second=60, name="c", jobs=2).replace("learning_rate=1e-2", "learning_rate=nobody")
    said = kernel.run(wrong)
    assert (
        "With the setting hidden_size: 2" in said
        and "NameError: name 'nobody' is not defined (in attempt, line" in said
    )
    said = kernel.run(wrong.replace("    return net", "    data['X_train'][0] = 0").replace("nobody", "1e-2"))
    assert "assignment destination is read-only" in said
    said = kernel.run(
        "class Other(TwoLayerNet):\n    pass\n"
        + wrong.replace("nobody", "1e-2").replace("net = Two", "net = Other(784, 5, 10) or Two")
    )
    assert "the search is for a TwoLayerNet, and it got a Other. Name the class in Search(settings, ...)." in said


@pytest.mark.proof
def test_without_joblib_and_in_a_loop_one_setting_at_a_time_is_tried_and_a_line_says_so(kernel: Kernel) -> None:
    kernel.run("there = hw4_helpers.find_spec; hw4_helpers.find_spec = lambda name: None")
    said = kernel.run(ON_CORES.format(second=60, name="d", jobs=2))
    kernel.run("hw4_helpers.find_spec = there")
    assert "jobs=2 needs joblib (pip install joblib): this search tries one setting at a time." in said
    assert "T12 search: 2 of 2 settings tried" in said
    said = kernel.run(
        "with hw4_helpers.Search([1], TwoLayerNet, 'loop.json', jobs=2) as search:\n"
        "    for setting in search:\n        search.offer(kept, 0.5)"
    )
    assert "jobs=2 is for search.run(function, data): a loop tries one setting at a time." in said


def test_an_error_in_an_answer_is_told_with_its_line_and_stops_nothing(kernel: Kernel, cells: Cells) -> None:
    kernel.run("def forward(params, X):\n    hidden = X @ params['W2']\n    return hidden, hidden")
    said = kernel.run(cells["T5"])
    assert "T5: not yet" in said and "your code stopped with ValueError" in said
    assert "in forward, line 2 of its cell: hidden = X @ params['W2']" in said
    assert kernel.run(cells["T5-answer"]) == ""
    assert "T5: passed" in kernel.run(cells["T5"])


def test_a_restarted_memory_and_an_overwritten_name_are_told_by_the_first_check(kernel: Kernel, cells: Cells) -> None:
    kernel.run("kept = forward, np; del forward, hw4_helpers")
    said = kernel.run(cells["T7"])
    restarted = "`forward` is not there. Was the notebook restarted, or a cell not run?"
    assert f"T7 is right; the class still fails because of T5: {restarted}" in said and "Error" not in said
    said = kernel.run(cells["T11"])
    assert f"the class still fails because of T5: {restarted}" in said
    assert kernel.run("print('forward' in globals())").strip() == "False", "what stood in for it is gone again"
    kernel.run("(forward, _), np = kept, 5")
    said = kernel.run(cells["T5"])
    assert "`np` is 5 in this notebook now: a cell sets `np = ...`" in said and "Error" not in said
    kernel.run("np = kept[1]")
    assert "T5: passed" in kernel.run(cells["T5"])


PASTED = re.compile(r"paste this into a new cell: it gives (?P<gives>.*); right is .*\n(?P<cell>(?: {9}.*\n)+)")
SHOWS = """{}
_value = {}
print("None" if _value is None else hw4_helpers._in_words(
    {{"value": _value}} if not isinstance(_value, dict) else {{f"value.{{k}}": v for k, v in _value.items()}}))"""
# the first shows where rows differ, and then a right step hangs on the draw; the second has the right values
UNSHOWN = {"T9 gradient-of-the-whole-set", "T11 labels-as-a-column"}
SHOWN = {"T5": "relu-missing", "T6": "sum-not-mean", "T7": "mask-missing", "T9": "biases-not-updated",
         "T10": "no-decay", "T11": "argmin"}  # fmt: skip


def test_each_check_shows_a_cell_that_comes_out_so_where_it_is_pasted(
    kernel: Kernel, cells: Cells, course: Course, hw4: Assignment, mistakes: Mapping[tuple[str, str], Mistake]
) -> None:
    kernel.run("id = 7")  # a name of Python's that neither the code nor the cell uses
    for name in SHOWN.items():
        assert not_shown(kernel, cells, course, hw4, mistakes[name]) == ""
        kernel.run(cells[f"{name[0]}-answer"])
        assert f"{name[0]}: passed" in kernel.run(cells[name[0]])
    kernel.run("del id")


@pytest.mark.proof
@pytest.mark.parametrize("run_all", [False, True])
def test_every_known_mistake_is_shown_by_its_visible_check(
    run_all: bool, kernel: Kernel, cells: Cells, course: Course, hw4: Assignment,
    mistakes: Mapping[tuple[str, str], Mistake],
) -> None:  # fmt: skip
    """Cell by cell, and by Run All. A class of one's own stands below the checks: Run All sees it too late."""
    try:
        of_cells = [one for one in mistakes.values() if one.task in SHOWN and one.edits]
        if run_all:
            of_cells = [one for one in of_cells if not made_up.with_mistake(course, hw4, one)[1]]
        assert len(of_cells) > 40
        found = {f"{one.task} {one.name}": not_shown(kernel, cells, course, hw4, one, run_all) for one in of_cells}
    finally:
        kernel.run("%reset -f")
        for name in ("setup", "two-layer-net", *(f"T{n}-answer" for n in range(5, 12)), "load-mnist"):
            kernel.run(cells[name])
    assert {name: said for name, said in found.items() if said}.keys() <= UNSHOWN


def not_shown(
    kernel: Kernel, cells: Cells, course: Course, hw4: Assignment, mistake: Mistake, run_all: bool = False
) -> str:
    """A mistake typed in and its check run; "" where a cell is shown that gives what it says, else what was said."""
    answers, extra = made_up.with_mistake(course, hw4, mistake)
    wrong = cells | {f"{task}-answer": source for task, source in answers.items()}
    if run_all:
        kernel.run("%reset -f")
        for name in list(wrong)[: list(wrong).index(mistake.task)]:
            kernel.run(wrong[name])
    else:
        names = "two-layer-net", *(f"T{n}-answer" for n in range(5, 12))
        for source in (*(wrong[name] for name in names), *extra):
            kernel.run(source)
    said = kernel.run(wrong[mistake.task])
    shown = PASTED.search(said)
    if shown is None:
        return said
    *before, last = textwrap.dedent(shown["cell"]).strip().splitlines()
    return "" if shown["gives"] in kernel.run(SHOWS.format("\n".join(before), last)) else said


def test_the_given_class_with_edits_is_told_in_a_kernel_too(kernel: Kernel, cells: Cells) -> None:
    kernel.run(cells["two-layer-net"].replace("return scores\n", "return scores + 0.0\n"))
    assert "the given cell with TwoLayerNet was changed" in kernel.run(cells["T5"])
    kernel.run(cells["two-layer-net"])
    assert "T5: passed" in kernel.run(cells["T5"])


def test_what_a_search_sets_is_nothing_that_graders_have(kernel: Kernel, folder: Path) -> None:
    """The kernel has it, and the saved notebook says where from: here, from nowhere that graders run."""
    notebook = json.loads((folder / NETWORK).read_text(encoding="utf-8"))
    before = json.dumps(notebook)
    source = "class Mine:\n    def predict(self, X):\n        return (X - best_mean).argmax(axis=1)\n"
    cell = {
        "cell_type": "code",
        "id": "0a1b2c3d",
        "metadata": {},
        "source": f"%matplotlib inline\n{source}",
        "outputs": [],
    }
    notebook["cells"].insert(5, cell)
    (folder / NETWORK).write_text(json.dumps(notebook), encoding="utf-8")
    (folder / "best_net.npz").unlink(missing_ok=True)
    kernel.run(
        f"{source}\nbest_mean = 3\nmine = Mine(); mine.params = {{'W1': np.ones((784, 3))}}; hw4_helpers.save_net(mine)"
    )
    said = kernel.run("hw4_helpers.check_submission()")
    assert "its predict needs `best_mean`, which graders do not have" in said, said
    assert "class Mine ran differently from what is saved" in said
    (folder / NETWORK).write_text(before, encoding="utf-8")


def test_check_submission_sees_what_is_not_saved(kernel: Kernel, cells: Cells) -> None:
    check = "hw4_helpers.check_submission()"
    kernel.run("globals()['best_net'] = TwoLayerNet(784, 5, 10); hw4_helpers.save_net(best_net)")
    said = kernel.run(check)
    assert "2-two-layer-network.ipynb  ready" in said and "TwoLayerNet, trained on the sample of 5,000 digits" in said
    kernel.run(cells["T6-answer"] + "\n# a better idea, not saved")
    kernel.run("best_net.params['W1'] += 1")
    said = kernel.run(check)
    assert "T6-answer ran differently from what is saved" in said
    assert "best_net has changed since it was saved" in said
    kernel.run(cells["T6-answer"])
    assert "ran differently" not in kernel.run(check)


def test_where_the_helper_file_is_missing_the_first_cell_says_what_to_do(
    course: Course, tmp_path: Path, run: Callable[..., Any]
) -> None:
    for name in course.assignment("hw4").notebooks:
        text = (course.release("hw4") / f"{name}.ipynb").read_text(encoding="utf-8")
        setup = next(c for c in json.loads(text)["cells"] if c["id"] == "setup")
        done = run(Path(sys.executable).name, "-c", "".join(setup["source"]), cwd=tmp_path)
        assert done.stderr.splitlines()[-1] == (
            "ModuleNotFoundError: hw4_helpers.py is not beside this notebook. Put it into the same folder "
            "(on Colab: the folder icon on the left, then Upload), and run this cell again."
        )
