"""A trace of one grading: what went through the channel, when, and what the guest said on its stderr.

It holds hidden inputs: for the instructor alone. CONTRIBUTING.md says how to read one.

    timeline.txt   a line for each state of the sandbox, each cell and each question, with its times
    frames.jsonl   the header of every frame, in order; arrays by name, type and shape
    frames/        the arrays of a frame that has any, NUMBER.npz
    stderr.txt     what the guest wrote there
    verdicts.json  what was decided of each task, and by which rule
"""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.errors import CourseError

Arrays = Mapping[str, NDArray[Any]]
PRIVATE = 0o700


class Trace:
    """Writes a trace into a new folder, line by line, so that an endless grading leaves what it has."""

    def __init__(self, folder: Path) -> None:
        """CourseError where the folder holds anything already."""
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise CourseError(f"--trace {folder}: not an empty folder; name a new one")
        (folder / "frames").mkdir(parents=True, exist_ok=True, mode=PRIVATE)
        folder.chmod(PRIVATE)
        self.folder, self._started, self._frames = folder, time.monotonic(), 0

    def state(self, what: str) -> None:
        """A line of the timeline."""
        with (self.folder / "timeline.txt").open("a", encoding="utf-8") as file:
            file.write(f"{time.monotonic() - self._started:9.3f} s  {what}\n")

    def frame(self, way: str, header: Mapping[str, object], arrays: Arrays) -> None:
        """One frame. way: "sent" or "received"."""
        self._frames += 1
        about = {name: f"{value.dtype}{list(value.shape)}" for name, value in arrays.items()}
        line = {"number": self._frames, "way": way, "header": header, "arrays": about}
        with (self.folder / "frames.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
        if arrays:
            # by number: a name may be a student's, and zip entries are no place for it
            numbered = {str(n): value for n, value in enumerate(arrays.values())}
            np.savez(self.folder / "frames" / f"{self._frames:04d}.npz", **numbered)  # type: ignore[arg-type]

    def step(self, header: Mapping[str, object], reply: Mapping[str, object], seconds: float) -> None:
        """A cell or a question that came back: its line of the timeline."""
        name = header.get("name") or header.get("probe") or ""
        cpu = reply.get("needed")
        times = f"{seconds:.3f} s" + (f", {cpu:.3f} s of CPU at the most" if isinstance(cpu, float) else "")
        told = [f"{key}: {reply[key]}" for key in ("error", "fault") if reply.get(key)]
        errors = reply.get("errors")
        if isinstance(errors, dict) and errors:
            told.append(f"{len(errors)} questions with an error, the first {next(iter(errors.items()))}")
        self.state(f"{header.get('do')} {name}: {times}" + "".join(f"; {one}" for one in told))

    def stderr(self, data: bytes) -> None:
        """What the guest wrote on its stderr, all of it so far."""
        (self.folder / "stderr.txt").write_bytes(data)

    def decided(self, verdicts: Mapping[str, Any]) -> None:
        """What was decided of each task."""
        text = json.dumps(verdicts, ensure_ascii=False, indent=1)
        (self.folder / "verdicts.json").write_text(text, encoding="utf-8")
