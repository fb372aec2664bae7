"""A student's text as it is shown: nothing is live in it but LaTeX that makes letters, and what we put there."""

import html
import re
from collections.abc import Callable, Iterable

MAX_TEXT = 10_000  # characters of an output
ANSI = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)?")
CONTROLS = re.compile(r"[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u2424]")  # mistune takes the last for a line's end
TAG, LINK = re.compile(r"<(?=[A-Za-z/!?])"), re.compile(r"\](?=[(:])")
# a link need not be a script: an address on the reader's own Jupyter server does as much
ADDRESS = re.compile(r"(?i)(://|\bwww\.)(?=\S)")
TEX = "bbox|class|cssId|data|href|html\\w*|includegraphics|mmlToken|require|style|unicode|url"
LATEX = re.compile(rf"\\(?=(?:{TEX})(?![A-Za-z]))")  # commands that do more than print
DECODED = 4  # times: a reader may do so more than once

# how people write a picture: Markdown's three ways, and HTML's; every repetition is bounded, and so is the time
SAID = r"(?:[^\[\]\\\n]|\\.|\[[^\[\]\n]{0,200}+\]|\n(?!\s*\n)){0,300}+"
PLACE = (
    r"<[^<>\n]{1,500}+>|attachment:(?:[^()\n]|\([^()\n]{0,100}+\)){1,300}?"
    r"|[^\s<>()]{1,300}+(?:\([^\s()]{0,100}+\)[^\s<>()]{0,100}+){0,3}+"
)
TITLE = r"""(?:\s{1,9}(?:"[^"\n]{0,300}"|'[^'\n]{0,300}'|\([^()\n]{0,300}\)))?"""
REFERENCE = re.compile(
    rf"(?P<mark>!?)\[(?P<said>{SAID})\]\(\s{{0,9}}(?P<place>{PLACE}){TITLE}\s{{0,9}}\)"
    rf"|!\[(?P<about>{SAID})\](?:\[(?P<label>[^\[\]\n]{{0,200}})\])?"
    r"|<img\b(?P<tag>[^<>]{0,2000})>",
    re.IGNORECASE,
)
DEFINITION = re.compile(
    rf"^ {{0,3}}\[(?P<label>[^\[\]\n]{{1,200}})\]:[ \t]{{0,9}}(?P<place>{PLACE}){TITLE}[ \t]{{0,9}}$", re.MULTILINE
)
ATTRIBUTE = r"""(?<![\w-]){}\s{{0,9}}=\s{{0,9}}(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))"""
SOURCE, ALT = (re.compile(ATTRIBUTE.format(name), re.IGNORECASE) for name in ("src", "alt"))
NOT_PLAIN = re.compile(r"[\[\]<>(){}&\"'`\\!$\n]+")  # in words that stand in a picture's or a link's brackets

Place = Callable[[str, str, bool], str | None]


def clean_text(text: str) -> str:
    """Without terminal codes and control characters, and not too long."""
    text = ANSI.sub("", text[: 10 * MAX_TEXT])  # terminal codes are most of some
    text = "".join(c for c in text if c in "\n\t" or c.isprintable())
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "\n... (cut)\n"


def plain_markdown(text: str) -> str:
    """A message as Markdown that shows it as it is: a comment may quote a student's own words."""
    text = _without_live(clean_text(text), (ADDRESS, LATEX)).replace("&", "&amp;")
    for mark in "<>[]`":
        text = text.replace(mark, f"&#{ord(mark)};")
    return text


def nowhere(said: str, address: str, is_picture: bool) -> str | None:
    """Pictures and links of a text that has none."""
    return None


def clean_markdown(text: str, place: Place = nowhere) -> str:
    """A student's text in which nothing is live but LaTeX, and what `place` puts in.

    Tags, links and addresses become visible text. place(words, address, whether it is a picture) gives the Markdown
    that stands for a picture or a link, which has to be safe; None: it stays as text.
    """
    for _ in range(DECODED):
        text = html.unescape(text)
    if html.unescape(text) != text:  # nobody writes so, but who wants to keep the grader busy
        text = text.replace("&", "& ")
    text = CONTROLS.sub("", text)
    defined: dict[str, str] = {}
    for match in DEFINITION.finditer(text):
        defined.setdefault(_label(match["label"]), match["place"])
    done, at = [], 0
    for match in REFERENCE.finditer(text):
        said, address = _reference(match, defined)
        shown = place(plain_words(said), address.removeprefix("<").removesuffix(">"), match["mark"] != "")
        if shown is not None:
            # nothing that stands before it makes something else of it
            before = _without_live(f"{text[at : match.start()]}!", (TAG, LINK, ADDRESS, LATEX))[:-1]
            done += [before, " " if before and not before[-1].isspace() else "", shown]
            at = match.end()
    return "".join([*done, _without_live(text[at:], (TAG, LINK, ADDRESS, LATEX))])


def plain_words(said: str) -> str:
    """What may stand in a picture's brackets."""
    return _without_live(" ".join(NOT_PLAIN.sub(" ", said).split()), (ADDRESS,))


def _reference(match: re.Match[str], defined: dict[str, str]) -> tuple[str, str]:
    """(what is said of a picture or a link, its address; "": there is none)."""
    if match["place"]:
        return match["said"], match["place"]
    if match["tag"] is None:
        return match["about"], defined.get(_label(match["label"] or match["about"]), "")
    found = SOURCE.search(match["tag"]), ALT.search(match["tag"])
    source, alt = ("".join(filter(None, one.groups())) if one else "" for one in found)
    return alt, source


def _label(text: str) -> str:
    return " ".join(text.split()).casefold()


def _without_live(text: str, signs: Iterable["re.Pattern[str]"]) -> str:
    """The text with a space where a reader would begin something live: in words and LaTeX it changes nothing."""
    for sign in signs:
        text = sign.sub(lambda match: f"{match[0]} ", text)
    return text
