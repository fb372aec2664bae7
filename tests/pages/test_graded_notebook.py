"""graded_notebook.py and cleaned/: what a student wrote is shown, and nothing of it can run in a reader's browser."""

import base64
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import nbformat
import pytest
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath, markdown2html_mistune
from pictured import small
from toy import BOOK, NAME, Toy

from autograder.judging.verdicts import Result
from autograder.pages import graded_notebook
from autograder.pages.cleaned.text import MAX_TEXT, clean_markdown, plain_markdown
from autograder.submissions import merge
from autograder.submissions.submission import Submission

PNG, JPEG = (base64.b64encode(small(kind)).decode() for kind in ("PNG", "JPEG"))


@pytest.fixture(scope="module")
def shown(toy: Toy, toy_mark: Callable[..., Result]) -> Callable[..., dict[str, Any]]:
    """The graded notebook of a right submission whose cells were spoiled by `spoil(cells)`."""
    files = toy.hand_in(toy.right)
    result = toy_mark(files)
    bases = merge.released(toy.course.release(NAME), toy.assignment)

    def shown(spoil: Callable[[list[dict[str, Any]]], object]) -> dict[str, Any]:
        raw = json.loads(files[BOOK])
        spoil(raw["cells"])
        handed_in = Submission("somchai", {**files, BOOK: json.dumps(raw).encode()})
        made = graded_notebook.notebooks(merge.merge_all(handed_in, bases, toy.assignment), result)[BOOK]
        nbformat.validate(nbformat.reads(made.decode(), as_version=4))
        found: dict[str, Any] = json.loads(made)
        return found

    return shown


def by_id(book: dict[str, Any]) -> dict[str, Any]:
    return {c["metadata"]["nbgrader"]["grade_id"]: c for c in book["cells"] if "nbgrader" in c.get("metadata", {})}


def outputs(cell: dict[str, Any]) -> str:
    return json.dumps(cell["outputs"], ensure_ascii=False)


Shown = Callable[..., dict[str, Any]]


def test_each_test_cell_shows_its_verdict(shown: Shown) -> None:
    found = by_id(shown(lambda cells: None))
    assert "T1: passed, 1 of 1" in outputs(found["T1"])
    assert "T2: passed, 1 of 1" in outputs(found["T2"])


def test_a_forged_output_of_a_test_cell_is_not_shown(shown: Shown) -> None:
    def forge(cells: list[dict[str, Any]]) -> None:
        for cell in cells:
            if cell["metadata"].get("nbgrader", {}).get("grade_id") == "T1":
                cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "T1: 100 of 1"}]
                cell["source"] = "print('mine')"

    cell = by_id(shown(forge))["T1"]
    assert "100 of 1" not in outputs(cell)
    assert "".join(cell["source"]).startswith("Z = standardise(")


def own(source: str, kind: str = "code") -> Callable[[list[dict[str, Any]]], object]:
    more = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return lambda cells: cells.append({"cell_type": kind, "metadata": {}, "source": source, "id": "x", **more})


def test_many_blank_lines_in_a_row_are_shown_as_one_line_that_says_so(shown: Shown) -> None:
    lines = shown(own("x = 1\n" + " \n" * 5000 + "y = 1"))["cells"][-1]["source"]
    assert lines == ["x = 1\n", *[" \n"] * 20, "# [when graded] 4980 blank lines more are not shown\n", "y = 1"]


def test_a_long_cell_is_cut_and_says_so(shown: Shown) -> None:
    source = "".join(shown(own("x = 1\n" * 5_000))["cells"][-1]["source"])
    assert source.endswith("\n# [when graded] 10000 characters more are not shown")
    line = "".join(shown(own("*" * 5_000 + "\ny = 1"))["cells"][-1]["source"])
    assert line == "*" * 2000 + "  # [when graded] 3001 characters more are not shown\ny = 1"
    text = "".join(shown(own("word " * 10_000, "markdown"))["cells"][-1]["source"])
    assert len(text) < 21_000 and "(when graded: 30000 characters more are not shown)" in text


def test_what_students_write_is_shown_whole(shown: Shown) -> None:
    source = "\n\n\n".join(f"x{n} = {n}  # as it is" for n in range(700))
    assert "".join(shown(own(source))["cells"][-1]["source"]) == source


def test_own_cells_have_a_bound_together_and_answers_one_each(shown: Shown) -> None:
    def many(cells: list[dict[str, Any]]) -> None:
        answer = next(c for c in cells if c["metadata"].get("nbgrader", {}).get("grade_id") == "T1-answer")
        answer["source"] = "y = 1\n" * 2_500
        for _ in range(40):
            own("x = 1\n" * 2_500)(cells)

    book = shown(many)
    assert "".join(by_id(book)["T1-answer"]["source"]) == "y = 1\n" * 2_500
    assert sum(len(line) for cell in book["cells"][-40:] for line in cell["source"]) < 310_000


def test_an_inline_picture_does_not_count_as_text(shown: Shown) -> None:
    picture = base64.b64encode(small("BMP", (300, 200))).decode()
    assert len(picture) > 100_000
    cell = shown(own(f"Look: ![curve](data:image/bmp;base64,{picture}) and on.", "markdown"))["cells"][-1]
    assert "".join(cell["source"]) == "Look: ![curve](attachment:picture-1) and on."
    assert list(cell["attachments"]["picture-1"]) == ["image/jpeg"]


def with_output(*found: Any) -> Callable[[list[dict[str, Any]]], object]:
    def put(cells: list[dict[str, Any]]) -> None:
        for cell in cells:
            if cell["metadata"].get("nbgrader", {}).get("grade_id") == "T1-answer":
                cell["outputs"] = list(found)

    return put


def test_pictures_stay_and_html_and_scripts_go(shown: Shown) -> None:
    evil = "<script>alert(1)</script>"
    cell = by_id(
        shown(
            with_output(
                {"output_type": "display_data", "data": {"image/png": PNG, "text/html": evil}, "metadata": {}},
                {"output_type": "display_data", "data": {"image/jpeg": JPEG}, "metadata": {}},
                {"output_type": "display_data", "data": {"text/html": evil}, "metadata": {}},
                {"output_type": "display_data", "data": {"application/javascript": "alert(1)"}, "metadata": {}},
                {"output_type": "display_data", "data": {"image/svg+xml": f"<svg>{evil}</svg>"}, "metadata": {}},
                {"output_type": "execute_result", "data": {"text/html": evil, "text/plain": "an array"}},
            )
        )
    )["T1-answer"]
    assert [list(o.get("data", {"text": 0})) for o in cell["outputs"]] == [
        ["image/png"],
        ["image/jpeg"],
        ["text"],
        ["text"],
    ]
    assert "[when graded] a picture (image/svg+xml) cannot be shown" in outputs(cell)
    assert "script" not in outputs(cell)
    assert "an array" in outputs(cell)


@pytest.mark.parametrize(
    "data",
    ["not base64!", base64.b64encode(b"GIF89a").decode(), base64.b64encode(b"<svg onload=alert(1)>").decode(), 3, None],
)
def test_what_only_claims_to_be_a_picture_goes(shown: Shown, data: Any) -> None:
    put = with_output({"output_type": "display_data", "data": {"image/png": data}, "metadata": {}})
    assert "a picture (image/png) cannot be shown" in outputs(by_id(shown(put))["T1-answer"])
    assert 'image/png"' not in outputs(by_id(shown(put))["T1-answer"])


def test_terminal_codes_and_floods_are_cut(shown: Shown) -> None:
    text = "\x1b[31mred\x1b]0;title\x07\x1b[0m" + "x" * 100_000
    cell = by_id(shown(with_output({"output_type": "stream", "name": "stderr", "text": text})))["T1-answer"]
    assert outputs(cell).startswith('[{"output_type": "stream"')
    assert "\\u001b" not in outputs(cell)
    assert "(cut)" in outputs(cell)
    assert len(outputs(cell)) < 2 * MAX_TEXT


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "&amp;amp;amp;amp;amp;amp;lt;img src=x&gt;",
        "[click](javascript:alert(1))",
        "[click](JaVa\tScript:alert(1))",
        "[click](javascript\\:alert(1))",
        "[click](data:text/html;base64,xxx)",
        "[click]\n\n[click]: /formgrader?path=submitted",
        "![scan](/formgrader?path=submitted)",
        "![scan](//example.org/scan.png)",
        "![scan](../scan.png)",
        "https://example.org/ and <https://example.org/> and www.example.org",
        "<svg/onload=alert(1)>",
        "&#106;avascript:alert(1)",
    ],
)
def test_text_with_anything_live_becomes_visible_text(text: str) -> None:
    clean = clean_markdown(text)
    page = markdown2html_mistune(clean)
    assert not re.search(r"<(?!/?(p|em|strong)>)", page), page
    assert not re.search(
        r"(?i)https?://(?=\S)|www\.(?=\S)", clean
    )  # JupyterLab's reader links what looks like an address


@pytest.mark.parametrize("command", ["href", "url", "require", "style", "class", "cssId", "includegraphics", "bbox"])
def test_latex_that_does_more_than_print_becomes_visible_text(command: str) -> None:
    for text in (f"$\\{command}{{x}}{{y}}$", f"$\\def\\a#1{{\\{command}{{#1}}}}$"):
        assert f"\\{command}" not in clean_markdown(text)
        assert f"\\{command}" not in plain_markdown(text)
    longer = f"$\\{command}a$"
    assert clean_markdown(longer) == longer


@pytest.mark.parametrize(
    "text",
    [
        "$P_i < P_j$ and $a < b$",
        "**พิสูจน์** $\\frac{a}{b}$",
        "1 < 2 > 0",
        "- *list*\n- `x[0]` [1]\n\n| a | b |\n|---|---|\n",
    ],
)
def test_mathematics_and_thai_stay(text: str) -> None:
    assert clean_markdown(text) == text


def test_a_smaller_sign_and_brackets_in_latex_mean_what_they_meant() -> None:
    assert clean_markdown(r"$a<b, \left[x\right](y)$") == r"$a< b, \left[x\right] (y)$"


def test_text_that_is_encoded_again_and_again_takes_no_time() -> None:
    assert "&lt;" not in clean_markdown("&" + "amp;" * 300_000 + "lt;img>")


@pytest.mark.parametrize("name", ["scan.png", "image (1).png", "ลายมือ.png", "a b.png", 'x"y.png'])
def test_an_attachment_is_found_by_its_name_however_it_is_written(shown: Shown, name: str) -> None:
    for written in (name, quote(name), f"<{name}>"):
        text = f"![scan](attachment:{written})".replace("attachment:<", "<attachment:")

        def attach(cells: list[dict[str, Any]], text: str = text) -> None:
            for cell in cells:
                if cell["metadata"].get("nbgrader", {}).get("grade_id") == "T3":
                    cell.update(source=text, attachments={name: {"image/png": PNG}})

        cell = by_id(shown(attach))["T3"]
        renderer = IPythonRenderer(escape=False, attachments=cell["attachments"])
        page = MarkdownWithMath(renderer=renderer).render("".join(cell["source"]))
        assert f'<img src="data:image/png;base64,{PNG}" alt="scan"' in page


def test_an_attachment_that_is_not_there_is_named_and_no_reader_stumbles(shown: Shown) -> None:
    def name_it(cells: list[dict[str, Any]]) -> None:
        for cell in cells:
            if cell["metadata"].get("nbgrader", {}).get("grade_id") == "T3":
                cell.update(source="![scan](attachment:lost.png)", attachments={"": {"image/png": ""}})

    cell = by_id(shown(name_it))["T3"]
    assert "attachments" not in cell
    page = MarkdownWithMath(renderer=IPythonRenderer(escape=False, attachments={})).render("".join(cell["source"]))
    assert "lost.png" in page and "<img" not in page


def test_weights_and_what_may_be_an_answer_are_laid_beside_the_notebooks_and_nothing_a_browser_runs() -> None:
    names = ["a.ipynb", "T3.PDF", "scan.jpg", "data.npz", "evil.html", "proof.svg", "own.py", "README.md", "proof.docx"]
    laid = graded_notebook.other_files(Submission("x", dict.fromkeys(names, b"1")), ["readme.MD"])
    assert set(laid) == {"T3.PDF", "scan.jpg", "data.npz", "evil.html.download", "proof.svg.download", "proof.docx"}


def test_every_graded_notebook_is_valid_even_with_nonsense_in_it(shown: Shown) -> None:
    def spoil(cells: list[dict[str, Any]]) -> None:
        cells[0:0] = [
            {"cell_type": "raw", "source": ["a", 1], "metadata": {}},
            {"cell_type": "heading", "source": "Old", "level": 1},
            {"cell_type": "code", "source": 3, "outputs": [{"output_type": "nonsense"}, {}, 3]},
            {"cell_type": "markdown", "source": "<b>x</b>", "attachments": {"a": 3}},
        ]

    book = shown(spoil)
    assert book["nbformat"] == 4
    assert "< b>x" in json.dumps(book, ensure_ascii=False)
