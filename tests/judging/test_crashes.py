"""What is told of an error under a hidden question: numpy's own texts with their sizes, and never a value."""

import pytest

from autograder.judging.crashes import Own, hint_of, told
from autograder.sandbox.answers import Answers, Error

CODE = "import numpy as np\nlabels = np.argmax(forward(params, X), axis=1)"
OWN = Own([CODE], {"T11-answer": 2})


def text_of(error: Error) -> str:
    return told(Answers({}, {"small/labels": error}), lambda: OWN).errors["small/labels"].text


RAISED = {  # a mistake of a student's -> the hint
    "np.argmax((np.ones((8, 3)), np.ones((8, 5))), axis=1)": "uneven",
    "np.ones(3)[0:1][0] = [1, 2]": "uneven",
    "np.random.choice(np.ones((4, 3)), 2)": "line",
    "np.random.choice(5, 8, replace=False)": "line",
    "np.random.randint(0, 0, 3)": "line",
    "[1, 2][np.arange(3)]": "line",
    "np.ones((3, 2))[:] = np.ones((3, 5))": "shapes",
    "a = np.arange(3)\na -= 0.5": "line",
    "np.bincount(np.ones((2, 2), int))": "line",
    "{np.ones(2): 1}": "line",
    "max([])": "line",
    "np.max([])": "line",
    "np.argmax([])": "line",
    "np.ones((2, 2)).transpose(0, 1, 2)": "shapes",
    "a = np.ones(2)\na.flags.writeable = False\na -= 1": "line",
}


@pytest.mark.parametrize("code", RAISED)
def test_what_numpy_says_of_a_usual_mistake_is_told(code: str) -> None:
    import numpy as np

    with pytest.raises((ValueError, TypeError, IndexError)) as caught:
        exec(code, {"np": np})
    kind = type(caught.value).__name__
    error = Error(kind, str(caught.value), "2", "T11-answer")
    assert text_of(error) == str(caught.value) != ""
    assert hint_of(error) == RAISED[code]


def test_of_an_index_its_number_is_left_out() -> None:
    """It may be a hidden label."""
    error = Error("IndexError", "index 7 is out of bounds for axis 1 with size 3", "2", "T11-answer")
    assert text_of(error) == "an index is out of bounds for axis 1 with size 3"


@pytest.mark.parametrize(
    "text",
    [
        "index 7 is out of bounds for axis 1 with size 314159",
        "index 7 is out of bounds for axis 1 with size 3, and X is 2.5",
        "setting an array element with a sequence. 2.5",
        "could not broadcast input array from shape (314159,) into shape (3,)",
        "unhashable type: 'secret'",
        "Cannot cast ufunc 'secret' output from dtype('float64') to dtype('int64') with casting rule 'same_kind'",
        "zero-size array to reduction operation secret which has no identity",
    ],
)
def test_a_text_that_only_looks_like_numpys_is_not_told(text: str) -> None:
    assert text_of(Error("ValueError", text, "2", "T11-answer")) == ""
