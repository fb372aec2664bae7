"""The notebooks are whole, but have another name, place or ending, or there are too many or too few."""

import json

from tests.damaged.case import BASIC_TASKS, BASICS, NETWORK, NOBODY, OF_CLASS, Hand, at, deserves, released, source


@deserves(*OF_CLASS, says=("T8", "was not handed in"), told="2-two-layer-network.ipynb is missing")
def notebook_missing(hand: Hand) -> None:
    """The second notebook was forgotten."""
    del hand.files[NETWORK]


@deserves(
    *BASIC_TASKS, *OF_CLASS, "T12", says=("T1", "was not handed in"), told="nothing was handed in", marks={"T4": NOBODY}
)
def nothing_handed_in(hand: Hand) -> None:
    """An empty folder."""
    hand.files.clear()


@deserves(
    *BASIC_TASKS, *OF_CLASS, "T12", says=("T1", "was not handed in"), told="nothing was handed in", marks={"T4": NOBODY}
)
def only_what_jupyter_and_macos_leave(hand: Hand) -> None:
    """Checkpoints and the leftovers of a Mac's zip, and nothing else."""
    hand.files = {
        f".ipynb_checkpoints/{BASICS}": hand.files[BASICS],
        f"__MACOSX/._{NETWORK}": b"\x00\x05\x16\x07",
        ".DS_Store": b"\x00\x00\x00\x01Bud1",
    }


@deserves()
def leftovers_of_a_mac_beside_the_notebooks(hand: Hand) -> None:
    """The notebooks, and ._ files with their names."""
    hand.files |= {f"._{NETWORK}": b"\x00\x05\x16\x07\x00\x02", f"__MACOSX/._{NETWORK}": b"\x00\x05\x16\x07"}


@deserves(says=("T5", "was found as homework4 final.ipynb"), told="was found as homework4 final.ipynb")
def another_name(hand: Hand) -> None:
    """The second notebook has a name of the student's own."""
    hand.rename(NETWORK, "homework4 final.ipynb")


@deserves(says=("T1", "was found as 6530000021.ipynb"), told="was found as 6530000021.ipynb")
def another_name_for_the_basics(hand: Hand) -> None:
    """The first notebook is named after the student."""
    hand.rename(BASICS, "6530000021.ipynb")


@deserves(says=("T1", "was found as การบ้าน ๑.ipynb"), told="was found as การบ้าน ๒.ipynb")
def thai_names_for_both(hand: Hand) -> None:
    """Both notebooks have Thai names with spaces."""
    hand.rename(BASICS, "การบ้าน ๑.ipynb")
    hand.rename(NETWORK, "การบ้าน ๒.ipynb")


@deserves(says=("T5", "was found as 2-two-layer-network (1).ipynb"), told="was found as 2-two-layer-network (1).ipynb")
def name_of_a_second_download(hand: Hand) -> None:
    """The browser put (1) into the name."""
    hand.rename(NETWORK, "2-two-layer-network (1).ipynb")


@deserves(
    says=("T5", "more than one 2-two-layer-network.ipynb"), told="several hold it; 2-two-layer-network.ipynb was marked"
)
def old_copy_beside_it(hand: Hand) -> None:
    """A copy with other answers lies beside the notebook: the one with the right name is marked."""
    old = hand.files[NETWORK].decode().replace("def sgd_update", '# old\\n",\n   "def sgd_update')
    json.loads(old)
    hand.files["2-two-layer-network-Copy1.ipynb"] = old.encode()


@deserves(
    says=("T5", "was found as 2-two-layer-network-Copy1.ipynb"), told="was found as 2-two-layer-network-Copy1.ipynb"
)
def answers_in_the_copy_alone(hand: Hand) -> None:
    """The student worked in a copy, and the notebook with the right name is blank."""
    hand.rename(NETWORK, "2-two-layer-network-Copy1.ipynb")
    blank = hand.notebook("2-two-layer-network-Copy1.ipynb")
    for cell in blank["cells"]:
        if str(cell.get("id", "")).endswith("-answer"):
            cell["source"] = "raise NotImplementedError"
    hand.put(released(hand, NETWORK), NETWORK)


@deserves(says=("T5", "was found as 2-two-layer-network (1).ipynb"), told="was found as 2-two-layer-network (1).ipynb")
def broken_file_with_a_whole_copy(hand: Hand) -> None:
    """The notebook is empty, a copy of it is whole."""
    hand.rename(NETWORK, "2-two-layer-network (1).ipynb")
    hand.files[NETWORK] = b""


@deserves(says=("T5", "was found as 2-two-layer-network.ipynb.txt"), told="was found as 2-two-layer-network.ipynb.txt")
def ending_txt(hand: Hand) -> None:
    """The browser saved the notebook as text."""
    hand.rename(NETWORK, f"{NETWORK}.txt")


@deserves(says=("T5", "was found as 2-two-layer-network.json"), told="was found as 2-two-layer-network.json")
def ending_json(hand: Hand) -> None:
    """The notebook has the ending .json."""
    hand.rename(NETWORK, "2-two-layer-network.json")


@deserves(says=("T5", "was found as 2-two-layer-network"), told="was found as 2-two-layer-network")
def no_ending(hand: Hand) -> None:
    """The notebook has no ending."""
    hand.rename(NETWORK, "2-two-layer-network")


@deserves(says=("T5", "was found as 2-TWO-LAYER-NETWORK.IPYNB"), told="was found as 2-TWO-LAYER-NETWORK.IPYNB")
def capital_letters(hand: Hand) -> None:
    """The name is in capital letters."""
    hand.rename(NETWORK, NETWORK.upper())


@deserves(says=("T1", "was found as hw4/1-basics.ipynb"), told="was found as hw4/1-basics.ipynb")
def in_a_sub_folder(hand: Hand) -> None:
    """All files lie one folder deeper."""
    hand.files = {f"hw4/{name}": data for name, data in hand.files.items()}


@deserves(says=("T5", "was found as งาน ของฉัน/ส่ง/2-two-layer-network.ipynb"), told="was found as งาน ของฉัน/ส่ง/")
def in_thai_sub_folders(hand: Hand) -> None:
    """The second notebook lies in folders with spaces and Thai letters."""
    hand.rename(NETWORK, f"งาน ของฉัน/ส่ง/{NETWORK}")


@deserves(says=("T1", "was found as all.ipynb"), told="was found as all.ipynb")
def both_notebooks_in_one(hand: Hand) -> None:
    """The cells of both notebooks stand in one file."""
    basics, network = hand.notebook(BASICS), hand.notebook(NETWORK)
    hand.put({**network, "cells": basics["cells"] + network["cells"]}, "all.ipynb")
    del hand.files[BASICS], hand.files[NETWORK]


def as_script(hand: Hand, name: str, mark: str, text: str) -> str:
    """A notebook as a script: `mark` before code cells, `text` before the others."""
    parts = []
    for cell in hand.notebook(name)["cells"]:
        lines = source(cell)
        if cell["cell_type"] == "code":
            parts.append(f"{mark}\n{lines}\n")
        else:
            parts.append("\n".join([text, *(f"# {line}" for line in lines.splitlines())]) + "\n")
    return "#!/usr/bin/env python\n# coding: utf-8\n\n" + "\n\n".join(parts)


@deserves(says=("T5", "is a Python script"), told="a Python script in place of a notebook")
def saved_as_py(hand: Hand) -> None:
    """The second notebook was exported with "Save as: Python"."""
    hand.files["2-two-layer-network.py"] = as_script(hand, NETWORK, "# In[3]:\n\n", "").encode()
    del hand.files[NETWORK]


@deserves(says=("T1", "is a Python script"), told="a Python script in place of a notebook")
def basics_saved_as_py(hand: Hand) -> None:
    """The first notebook was exported: T1-T3 are marked, and a person looks for T4 in its comments."""
    hand.files["1-basics.py"] = as_script(hand, BASICS, "# In[ ]:\n\n", "").encode()
    del hand.files[BASICS]


@deserves(says=("T5", "is a Python script"), told="a Python script in place of a notebook")
def saved_as_percent_script(hand: Hand) -> None:
    """The second notebook in the form that VS Code and jupytext write."""
    hand.files["2-two-layer-network.py"] = as_script(hand, NETWORK, "# %%", "# %% [markdown]").encode()
    del hand.files[NETWORK]


@deserves(says=("T5", "is a Python script"), told="a Python script in place of a notebook")
def script_under_the_notebooks_name(hand: Hand) -> None:
    """The exported script has the notebook's name."""
    hand.files[NETWORK] = as_script(hand, NETWORK, "# In[3]:\n\n", "").encode()


@deserves(says=("T7", "The answer cell is missing"), told="the answer cell is missing: T7-answer", marks={"T7": 0.0})
def another_name_and_an_answer_missing(hand: Hand) -> None:
    """Two damages in one: each has its line."""
    hand.cells(lambda cells: cells.pop(at(cells, "T7-answer")) and None)
    hand.rename(NETWORK, "mine.ipynb")
