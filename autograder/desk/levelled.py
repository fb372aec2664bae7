"""Answers that are the same in other clothes: white space, the case of prose, the spelling of LaTeX are levelled.

Never case, sign, index or order inside formulas and code: what looks like either, in dollars or not, is compared as
it stands.
"""

import functools
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from rapidfuzz import fuzz, process
from rapidfuzz.distance import Indel

from autograder.pages import markdown

CODE = re.compile(r"^(?P<fence>```|~~~).*?(?:^(?P=fence)|\Z)|`[^`\n]+`|^(?: {4}|\t)[^\n]*$", re.DOTALL | re.MULTILINE)
CODE_LINE = re.compile(r"(?: {4}|\t)[^\n]*")
# a line of prose with one of these may be a formula without its dollars
LIKE_A_FORMULA = re.compile(r"[=+*/^_<>|\\{}\[\]()\d∂Σ∑≠≤≥×·−–-]")
COMPOUND = re.compile(r"(?<=[^\W\d_]{3})-(?=[^\W\d_]{3})")  # cross-entropy is no difference
WORD = re.compile(r"[^\W\d_]+")
SHORT = frozenset(
    [
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "but",
        "by",
        "can",
        "do",
        "for",
        "get",
        "has",
        "if",
        "in",
        "is",
        "it",
        "let",
        "not",
        "of",
        "on",
        "or",
        "our",
        "so",
        "that",
        "the",
        "then",
        "to",
        "we",
    ]
)
LONG = 4  # letters: a shorter word that is none of those may be the name of a variable
CONTINUES = re.compile(r"[^\W\d_]")

TEXTS = r"text|textrm|textbf|textit|textsf|mbox|operatorname\*?"
TOKEN = re.compile(rf"\\(?:{TEXTS})\s*\{{[^{{}}]*\}}|\\[A-Za-z]+\*?|\\.|\S|\s", re.DOTALL)
NAMED = re.compile(rf"\\({TEXTS})\s*\{{([^{{}}]*)\}}", re.DOTALL)
OPERATORS = frozenset(
    [r"\arg", r"\cos", r"\det", r"\exp", r"\lim", r"\ln", r"\log", r"\max", r"\min", r"\sin", r"\tan"]
)
SAME = {r"\leq": r"\le", r"\geq": r"\ge", r"\neq": r"\ne", r"\rightarrow": r"\to", r"\dfrac": r"\frac",
        r"\tfrac": r"\frac", r"\cfrac": r"\frac", r"\ldots": r"\dots", r"\lbrace": r"\{", r"\rbrace": r"\}",
        r"\vert": "|", r"\lvert": "|", r"\rvert": "|", r"\implies": r"\Rightarrow", r"\iff": r"\Leftrightarrow",
        r"\lbrack": "[", r"\rbrack": "]", r"\land": r"\wedge", r"\lor": r"\vee", r"\owns": r"\ni"}  # fmt: skip
LAYOUT = frozenset((r"\left", r"\right", r"\middle", r"\big", r"\Big", r"\bigg", r"\Bigg", r"\bigl", r"\bigr",
                    r"\Bigl", r"\Bigr", r"\biggl", r"\biggr", r"\displaystyle", r"\textstyle", r"\limits",
                    r"\,", r"\;", r"\:", r"\!", "\\ ", r"\quad", r"\qquad", "~", r"\nonumber", r"\notag"))  # fmt: skip
DELIMITERS = (("$$", "$$"), ("$", "$"), ("\\\\[", "\\\\]"), ("\\\\(", "\\\\)"), ("\\[", "\\]"), ("\\(", "\\)"))
ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{(?:align|aligned|eqnarray|split)\*?\}")
NEAR = 85  # percent alike
SHORTEST = 40  # characters: shorter ones are alike by themselves
LONGEST, MOST_WORDS = 6000, 1500  # of what is compared
HOLD = "\ue000{}\ue001"
HELD = re.compile("\ue000(\\d+)\ue001")


def of_text(source: str) -> str:
    """A text in Markdown, levelled: two answers with the same are the same answer."""
    held: list[str] = []

    def hold(kept: str) -> str:
        held.append(kept)
        return HOLD.format(len(held) - 1)

    source = unicodedata.normalize("NFC", source).replace("\ue000", "").replace("\ue001", "").replace("\xa0", " ")
    source = "\n".join(source.splitlines())
    source = CODE.sub(lambda match: hold(_code(match[0])), source)
    source = markdown.replaced(lambda match: hold(f"$ {of_formula(HELD.sub(_back(held), match[0]))} $"), source)
    return HELD.sub(_back(held), "\n".join(_lines(source))).strip()


def _back(held: list[str]) -> Callable[[re.Match[str]], str]:
    return lambda match: HELD.sub(_back(held), held[int(match[1])])


def of_code(source: str) -> str:
    """Code without white space at the ends of its lines."""
    return "\n".join(line.rstrip() for line in source.strip("\n").splitlines())


def _code(text: str) -> str:
    return of_code(text) if "\n" in text or CODE_LINE.fullmatch(text) else text


def _lines(source: str) -> Iterator[str]:
    """Lines of prose; one that only goes on with the paragraph is joined to the last, as a reader of Markdown does."""
    parts: list[str] = []
    begun = plain = False  # plain: another line of words may go on with these
    for raw in source.split("\n"):
        line = " ".join(raw.split())
        words = bool(line) and not _like_a_formula(line)
        if plain and words and CONTINUES.match(line):
            parts.append(line)
            continue
        if begun and (parts[0] or line):
            yield _prose(" ".join(parts))
        begun, parts, plain = True, [line], words and not line.startswith("#")
    if parts and parts[0]:
        yield _prose(" ".join(parts))


def _like_a_formula(text: str) -> bool:
    return LIKE_A_FORMULA.search(COMPOUND.sub(" ", HELD.sub("", text))) is not None


def _prose(line: str) -> str:
    if _like_a_formula(line):
        return line
    return WORD.sub(lambda match: _word(match[0]), line)


@functools.lru_cache(maxsize=20_000)
def _word(word: str) -> str:
    small = word.lower()
    is_a_word = word in (small, small.capitalize(), small.upper()) and (len(word) >= LONG or small in SHORT)
    return small if is_a_word else word


@functools.lru_cache(maxsize=5000)  # a class writes the same formulas
def of_formula(formula: str) -> str:
    """A formula's tokens, with one spelling for what TeX sets the same."""
    formula = formula.strip()
    for begin, end in DELIMITERS:
        if formula.startswith(begin) and formula.endswith(end) and len(formula) >= len(begin) + len(end):
            formula = formula[len(begin) : -len(end)]
            break
    formula = ENVIRONMENT.sub(r"\\\1{aligned}", formula)
    return " ".join(_braced(list(_tokens(formula))))


def _tokens(formula: str) -> Iterator[str]:
    after = ""
    for match in TOKEN.finditer(formula):
        token = match[0]
        if named := NAMED.fullmatch(token):
            word = f"\\{named[2].strip()}"
            operator = named[1].startswith("operatorname") and word in OPERATORS
            yield word if operator else f"\\{named[1]}{{{' '.join(named[2].split())}}}"
        elif not token.isspace() and token not in LAYOUT and not (token == "." and after in (r"\left", r"\right")):
            yield SAME.get(token, token)
        if not token.isspace():
            after = token


def _braced(tokens: list[str]) -> Iterator[str]:
    """With braces round each index and power, and round the two parts of a fraction, where they are one token."""
    wanted = 0
    for token in tokens:
        if wanted and token != "{":
            wanted -= 1
            yield from ("{", token, "}") if token not in ("}", "_", "^", "&") else (token,)
        else:
            wanted = 0 if token == "{" else wanted
            yield token
        if token in ("_", "^"):
            wanted = 1
        elif token == r"\frac":
            wanted = 2


# ---- near answers -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Piece:
    """A run of words of two texts: in both ("same"), in the first alone ("first"), in the second alone ("second")."""

    where: str
    text: str


def nearest(text: str, others: Mapping[str, str]) -> tuple[str, int] | None:
    """(name, percent alike) of the nearest of other texts, where one is near."""
    if len(text) < SHORTEST:
        return None
    found = process.extractOne(
        text[:LONGEST], {name: other[:LONGEST] for name, other in others.items()}, scorer=fuzz.ratio, score_cutoff=NEAR
    )
    return (str(found[2]), min(99, int(found[1]))) if found is not None else None


def difference(one: str, other: str) -> list[Piece]:
    """What two levelled texts have in common and what not, word by word."""
    words, theirs = _words(one), _words(other)
    found = []
    for way in Indel.opcodes(words, theirs):
        if way.tag == "equal":
            found.append(Piece("same", "".join(words[way.src_start : way.src_end])))
        elif way.tag == "delete":
            found.append(Piece("first", "".join(words[way.src_start : way.src_end])))
        else:
            found.append(Piece("second", "".join(theirs[way.dest_start : way.dest_end])))
    return found


def _words(text: str) -> list[str]:
    return re.findall(r"\s*\S+", text[:LONGEST])[:MOST_WORDS]
