"""A student's pictures as they are shown: PNG and JPEG of a bounded size, whatever they were handed in as.

What a picture is, its bytes say, and nobody's label. A small PNG or JPEG is shown as it came. What else is a picture is
read in a confined process (sandbox/pictures.py), and the pixels that come back are encoded here.
"""

import base64
import binascii
import hashlib
import io
import struct
import time
from dataclasses import dataclass

from autograder.sandbox import pictures
from autograder.sandbox.pictures import MAX_WIDTH
from autograder.submissions.cells import joined

PNG, JPEG = "image/png", "image/jpeg"
MAGIC = {PNG: b"\x89PNG\r\n\x1a\n", JPEG: b"\xff\xd8\xff"}
OTHERS = (b"GIF8", b"BM", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # GIF, BMP, TIFF
PDF = b"%PDF-"
INSIDE = {b"WEBP": 8, b"ftyp": 4}  # WebP; HEIC and AVIF
MAX_PICTURE = 4 << 20  # bytes of a picture that is shown as it came
MAX_PIXELS = 40_000_000  # of one: a browser would make memory of each
ANY_WIDTH = 1 << 16
MAX_SHOWN = 48 << 20  # bytes of all pictures of a submission
MAX_SECONDS = 60.0  # that the pictures of a submission may take to read
QUALITY = 85
JPEG_SIZE = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})  # markers that stand before height and width
MAX_MARKERS = 1000  # looked at
BARE = frozenset({0x01, *range(0xD0, 0xDA)})  # markers without a length


@dataclass(frozen=True)
class Picture:
    """A PNG or JPEG that may be put into a page."""

    mime: str
    data: bytes

    @property
    def bundle(self) -> dict[str, str]:
        """As notebooks have it: base64 by media type."""
        return {self.mime: base64.b64encode(self.data).decode("ascii")}


class Pictures:
    """The pictures of one submission, within one bound of bytes and of time for all of them."""

    def __init__(self) -> None:
        self._room, self._seconds = MAX_SHOWN, MAX_SECONDS
        self._read: dict[bytes, tuple[Picture, ...]] = {}

    def shown(self, data: bytes, widest: int = MAX_WIDTH) -> tuple[Picture, ...]:
        """How these bytes are shown: a picture, or a scan's pages; nothing where that cannot be, or is too much.

        widest: pixels of what is shown as it came.
        """
        found = self._as_pictures(data, widest)
        size = sum(len(picture.data) for picture in found)
        if size > self._room:
            return ()
        self._room -= size
        return found

    def _as_pictures(self, data: bytes, widest: int) -> tuple[Picture, ...]:
        mime = next((mime for mime, magic in MAGIC.items() if data.startswith(magic)), "")
        width, height = size(data)
        if len(data) <= MAX_PICTURE and 0 < width * height <= MAX_PIXELS and width <= widest:
            return (Picture(mime, data),)
        if not looks_like_a_picture(data):
            return ()
        key = hashlib.sha256(data).digest()
        if key not in self._read and self._seconds > 0:
            start = time.monotonic()
            self._read[key] = tuple(map(_encoded, pictures.read_pixels(data, self._seconds)))
            self._seconds -= time.monotonic() - start
        return self._read.get(key, ())


def pages_of(data: bytes) -> tuple[Picture, ...]:
    """The first pages of a PDF file, as pictures; none where it cannot be read, or is none."""
    return tuple(map(_encoded, pictures.read_pixels(data))) if data.startswith(PDF) else ()


def looks_like_a_picture(data: bytes) -> bool:
    """Whether the first bytes are those of a kind that can be read."""
    inside = any(data[at : at + len(magic)] == magic for magic, at in INSIDE.items())
    return inside or data.startswith((*MAGIC.values(), *OTHERS))


def size(data: bytes) -> tuple[int, int]:
    """Width and height of a PNG or JPEG by its own account; zeros where it does not say, or is none."""
    if data.startswith(MAGIC[PNG]):
        width, height = struct.unpack(">II", data[16:24].ljust(8, b"\0"))
        return width, height
    at = 2 if data.startswith(MAGIC[JPEG]) else len(data)
    for _ in range(MAX_MARKERS):
        if at + 9 > len(data) or data[at] != 0xFF:
            break
        marker = data[at + 1]
        if marker in JPEG_SIZE:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 1 if marker == 0xFF else 2 if marker in BARE else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return 0, 0


def bytes_of(text: object) -> bytes:
    """The bytes of a notebook's base64; none where it is not that."""
    try:
        return base64.b64decode("".join(joined(text).split()), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _encoded(page: pictures.Pixels) -> Picture:
    from PIL import Image  # a tenth of a second, and few need it

    written = io.BytesIO()
    Image.frombytes("RGB", (page.width, page.height), page.data).save(written, "JPEG", quality=QUALITY)
    return Picture(JPEG, written.getvalue())
