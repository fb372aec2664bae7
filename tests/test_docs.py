"""The documentation: the author's guide walked block by block; every link leads somewhere."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import pytest
import typer

from autograder import cli

ROOT = Path(__file__).resolve().parent.parent
WARMUP = ROOT / "tests" / "courses" / "warmup"
NOTEBOOK = Path("source/warmup/1-lines.ipynb")
BIN = Path(sys.executable).parent
PAGES = [ROOT / "README.md", ROOT / "SECURITY.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
REGION = re.compile(r"(### BEGIN SOLUTION\n).*?( *### END)", re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page, and the line of text that stands before it."""

    language: str
    text: str
    before: str


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    found, lines, start = [], page.read_text(encoding="utf-8").splitlines(), None
    for number, line in enumerate(lines):
        if not line.startswith("```"):
            continue
        if start is None:
            start = number
            continue
        before = next((text for text in reversed(lines[:start]) if text.strip()), "")
        found.append(Block(lines[start][3:], "\n".join(lines[start + 1 : number]), before))
        start = None
    assert start is None, f"{page}: a block is not closed"
    return found


def cells() -> dict[str, str]:
    """Cells of the sample notebook by grade_id, as an author types them: the answer's region is empty."""
    found = {}
    for cell in json.loads((WARMUP / NOTEBOOK).read_text(encoding="utf-8"))["cells"]:
        if "nbgrader" in cell["metadata"]:
            found[cell["metadata"]["nbgrader"]["grade_id"]] = REGION.sub(r"\1\2", "".join(cell["source"]))
    return found


def typed(folder: Path) -> None:
    """Put the sample's notebook into the folder, as it is before a release fills the answers in."""
    notebook = json.loads((WARMUP / NOTEBOOK).read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = REGION.sub(r"\1\2", "".join(cell["source"])).splitlines(keepends=True)
    (folder / NOTEBOOK).write_text(json.dumps(notebook, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def test_the_authors_guide_makes_the_sample_course(tmp_path: Path) -> None:
    """Each block is typed into a fresh folder, each command run; what stands there at the end is the sample."""
    around = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "200"}
    said, files = "", set()
    for block in blocks(ROOT / "docs" / "author.md"):
        named = re.fullmatch(r"\*\*`([\w./]+)`\*\*", block.before)
        cell = re.match(r"Cell `([\w-]+)`", block.before)
        if block.language == "sh":
            done = subprocess.run(
                ["bash", "-euc", block.text], cwd=tmp_path, env=around, capture_output=True, text=True, timeout=200
            )
            assert done.returncode == 0, block.text + done.stdout + done.stderr
            said = done.stdout
        elif block.language == "text":
            assert block.text in said
        elif cell:
            assert block.text == cells()[cell[1]]
            typed(tmp_path)
        else:
            assert named, f"the block after {block.before!r} names no file"
            assert (tmp_path / named[1]).is_file(), "`autograder new` made no such file"
            (tmp_path / named[1]).write_text(block.text + "\n", encoding="utf-8")
            files.add(named[1])
    wanted = {path.relative_to(WARMUP) for path in WARMUP.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert {path.as_posix() for path in wanted - {NOTEBOOK}} == files
    for path in wanted:
        assert (tmp_path / path).read_bytes() == (WARMUP / path).read_bytes(), path
    rows = {line.split()[0]: line.split()[1:] for line in said.splitlines() if line.strip()}
    assert rows["right"] == ["1", "1", "...", "2", "3"] and rows["blank"] == ["0?", "0?", "0?", "0", "3"]


def anchors(page: Path) -> set[str]:
    """The names that a page's headings can be reached by."""
    heads = re.findall(r"^#+ +(.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_something_that_is_there(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / unquote(file)) if file else page
        assert target.exists(), f"{page.relative_to(ROOT)} links to {link}: there is no such file"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{page.relative_to(ROOT)} links to {link}: there is no such heading"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.name}")
def test_every_command_that_a_page_names_is_there(page: Path) -> None:
    group = typer.main.get_group(cli.app)
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"(?:^|`|/)autograder ([a-z]+)([^`\n#]*)", text, re.MULTILINE)
    for name, rest in named:
        assert name in group.commands, f"{page.relative_to(ROOT)}: there is no `autograder {name}`"
        known = {option for param in group.commands[name].params for option in param.opts}
        for option in re.findall(r"(?<=\s)--[a-z-]+", rest):
            assert option in known | {"--help"}, f"{page.relative_to(ROOT)}: `autograder {name}` has no {option}"
    assert named or page.stem not in ("instructor", "author"), "no command was found here"
