"""A student's hands in JupyterLab or Notebook 7: open a notebook, run, edit, save."""

import json
import re
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, Response, expect

from tests.browser.server import Server

RUN_MS = 180_000  # for all cells of a notebook with its training, on a busy machine
SLOW_MS = 60_000
# Lab itself has the notebook as the current one, and its kernel: or it does nothing, or asks for a kernel cell by cell
KERNEL_READY = """path => {
    const shown = window.jupyterapp?.shell?.currentWidget;
    return shown?.context?.path === path && shown.sessionContext.session?.kernel?.status === 'idle';
}"""


@dataclass
class Lab:
    """One browser page with JupyterLab in it, over the folder `folder` of the server; view "notebooks": Notebook 7."""

    page: Page
    server: Server
    folder: str
    view: str = "lab/tree"

    def open(self, name: str) -> None:
        """Open a notebook, and wait until its kernel is ready."""
        self.page.goto(self.server.url(f"{self.view}/{self.folder}/{name}?reset"))
        expect(self.cells.first).to_be_visible(timeout=SLOW_MS)
        self.page.wait_for_function(KERNEL_READY, arg=f"{self.folder}/{name}", timeout=SLOW_MS)
        self.page.keyboard.press("Control+b")  # room for the notebook: without the list of files

    @property
    def cells(self) -> Locator:
        """The cells of the open notebook."""
        return self.page.locator(".jp-Notebook .jp-Cell")

    def cell(self, name: str, grade_id: str) -> Locator:
        """The cell with that grade_id."""
        book = json.loads((self.server.root / self.folder / name).read_text(encoding="utf-8"))
        ids = [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in book["cells"]]
        return self.cells.nth(ids.index(grade_id))

    def write(self, cell: Locator, source: str) -> None:
        """Type over what stands in a code cell."""
        editor = cell.locator(".cm-content")
        editor.click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(source)

    def run_all(self) -> None:
        """Run > Run All Cells, to the end."""
        self._menu("Run", "Run All Cells")
        self.ran(self.page.locator(".jp-Notebook .jp-CodeCell").last)

    def run(self, cell: Locator) -> None:
        """Run one cell with Shift+Enter, once more. Notebook 7 may take no keys at first, with its kernel ready."""
        before = cell.locator(".jp-InputPrompt").inner_text()
        for last in (False, False, True):
            cell.locator(".jp-InputPrompt").click()
            self.page.keyboard.press("Shift+Enter")
            try:
                expect(cell.locator(".jp-InputPrompt")).not_to_have_text(before)
                break
            except AssertionError:
                if last:
                    raise
        self.ran(cell)

    def ran(self, cell: Locator) -> None:
        """Wait until a cell has a number: it is done."""
        expect(cell.locator(".jp-InputPrompt")).to_have_text(re.compile(r"^\[\d+\]:$"), timeout=RUN_MS)

    def save(self) -> None:
        """Ctrl+S, until the server has it."""

        def saved(response: Response) -> bool:
            return response.request.method == "PUT" and "/api/contents/" in response.url and response.ok

        with self.page.expect_response(saved, timeout=SLOW_MS):
            self.page.keyboard.press("Control+s")

    def _menu(self, *path: str) -> None:
        self.page.locator(".lm-MenuBar-itemLabel", has_text=re.compile(f"^{path[0]}$")).click()
        self.page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{path[1]}$")).click()


def put(server: Server, path: str, source: bytes) -> None:
    """Write a notebook through the server's own interface, as an editor elsewhere does."""
    body = json.dumps({"type": "notebook", "format": "json", "content": json.loads(source)}).encode()
    request = urllib.request.Request(server.url(f"api/contents/{path}"), body, method="PUT")
    with urllib.request.urlopen(request, timeout=60) as response:
        assert response.status == 200


def said(path: Path) -> dict[str, str]:
    """What each cell with a grade_id said, as plain text, in a saved notebook; <picture> for pictures."""
    found = {}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if name and cell["cell_type"] == "code":
            found[name] = "\n".join(map(_words, cell["outputs"]))
    return found


def _words(output: dict[str, Any]) -> str:
    data = output.get("data", {})
    text = output.get("text") or data.get("text/plain") or [f"{output.get('ename')}: {output.get('evalue')}"]
    return "".join(text) + ("<picture>" if "image/png" in data else "")
