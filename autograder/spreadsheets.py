"""Tables as spreadsheets read them: no cell of text is a formula, and letters of every script arrive."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

FORMULA = re.compile(r"^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r]")


def plain(text: str) -> str:
    """Text that no spreadsheet takes for a formula: with an apostrophe before it where it could be one."""
    return f"'{text}" if FORMULA.match(text) else text


def original(text: str) -> str:
    """The text before plain()."""
    return text[1:] if text.startswith("'") and FORMULA.match(text[1:]) else text


def written(rows: Iterable[Sequence[str]], bom: bool = True) -> str:
    """CSV as RFC 4180 has it. With a byte order mark Excel reads Thai."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return ("\ufeff" if bom else "") + out.getvalue()
