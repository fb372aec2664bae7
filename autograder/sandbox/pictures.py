"""Hostile bytes -> pixels: pictures are read in a confined process of their own (guest/picture_reader.py)."""

import json
import os
import struct
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from autograder.sandbox.walls import ENVIRONMENT, Inside, SandboxError, packages_inside, walls

# pixels of what comes back: as wide as the formgrader's page, which makes no picture smaller, and a page can be read
MAX_WIDTH, MAX_HEIGHT = 1100, 3300
MAX_PAGES = 10
MAX_WRITTEN = 64 << 20  # bytes of all its pages
MAX_SOURCE_PIXELS = 110_000_000  # telephones make up to 108 million; beyond twice as many it is not read at all
CPU_SECONDS, WALL_SECONDS = 10, 20.0  # for a picture
MEMORY_MB = 1500
SIZE = struct.Struct("<II")


@dataclass(frozen=True)
class Pixels:
    """One page: rows of three bytes a pixel, red, green, blue."""

    width: int
    height: int
    data: bytes


def read_pixels(picture: bytes, seconds: float = WALL_SECONDS) -> list[Pixels]:
    """The pages of a picture; none where it cannot be read, or takes too much time or memory."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as found:
        given.write(picture)
        given.seek(0)
        try:
            subprocess.run(
                _command(),
                stdin=given,
                stdout=found,
                stderr=subprocess.DEVNULL,
                env=ENVIRONMENT,
                timeout=min(seconds, WALL_SECONDS),
                check=False,  # what it wrote before it ended are whole pages, or none
            )
        except (subprocess.TimeoutExpired, SandboxError):
            return []
        found.seek(0)
        return _pages(found.read(MAX_WRITTEN))


def _command() -> list[str]:
    settings = {
        "paths": ["/guest", *packages_inside()],
        "uid": 5_000_000 + os.getpid(),  # not that of this process's guest (guest_process.py): limits are its own too
        "size": [MAX_WIDTH, MAX_HEIGHT],
        "pages": MAX_PAGES,
        "pixels": MAX_SOURCE_PIXELS,
        "memory_mb": MEMORY_MB,
        "seconds": CPU_SECONDS,
        "written": MAX_WRITTEN,
    }
    python = str(Path(sys._base_executable).resolve())  # type: ignore[attr-defined]
    return [*walls(Inside()), python, "-I", "/guest/picture_reader.py", json.dumps(settings)]


def _pages(written: bytes) -> list[Pixels]:
    found: list[Pixels] = []
    at = 0
    while at + SIZE.size <= len(written) and len(found) < MAX_PAGES:
        width, height = SIZE.unpack_from(written, at)
        at += SIZE.size
        end = at + 3 * width * height
        if not (0 < width <= MAX_WIDTH and 0 < height <= MAX_HEIGHT and end <= len(written)):
            break
        found.append(Pixels(width, height, written[at:end]))
        at = end
    return found
