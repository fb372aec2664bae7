"""A student's bad day in JupyterLab: known mistakes typed in one by one, each check run and read in the browser.

It looks at the form, not at the words: a panel that says "not yet" and what to do, one red line at most, nothing
that runs out of the page. AUTOGRADER_PICTURES=FOLDER keeps a picture of each.
"""

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator

from autograder.course import Course
from autograder.grading import made_up
from autograder.judging.mutations import Mistake
from tests.browser import server as server_module
from tests.browser.lab import Lab, put
from tests.browser.server import Server

pytestmark = pytest.mark.proof

NETWORK = "2-two-layer-network.ipynb"
SIZE = {"width": 1100, "height": 760}
FUNCTIONS = [f"T{n}" for n in range(5, 12)]
KNOWN = (
    "T5 softmax-applied",
    "T5 relu-missing",
    "T5 scores-and-hidden-swapped",
    "T6 sum-not-mean",
    "T6 max-not-subtracted",
    "T7 mask-missing",
    "T7 bias-gradients-as-rows",
    "T8 labels-drawn-separately",
    "T8 last-row-never-drawn",
    "T9 biases-not-updated",
    "T10 no-decay",
    "T11 argmin",
    "T11 labels-as-a-column",
)
UNSHOWN = {"T8 labels-drawn-separately", "T8 last-row-never-drawn", "T11 labels-as-a-column"}  # by no cell's value
OWN = {  # slips that are no known mistakes: (task, what is typed into its cell)
    "T5 stopped": ("T5", "def forward(params, X):\n    hidden = X @ params['W2']\n    return hidden, hidden"),
    "T5 mistyped": ("T5", "def forward(params, X):\n    return my_relu(X @ params['W1']), X"),
    "T7 nothing returned": ("T7", "def backward(params, X, y, hidden, probabilities, reg):\n    grads = {}"),
    "T8 unwritten": ("T8", 'def sample_minibatch(X, y, batch_size):\n    raise NotImplementedError("T8")'),
    "T9 overwritten": ("T9", "sgd_update = 0.1"),
}
PREDICT = "    def predict(self, X):\n        return (({} - {}) @ self.params['W1']).argmax(axis=1)\n"
MODEL = "best_net = Mine()\nbest_net.params = {}"
FLAT = "{'W1': np.ones((784, 10))}"
MODELS = {  # (the class, its params, whether the file is written)
    "T12 name": ("class Mine:\n" + PREDICT.format("X", "data['mean_image']"), FLAT, True),
    "T12 attribute": (
        "class Mine:\n    def __init__(self):\n        self.mean = 3.0\n" + PREDICT.format("X", "self.mean"),
        FLAT,
        True,
    ),
    "T12 file": ("class Mine:\n" + PREDICT.format("X", "np.load('mean.npz')['mean']"), FLAT, True),
    "T12 slots": ("class Mine:\n    __slots__ = ('params',)\n" + PREDICT.format("X", "0"), FLAT, True),
    "T12 nested": ("class Mine:\n" + PREDICT.format("X", "0"), "{'layer1': {'W': np.ones(3)}}", False),
}
SAYS = {  # what each has to name, in whatever words
    "T12 name": "data",
    "T12 attribute": "self.mean",
    "T12 file": "mean.npz",
    "T12 slots": "accuracy",  # slots are no fault, guessing is
    "T12 nested": 'params["layer1"]',
}
# what of an output runs out of its place or has a bar to scroll
CUT = """output => [...output.querySelectorAll('*')].filter(one =>
    one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0
    && getComputedStyle(one).display !== 'inline').map(one => one.outerHTML.slice(0, 200))"""


@dataclass(frozen=True)
class Shown:
    """What a check showed: its words, its red lines, what is cut; and its words once the cell was right again."""

    words: str
    red: list[str]
    cut: list[str]
    after: str = ""


def shown(output: Locator, name: str, after: str = "") -> Shown:
    """Read an output in the page, and keep a picture of it."""
    output.scroll_into_view_if_needed()
    if folder := os.environ.get("AUTOGRADER_PICTURES"):
        path = Path(folder) / f"{name.replace(' ', '-')}.png"
        output.screenshot(path=path, animations="disabled", caret="hide")
    red = output.locator("[data-mime-type='application/vnd.jupyter.stderr'], [data-mime-type*='error']")
    return Shown(output.inner_text(), red.all_inner_texts(), output.evaluate(CUT), after)


@pytest.fixture(scope="module")
def server(repo: Course, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server over the student's folder: a copy of the release."""
    root = tmp_path_factory.mktemp("mistakes")
    shutil.copytree(repo.release("hw4"), root / "student")
    with server_module.running(root, root, home, {"HW4_DATASET": "sample", "MNIST_DIR": ""}) as found:
        yield found


@pytest.fixture(scope="module")
def lab(browser: Browser, server: Server, course: Course, right: Mapping[str, str]) -> Iterator[Lab]:
    """Part 2 is open, and the right answers have run."""
    files = made_up.hand_in(course, course.assignment("hw4"), right, extra=["# my class"])
    put(server, f"student/{NETWORK}", files[NETWORK])
    with browser.new_context(viewport=SIZE) as context:
        lab = Lab(context.new_page(), server, "student")
        lab.open(NETWORK)
        for name in ("setup", "two-layer-net", *(f"{task}-answer" for task in FUNCTIONS), "load-mnist"):
            lab.run(lab.cell(NETWORK, name))
        yield lab


def own_cell(lab: Lab) -> Locator:
    """The cell of the student's own."""
    cells = json.loads((lab.server.root / lab.folder / NETWORK).read_text(encoding="utf-8"))["cells"]
    return lab.cells.nth(next(at for at, cell in enumerate(cells) if cell["id"].startswith("own-")))


def ran(lab: Lab, cell: Locator, source: str = "") -> None:
    if source:
        lab.write(cell, source)
    lab.run(cell)


@pytest.fixture(scope="module")
def walked(
    lab: Lab, course: Course, right: Mapping[str, str], mistakes: Mapping[tuple[str, str], Mistake]
) -> dict[str, Shown]:
    """Each mistake typed in, the check run and read; the right answer typed in again, and the check run."""
    slips = dict(OWN)
    for name in KNOWN:
        task, _, short = name.partition(" ")
        planted, extra = made_up.with_mistake(course, course.assignment("hw4"), mistakes[task, short])
        slips[name] = (task, "\n\n".join([*extra, planted[task]]))
    found = {}
    for name, (task, source) in slips.items():
        answer, check = lab.cell(NETWORK, f"{task}-answer"), lab.cell(NETWORK, task)
        ran(lab, answer, source)
        ran(lab, check)
        seen = shown(check.locator(".jp-Cell-outputWrapper"), name)
        ran(lab, answer, right[task])
        ran(lab, check)
        after = check.locator(".jp-Cell-outputWrapper").inner_text()
        found[name] = Shown(seen.words, seen.red, seen.cut, after)
    return found


@pytest.fixture(scope="module")
def modelled(lab: Lab) -> dict[str, Shown]:
    """Each model made, saved and checked."""
    saved = lab.server.root / lab.folder / "best_net.npz"
    found = {}
    for name, (source, params, is_saved) in MODELS.items():
        saved.unlink(missing_ok=True)
        ran(lab, own_cell(lab), source)
        ran(lab, lab.cell(NETWORK, "T12-answer"), MODEL.format(params))
        lab.save()
        ran(lab, lab.cell(NETWORK, "save-best-net"))
        assert saved.exists() == is_saved
        check = lab.cell(NETWORK, "T12" if is_saved else "save-best-net")
        ran(lab, check)
        found[name] = shown(check.locator(".jp-Cell-outputWrapper"), name)
        if is_saved:
            last = lab.cell(NETWORK, "check-submission")
            ran(lab, last)
            found[f"{name}, handed in"] = shown(last.locator(".jp-Cell-outputWrapper"), f"{name}-handed-in")
    return found


def reads_well(seen: Shown) -> None:
    assert "not yet" in seen.words and "to do" in seen.words, seen.words
    assert "Traceback" not in seen.words and len(seen.words) < 2500, seen.words
    assert len(seen.red) <= 1 and all(text.strip().count("\n") == 0 for text in seen.red), seen.red
    assert seen.cut == []


@pytest.mark.parametrize("name", [*KNOWN, *OWN])
def test_a_mistake_reads_well_in_the_browser_and_is_gone_when_it_is_mended(
    walked: Mapping[str, Shown], name: str
) -> None:
    reads_well(walked[name])
    assert re.match(rf"{name.partition(' ')[0]}\s+passed", walked[name].after), walked[name].after
    if name in KNOWN and name not in UNSHOWN:
        assert "paste this into a new cell: it gives" in walked[name].words


@pytest.mark.parametrize("name", MODELS)
def test_a_model_that_graders_cannot_use_reads_well_in_the_browser(modelled: Mapping[str, Shown], name: str) -> None:
    reads_well(modelled[name])
    assert SAYS[name] in modelled[name].words
    if f"{name}, handed in" in modelled:
        seen = modelled[f"{name}, handed in"]
        assert "look again" in seen.words and seen.red == [] and seen.cut == []


def test_the_example_of_section_10_passes_in_the_browser(lab: Lab, modelled: Mapping[str, Shown]) -> None:
    text = lab.cell(NETWORK, "T12-answer").locator("xpath=preceding-sibling::*[contains(@class, 'jp-MarkdownCell')][1]")
    source, use = text.locator("pre").all_inner_texts()[-2:]
    if folder := os.environ.get("AUTOGRADER_PICTURES"):
        text.screenshot(path=Path(folder) / "section-10.png", animations="disabled")
    ran(lab, own_cell(lab), source.replace("num_iters=3000", "num_iters=400"))
    ran(lab, lab.cell(NETWORK, "T12-answer"), use)
    lab.save()
    for name in ("save-best-net", "T12", "show-best-weights", "test-accuracy", "check-submission"):
        ran(lab, lab.cell(NETWORK, name))
        seen = shown(lab.cell(NETWORK, name).locator(".jp-Cell-outputWrapper"), f"example-{name}")
        assert seen.red == [] and seen.cut == [] and "not yet" not in seen.words, seen.words
    assert re.match(r"T12\s+passed", lab.cell(NETWORK, "T12").locator(".jp-Cell-outputWrapper").inner_text())
