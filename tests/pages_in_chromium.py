"""A page in Debian's chromium: what it asks for, what it runs, how long it loads, what axe says."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or ""
needs_chromium = pytest.mark.skipif(not CHROMIUM, reason="no chromium here: apt install chromium")


@contextmanager
def chromium() -> Iterator[Any]:
    """The browser, headless."""
    from playwright.sync_api import sync_playwright  # here: not every test that imports this opens a browser

    with sync_playwright() as play:
        found = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


def visit(browser: Any, path: Path, **options: Any) -> tuple[Any, list[str]]:
    """(the open page, all addresses that it asked for beside itself, its dialogs and its console)."""
    page = browser.new_context(**options).new_page()
    seen: list[str] = []
    page.on("request", lambda r: seen.append(r.url) if not r.url.startswith(("data:", path.as_uri())) else None)
    page.on("console", lambda message: seen.append(message.text))
    page.on("dialog", lambda dialog: (seen.append(dialog.message), dialog.dismiss()))
    page.goto(path.as_uri())
    return page, seen


def complaints(page: Any, path: Path, scheme: str) -> list[str]:
    """What axe-core finds serious or worse. Its script needs the page's policy out of the way (bypass_csp)."""
    from axe_playwright_python.sync_playwright import Axe

    page.emulate_media(color_scheme=scheme)
    page.goto(path.as_uri())
    found = Axe().run(page).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in found if v["impact"] in ("serious", "critical")]
