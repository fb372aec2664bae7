"""A zip was handed in, as it came: alone, beside other files, or damaged."""

import io
import tarfile
import zipfile
from collections.abc import Mapping

from tests.damaged.case import (
    BASIC_TASKS,
    BASICS,
    MODEL,
    NETWORK,
    NOBODY,
    OF_CLASS,
    Cells,
    Files,
    Hand,
    at,
    code,
    deserves,
    released,
)

PACKED = "hw4-submission.zip"
EVERYTHING = (*BASIC_TASKS, *OF_CLASS, "T12")


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as whole:
        for name, data in files.items():
            whole.writestr(name, data)
    return out.getvalue()


def older(hand: Hand) -> Files:
    """The same files with another answer of T9."""
    text = hand.files[NETWORK].decode()
    assert "def sgd_update" in text
    return {**hand.files, NETWORK: text.replace("def sgd_update", '# old\\n",\n   "def sgd_update').encode()}


@deserves()
def zip_as_it_came(hand: Hand) -> None:
    """The one file that check_submission packs, alone."""
    hand.files = {PACKED: zipped(hand.files)}


@deserves()
def zip_with_a_folder_in_it(hand: Hand) -> None:
    """A zip of the folder, made by hand on a Mac, with a Thai name."""
    inner = {f"hw4/{name}": data for name, data in hand.files.items()}
    hand.files = {
        "การบ้าน ๔.zip": zipped({**inner, f"__MACOSX/hw4/._{NETWORK}": b"\x00\x05\x16\x07", "hw4/.DS_Store": b"x"})
    }


@deserves()
def zip_in_place_of_the_notebook(hand: Hand) -> None:
    """The second notebook is in a zip inside the folder."""
    hand.files["hw4.zip"] = zipped({NETWORK: hand.files.pop(NETWORK)})


@deserves()
def zip_with_stamps_in_it(hand: Hand) -> None:
    """In the zip are a timestamp.txt and a submission_secret.txt: they count for nothing."""
    hand.files = {PACKED: zipped({**hand.files, "timestamp.txt": b"yesterday", "submission_secret.txt": b"ab"})}


@deserves()
def zip_with_own_module_and_data(hand: Hand) -> None:
    """An own module and a data file lie in the zip, and the notebook needs both."""
    text = "import own_layers\nscale = float(open('scale.txt').read())\nassert own_layers.two() * scale == 2\n"
    text += "def my_relu(x):\n    return own_layers.relu(x) * scale\n"

    def spoil(cells: Cells) -> None:
        place = at(cells, "T5-answer")
        cells.insert(place, code(text))
        cells[place + 1]["source"] = (
            "def forward(params, X):\n    hidden = my_relu(X @ params['W1'] + params['b1'])\n"
            "    return hidden @ params['W2'] + params['b2'], hidden\n"
        )

    hand.cells(spoil)
    own = b"import numpy as np\ndef two():\n    return 2\ndef relu(x):\n    return np.maximum(0, x)\n"
    hand.files = {PACKED: zipped({**hand.files, "own_layers.py": own, "scale.txt": b"1.0"})}


@deserves()
def zip_beside_what_was_packed(hand: Hand) -> None:
    """The folder as it was, with the zip that was made of it."""
    hand.files[PACKED] = zipped(hand.files)


@deserves(
    says=("T5", "more than one 2-two-layer-network.ipynb"),
    told=f"several hold it; {NETWORK} was marked, {PACKED}/{NETWORK} was not",
)
def zip_beside_a_newer_notebook(hand: Hand) -> None:
    """The notebook was changed after the zip was made: the one beside the zip is marked."""
    hand.files[PACKED] = zipped(older(hand))


@deserves(says=("T5", f"was found as {PACKED}/{NETWORK}"), told=f"was found as {PACKED}/{NETWORK}")
def zip_beside_a_blank_notebook(hand: Hand) -> None:
    """The notebook as it was handed out lies beside the zip with the answers."""
    hand.files = {PACKED: zipped(hand.files)}
    hand.put(released(hand, NETWORK), NETWORK)


@deserves()
def zip_with_the_model_beside_it(hand: Hand) -> None:
    """The model was too large for the zip, or came later."""
    model = hand.files.pop(MODEL)
    hand.files = {PACKED: zipped(hand.files), MODEL: model}


@deserves(
    says=("T5", "more than one 2-two-layer-network.ipynb"),
    told=f"several hold it; {NETWORK} was marked, hw4-submission.zip/{NETWORK} was not",
)
def two_zips(hand: Hand) -> None:
    """Two zips with different answers: the first by name is marked, and the other is named."""
    hand.files = {"hw4-submission (1).zip": zipped(hand.files), PACKED: zipped(older(hand))}


@deserves(
    *EVERYTHING, says=("T1", f"{PACKED} could not be opened"), told=f"{PACKED}: cannot be opened", marks={"T4": NOBODY}
)
def zip_cut_off(hand: Hand) -> None:
    """The upload of the zip broke off."""
    hand.files = {PACKED: zipped(hand.files)[:-2000]}


@deserves(
    *OF_CLASS,
    says=("T5", f"{PACKED}/{NETWORK} could not be taken out of its archive"),
    told=f"{PACKED}/{NETWORK}: cannot be read (Bad CRC-32",
)
def zip_with_a_spoiled_notebook(hand: Hand) -> None:
    """A byte of the second notebook changed inside the zip."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as whole:
        for name, data in hand.files.items():
            whole.writestr(name, data)
    hand.files = {PACKED: out.getvalue().replace(b"def sgd_update", b"def sgd_updatf", 1)}


@deserves(
    *EVERYTHING,
    says=("T7", f"{PACKED}/{NETWORK} could not be taken out of its archive"),
    told=f"{PACKED}/{BASICS}: locked with a password",
    marks={"T4": NOBODY},
)
def zip_with_a_password(hand: Hand) -> None:
    """The zip is locked."""
    data = bytearray(zipped(hand.files))
    place = data.find(b"PK\x01\x02")
    while place >= 0:
        data[place + 8] |= 1
        place = data.find(b"PK\x01\x02", place + 1)
    hand.files = {PACKED: bytes(data)}


@deserves(says=("T1", "data.csv could not be taken out"), told=f"{PACKED}/data.csv: unpacks to more than 64 MB")
def zip_bomb(hand: Hand) -> None:
    """200 KB of the zip unpack to 200 MB."""
    hand.files = {PACKED: zipped({"data.csv": bytes(200 << 20), **hand.files})}


@deserves(says=("T1", f"up/{BASICS} could not be taken out"), told="leads outside its folder")
def zip_that_leads_outside(hand: Hand) -> None:
    """Names in the zip lead out of its folder, and are absolute."""
    bad = {f"../up/{BASICS}": b"{}", f"/tmp/{NETWORK}": b"{}"}
    hand.files = {PACKED: zipped({**hand.files, **bad})}


@deserves(
    says=("T1", "A submission may have 200 files of 128 MB together"), told="left out, with 103 more; a submission may"
)
def zip_with_three_hundred_files(hand: Hand) -> None:
    """A whole data set was packed before the notebooks."""
    hand.files = {PACKED: zipped({**{f"frames/{n:03}.csv": b"1" for n in range(300)}, **hand.files})}


@deserves(*EVERYTHING, says=("T1", "was not handed in"), told="is missing; handed in: all.zip")
def zip_in_a_zip(hand: Hand) -> None:
    """A zip that holds the zip is not opened; T4 waits, since a person may look into it."""
    hand.files = {"all.zip": zipped({PACKED: zipped(hand.files)})}


@deserves(*EVERYTHING, says=("T1", "was not handed in"), told="is missing; handed in: hw4.tar.gz")
def tar_in_place_of_a_zip(hand: Hand) -> None:
    """Of archives only zips are opened; T4 waits, since a person may look into it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as whole:
        for name, data in hand.files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            whole.addfile(info, io.BytesIO(data))
    hand.files = {"hw4.tar.gz": out.getvalue()}


@deserves(says=("T4", "Your teacher will look for your answer in scans.zip"), told="a person looks through scans.zip")
def zip_with_scans_alone(hand: Hand) -> None:
    """T4's cell is as it was, and its scans are in a zip: the zip is for the person who marks T4."""
    hand.cells(lambda cells: [c if c is not cells[at(cells, "T4")] else blank(hand) for c in cells], BASICS)
    hand.files["scans.zip"] = zipped({"page 1.jpg": b"\xff\xd8\xff\xe0", "page 2.jpg": b"\xff\xd8\xff\xe0"})


def blank(hand: Hand) -> dict[str, object]:
    """The cell of T4 as it was handed out."""
    cells: list[dict[str, object]] = released(hand, BASICS)["cells"]
    return cells[at(cells, "T4")]
