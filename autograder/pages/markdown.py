"""A graded notebook's cells as HTML that runs nothing and fetches nothing.

The notebook was cleaned when it was graded (cleaned/). This is the second wall: raw HTML is shown, not made;
links lead to the web, to a file beside the page, or nowhere; only pictures that the page carries are shown.
"""

import functools
import html
import re
import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from autograder.pages.cleaned.formulas import formula
from autograder.pages.cleaned.pictures import MAGIC
from autograder.pages.cleaned.placing import SERVED
from autograder.pages.graded_notebook import eased
from autograder.submissions.cells import joined

MAX_NOTEBOOK = 300_000  # characters that are set in Markdown or in colours; what is beyond stays plain
# what Jupyter takes for LaTeX: Markdown must not see its _ and * . Bounded: no text is searched twice. A dollar before
# a digit may be a price: it opens one only as pandoc has it, no space before the closing dollar and no digit behind
MATH = re.compile(
    r"\$\$.{1,4000}?\$\$|\\begin\{([a-zA-Z]{1,20}\*?)\}.{0,4000}?\\end\{\1\}|\\\\\[.{1,4000}?\\\\\]|\\\\\(.{1,1000}?\\\\\)"
    r"|(?<![\\$])\$(?![$\d])(?:\\[^\n]|[^$\\\n]|\n(?![ \t]*\n)){1,1000}?\$"
    r"|(?<![\\$])\$(?=\d)(?:\\[^\n]|[^$\\\n]|\n(?![ \t]*\n)){1,1000}?(?<!\s)\$(?!\d)",
    re.DOTALL,
)
OPENING = re.compile(r"\$\$?|\\begin\{([a-zA-Z]{1,20}\*?)\}|\\\\[\[(]")
CLOSING = {"$": "$", "$$": "$$", r"\\[": r"\\]", r"\\(": r"\\)"}
REACH = 4100  # characters, within which each of these has to end
HOLD, HELD = "\ue000{}\ue001", re.compile("\ue000(\\d+)\ue001")
FORMATTER = HtmlFormatter(nowrap=True)
DATA_PICTURE = re.compile(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/=]+")
WEB_LINK = re.compile(r"https?://|mailto:|#", re.IGNORECASE)
# to a file that is laid beside the page, to be saved
ENDINGS = "|".join(re.escape(ending) for ending in (*SERVED, ".download"))
FILE_LINK = re.compile(rf"(?!.*\.\./)[^\s/\\:?#<>\"'][^\s\\:?#<>\"']*(?:{ENDINGS})", re.IGNORECASE)


@dataclass(frozen=True)
class Piece:
    """One cell of the page. `task`: whose answer or verdict it is. `body` is HTML that is safe to put in."""

    kind: str  # text, code, verdict
    task: str
    body: Markup
    texts: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()  # data: addresses


def pieces(notebook: Mapping[str, Any], answers: Mapping[str, str], tests: Mapping[str, str]) -> list[Piece]:
    """The cells of a graded notebook. answers, tests: grade_id of an answer cell, of a test cell -> task."""
    found, left = [], MAX_NOTEBOOK
    checked = tests.keys() - answers.keys()
    for cell in notebook["cells"]:
        grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
        task = answers.get(grade_id, "")
        source = joined(cell["source"])
        left -= len(source)
        if cell["cell_type"] == "code" and grade_id in checked:
            found.append(Piece("verdict", tests[grade_id], Markup("")))
        elif cell["cell_type"] == "code":
            body = code(source) if left > 0 else Markup.escape(source)
            found.append(Piece("code", task, body, *_outputs(cell.get("outputs", ()))))
        elif left <= 0:
            found.append(Piece("text", task, plain(source)))
        else:
            attached = cell.get("attachments", {})
            found.append(Piece("text", task, text(source, attached) if attached else words(source)))
    return found


def _outputs(outputs: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(texts, pictures as data: addresses)."""
    texts, pictures = [], []
    for output in outputs:
        if output["output_type"] == "stream":
            texts.append(joined(output["text"]))
        for mime in MAGIC:
            if mime in output.get("data", {}):
                pictures.append(f"data:{mime};base64,{joined(output['data'][mime])}")
    return tuple(texts), tuple(pictures)


@functools.lru_cache(maxsize=2000)  # most cells are the same in every student's notebook
def code(source: str) -> Markup:
    """Python in colours."""
    source = eased(source)
    return Markup(highlight(source, PythonLexer(stripnl=False), FORMATTER).rstrip("\n"))


def plain(source: str) -> Markup:
    """Text as it is."""
    return Markup('<pre class="plain">{}</pre>').format(source)


@functools.lru_cache(maxsize=500)
def words(source: str) -> Markup:
    """Markdown without attachments."""
    return text(source, {})


def text(source: str, attachments: Mapping[str, Any]) -> Markup:
    """Markdown without HTML; formulas set; pictures only where the notebook carries them."""
    formulas: list[str] = []

    def hold(match: re.Match[str]) -> str:
        if "](attachment:" in match[0]:
            return match[0]  # two prices, and a picture between them
        formulas.append(match[0])
        return HOLD.format(len(formulas) - 1)

    source = replaced(hold, source.replace("\ue000", "").replace("\ue001", ""))
    return Markup(_MARKDOWN.render(source, {"attachments": attachments, "formulas": formulas}))


def formulas_of(text: str) -> Iterator[re.Match[str]]:
    """The formulas of a text, as MATH finds them; what has no end in reach is passed by, which MATH is slow to see."""
    at = 0
    while opening := OPENING.search(text, at):
        closing = CLOSING.get(opening[0]) or rf"\end{{{opening[1]}}}"
        ends = text.find(closing, opening.end(), opening.end() + REACH) >= 0
        match = MATH.match(text, opening.start()) if ends else None
        if match:
            yield match
        at = match.end() if match else opening.start() + 1


def replaced(by: Callable[[re.Match[str]], str], text: str) -> str:
    """The text with something else in place of each of its formulas."""
    parts, at = [], 0
    for match in formulas_of(text):
        parts += [text[at : match.start()], by(match)]
        at = match.end()
    return "".join([*parts, text[at:]])


def with_formulas(words: str) -> Markup:
    """Plain text with its formulas set."""
    done, at = Markup(), 0
    for match in formulas_of(words):
        done += Markup.escape(words[at : match.start()]) + formula(match[0])
        at = match.end()
    return done + Markup.escape(words[at:])


def _whole(content: str, env: Mapping[str, Any]) -> str:
    """The text with its formulas back."""
    return HELD.sub(lambda match: env["formulas"][int(match[1])], content)


class _Renderer(RendererHTML):
    """Headings two levels down, below the page's own; links and pictures by the rules of this page."""

    def text(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return HELD.sub(lambda match: formula(env["formulas"][int(match[1])]), html.escape(tokens[idx].content))

    def code_inline(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return f"<code>{html.escape(_whole(tokens[idx].content, env))}</code>"

    def fence(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return f"<pre>{html.escape(_whole(tokens[idx].content, env))}</pre>\n"

    code_block = fence

    def heading_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return f"<h{min(6, int(tokens[idx].tag[1]) + 2)}>"

    def heading_close(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return f"</h{min(6, int(tokens[idx].tag[1]) + 2)}>\n"

    def link_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        href = str(tokens[idx].attrs.get("href", ""))
        if FILE_LINK.fullmatch(href):
            return f'<a href="{html.escape(href)}" download>'
        if not WEB_LINK.match(href):
            return "<a>"
        return f'<a href="{html.escape(href)}" rel="noopener noreferrer">'

    def image(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        source = str(tokens[idx].attrs.get("src", ""))
        said = _whole(self.renderInlineAsText(tokens[idx].children or [], options, env), env)
        name = urllib.parse.unquote(source.removeprefix("attachment:"))
        for mime in MAGIC:
            if mime in env["attachments"].get(name, {}):
                source = f"data:{mime};base64,{joined(env['attachments'][name][mime])}"
        if DATA_PICTURE.fullmatch(source):
            return f'<img alt="{html.escape(said or "picture")}" src="{source}">'
        return f"[{html.escape(said)}: {html.escape(source[:200])}]"


_MARKDOWN = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer).enable(["table", "strikethrough"])
