"""sandbox/pictures.py and guest/picture_reader.py: real pictures, damaged ones, and what only wants to be one."""

import io
import struct
import zlib
from unittest.mock import patch

import pytest
from pictured import HEIC, small, written
from PIL import Image

from autograder.sandbox import pictures
from autograder.sandbox.pictures import read_pixels


def first(data: bytes) -> tuple[int, int, tuple[int, ...]]:
    """Size and the first pixel of the only page."""
    (page,) = read_pixels(data)
    assert len(page.data) == 3 * page.width * page.height
    return page.width, page.height, tuple(page.data[:3])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "MPO"])
def test_every_usual_kind_is_read(kind: str) -> None:
    assert first(small(kind))[:2] == (40, 30)


def test_a_telephones_photograph_is_read() -> None:
    width, height, (red, green, blue) = first(HEIC)
    assert (width, height) == (64, 48)
    assert abs(red - 200) < 5 and abs(green - 40) < 5 and abs(blue - 40) < 5


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "L"), ("PNG", "1"), ("PNG", "P"), ("PNG", "LA"), ("JPEG", "CMYK")])
def test_every_colour_mode_is_read(kind: str, mode: str) -> None:
    assert first(small(kind, mode=mode))[:2] == (40, 30)


def test_a_large_photograph_comes_back_smaller() -> None:
    assert first(small("JPEG", (4000, 3000)))[:2] == (1100, 825)


def test_what_is_clear_is_white_paper() -> None:
    clear = Image.new("RGBA", (5, 5), (0, 0, 0, 0))
    assert first(written(clear, "PNG")) == (5, 5, (255, 255, 255))
    assert first(written(clear, "WEBP", lossless=True)) == (5, 5, (255, 255, 255))


def test_grey_of_16_bits_keeps_its_brightness() -> None:
    assert first(written(Image.new("I;16", (5, 5), 0x8000), "PNG")) == (5, 5, (128, 128, 128))


def test_a_picture_stands_as_the_camera_was_held() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    assert first(small("JPEG", (40, 30), exif=exif))[:2] == (30, 40)


def test_the_pages_of_a_scan_come_one_by_one() -> None:
    pages = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    found = read_pixels(written(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    assert [page.data[:3] for page in found] == [b"\xff\0\0", b"\0\xff\0", b"\0\0\xff"]
    many = read_pixels(written(pages[0], "TIFF", save_all=True, append_images=pages * 10))
    assert len(many) == pictures.MAX_PAGES


def test_of_a_damaged_one_the_part_that_is_there_is_read() -> None:
    data = small("JPEG", (400, 300))
    assert first(data[: len(data) // 2])[:2] == (400, 300)


@pytest.mark.parametrize(
    "data", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + bytes(20), b"GIF89a", b"<svg/>", b"%PDF-1.4"]
)
def test_what_is_none_gives_none(data: bytes) -> None:
    assert read_pixels(data) == []


def declared(width: int, height: int) -> bytes:
    """A PNG of one byte of zeros that says it has this size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def test_a_picture_that_would_fill_the_memory_is_none() -> None:
    assert read_pixels(declared(60_000, 60_000)) == []
    with patch.object(pictures, "MEMORY_MB", 150):
        assert read_pixels(written(Image.new("RGB", (4000, 4000)), "PNG")) == []


def test_a_picture_that_takes_too_long_is_none() -> None:
    with patch.object(pictures, "WALL_SECONDS", 0.001):
        assert read_pixels(small("PNG")) == []
    assert read_pixels(small("PNG"), 0.001) == []


def test_without_walls_nothing_is_read() -> None:
    with patch.object(pictures, "walls", side_effect=pictures.SandboxError("none")):
        assert read_pixels(small("PNG")) == []


@pytest.mark.parametrize(
    "written",
    [
        b"\1",
        struct.pack("<II", 0, 5),
        struct.pack("<II", 2**32 - 1, 2**32 - 1) + bytes(100),
        struct.pack("<II", 2, 2) + bytes(11),
        struct.pack("<II", pictures.MAX_WIDTH + 1, 1) + bytes(3 * pictures.MAX_WIDTH + 3),
    ],
)
def test_what_the_reader_writes_is_not_believed(written: bytes) -> None:
    assert pictures._pages(written) == []


def test_the_reader_sees_no_course_and_no_network_and_writes_no_more_than_it_may() -> None:
    command = pictures._command()
    inside = " ".join(command[: command.index("--")])
    assert "--unshare-net" in inside and "/probes/probes.py" not in inside
    page = io.BytesIO(small("PNG", (2000, 2000)))
    with patch.object(pictures, "MAX_WRITTEN", 1_000_000):
        assert read_pixels(page.getvalue()) == []


# ---- PDF ----------------------------------------------------------------------------------------


def pdf(width: float, height: float, draws: bytes = b"1 0 0 rg 0 0 99999 99999 re f", pages: int = 1) -> bytes:
    """A PDF by hand: so many pages of this size in points, each with these operators."""
    kids = b" ".join(b"%d 0 R" % (4 + n) for n in range(pages))
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %f %f]/Contents 3 0 R>>" % (width, height)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, pages),
        b"<</Length %d>>stream\n%s\nendstream" % (len(draws), draws),
        *[page] * pages,
    ]
    body, places = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj%s endobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF"
    return body + end % (len(places) + 1, table, len(places) + 1, len(body))


def test_pages_of_a_pdf_are_read_ten_of_them_at_most() -> None:
    assert first(pdf(300, 200))[2] == (255, 0, 0)
    assert len(read_pixels(pdf(60, 80, pages=3))) == 3
    assert len(read_pixels(pdf(60, 80, pages=500))) == pictures.MAX_PAGES


def test_a_page_as_large_as_a_house_comes_back_small() -> None:
    width, height, colour = first(pdf(20_000, 20_000))
    assert width <= pictures.MAX_WIDTH and height <= pictures.MAX_HEIGHT and colour == (255, 0, 0)


@pytest.mark.parametrize("data", [b"%PDF-1.7", pdf(60, 80)[:120], pdf(0, 0), b"%PDF-1.4" + b"\0" * 5000])
def test_a_pdf_that_cannot_be_read_has_no_pages(data: bytes) -> None:
    assert all(page.width <= pictures.MAX_WIDTH for page in read_pixels(data))
    if len(data) < 200:
        assert read_pixels(data) == []


def test_a_pdf_that_draws_without_end_is_none() -> None:
    with patch.object(pictures, "CPU_SECONDS", 1):
        assert read_pixels(pdf(600, 800, b"0 0 m 600 800 l S " * 1_500_000)) == []
