"""MathML by an allow-list: elements, attributes and a pattern for each value. Anything else refuses the formula.

A tree is built anew from what latex2mathml gives, and put into what browsers draw: they know neither styles of
letters (these become letters of Unicode) nor frames (a class), and set no space beside the name of a function.
"""

import itertools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from xml.etree.ElementTree import Element

from markupsafe import Markup

HOLD, HELD = "\ue002{}\ue003", re.compile("\ue002(\\d+)\ue003")  # in place of words that stand in a formula
CHARACTER = re.compile(r"&#x([0-9A-Fa-f]{1,6});")  # as the library writes one
MAX_DEPTH, MAX_PIECE = 100, 24  # elements in elements; characters of a formula in a line before it may break
LEAVES = frozenset({"mi", "mn", "mo", "mtext", "mspace"})
SCRIPTS = {"msub": "munder", "msup": "mover", "msubsup": "munderover"}  # and what they are below and above a sum
CHILDREN = {"mfrac": 2, "mroot": 2, **dict.fromkeys((*SCRIPTS, *SCRIPTS.values()), 2), "msubsup": 3, "munderover": 3}
ELEMENTS = frozenset({"mrow", "mstyle", "mphantom", "msqrt", "mtable", "mtr", "mtd", *LEAVES, *CHILDREN})
SAME = {"math": "mrow", "mpadded": "mrow", "menclose": "mrow"}  # their attributes are for what is not drawn
BOOLEAN, LENGTH = "true|false", r"-?0?\.\d{1,3}em|[0-9](?:\.\d{1,4})?(?:em|ex|cm|mm|pt|px)|[0-9]{2}(?:pt|px)|0"
ATTRIBUTES = {
    name: re.compile(pattern)
    for name, pattern in {
        **dict.fromkeys(
            ("displaystyle", "stretchy", "fence", "accent", "movablelimits", "largeop", "separator"), BOOLEAN
        ),
        **dict.fromkeys(("lspace", "rspace", "minsize", "maxsize", "width"), LENGTH),
        **{"scriptlevel": "[012]", "form": "prefix|postfix|infix", "linethickness": "0", "mathvariant": "normal"},
    }.items()
}
DROPPED = frozenset(
    {"xmlns", "display", "columnspacing", "rowspacing", "mathsize", "mathcolor", "mathbackground", "linebreak", "depth"}
)  # of looks alone
ALIGNED = {"right": "r", "left": "l", "center": ""}
FRAMES = {
    "box": "boxed",
    "updiagonalstrike": "struck",
    "downdiagonalstrike": "struck",
    "horizontalstrike": "struck",
    "updiagonalstrike downdiagonalstrike": "struck",
}
SPACES = {
    **{
        "negativethinmathspace": "-0.167em",
        "negativemediummathspace": "-0.222em",
        "negativethickmathspace": "-0.278em",
    },
    **{"thinmathspace": "0.167em", "mediummathspace": "0.222em", "thickmathspace": "0.278em"},
}
LIMITS = frozenset({"max", "min", "lim", "sup", "inf", "arg\u2009max", "arg\u2009min", "lim\u2006sup", "lim\u2006inf"})
LARGE = frozenset("∑∏∐⋀⋁⋂⋃⨀⨁⨂")
ORDINARY = frozenset("∂∇∞∅∀∃∎◻□′″‴⁗")  # letters, to which no space is owed
BREAKS = frozenset(",;=≤≥<>≠≈→⇒∈")  # after which a line may end
STYLES = {
    **{"bold": "BOLD", "italic": "ITALIC", "bold-italic": "BOLD ITALIC", "double-struck": "DOUBLE-STRUCK"},
    **{"script": "SCRIPT", "fraktur": "FRAKTUR", "sans-serif": "SANS-SERIF", "monospace": "MONOSPACE"},
    **{"sans-serif-italic": "SANS-SERIF ITALIC", "bold-sans-serif": "SANS-SERIF BOLD"},
}
LETTER = re.compile("LATIN | LETTER|GREEK ")


class Refused(Exception):
    """This formula is shown as it was written."""


@dataclass
class Node:
    """An element of the page, all of it known."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: "list[Node]" = field(default_factory=list)
    text: str = ""

    def html(self) -> str:
        """As it stands in the page."""
        inside = escape(self.text) if self.tag in LEAVES else "".join(child.html() for child in self.children)
        said = "".join(f' {name}="{escape(value)}"' for name, value in self.attributes.items())
        return f"<{self.tag}{said}>{inside}</{self.tag}>"

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it is seen."""
        return self.tag in ("mi", "mrow", "mtext") and not self.text and all(one.is_empty for one in self.children)

    @property
    def is_back(self) -> bool:
        """Whether it is a space that goes back."""
        return self.tag == "mspace" and self.attributes.get("width", "").startswith("-")

    @property
    def is_name(self) -> bool:
        """Whether it is a function's name, with scripts or without: a little space belongs beside it."""
        if self.tag in SCRIPTS or self.tag in SCRIPTS.values():
            return self.children[0].is_name
        return self.tag in ("mi", "mo") and len(self.text) > 1 and self.text[0].isalpha() and self.text[-1].isalpha()


def rebuilt(tree: Element, words: Sequence[str], display: bool) -> Markup:
    """The formula as HTML; in a line of text it comes in pieces between which the line may break."""
    found = _node(tree, words, 0)
    row = found.children if found.tag == "mrow" and not found.attributes else [found]
    if all(node.is_empty for node in row):
        raise Refused
    if display:
        return Markup(Node("math", {"display": "block"}, row).html())
    return Markup("".join(Node("math", {}, piece).html() for piece in _pieces(row)))


def _pieces(row: list[Node]) -> list[list[Node]]:
    """A row, broken behind its relations and commas where it is long."""
    is_long = sum(map(_written, row)) > MAX_PIECE
    pieces: list[list[Node]] = [[]]
    for at, node in enumerate(row):
        pieces[-1].append(node)
        if is_long and at + 1 < len(row) and node.tag == "mo" and node.text in BREAKS:
            pieces.append([])
    return pieces


def _written(node: Node) -> int:
    """Characters that are seen."""
    return len(node.text) + sum(map(_written, node.children))


def _node(element: Element, words: Sequence[str], depth: int) -> Node:
    tag = SAME.get(element.tag, element.tag)
    if depth > MAX_DEPTH or tag not in ELEMENTS:
        raise Refused
    if tag in LEAVES:
        return _leaf(element, words)
    children = [_node(child, words, depth + 1) for child in element]
    attributes = _attributes(element)
    if element.text and element.text.strip():
        raise Refused
    if tag in CHILDREN:
        if len(children) != CHILDREN[tag]:
            raise Refused
        base = children[0]
        if tag in SCRIPTS and base.tag == "mo" and ("movablelimits" in base.attributes or base.text in LARGE):
            tag = SCRIPTS[tag]
        elif tag in SCRIPTS and base.tag == "mo" and "minsize" in base.attributes:  # alone it keeps its height
            return Node("mrow", {}, [base, Node(tag, attributes, [Node("mrow"), *children[1:]])])
        elif tag in SCRIPTS and base.tag == "mo":
            base.attributes["stretchy"] = "false"
        return Node(tag, attributes, children)
    if tag in ("mtable", "mtr"):
        if any(child.tag != {"mtable": "mtr", "mtr": "mtd"}[tag] for child in children):
            raise Refused
        return Node(tag, attributes, children)
    children = _row(children)
    if tag == "mrow" and not attributes and len(children) == 1:
        return children[0]
    return Node(tag, attributes, children)


def _leaf(element: Element, words: Sequence[str]) -> Node:
    if len(element):
        raise Refused
    tag, text, attributes = element.tag, element.text or "", _attributes(element)
    if held := HELD.fullmatch(text):
        text = words[int(held[1])].replace(" ", "\u00a0")
    else:
        text = CHARACTER.sub(lambda match: chr(int(match[1], 16)), text) if "&" in text else text
        if ("\\" in text and text != "\\") or "&" in text or HELD.search(text):
            raise Refused  # a command that nobody knows, or what belongs into a table
        if tag in ("mi", "mo") and text in ORDINARY:
            tag = "mi"
        elif text == "/":
            attributes |= {"lspace": "0", "rspace": "0"}
        elif tag == "mi" and len(text) == 1 and unicodedata.category(text) == "Sm":
            tag = "mo"
        elif tag == "mo" and len(text) > 1 and text[0].isalpha():
            if text in LIMITS or "movablelimits" in attributes:
                attributes |= {"movablelimits": "true", "lspace": "0", "rspace": "0"}
            else:
                tag, attributes = "mi", {}
    style = element.get("mathvariant", "")
    if style in STYLES:
        text = "".join(_styled(letter, STYLES[style]) for letter in text)
    return Node(tag, attributes, [], text)


def _attributes(element: Element) -> dict[str, str]:
    if element.tag in SAME:
        frame = FRAMES.get(element.get("notation", ""))
        if element.tag == "menclose" and frame is None:
            raise Refused
        return {"class": frame} if frame else {}
    found: dict[str, str] = {}
    for name, value in element.attrib.items():
        value = SPACES.get(value, value)
        if name == "columnalign" and value in ALIGNED:
            found |= {"class": ALIGNED[value]} if ALIGNED[value] else {}
        elif name == "columnspacing" and value.startswith("0em"):
            found["class"] = "pairs"
        elif (name == "mathvariant" and value in STYLES) or name in DROPPED:
            continue
        elif name in ATTRIBUTES and ATTRIBUTES[name].fullmatch(value):
            found[name] = value
        else:
            raise Refused
    return found


def _row(children: list[Node]) -> list[Node]:
    """The children of a row: upright letters are one word, names stand apart, and nothing is drawn over the rest."""
    row: list[Node] = []
    for node in _words(children):
        last = row[-1] if row else Node("mspace")
        if node.is_empty:
            continue
        if node.is_back and last.tag == "mspace":
            continue  # one after another they would lead out of the formula
        if (last.is_name and not _is_operator(node)) or (node.is_name and not _is_operator(last)):
            row.append(Node("mspace", {"width": "0.167em"}))
        row.append(node)
    return row


def _words(children: list[Node]) -> list[Node]:
    """Upright letters that stand beside each other are one word."""
    words: list[Node] = []
    for upright, nodes in itertools.groupby(children, lambda node: node.attributes.get("mathvariant") == "normal"):
        found = list(nodes)
        if upright and len(found) > 1 and all(node.tag == "mi" and node.text.isalpha() for node in found):
            found = [Node("mi", {}, [], "".join(node.text for node in found))]
        words += found
    return words


def _is_operator(node: Node) -> bool:
    """Whether no space is owed to a name beside it: it is an operator, a bracket or a space."""
    while node.tag == "mrow" and node.children:
        node = node.children[0]
    return node.tag == "mspace" or (node.tag == "mo" and not node.is_name)


def _styled(letter: str, style: str) -> str:
    """The letter of Unicode that has this style, where there is one."""
    name = LETTER.sub("", unicodedata.name(letter, ""))
    if style == "ITALIC" and letter == "h":
        return "\u210e"
    for wanted in (
        f"MATHEMATICAL {style} {name}",
        f"{style} {name}",
        f"BLACK-LETTER {name}" if style == "FRAKTUR" else "",
    ):
        try:
            return unicodedata.lookup(wanted)
        except KeyError:
            continue
    return letter
