"""LaTeX as MathML, which a browser sets without a script. What is not understood stays as it was written.

latex2mathml does the work; it is handed only what it does well. Words in a formula never pass through it, macros and
links are refused, and what it gives is rebuilt by an allow-list (mathml.py).
"""

import functools
import re

from markupsafe import Markup

from autograder.pages.cleaned.mathml import HOLD, Refused, rebuilt

MAX_LATEX, MAX_NESTED = 4000, 30  # characters of a formula; braces in braces
OPENINGS = {"$$": True, "\\\\[": True, "\\\\(": False, "$": False}  # whether it stands on a line of its own
# more than letters: macros (a thousand characters of them make a million), links, what writes as it likes
REFUSED = re.compile(
    r"\\(?:def|let|newcommand|renewcommand|newenvironment|DeclareMathOperator|href|class|style|unicode|verb|rule)"
    r"(?![A-Za-z])"
)
WORDS = re.compile(
    r"\\(text(?:bf|it|md|normal|rm|sf|tt|up)?|emph|[mhf]box|[lrc]lap|underbar|tag\*?)\s*\{"
    r"|([\u0e00-\u0e7f]+(?: [\u0e00-\u0e7f]+)*)"
)
BRACE, UNESCAPED_DOLLAR = re.compile(r"\\.|[{}]", re.DOTALL), re.compile(r"(?<!\\)\$")
ESCAPED = re.compile(r"\\([%$&_#{} ,])|[~{}]")
ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{([A-Za-z]{1,20}\*?)\}(?:\s*\[[tbc]\])?(?:\s*\{([^{}]*)\})?")
LINES = re.compile(r"\\(begin|end)\s*\{([A-Za-z]+\*?)\}|\\.|[{}]", re.DOTALL)
# how the library calls them; "" takes away what only numbers an equation
ENVIRONMENTS = {
    **dict.fromkeys(("equation", "equation*", "displaymath", "math"), ""),
    **dict.fromkeys(
        ("align", "align*", "aligned", "alignat", "alignat*", "alignedat", "split", "flalign", "flalign*"), "align*"
    ),
    **dict.fromkeys(("gather", "gather*", "gathered", "multline", "multline*"), "displaylines"),
    **dict.fromkeys(("eqnarray", "eqnarray*"), "eqalign"),
    **{
        name: name for name in ("matrix", "pmatrix", "bmatrix", "Bmatrix", "vmatrix", "Vmatrix", "smallmatrix", "array")
    },
    **dict.fromkeys(("cases", "dcases"), "cases"),
}
COLUMNS = {"eqalign": "{rcl}"}
COUNTED = frozenset({"alignat", "alignat*", "alignedat"})  # their argument is a number of columns
NOTHING = re.compile(r"\\(?:label\s*\{[^{}]*\}|nonumber(?![A-Za-z])|notag(?![A-Za-z])|displaylimits(?![A-Za-z]))")
ROW_SPACE = re.compile(r"\\\\\s*(?:\*|\[\s*-?[\d.]+\s*(?:pt|em|ex|mm|cm|px)\s*\])")
OPERATOR = re.compile(r"\\mathop\s*\{\s*\\(?:mathrm|rm)(?![A-Za-z])\s*\{?([A-Za-z ]{1,40})\}?\s*\}")
OTHER_NAMES = {
    r"\arg": r"\operatorname{arg}",
    r"\qed": r"\blacksquare",
    r"\mathds": r"\mathbb",
    r"\mathbbm": r"\mathbb",
    r"\not=": r"\ne ",
    r"\coloneqq": ":=",
}
OTHER = re.compile("|".join(f"{re.escape(name)}(?![A-Za-z])" for name in OTHER_NAMES))


@functools.lru_cache(maxsize=1000)  # most formulas are the same in every student's notebook
def formula(written: str) -> Markup:
    """A formula with its dollars, brackets or environment around it: set, or the source where that cannot be."""
    opening = next((one for one in OPENINGS if written.startswith(one)), "")
    display = OPENINGS.get(opening, True)
    try:
        found = _set(written[len(opening) : len(written) - len(opening)], display)
    except Exception:  # refused; or the library stumbled, which has errors of its own for some and any for the rest
        return Markup('<span class="latex">{}</span>').format(written)
    if display:  # one that is wider than the page is scrolled, with the keyboard too
        return Markup('<span class="math display" tabindex="0">{}</span>').format(found)
    return Markup('<span class="math">{}</span>').format(found)


def _set(latex: str, display: bool) -> Markup:
    if len(latex) > MAX_LATEX or not latex.strip() or REFUSED.search(latex) or HOLD[0] in latex:
        raise Refused
    from latex2mathml.converter import convert_to_element  # 0.06 s to import, and not every page has a formula

    words: list[str] = []
    return rebuilt(convert_to_element(_prepared(latex, words)), words, display)


def _prepared(latex: str, words: list[str]) -> str:
    """LaTeX that the library understands; `words` takes what stands in \\text and in Thai."""
    latex = NOTHING.sub("", _without_words(latex, words))
    latex = OPERATOR.sub(r"\\operatorname*{\1}", latex)
    latex = ROW_SPACE.sub(r"\\\\ ", OTHER.sub(lambda match: OTHER_NAMES[match[0]], latex))
    _balanced(latex)
    opened: list[str] = []

    def known(match: "re.Match[str]") -> str:
        name, argument = match[2], match[3]
        if name not in ENVIRONMENTS:
            raise Refused
        if match[1] == "begin":
            opened.append(name)
            return _begin(name, argument)
        if not opened or opened.pop() != name:
            raise Refused
        end = f"\\end{{{ENVIRONMENTS[name]}}}}}" if ENVIRONMENTS[name] else ""
        return end if argument is None else f"{end}{{{argument}}}"

    found = ENVIRONMENT.sub(known, latex)
    if opened:
        raise Refused
    return f"{{\\begin{{displaylines}}{found}\\end{{displaylines}}}}" if _has_lines(latex) else found


def _begin(name: str, argument: str | None) -> str:
    """The beginning of an environment, in braces, so that what follows it may be raised."""
    ours = ENVIRONMENTS[name]
    if name == "array" and not re.fullmatch(r"[lcr\s]+", argument or ""):
        raise Refused  # lines between columns
    if name == "array":
        return f"{{\\begin{{array}}{{{argument}}}"
    kept = "" if argument is None or name in COUNTED else f"{{}}{{{argument}}}"  # not to be taken for columns
    return f"{{\\begin{{{ours}}}{COLUMNS.get(ours, '')}{kept}" if ours else kept


def _has_lines(latex: str) -> bool:
    """Whether a line ends outside of braces and of every environment that has lines."""
    depth = 0
    for match in LINES.finditer(latex):
        if match[0] == r"\\" and depth == 0:
            return True
        opens = match[0] == "{" or (match[1] == "begin" and ENVIRONMENTS.get(match[2]))
        closes = match[0] == "}" or (match[1] == "end" and ENVIRONMENTS.get(match[2]))
        depth += bool(opens) - bool(closes)
    return False


def _balanced(latex: str) -> None:
    depth = 0
    for match in BRACE.finditer(latex):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if not 0 <= depth <= MAX_NESTED:
            raise Refused
    if depth or latex.count(r"\begin") > MAX_NESTED:
        raise Refused


def _without_words(latex: str, words: list[str]) -> str:
    """LaTeX with a number in place of each text; a formula within a text is one again."""
    done, at = [], 0
    while match := WORDS.search(latex, at):
        done.append(latex[at : match.start()])
        if match[2]:
            done.append(_held(match[2], "text", words))
            at = match.end()
            continue
        end = _end_of(latex, match.end())
        said, kind = latex[match.end() : end], match[1]
        if kind.startswith("tag"):
            said, kind = (said if kind == "tag*" else f"({said})"), "text"
            done.append(r"\qquad")
        kind = kind if kind.startswith("text") or kind == "emph" else "text"
        pieces = UNESCAPED_DOLLAR.split(said)
        if len(pieces) % 2 == 0:
            raise Refused
        for number, piece in enumerate(pieces):
            done.append(
                f"{{{_without_words(piece, words)}}}" if number % 2 else _held(piece, kind, words) if piece else ""
            )
        at = end + 1
    return "".join([*done, latex[at:]])


def _held(said: str, kind: str, words: list[str]) -> str:
    said = ESCAPED.sub(lambda match: {"~": " ", "\\,": " "}.get(match[0], match[1] or ""), said)
    if "\\" in said:  # a command within a text
        raise Refused
    words.append(said)
    return f"{{\\{kind}{{{HOLD.format(len(words) - 1)}}}}}"


def _end_of(latex: str, start: int) -> int:
    depth = 1
    for match in BRACE.finditer(latex, start):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0:
            return match.start()
    raise Refused
