"""The fenced blocks of a page of documentation."""

from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Block:
    """A fenced block of a page, the line of text that stands before it, and the heading that it is below."""

    language: str
    text: str
    before: str
    section: str


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    found, lines, start, section = [], page.read_text(encoding="utf-8").splitlines(), None, ""
    for number, line in enumerate(lines):
        if start is None and line.startswith("## "):
            section = line.removeprefix("## ")
        if not line.lstrip().startswith("```"):
            continue
        if start is None:
            start = number
            continue
        before = next((text for text in reversed(lines[:start]) if text.strip()), "")
        found.append(Block(lines[start].lstrip()[3:], dedent("\n".join(lines[start + 1 : number])), before, section))
        start = None
    assert start is None, f"{page}: a block is not closed"
    return found


def commands(page: str, section: str = "") -> list[list[str]]:
    """The shell blocks of docs/PAGE, each as its lines without comments; section: only those below it."""
    found = [one for one in blocks(ROOT / "docs" / page) if one.language == "sh" and section in ("", one.section)]
    assert found, f"{page}: no commands below {section!r}"
    return [[line.partition("  #")[0].strip() for line in one.text.splitlines() if line.strip()] for one in found]
