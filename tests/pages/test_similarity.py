"""similarity.py: what of two answers is compared. Whole classes: tests/hw4/test_similar_answers.py."""

from pathlib import Path

import pytest
from toy import NAME, Toy

from autograder.grading import made_up
from autograder.pages import similarity

ANSWER = """
def forward(params, X):
    '''What the notebook says.'''
    hidden = np.maximum(0, X @ params["W1"] + params["b1"])  # ReLU
    scores = hidden @ params["W2"] + params["b2"]
    return scores, hidden
"""
DISGUISED = """
def forward(params, X):
    # my own work!

    h   =  np.maximum(0, X @ params["W1"]
                         + params["b1"])
    out = h @ params["W2"] + params["b2"]
    return (out, h)
"""


def test_an_answer_deep_in_blocks_is_not_compared_at_a_hundred_times_its_length() -> None:
    blocks = "".join(" " * depth + "if 1:\n" for depth in range(98))
    assert len(similarity.plain(f"{blocks}{' ' * 98}{'a;' * 7000}")) <= similarity.MAX_ANSWER


def test_comments_layout_and_names_do_not_hide_a_copy() -> None:
    assert similarity.plain(ANSWER) == similarity.plain(DISGUISED)


def test_another_computation_is_another_answer() -> None:
    assert similarity.plain(ANSWER) != similarity.plain(ANSWER.replace("np.maximum(0, ", "np.abs("))


@pytest.mark.parametrize(
    "text", ["(" * 5000, "x = " + "-" * 10_000 + "1", "def f(:", "\0", "1+" * 9_000 + "1", "a" * 10**6]
)
def test_answers_that_no_parser_likes_are_compared_as_text(text: str) -> None:
    assert isinstance(similarity.plain(text), str)


def test_the_same_long_prose_is_listed_by_itself() -> None:
    proof = (
        "By the quotient rule, the derivative of P_j by h_i is P_i (1 - P_i) where j is i, and - P_i P_j elsewhere. "
        * 2
    )
    texts = {f"s{n}": f"{n} " * 60 + str(n * 7919) * 20 for n in range(20)} | {
        "a": proof,
        "b": proof.replace("By the", "By", 1),
    }
    (group,) = similarity.alike({"T4": texts}, sorted(texts), prose=["T4"])
    assert group.students == ("a", "b") and group.tasks == ("T4",)


def test_short_answers_and_stubs_are_left_out(toy: Toy, tmp_path: Path) -> None:
    course = toy.copy(tmp_path / "course")
    for student in ("a", "b"):
        files = toy.hand_in({"T1": "def standardise(X):\n    return X * 2\n"})
        made_up.write(course.root / "autograded" / student / NAME, files)
    assert similarity.answers(course, toy.assignment, ["a", "b"]) == {}
