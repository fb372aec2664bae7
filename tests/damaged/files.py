"""The file itself is damaged: it is no notebook any more, or another format, or another encoding."""

import io
import re
import zipfile

from tests.damaged.case import BASIC_TASKS, BASICS, NETWORK, NOBODY, OF_CLASS, Cells, Hand, at, deserves, source

READ_NOT = ("T7", "cannot be read: it is not a notebook any more")


@deserves(*OF_CLASS, says=READ_NOT, told="the file is not a notebook (not JSON)")
def not_json(hand: Hand) -> None:
    """The second notebook is a line of text."""
    hand.files[NETWORK] = b"Here is my homework, teacher."


@deserves(*BASIC_TASKS, says=("T2", "is empty"), told="the file is empty", marks={"T4": NOBODY})
def empty_file(hand: Hand) -> None:
    """The first notebook has 0 bytes."""
    hand.files[BASICS] = b""


@deserves(*OF_CLASS, says=("T5", "is empty"), told="the file is empty")
def only_blank_lines(hand: Hand) -> None:
    """The second notebook holds blank lines alone."""
    hand.files[NETWORK] = b"\n  \n\n"


@deserves(*OF_CLASS, says=("T5", "is not a notebook"), told="the file is not a notebook")
def json_that_is_a_list(hand: Hand) -> None:
    """JSON, but no notebook."""
    hand.files[NETWORK] = b"[1, 2, 3]"


@deserves(*OF_CLASS, says=("T5", "has no cells"), told="the notebook has no cells")
def notebook_without_cells(hand: Hand) -> None:
    """A notebook's frame with nothing in it."""
    hand.files[NETWORK] = b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}'


@deserves(*OF_CLASS, says=("T5", "has no cells"), told="the notebook has no cells")
def notebook_with_an_empty_list_of_cells(hand: Hand) -> None:
    """Every cell was deleted."""
    hand.cells(lambda cells: [])


@deserves(*OF_CLASS, says=READ_NOT, told="the file is not a notebook (not JSON)")
def web_page_under_the_notebooks_name(hand: Hand) -> None:
    """The login page of the course site, saved as the notebook."""
    hand.files[NETWORK] = b"<!DOCTYPE html><html><title>Log in</title></html>"


@deserves(*OF_CLASS, says=READ_NOT, told="the file is not a notebook (not JSON)")
def picture_under_the_notebooks_name(hand: Hand) -> None:
    """A PNG under the notebook's name."""
    hand.files[NETWORK] = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


@deserves(*OF_CLASS, says=READ_NOT, told="the file is not a notebook (not JSON)")
def zip_under_the_notebooks_name(hand: Hand) -> None:
    """The notebook was zipped and the zip renamed."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(NETWORK, hand.files[NETWORK])
    hand.files[NETWORK] = packed.getvalue()


@deserves(*OF_CLASS, says=READ_NOT, told="the file is not a notebook (not JSON)")
def nested_a_hundred_thousand_deep(hand: Hand) -> None:
    """Brackets without end."""
    hand.files[NETWORK] = b"[" * 100_000


@deserves("T9", "T10", "T11", says=("T9", "cut off or damaged after"), told="cut off or damaged after")
def cut_off_upload(hand: Hand) -> None:
    """The upload broke off in the middle of T9's answer."""
    hand.files[NETWORK] = hand.files[NETWORK].partition(b"def sgd_update")[0]


@deserves("T10", "T11", says=("T10", "cut off or damaged after"), told="cut off or damaged after")
def spoiled_in_the_middle(hand: Hand) -> None:
    """Bytes inside T10's answer were overwritten."""
    hand.files[NETWORK] = hand.files[NETWORK].replace(b"def decay_learning_rate", b'"\x00\x01\x02 def decay', 1)


@deserves(says=("T5", "Something stands after the end"), told="something stands after the notebook's end")
def zeros_after_the_end(hand: Hand) -> None:
    """A file system crashed: zeros follow the notebook."""
    hand.files[NETWORK] += bytes(4096)


@deserves(*OF_CLASS, says=("T6", "is 200 MB large"), told="200 MB is over the limit of 32 MB")
def notebook_of_200_mb(hand: Hand) -> None:
    """The second notebook is 200 MB large."""
    path = hand.folder / NETWORK
    path.write_bytes(hand.files.pop(NETWORK))
    with path.open("r+b") as file:
        file.truncate(200 << 20)


@deserves(says=("T5", "notebook format 3"), told="notebook format 3, which is old")
def notebook_format_3(hand: Hand) -> None:
    """Saved by an old IPython: worksheets, `input` in place of `source`."""
    found = hand.notebook()
    cells = [
        {**c, "input": c["source"], "language": "python"} if c["cell_type"] == "code" else c for c in found["cells"]
    ]
    for cell in cells:
        if "input" in cell:
            del cell["source"]
    hand.put({"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": cells}]})


@deserves(says=("T5", "notebook format 5"), told="notebook format 5, which is unknown")
def notebook_format_5(hand: Hand) -> None:
    """Saved by a Jupyter that does not exist yet."""
    hand.put({**hand.notebook(), "nbformat": 5, "nbformat_minor": 9, "future": {"unknown": [1]}})


@deserves(says=("T5", "UTF-8 with a byte order mark"), told="saved as UTF-8 with a byte order mark")
def byte_order_mark(hand: Hand) -> None:
    """Saved by a Windows editor."""
    hand.files[NETWORK] = b"\xef\xbb\xbf" + hand.files[NETWORK]


@deserves(says=("T5", "saved as UTF-16"), told="saved as UTF-16")
def utf_16(hand: Hand) -> None:
    """Saved as "Unicode"."""
    hand.files[NETWORK] = hand.files[NETWORK].decode().encode("utf-16")


@deserves(says=("T5", "saved as UTF-16"), told="saved as UTF-16")
def utf_16_without_a_mark(hand: Hand) -> None:
    """UTF-16, and nothing says so."""
    hand.files[NETWORK] = hand.files[NETWORK].decode().encode("utf-16-le")


@deserves(says=("T5", "not UTF-8"), told="saved as something that is not UTF-8")
def thai_in_an_old_encoding(hand: Hand) -> None:
    """Thai comments in Windows-874."""
    text = hand.files[NETWORK].decode().replace("def forward(", '# คะแนนของแต่ละกลุ่ม\\n",\n   "def forward(', 1)
    hand.files[NETWORK] = text.encode("cp874", "replace")


@deserves()
def windows_line_ends(hand: Hand) -> None:
    """Every line of every cell ends with CR LF."""
    hand.cells(lambda cells: [{**c, "source": source(c).replace("\n", "\r\n")} for c in cells])


@deserves()
def numbers_that_json_does_not_know(hand: Hand) -> None:
    """NaN and Infinity in the metadata."""
    hand.files[NETWORK] = hand.files[NETWORK].replace(b'"nbformat": 4', b'"a": NaN, "b": -Infinity, "nbformat": 4', 1)


def conflict(text: str, ours: str, theirs: str) -> str:
    """The text with the line(s) `ours` in conflict with `theirs`."""
    assert ours in text
    return text.replace(ours, f"<<<<<<< HEAD\n{ours}=======\n{theirs}>>>>>>> origin/main\n", 1)


def line_with(hand: Hand, part: str) -> tuple[str, str]:
    """(a notebook's text, its line that holds `part`)."""
    text = hand.files[NETWORK].decode()
    found = re.search(rf"^.*{re.escape(part)}.*\n", text, re.MULTILINE)
    assert found
    return text, found[0]


@deserves(says=("T5", "git conflict markers"), told="git conflict markers")
def git_conflict_outside_the_answers(hand: Hand) -> None:
    """Git merged the file by lines: two execution counts, no two answers."""
    text, line = line_with(hand, '"execution_count": null')
    hand.files[NETWORK] = conflict(text, line, line.replace("null", "7")).encode()


@deserves("T7", says=("T7", "the two sides differ: T7-answer"), told="T7-answer left out")
def git_conflict_in_an_answer(hand: Hand) -> None:
    """Two versions of T7 in one file: nobody can know which one is meant."""
    text, line = line_with(hand, "def backward(")
    hand.files[NETWORK] = conflict(text, line, f'   "# mine\\n",\n{line}').encode()


@deserves(*OF_CLASS, says=("T5", "git conflict markers"), told="all left out")
def git_conflict_that_leaves_no_json(hand: Hand) -> None:
    """Neither side of the conflict is a notebook."""
    text, line = line_with(hand, "def backward(")
    hand.files[NETWORK] = conflict(text, line, line).replace('"nbformat"', '"nbformat').encode()


@deserves(
    "T7", says=("T7", "Git conflict markers (<<<<<<<) stand in T7-answer"), told="git conflict markers in T7-answer"
)
def git_conflict_inside_a_cell(hand: Hand) -> None:
    """A tool for notebooks left the markers in the cell, and the file whole."""

    def spoil(cells: Cells) -> None:
        cell = cells[at(cells, "T7-answer")]
        cell["source"] = f"<<<<<<< local\n{source(cell)}\n=======\n{source(cell)}\n>>>>>>> remote\n"

    hand.cells(spoil)
