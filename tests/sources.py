"""A course's source notebooks, as tests change them; and what lies in a folder."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Change = Callable[[dict[str, Any]], object]


def hashes(folder: Path) -> dict[str, str]:
    """Hash of every file, by its path in the folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def edit_cell(path: Path, grade_id: str, change: Change) -> None:
    """Change the cell of a notebook file that has the grade_id."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == grade_id:
            change(cell)
    path.write_text(json.dumps(notebook, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def add_line(line: str) -> Change:
    """The change that puts a line at a cell's end."""
    return lambda cell: cell.update(source=[*cell["source"], "\n" + line])
