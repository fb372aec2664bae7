"""Whose export an archive is: its names vote, and no single file decides for others."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from autograder.archive import is_packed
from autograder.errors import CourseError

MOODLE, CANVAS, GRADESCOPE, FOLDERS = LAYOUTS = "moodle", "canvas", "gradescope", "folders"
PATTERN = "collect_pattern"
AGREED, FEW = 0.8, 3  # share of the votes that decides; fewer votes than this all have to agree
GRADESCOPE_TOP = re.compile(r"assignment_\d+_export/")
CANVAS_NAME = re.compile(r"(?P<name>[^/_]+)_(?P<late>LATE_)?(?P<canvas_id>\d+)_(?P<number>\d+)_(?P<file>[^/]+)")
MOODLE_NAME = re.compile(
    r"(?P<name>[^/]+?)_(?P<moodle_id>\d+)_assignsubmission_(?P<kind>[a-z]+)_?(?:/|(?<=_))(?P<file>[^/].*)"
)


def shared_top(names: list[str]) -> str:
    """`folder/` where all files are in one folder that is nobody's own by its name; else ""."""
    tops = {name.partition("/")[0] for name in names if "/" in name}
    if len(tops) != 1 or not all("/" in name for name in names) or MOODLE_NAME.match(names[0]):
        return ""
    return f"{tops.pop()}/"


def votes(names: list[str], top: str, metadata: Mapping[str, Any] | None, pattern: str) -> dict[str, set[str]]:
    """Each folder's vote, or in flat archives that of each prefix that the platform writes: the layouts it fits."""
    found: dict[str, set[str]] = {}
    for name in names:
        inner = name.removeprefix(top)
        folder, slash, _ = inner.partition("/")
        moodle, canvas = MOODLE_NAME.fullmatch(inner), CANVAS_NAME.fullmatch(inner)
        fits = {layout for layout, match in ((MOODLE, moodle), (CANVAS, canvas)) if match}
        if pattern and re.match(pattern, name):
            fits.add(PATTERN)
        if slash:
            unit = folder
            if metadata is not None and folder in metadata:
                fits.add(GRADESCOPE)
        else:
            match = canvas or moodle
            unit = match[0].removesuffix(match["file"]) if match else inner
            unit = re.sub(r"_\d+_$", "_", unit) if canvas else unit  # Canvas numbers the files of one student
        if not fits and (slash or is_packed(inner)):
            fits = {FOLDERS}
        if fits:
            found.setdefault(unit, set()).update(fits)
    if metadata is not None and top and not GRADESCOPE_TOP.fullmatch(top):
        found[top] = {FOLDERS}  # perhaps one student's folder, and the metadata this student's own
    return found


def elected(votes: Mapping[str, set[str]]) -> str:
    """The layout that nearly all votes are for; CourseError where they do not agree."""
    counts = Counter(layout for fits in votes.values() for layout in fits)
    if not counts:
        return FOLDERS
    order = sorted(counts, key=lambda layout: (-counts[layout], layout != PATTERN, layout))
    best = order[0]
    rivals = [layout for layout in counts if layout != best and counts[layout] == counts[best]]
    enough = AGREED * len(votes) if len(votes) >= FEW else len(votes)
    if counts[best] >= enough and (not rivals or best == PATTERN):
        return best
    of = ", ".join(f"{counts[layout]} like {layout}" for layout in order)
    odd = next((unit for unit, fits in votes.items() if fits != {best}), "")
    raise CourseError(
        f"its names do not agree whose export it is: of {len(votes)}, {of} ({odd!r}, say); "
        f"look inside, then add --layout {'|'.join(LAYOUTS)}"
    )
