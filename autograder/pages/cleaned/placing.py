"""The pictures of a cell find their place in its text: as attachments that every reader of notebooks shows."""

import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field

from autograder.pages.cleaned.pictures import Pictures, bytes_of, looks_like_a_picture
from autograder.pages.cleaned.text import clean_markdown, plain_markdown, plain_words
from autograder.submissions.submission import PICTURES

INLINE = re.compile(
    r"data:image/[A-Za-z0-9.+-]{1,40}(?:;[a-z]{1,20}=[A-Za-z0-9.-]{1,40}){0,3};base64,([A-Za-z0-9+/=%]+)"
)
ATTACHMENT, NUMBERED = "attachment:", "inline-picture:"
SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,100}")
# files that a browser shows without running anything, or lets one save
SERVED = (*PICTURES, ".txt", ".md", ".tex", ".csv", ".doc", ".docx", ".odt", ".rtf", ".pages", ".zip")
NOT_SHOWN = "(when graded: the picture {} cannot be shown here; it is the file {})"
EMPTY = "(when graded: of the picture {} nothing came)"
AGAIN = "(when graded: the picture {} again)"


def served(name: str) -> str:
    """The name under which a file is laid: one that a browser may run is given out as a plain download."""
    return name if name.lower().endswith(SERVED) else f"{name}.download"


def link(words: str, name: str) -> str:
    """A link to a file that is laid beside the notebooks."""
    return f"[{plain_markdown(words)}]({urllib.parse.quote(served(name))})"


def without_inline(text: str) -> tuple[str, dict[str, bytes]]:
    """(the text with a short address in place of each picture written into it, the pictures by that address)."""
    found: dict[str, bytes] = {}

    def put_aside(match: re.Match[str]) -> str:
        address = f"{NUMBERED}{len(found) + 1}"
        found[address] = bytes_of(urllib.parse.unquote(match[1]))
        return address

    return INLINE.sub(put_aside, text), found


@dataclass
class Places:
    """What a cell's text can point to, and what became of it.

    sources: bytes by address, all of which get a place; files: those beside the notebooks, by name. laid: attachments
    of the cleaned cell; left: what cannot be shown, as files by name. unique: begins their names.
    """

    sources: Mapping[str, bytes]
    files: Mapping[str, bytes]
    pictures: Pictures
    unique: str
    laid: dict[str, dict[str, str]] = field(default_factory=dict)
    left: dict[str, bytes] = field(default_factory=dict)
    _placed: set[str] = field(default_factory=set)

    def clean(self, text: str) -> str:
        """The text, safe, with its pictures; below it those that it does not speak of."""
        text = clean_markdown(text, self._place)
        more = [self._picture("", address) for address in self.sources if address not in self._placed]
        return "\n\n".join([text, *more]) if more else text

    def _place(self, said: str, address: str, is_picture: bool) -> str | None:
        forms = [address, urllib.parse.unquote(address)]
        known = next((form for form in forms if form in self.sources), None)
        name = next((form for form in (_file(form) for form in forms) if form in self.files), None)
        if is_picture and known is not None:
            return self._picture(said, known)
        if name is None:
            return None
        if is_picture and looks_like_a_picture(self.files[name]):
            return self._picture(said, name)
        return link(said or name, name)

    def _picture(self, said: str, address: str) -> str:
        name = address.removeprefix(ATTACHMENT)
        called = plain_words(name) or "picture"
        if address in self._placed:
            return AGAIN.format(called)
        self._placed.add(address)
        data = self.sources[address] if address in self.sources else self.files[address]
        pages = self.pictures.shown(data)
        stem = name if SAFE_NAME.fullmatch(name) else f"picture-{len(self._placed)}"
        if not data:
            return EMPTY.format(called)
        if not pages:
            file = name if address in self.files else f"{self.unique}-{stem}"
            if address not in self.files:
                self.left[served(file)] = data
            return NOT_SHOWN.format(called, link(file, file))
        shown = []
        for number, page in enumerate(pages, 1):
            key = stem if len(pages) == 1 else f"{stem}-{number}"
            while key in self.laid:
                key += "-"
            self.laid[key] = page.bundle
            shown.append(f"![{said}]({ATTACHMENT}{key})")
        return "\n\n".join(shown)


def attached(found: Mapping[str, Mapping[str, str]]) -> dict[str, bytes]:
    """Attachments of a cell by address: of several kinds under one name, the first that may be a picture."""
    sources = {}
    for name, bundle in found.items():
        kinds = [bytes_of(text) for text in bundle.values()]
        sources[ATTACHMENT + name] = next(filter(looks_like_a_picture, kinds), next(filter(None, kinds), b""))
    return sources


def _file(address: str) -> str:
    return address.replace("\\", "/").removeprefix("./")
