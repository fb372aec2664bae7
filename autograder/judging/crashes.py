"""An error of the student's code as the facts of a problem: its place, and which hint helps against its kind."""

import re

from autograder.sandbox.answers import Error

# of errors that hang on sizes: numpy's, and what Python says of lengths
SHAPES = re.compile(r"broadcast|matmul|shape|dimension|axis|axes|aligned|out of bounds|too many indices|inhomogeneous")
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


def facts_of(error: Error) -> dict[str, str]:
    """What a text may say of an error. `hint` is a key of the texts of hints; `said`, of those on unfit answers."""
    facts = {**error.facts, "error": error.what, "type": error.type, "cell": error.cell, "line": error.line}
    missing = OF_OBJECT.search(error.text) if error.type == "AttributeError" else None
    if missing and not error.cell:  # the probe asked for it: a method of the interface is not there
        facts |= {"said": "no_method", "name": missing[1]}
    return {**facts, "hint": hint_of(error)}


def hint_of(error: Error) -> str:
    """Key of the hint that fits an error; "" where none does."""
    if error.type in BY_TYPE:
        return BY_TYPE[error.type]
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
