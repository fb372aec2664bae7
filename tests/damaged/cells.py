"""The notebook is whole, but its cells are missing, doubled, retyped, renamed, reordered, split or stripped."""

import random
import uuid

from tests.damaged.case import BASICS, OF_CLASS, Cells, Hand, at, code, deserves, grade_id, source


@deserves("T10", says=("T10", "The answer cell is missing"), told="the answer cell is missing: T10-answer")
def answer_cell_missing(hand: Hand) -> None:
    """The cell of T10 was deleted."""
    hand.cells(lambda cells: [c for c in cells if grade_id(c) != "T10-answer"])


@deserves("T2", says=("T2", "The answer cell is missing"), told="the answer cell is missing: T2-answer")
def answer_of_the_basics_missing(hand: Hand) -> None:
    """The cell of T2 was deleted."""
    hand.cells(lambda cells: [c for c in cells if grade_id(c) != "T2-answer"], BASICS)


@deserves(*OF_CLASS, says=("T9", "The answer cell is missing"), told="the answer cell is missing: T5-answer, T6-answer")
def all_answer_cells_missing(hand: Hand) -> None:
    """Every answer cell was deleted."""
    hand.cells(lambda cells: [c for c in cells if not grade_id(c).endswith("-answer")])


@deserves(says=("T4", "The cell of T4 is missing"), told="the cell of T4 is not there")
def proof_in_a_cell_of_its_own(hand: Hand) -> None:
    """The cell of T4 was deleted, and the proof stands in a new one: a person must look, it is not 0."""

    def spoil(cells: Cells) -> None:
        text = source(cells[at(cells, "T4")])
        cells[at(cells, "T4")] = {"cell_type": "markdown", "metadata": {}, "source": text}

    hand.cells(spoil, BASICS)


@deserves(says=("T6", "Locked cells are missing: T6"), told="locked cells missing, the originals were used: T6")
def test_cell_missing(hand: Hand) -> None:
    """The check of T6 was deleted."""
    hand.cells(lambda cells: [c for c in cells if grade_id(c) != "T6"])


@deserves(says=("T5", "Locked cells are missing: two-layer-net"), told="locked cells missing, the originals were used")
def locked_class_missing(hand: Hand) -> None:
    """The given class was deleted."""
    hand.cells(lambda cells: [c for c in cells if grade_id(c) != "two-layer-net"])


@deserves(says=("T6", "there twice: T6-answer"), told="there twice, the later one is used where they differ: T6-answer")
def answer_cell_doubled(hand: Hand) -> None:
    """The cell of T6 was copied as it is."""
    hand.cells(lambda cells: cells.insert(at(cells, "T6-answer"), dict(cells[at(cells, "T6-answer")])))


@deserves("T9", says=("T9", "there twice: T9-answer"), told="there twice, the later one is used where they differ")
def answer_cell_doubled_with_a_wrong_copy_below(hand: Hand) -> None:
    """Two cells of T9, and the later one steps up the gradient: Jupyter would use that one too."""

    def spoil(cells: Cells) -> None:
        place = at(cells, "T9-answer")
        wrong = (
            "def sgd_update(params, grads, learning_rate):\n    for k in params:\n        params[k] += 2 * grads[k]\n"
        )
        cells.insert(place + 1, {**cells[place], "source": wrong})

    hand.cells(spoil)


@deserves(says=("T9", "there twice: T9-answer"), told="there twice")
def answer_cell_doubled_with_the_stub_below(hand: Hand) -> None:
    """The blank cell was pasted again below the answer: a stub takes no mark away."""

    def spoil(cells: Cells) -> None:
        place = at(cells, "T9-answer")
        cells.insert(place + 1, {**cells[place], "source": 'raise NotImplementedError("T9")'})

    hand.cells(spoil)


@deserves()
def helper_in_a_copy_of_a_locked_cell(hand: Hand) -> None:
    """A locked cell was copied with its ids, and a function that T5 needs was written into the copy."""

    def spoil(cells: Cells) -> None:
        answer = cells[at(cells, "T5-answer")]
        answer["source"] = source(answer).replace("hidden = np.maximum(", "hidden = clipped(")
        assert "clipped(" in answer["source"]
        copy = {
            **cells[at(cells, "setup")],
            "source": "def clipped(values, least):\n    return np.maximum(values, least)\n",
        }
        cells.insert(at(cells, "T5-answer"), copy)

    hand.cells(spoil)


@deserves(says=("T6", "became text: T6-answer"), told="not code cells any more, read as code: T6-answer")
def answer_turned_into_text(hand: Hand) -> None:
    """The M key was pressed: T6's answer is a Markdown cell."""
    hand.cells(lambda cells: cells[at(cells, "T6-answer")].update(cell_type="markdown"))


@deserves(says=("T6", "became text: T6-answer"), told="not code cells any more, read as code: T6-answer")
def answer_turned_raw(hand: Hand) -> None:
    """The R key was pressed: T6's answer is a raw cell."""
    hand.cells(lambda cells: cells[at(cells, "T6-answer")].update(cell_type="raw"))


@deserves()
def proof_turned_into_code(hand: Hand) -> None:
    """The Y key was pressed: the proof of T4 is a code cell."""
    hand.cells(lambda cells: cells[at(cells, "T4")].update(cell_type="code", outputs=[], execution_count=None), BASICS)


@deserves(says=("T7", "T7-answer"), told="ids lost, cells found by what stands in them: T7-answer")
def grade_id_renamed(hand: Hand) -> None:
    """T7's grade_id was edited, and its cell id with it."""

    def spoil(cells: Cells) -> None:
        cell = cells[at(cells, "T7-answer")]
        cell["metadata"]["nbgrader"]["grade_id"] = cell["id"] = "T7-my-answer"

    hand.cells(spoil)


@deserves(says=("T5", "another order"), told="cells stand in another order")
def grade_ids_swapped(hand: Hand) -> None:
    """T5 and T6 have each other's grade_id."""

    def spoil(cells: Cells) -> None:
        five, six = cells[at(cells, "T5-answer")], cells[at(cells, "T6-answer")]
        five["metadata"], six["metadata"] = six["metadata"], five["metadata"]

    hand.cells(spoil)


@deserves(says=("T5", "another order"), told="cells stand in another order")
def cells_shuffled(hand: Hand) -> None:
    """The cells stand in no order at all."""
    hand.cells(lambda cells: random.Random(1).shuffle(cells))


@deserves(says=("T1", "another order"), told="cells stand in another order")
def cells_upside_down(hand: Hand) -> None:
    """The first notebook from its end to its start."""
    hand.cells(lambda cells: cells.reverse(), BASICS)


@deserves(says=("T5", "was split in two: T5-answer"), told="split cells put together again: T5-answer")
def answer_split_in_the_middle_of_its_function(hand: Hand) -> None:
    """The cursor stood in T5 when "split cell" was pressed."""

    def spoil(cells: Cells) -> None:
        place = at(cells, "T5-answer")
        lines = source(cells[place]).splitlines(keepends=True)
        cells[place]["source"] = "".join(lines[:-1])
        cells.insert(place + 1, code(lines[-1]))

    hand.cells(spoil)


@deserves(told="locked cells missing, the originals were used: T8", says=("T8", "Locked cells are missing: T8"))
def answer_merged_with_its_check(hand: Hand) -> None:
    """ "Merge cells": T8's answer and its check are one."""

    def spoil(cells: Cells) -> None:
        answer, check = at(cells, "T8-answer"), at(cells, "T8")
        cells[answer]["source"] = f"{source(cells[answer])}\n\n{source(cells[check])}"
        del cells[check]

    hand.cells(spoil)


@deserves(says=("T5", "grading settings of cells were changed"), told="grading metadata changed")
def flags_flipped(hand: Hand) -> None:
    """grade, solution and locked are turned round in every cell."""

    def spoil(cells: Cells) -> None:
        for cell in cells:
            for name in ("grade", "solution", "locked"):
                if "nbgrader" in cell["metadata"]:
                    cell["metadata"]["nbgrader"][name] ^= True

    hand.cells(spoil)


@deserves(says=("T5", "grading settings of cells were changed"), told="grading metadata changed")
def points_raised(hand: Hand) -> None:
    """The check of T5 says that it is worth 100 points."""
    hand.cells(lambda cells: cells[at(cells, "T5")]["metadata"]["nbgrader"].update(points=100))


@deserves(says=("T5", "grading settings of cells were changed"), told="grading metadata changed")
def schema_too_old(hand: Hand) -> None:
    """nbgrader's metadata say version 1: plain nbgrader stops the whole class here."""
    hand.cells(lambda cells: cells[at(cells, "T5")]["metadata"]["nbgrader"].update(schema_version=1))


@deserves(says=("T5", "grading settings of cells were changed"), told="grading metadata changed")
def schema_too_new(hand: Hand) -> None:
    """nbgrader's metadata say version 99: plain nbgrader stops the whole class here."""
    hand.cells(lambda cells: cells[at(cells, "T5")]["metadata"]["nbgrader"].update(schema_version=99))


@deserves(says=("T5", "lost the marks by which grading knows them"), told="ids lost")
def nbgrader_metadata_emptied(hand: Hand) -> None:
    """nbgrader's metadata are there and empty."""
    hand.cells(lambda cells: [{**c, "metadata": {"nbgrader": {}}} for c in cells])


@deserves(says=("T5", "lost the marks by which grading knows them"), told="ids lost")
def nbgrader_metadata_of_the_wrong_type(hand: Hand) -> None:
    """nbgrader's metadata are a word."""
    hand.cells(lambda cells: [{**c, "metadata": {"nbgrader": "lost"}} for c in cells])


def stripped(hand: Hand, name: str, new_ids: bool) -> None:
    """Metadata and ids are gone, with new ids or without."""

    def strip(cells: Cells) -> Cells:
        plain = [{k: v for k, v in c.items() if k != "id"} | {"metadata": {}} for c in cells]
        for cell in plain if new_ids else ():
            cell["id"] = uuid.uuid4().hex[:8]
        return plain

    hand.cells(strip, name)


@deserves(says=("T5", "lost the marks by which grading knows them"), told="ids lost")
def saved_by_colab(hand: Hand) -> None:
    """Colab: nbformat 4.0, no cell ids, its own metadata in place of nbgrader's."""
    stripped(hand, "2-two-layer-network.ipynb", new_ids=False)
    found = hand.notebook()
    cells = [c | {"metadata": {"id": uuid.uuid4().hex[:12], "colab": {"base_uri": "x"}}} for c in found["cells"]]
    hand.put({**found, "nbformat_minor": 0, "metadata": {"colab": {"provenance": []}}, "cells": cells})


@deserves(says=("T5", "lost the marks by which grading knows them"), told="ids lost")
def saved_by_vs_code(hand: Hand) -> None:
    """VS Code: new cell ids, its own metadata in place of nbgrader's."""
    stripped(hand, "2-two-layer-network.ipynb", new_ids=True)
    hand.cells(lambda cells: [c | {"metadata": {"vscode": {"languageId": "python"}}} for c in cells])


@deserves(says=("T4", "The cell of T4 is missing"), told="the cell of T4 is not there")
def basics_without_any_metadata(hand: Hand) -> None:
    """The first notebook through a merge tool that strips metadata: T1-T3 define no function, T4 is text."""
    stripped(hand, BASICS, new_ids=True)


@deserves(
    says=("T5", "You changed cells that are locked: two-layer-net"),
    told="locked cells changed, the originals were used",
)
def locked_class_changed(hand: Hand) -> None:
    """A line was added to the given class."""

    def spoil(cells: Cells) -> None:
        cell = cells[at(cells, "two-layer-net")]
        cell["source"] = source(cell).replace("class TwoLayerNet", "print('mine')\nclass TwoLayerNet")

    hand.cells(spoil)


@deserves(
    says=("T7", "You changed cells that are locked: T7"), told="locked cells changed, the originals were used: T7"
)
def test_cell_changed(hand: Hand) -> None:
    """The check of T7 prints "correct", whatever comes."""
    hand.cells(lambda cells: cells[at(cells, "T7")].update(source="print('correct')"))


@deserves("T8", says=("T8", "NameError"), told="locked cells changed, the originals were used: setup")
def import_written_into_a_locked_cell(hand: Hand) -> None:
    """T8 needs an import that stands in a locked cell, where edits are lost, as the notebook says."""

    def spoil(cells: Cells) -> None:
        cells[at(cells, "setup")]["source"] = source(cells[at(cells, "setup")]) + "\nfrom numpy.random import choice\n"
        body = "    rows = choice(len(X), batch_size)\n    return X[rows], y[rows]\n"
        cells[at(cells, "T8-answer")]["source"] = f"def sample_minibatch(X, y, batch_size):\n{body}"

    hand.cells(spoil)


@deserves(says=("T6", "lost the marks"), told="ids lost, cells found by what stands in them: T6-answer")
def answer_merged_into_the_locked_cell_above(hand: Hand) -> None:
    """ "Merge cells" upwards: T6's answer stands in the check of T5."""

    def spoil(cells: Cells) -> None:
        check, answer = at(cells, "T5"), at(cells, "T6-answer")
        cells[check]["source"] = f"{source(cells[check])}\n\n{source(cells[answer])}"
        del cells[answer]

    hand.cells(spoil)


@deserves()
def cells_of_nonsense_between(hand: Hand) -> None:
    """Numbers, nulls and objects of the wrong types stand among the cells."""
    odd = [
        3,
        None,
        "x",
        {},
        {"cell_type": 3, "source": 4, "metadata": [], "outputs": "x"},
        {"source": ["a = 1", 1, None]},
    ]
    hand.cells(lambda cells: [*odd, *cells, *odd])  # type: ignore[list-item]


@deserves()
def outputs_of_nonsense(hand: Hand) -> None:
    """Outputs and attachments of the wrong types."""
    hand.cells(
        lambda cells: [{**c, "outputs": [1, None, {}, {"output_type": "stream"}], "attachments": [1]} for c in cells]
    )
