"""A picture of any usual kind -> plain pixels. Runs in the zygote's place behind the walls, beside nobody's code.

    python -I picture_reader.py '{"paths": [...], "uid": 100001, "size": [1100, 3300], ...}' < picture > pixels

It writes, for each page of the picture, width and height as unsigned 32-bit numbers, and three bytes a pixel: red,
green, blue. What it writes is believed as little as what a notebook's process answers.
"""

import io
import json
import resource
import struct
import sys
from collections.abc import Mapping
from typing import Any

MEGABYTE = 1 << 20
THREADS = 32  # readers of HEIC and AVIF start some
PDF = b"%PDF-"
SHARPEST = 3.0  # pixels to a point of a page of PDF
HEIC = b"ftyp"  # or AVIF, after the length of this box
KINDS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "AVIF")
DEEP = 256  # a grey value of 16 bits, divided by this, has 8


def main() -> None:
    settings = json.loads(sys.argv[1])
    sys.path[:0] = settings["paths"]
    import box
    import seccomp

    box.drop_root(settings["uid"])
    confine(settings)
    from PIL import Image, ImageFile

    data, kinds = sys.stdin.buffer.read(), list(KINDS)
    if data.startswith(PDF):
        import pypdfium2

        seccomp.allow_only(seccomp.for_here())
        return write_pdf(pypdfium2.PdfDocument(data), settings["pages"], settings["size"])
    if data[4:8] == HEIC:
        import pi_heif

        pi_heif.options.DECODE_THREADS = 1
        pi_heif.register_heif_opener()
        kinds.append("HEIF")
    ImageFile.LOAD_TRUNCATED_IMAGES = True  # what is there of a damaged one can be read
    Image.MAX_IMAGE_PIXELS = settings["pixels"]
    seccomp.allow_only(seccomp.for_here())
    with Image.open(io.BytesIO(data), formats=kinds) as image:
        for number in range(pages(image, settings["pages"])):
            image.seek(number)
            write(image, settings["size"])


def write_pdf(document: Any, most: int, size: tuple[int, int]) -> None:
    """The first pages of a PDF, each at a size that no declared one makes larger."""
    for number in range(min(len(document), most)):
        page = document[number]
        width, height = page.get_size()
        if width <= 0 or height <= 0:
            continue
        scale = min(size[0] / width, size[1] / height, SHARPEST)
        write(page.render(scale=scale, may_draw_forms=False).to_pil(), size)
        page.close()


def confine(settings: Mapping[str, Any]) -> None:
    """The limits of the kernel; what it may write is bounded too."""
    for name, value in (
        ("RLIMIT_AS", settings["memory_mb"] * MEGABYTE),
        ("RLIMIT_CPU", settings["seconds"]),
        ("RLIMIT_FSIZE", settings["written"]),
        ("RLIMIT_NPROC", THREADS),
        ("RLIMIT_CORE", 1),  # no dump, as in box.py
    ):
        resource.setrlimit(getattr(resource, name), (value, value))


def pages(image: Any, most: int) -> int:
    """A scanner puts several pages into one TIFF; of what moves, the first picture is shown."""
    return min(getattr(image, "n_frames", 1), most) if image.format == "TIFF" else 1


def write(image: Any, size: tuple[int, int]) -> None:
    """One page, turned as its camera was held, no larger than `size`, on white paper."""
    from PIL import Image, ImageOps

    image.draft("RGB", (max(size), max(size)))  # a large JPEG is read at half its size or less
    page = ImageOps.exif_transpose(image)
    page.thumbnail(size)
    if page.mode.startswith("I"):
        page = page.convert("I").point(lambda value: value * (1 / DEEP)).convert("L")
    if page.mode == "P" or page.mode.endswith(("A", "a")):
        page = page.convert("RGBA")
        page = Image.alpha_composite(Image.new("RGBA", page.size, "white"), page)
    page = page.convert("RGB")
    sys.stdout.buffer.write(struct.pack("<II", *page.size) + page.tobytes())
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
