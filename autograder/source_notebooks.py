"""The instructor's own notebooks, read as plain JSON: which cells they have, and what those define."""

import json
import re
from pathlib import Path

from autograder.errors import CourseError


def function_name(source: str) -> str:
    """Name of the first function that a cell defines, or "" where it defines none."""
    match = re.search(r"^def\s+(\w+)", source, re.MULTILINE)
    return match.group(1) if match else ""


def grade_ids(path: Path) -> dict[str, str]:
    """grade_id of each nbgrader cell -> the function that the cell defines."""
    found: dict[str, str] = {}
    try:
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id")
            if grade_id:
                if grade_id in found:
                    raise CourseError(f"{path}: two cells have the grade_id {grade_id!r}; give one another ID")
                found[grade_id] = function_name("".join(cell["source"]))
    except FileNotFoundError:
        raise CourseError(f"{path}: not found, but course_config.py names it") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CourseError(f"{path}: not a notebook ({type(error).__name__}: {error}); restore it from git") from error
    return found
