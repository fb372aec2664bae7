"""cleaned/: the pictures of a text stand where the student put them, whatever they are and however they are written."""

import base64
import json
import re
import time
from collections.abc import Mapping
from typing import Any
from unittest.mock import patch

import pytest
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pictured import HEIC, small

from autograder.pages import markdown
from autograder.pages.cleaned import pictures as pictures_module
from autograder.pages.cleaned.pictures import ANY_WIDTH, Pictures, size
from autograder.pages.cleaned.placing import Places, attached, without_inline
from autograder.sandbox.pictures import Pixels

PNG = small("PNG")
B64 = base64.b64encode(PNG).decode()
ONE = {"p.png": {"image/png": B64}}


def cleaned(text: str, attachments: Mapping[str, Mapping[str, str]] = {}, files: Mapping[str, bytes] = {}) -> Places:
    """The text of a cell, cleaned: `said` is what stands there."""
    text, inline = without_inline(text)
    places = Places({**attached(attachments), **inline}, files, Pictures(), "picture-of-x")
    places.said = places.clean(text)  # type: ignore[attr-defined]
    return places


def seen(places: Any) -> int:
    """How many pictures nbgrader's pages and ours show of it; both must agree."""
    renderer = IPythonRenderer(escape=False, attachments=places.laid)
    page = MarkdownWithMath(renderer=renderer).render(places.said)
    ours = str(markdown.text(places.said, places.laid))
    shown = [len(re.findall('<img [^>]*src="data:image/(?:png|jpeg);base64,', one)) for one in (page, ours)]
    assert shown[0] == shown[1], (page, ours)
    return shown[0]


@pytest.mark.parametrize(
    "text",
    [
        "![p](attachment:p.png)",
        "![](attachment:p.png)",
        "see![p](attachment:p.png)and so on",
        '![p](attachment:p.png "my proof")',
        "![p](attachment:p.png 'my proof')",
        "![p](<attachment:p.png>)",
        "![fig [1]](attachment:p.png)",
        "![a \\] b](attachment:p.png)",
        "![$x^2$ and (b)](attachment:p.png)",
        "![two\nlines](attachment:p.png)",
        "![proof][p]\n\n[p]: attachment:p.png",
        '![Proof][]\n\n[proof]: <attachment:p.png> "title"',
        "![proof]\n\n[proof]: attachment:p.png",
        '<img src="attachment:p.png" width="600"/>',
        "<img width=600 src='attachment:p.png' alt='my proof'>",
        "<IMG SRC=attachment:p.png>",
        "<center><img\n  src = 'attachment:p.png'\n></center>",
        "[![p](attachment:p.png)](http://example.org)",
        "`![` and ![p](attachment:p.png)",
        "<![p](attachment:p.png)",
        "\\![p](attachment:p.png)",
        "- 1.\n  ![p](attachment:p.png)\n\n| a |\n|---|\n| b |",
        "พิสูจน์ ![รูป](attachment:p.png)",
        "it is attached, and the text does not speak of it",
    ],
)
def test_an_attachment_is_shown_however_it_is_written(text: str) -> None:
    places = cleaned(text, ONE)
    assert places.laid == ONE and seen(places) == 1


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "BMP", "TIFF", "JPEG"])
@pytest.mark.parametrize("label", ["image/png", "image/jpg", "image/x-strange"])
def test_bytes_are_believed_and_no_label(kind: str, label: str) -> None:
    places = cleaned("![p](attachment:p.x)", {"p.x": {label: base64.b64encode(small(kind)).decode()}})
    assert list(places.laid["p.x"]) == ["image/jpeg"] and seen(places) == 1


@pytest.mark.parametrize(
    "text",
    [
        f"![p](data:image/png;base64,{B64})",
        f'<img src="data:image/png;base64,{B64}" width="400">',
        f"![p](data:image/png;name=scan.png;base64,{B64})",
        f"![p][1]\n\n[1]: data:image/png;base64,{B64}",
        f"![p](data:image/heic;base64,{base64.b64encode(HEIC).decode()})",
    ],
)
def test_a_picture_that_is_written_into_the_text_is_shown(text: str) -> None:
    places = cleaned(text)
    assert len(places.laid) == 1 and seen(places) == 1 and "base64" not in places.said  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("scan.png", "scan.png"),
        ("./scans/a.heic", "scans/a.heic"),
        ("scans\\a.webp", "scans/a.webp"),
        ("my%20scan.png", "my scan.png"),
        ("<my scan.png>", "my scan.png"),
        ("หน้า.jpg", "หน้า.jpg"),
    ],
)
def test_a_file_beside_the_notebook_is_shown_where_the_text_speaks_of_it(written: str, name: str) -> None:
    data = HEIC if name.endswith("heic") else small({"jpg": "JPEG", "webp": "WEBP"}.get(name[-3:], "PNG"))
    assert seen(cleaned(f"![p]({written})", files={name: data})) == 1
    assert seen(cleaned("nothing", files={name: data})) == 0  # it is shown below, with all files


def test_a_link_leads_to_a_file_that_is_there_and_nowhere_else() -> None:
    files = {"T4.pdf": b"%PDF", "my proof.html": b"<html>", "a.docx": b"PK"}
    places = cleaned("[the rest](T4.pdf) [h](<my proof.html>) [no](passwd.pdf) [up](../a.docx)", files=files)
    assert places.said == "[the rest](T4.pdf) [h](my%20proof.html.download) [no] (passwd.pdf) [up] (../a.docx)"  # type: ignore[attr-defined]
    page = str(markdown.text(places.said, {}))  # type: ignore[attr-defined]
    assert re.findall("<a[^>]*>", page) == [
        '<a href="T4.pdf" download>',
        '<a href="my%20proof.html.download" download>',
    ]


def test_more_than_twenty_are_shown() -> None:
    many = {f"{n}.png": {"image/png": B64} for n in range(45)}
    assert seen(cleaned(" ".join(f"![{n}](attachment:{n}.png)" for n in range(45)), many)) == 45


def test_a_photograph_of_seven_megabytes_is_made_smaller() -> None:
    photograph = small("JPEG", (3000, 2600), quality=95)
    assert len(photograph) > 7_000_000
    places = cleaned("![p](attachment:p.jpg)", {"p.jpg": {"image/jpeg": base64.b64encode(photograph).decode()}})
    (shown,) = places.laid.values()
    assert 10_000 < len(shown["image/jpeg"]) < 4_000_000


def test_what_cannot_be_shown_is_said_and_given_out_as_a_file() -> None:
    svg = b"<svg onload='alert(1)'/>"
    places: Any = cleaned("my ![s](attachment:a.svg)", {"a.svg": {"image/svg+xml": base64.b64encode(svg).decode()}})
    name = "picture-of-x-a.svg.download"
    assert places.left == {name: svg} and places.laid == {}
    assert places.said == (
        f"my (when graded: the picture a.svg cannot be shown here; it is the file [picture-of-x-a.svg]({name}))"
    )
    empty: Any = cleaned("![s](attachment:a.png)", {"a.png": {"image/png": "no base64!"}})
    assert empty.left == {} and empty.said == "(when graded: of the picture a.png nothing came)"


def test_one_picture_is_laid_once() -> None:
    places: Any = cleaned("![a](attachment:p.png) ![b](attachment:p.png)", ONE)
    assert places.said == "![a](attachment:p.png) (when graded: the picture p.png again)"


def test_names_that_no_reader_agrees_on_get_others_and_none_meets_another() -> None:
    names = ("x y.png", "picture-1", 'q"onerror=1', "ก.png", "../p.png")
    places: Any = cleaned("nothing", {name: {"image/png": B64} for name in names})
    assert len(places.laid) == 5 and seen(places) == 5
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", name) for name in places.laid)


def test_all_pictures_of_a_submission_have_one_bound_of_bytes_and_one_of_time() -> None:
    with patch.object(pictures_module, "MAX_SHOWN", 2 * len(PNG)):
        some = Pictures()
        assert [len(some.shown(PNG)) for _ in range(3)] == [1, 1, 0]
    asked: list[float] = []

    def slow(data: bytes, seconds: float) -> list[Pixels]:
        asked.append(seconds)
        time.sleep(0.02)
        return [Pixels(1, 1, b"\0\0\0")]

    with (
        patch.object(pictures_module.pictures, "read_pixels", slow),
        patch.object(pictures_module, "MAX_SECONDS", 0.03),
    ):
        some = Pictures()
        found = [len(some.shown(b"GIF89a" + bytes([n]))) for n in range(5)]
        assert found[0] == 1 and found[-1] == 0 and len(asked) < 5
        assert len(some.shown(b"GIF89a" + bytes([0]))) == 1  # what was read once is known


@pytest.mark.parametrize(("kind", "mime"), [("PNG", "image/png"), ("JPEG", "image/jpeg")])
def test_a_small_picture_goes_as_it_came_and_one_of_too_many_pixels_does_not(kind: str, mime: str) -> None:
    data = small(kind, (50, 20))
    assert size(data) == (50, 20)
    (shown,) = Pictures().shown(data)
    assert (shown.mime, shown.data) == (mime, data)
    with patch.object(pictures_module, "MAX_PIXELS", 999):
        assert [one.data == data for one in Pictures().shown(data)] == [False]
    wide = small(kind, (1200, 20))
    assert [size(one.data) for one in Pictures().shown(wide)] == [(1100, 18)]
    assert [one.data for one in Pictures().shown(wide, ANY_WIDTH)] == [wide]  # an output: pages make it fit


@pytest.mark.parametrize(
    "data", [b"\xff\xd8\xff", b"\xff\xd8" + b"\xff" * 100_000, b"\xff\xd8\xff\xe0\0\0" * 9, PNG[:16]]
)
def test_one_that_does_not_say_its_size_has_none(data: bytes) -> None:
    assert size(data) == (0, 0)


@pytest.mark.parametrize(
    "text",
    [
        "![x](attachment:p.png)](javascript:alert(1)) [y](javascript:alert(1))",
        "[![x](attachment:p.png)](javascript:alert(1))",
        "![x](attachment:p.png)<script>alert(1)</script>",
        "<script ![x](attachment:p.png)>alert(1)</script>",
        '<img src="attachment:p.png" onerror="alert(1)">',
        '<img src="attachment:p.png"onerror=alert(1) alt=\'"><script>alert(1)</script>\'>',
        '![" onerror="alert(1)](attachment:p.png)',
        "![x](attachment:p.png \"t' onerror='alert(1)\")",
        "![<img src=x onerror=alert(1)>](attachment:p.png)",
        "![x][a]\n\n[a]: attachment:p.png\n[b]: javascript:alert(1)\n\n[y][b]",
        "<img src=attachment:p.png srcset='http://127.0.0.1/x 1x'>",
        "![www.example.org http://127.0.0.1](attachment:p.png)",
        "<![CDATA[![x](attachment:p.png)]]><script>alert(1)</script>",
        "$\\text{<script>![x](attachment:p.png)}$",
    ],
)
def test_around_a_picture_nothing_comes_alive(text: str) -> None:
    places: Any = cleaned(text, ONE, {"a.pdf": b"1"})
    renderer = IPythonRenderer(escape=False, attachments=places.laid)
    page = MarkdownWithMath(renderer=renderer).render(places.said)
    for one in (page, str(markdown.text(places.said, places.laid))):
        for tag in re.findall("<[A-Za-z!/][^>]*>", one):
            assert re.fullmatch(r'</?(p|em|strong|pre|code|math|mtext|span( class="math")?)>|<img [^<>]*>', tag), (
                tag,
                one,
            )
        for tag in re.findall("<img[^>]*>", one):
            assert re.fullmatch(
                r'<img ((alt="[^"<>]*"|src="data:image/png;base64,[^"]+"|title="[^"<>]*") ?)+/?>', tag
            ), tag
        assert "://1" not in one and "www.e" not in one


def test_a_text_that_is_made_to_be_slow_takes_no_time() -> None:
    size = 20_000
    texts = ["![" * size, "[" * size, "![" + "[" * size, "![a](" * size, "<img " * size, "<img src=" * size,
             "[a]: attachment:" * size, "![a](attachment:" * size, "![" + "\\" * size, "![a](attachment:a \"" * size,
             "![" + "[a" * size, "![a][" * size, "data:image/png;base64," * size]  # fmt: skip
    for text in texts:
        start = time.process_time()
        cleaned(text[:size], ONE)
        assert time.process_time() - start < 20, text[:20]  # a second is usual, quadratic would be minutes


def test_a_notebook_of_such_cells_is_valid_json() -> None:
    places: Any = cleaned("![a](attachment:p.png)", ONE)
    assert json.loads(json.dumps(places.laid)) == ONE
