"""An error of the student's code as the facts of a problem: its place, and which hint helps against its kind.

What the student's code says once hidden inputs have come to it may hold them. `told` leaves of it what holds none: a
type, the place, and a text that stands in the code, or that Python or numpy has for everybody: with names that
stand in the code, and with sizes.
"""

import builtins
import errno
import functools
import os
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

import numpy as np

from autograder.sandbox.answers import Answers, Error

# of errors that hang on sizes: numpy's, and what Python says of lengths
SHAPES = re.compile(r"broadcast|matmul|shape|dimension(?!al$)|axis|axes|aligned|out of bounds|too many indices")
UNEVEN = re.compile(r"inhomogeneous|setting an array element with a sequence")
OF_BUILTIN = re.compile(r"'(?:int|float|str|list|tuple|dict|set|bool|NoneType|module|function|numpy\.\w+)' object")
OF_OBJECT = re.compile(r"'\w+' object has no attribute '(\w+)'")
ARGUMENTS = re.compile(r"positional argument|keyword argument|values for argument|required .*argument")
BY_TYPE = {
    "NameError": "name",
    "UnboundLocalError": "unbound",
    "KeyError": "key",
    "ImportError": "import",
    "ModuleNotFoundError": "import",
    "FileNotFoundError": "file",
    "SyntaxError": "syntax",
    "IndentationError": "syntax",
    "TabError": "syntax",
    "RecursionError": "recursion",
    "AxisError": "shapes",
    "SystemExit": "exit",
}


NAME, SOME, SHAPE = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*){0,3}", r"\d{1,5}", r"\(\d{0,5}(?:, ?\d{0,5}){0,3}\)"
FILE = rf"(?:: '/?{NAME}(?:/{NAME}){{0,4}}')?"
OF_FILES = (  # what the system says of files
    *(errno.ENOENT, errno.EACCES, errno.EPERM, errno.EROFS, errno.EEXIST, errno.EISDIR, errno.ENOTDIR),
    *(errno.EFBIG, errno.EMFILE, errno.ENOSPC, errno.ENOMEM, errno.EAGAIN, errno.EPIPE),
)
MEANT = rf"(?:\. Did you mean: '{NAME}'\?)?"
TEXTS = tuple(
    re.compile(text)
    for text in (
        rf"'?{NAME}'?",  # a key, a task that is not written
        rf"name '{NAME}' is not defined{MEANT}",
        rf"{NAME} is not defined",
        rf"cannot access local variable '{NAME}' where it is not associated with a value",
        rf"(?:type object |module )?'{NAME}' (?:object )?has no attribute '{NAME}'{MEANT}",
        rf"'{NAME}' object is not (?:callable|subscriptable|iterable|an iterator)",
        rf"'{NAME}' object does not support item (?:assignment|deletion)",
        rf"{NAME}\(\) missing \d required (?:positional|keyword-only) arguments?: '{NAME}'"
        rf"(?:,? (?:and )?'{NAME}'){{0,6}}",
        rf"{NAME}\(\) takes (?:from \d to )?\d positional arguments? but \d (?:was|were) given",
        rf"{NAME}\(\) takes no arguments",
        rf"{NAME}\(\) got (?:an unexpected keyword argument|multiple values for argument) '{NAME}'",
        rf"unsupported operand type\(s\) for [^\w\s]{{1,3}}: '{NAME}' and '{NAME}'",
        rf"bad operand type for (?:unary .|abs\(\)): '{NAME}'",
        rf"'[<>=!]{{1,2}}' not supported between instances of '{NAME}' and '{NAME}'",
        rf"object of type '{NAME}' has no len\(\)",
        rf"can only concatenate {NAME} \(not \"{NAME}\"\) to {NAME}",
        rf"can't multiply sequence by non-int of type '{NAME}'",
        r"(?:float |integer )?(?:floor )?(?:division|modulo)(?: or modulo)? by zero",
        r"(?:list|tuple|string) (?:assignment )?index out of range",
        rf"(?:list|tuple|string) indices must be integers or slices, not '?{NAME}'?",
        rf"'{NAME}' object cannot be interpreted as an integer",
        r"not enough values to unpack \(expected \d, got \d\)",
        r"too many values to unpack \(expected \d(?:, got \d)?\)",
        rf"cannot unpack non-iterable {NAME} object",
        rf"No module named '{NAME}'",
        *(rf"\[Errno {number}\] {re.escape(os.strerror(number))}{FILE}" for number in OF_FILES),
        r"maximum recursion depth exceeded(?: while calling a Python object| in comparison)?",
        r"can't start new thread",
        rf"operands could not be broadcast together with shapes(?: {SHAPE}){{1,3}}",
        rf"non-broadcastable output operand with shape {SHAPE} doesn't match the broadcast shape {SHAPE}",
        rf"shape mismatch: indexing arrays could not be broadcast together with shapes(?: {SHAPE}){{1,3}}",
        rf"shapes {SHAPE} and {SHAPE} not aligned: {SOME} \(dim \d\) != {SOME} \(dim \d\)",
        rf"matmul: Input operand \d has a mismatch in its core dimension \d, with gufunc signature "
        rf"\(n\?,k\),\(k,m\?\)->\(n\?,m\?\) \(size {SOME} is different from {SOME}\)",
        rf"cannot reshape array of size {SOME} into shape {SHAPE}",
        r"axis \d is out of bounds for array of dimension \d",
        r"too many indices for array: array is \d-dimensional, but \d were indexed",
        rf"boolean index did not match indexed array along axis \d; size of axis is {SOME} but size of corresponding "
        rf"boolean axis is {SOME}",
        r"only integers, slices \(`:`\), ellipsis \(`\.\.\.`\), numpy\.newaxis \(`None`\) and integer or boolean "
        r"arrays are valid indices",
        r"only (?:length-1|0-dimensional) arrays can be converted to Python scalars",
        r"arrays used as indices must be of integer \(or boolean\) type",
        r"only integer scalar arrays can be converted to a scalar index",
        rf"setting an array element with a sequence(?:\. The requested array has an inhomogeneous shape after \d "
        rf"dimensions\. The detected shape was {SHAPE} \+ inhomogeneous part)?",
        rf"could not broadcast input array from shape {SHAPE} into shape {SHAPE}",
        rf"Cannot cast ufunc '{NAME}' output from dtype\('{NAME}'\) to dtype\('{NAME}'\) "
        r"with casting rule '(?:no|equiv|safe|same_kind|unsafe)'",
        rf"unhashable type: '{NAME}'",
        r"(?:assignment destination|output array) is read-only",
        r"(?:object too deep for desired array|axes don't match array|math domain error)",
        r"(?:a must be 1-dimensional|x must be an integer or at least 1-dimensional|high <= 0|low >= high)",
        r"Cannot take a larger sample than population when 'replace=False'",
        r"(?:max|min)\(\) (?:iterable )?(?:arg|argument) is (?:an )?empty(?: sequence)?",
        r"(?:attempt to get arg(?:max|min) of an empty sequence)",
        r"zero-size array to reduction operation \w{3,8} which has no identity",
        r"The truth value of an array with more than one element is ambiguous\. Use a\.any\(\) or a\.all\(\)",
    )
)
# an index may be a label: its number is left out
INDEX = re.compile(rf"index -?\d+ is out of bounds for axis (\d) with size ({SOME})")
TOKEN = re.compile(r"[^\W\d]\w*")
SAID = "said"  # a fact that is a key of the course's words, and is shown to nobody
MOST_WORDS, MOST_SIZES = 6, 3  # of a fact
OURS = ("Unfit", "MissingName", "MissingValue", "TimeLimit", "MemoryLimit", "ProcessEnded", "BadAnswer")
# names that everybody has, and what the patterns above say themselves
EVERYBODYS = frozenset(
    {
        *dir(builtins),
        *dir(np),
        *dir(np.ndarray),
        *dir(np.exceptions),
        "LinAlgError",
        "UFuncTypeError",
        "NoneType",
        *OURS,
    }
    | {word for one in TEXTS for word in TOKEN.findall(one.pattern)}
)
OTHER = "Exception"  # what an error of a class is called whose name stands nowhere


class Own:
    """What stands in a notebook as it was handed in: its code, and the lines of its cells by their names.

    of_all: code that every submission has, the probes.
    """

    def __init__(self, code: Collection[str], lines: Mapping[str, int], of_all: tuple[str, ...] = ()) -> None:
        self.code, self.lines = "\n".join((*of_all, *code)), lines
        self.words = EVERYBODYS.union(_words(of_all), *map(TOKEN.findall, code))

    def says(self, text: str) -> bool:
        """Whether a text stands in it as a whole, between quotation marks."""
        return not {"'", '"'} & set(text) and (f"'{text}'" in self.code or f'"{text}"' in self.code)


@functools.lru_cache(maxsize=8)  # some ten thousand words: gathered once for an assignment
def _words(code: tuple[str, ...]) -> frozenset[str]:
    return frozenset(word for text in code for word in TOKEN.findall(text))


def told(answers: Answers, own: Callable[[], Own]) -> Answers:
    """The answers to hidden questions, with what may be told of their errors."""
    if not answers.errors:
        return answers
    return replace(answers, errors={key: _told(error, own()) for key, error in answers.errors.items()})


def _told(error: Error, own: Own) -> Error:
    """What holds no hidden input of an error. All of it is as the student's process says: its line and facts, too."""
    text, lines = error.text.rstrip(" ."), own.lines.get(error.cell, 0)
    index = INDEX.fullmatch(text)
    of_python = any(one.fullmatch(text) for one in TEXTS) and own.words.issuperset(TOKEN.findall(text))
    at = int(error.line) if re.fullmatch(r"\d{1,6}", error.line) else 0
    told_text = error.text if of_python or own.says(error.text) else ""
    return Error(
        type=error.type if error.type in own.words else OTHER,
        text=index.expand(r"an index is out of bounds for axis \1 with size \2") if index else told_text,
        line=str(at) if 1 <= at <= lines else "",
        cell=error.cell if 1 <= at <= lines else "",
        facts={key: fact if key == SAID or _is_short(fact, own) else "…" for key, fact in error.facts.items()},
        hint=hint_of(error),
    )


def _is_short(fact: str, own: Own) -> bool:
    """Whether a fact is a few known words with one shape at most, or the name of a cell."""
    words, numbers = TOKEN.findall(fact), re.findall(r"\d+", TOKEN.sub("", fact))
    few = len(words) <= MOST_WORDS and len(numbers) <= MOST_SIZES and all(len(number) <= 5 for number in numbers)
    return fact in own.lines or (few and own.words.issuperset(words))


def facts_of(error: Error) -> dict[str, str]:
    """What a text may say of an error. `hint` is a key of the texts of hints; `said`, of those on unfit answers."""
    facts = {**error.facts, "error": error.what, "type": error.type, "cell": error.cell, "line": error.line}
    missing = OF_OBJECT.search(error.text) if error.type == "AttributeError" else None
    if missing and not error.cell:  # the probe asked for it: a method of the interface is not there
        facts |= {"said": "no_method", "name": missing[1]}
    return {**facts, "hint": error.hint or hint_of(error)}


def hint_of(error: Error) -> str:
    """Key of the hint that fits an error; "" where none does."""
    if error.type in BY_TYPE:
        return BY_TYPE[error.type]
    if error.type == "ValueError" and UNEVEN.search(error.text):
        return "uneven"
    if error.type in ("ValueError", "IndexError") and SHAPES.search(error.text):
        return "shapes"
    if error.type == "AttributeError":
        return "attribute" if OF_BUILTIN.search(error.text) or not OF_OBJECT.search(error.text) else "own-attribute"
    if error.type == "TypeError":
        return _of_type_error(error)
    return "line" if error.cell else ""


def _of_type_error(error: Error) -> str:
    if ARGUMENTS.search(error.text):
        return "arguments"
    if "NoneType" in error.text:
        return "none"
    if "not callable" in error.text:
        return "callable"
    return "line" if error.cell else ""
