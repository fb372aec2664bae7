"""What is levelled is the same answer in other clothes; what differs in case, sign, index or order never is."""

import sys

import pytest

from autograder.desk import levelled

SAME = [
    ("So the cross-entropy  loss falls\nand rises.", "so the Cross-Entropy loss falls and rises."),
    ("With $\\frac12 x_i$", "with $$\\dfrac{1}{2}x_{i}$$"),
    ("$P_i(1-P_i)$", "$P_{i} \\left( 1 - P_i \\right)$"),
    ("$\\frac{\\partial L}{\\partial h_i}$ holds", "$ \\frac { \\partial L } { \\partial  h_{i} } $ holds   \n\n"),
    ("$x_\\alpha$", "$x_{\\alpha}$"),
    ("$\\operatorname{log} x \\neq 0$", "$\\log x\\ne 0$"),
    ("Therefore\r\n$a$", "therefore\n$a$"),
    ("จึงได้  $P_i - y_i$", "จึงได้ $P_i-y_i$"),
    ("\\begin{align*}a&=b\\end{align*}", "\\begin{aligned} a &= b \\end{aligned}"),
]
NOT_THE_SAME = [
    ("$P_i$", "$p_i$"),
    ("$P_i-y_i$", "$P_i+y_i$"),
    ("$P_i-y_i$", "$y_i-P_i$"),
    ("$P_i$", "$P_j$"),
    ("$-P_iP_j$", "$P_iP_j$"),
    ("$x_{12}$", "$x_12$"),
    ("$\\log P$", "$logP$"),
    ("$(a$", "$(a.$"),
    ("$\\text{ If }x$", "$\\text{ if }x$"),
    ("dL/dh = P - y", "dL/dh = p - y"),
    ("dL/dh = P - y", "dL/dh = P -y"),
    ("a\n- b", "a - b"),
    ("1. a", "2. a"),
    ("a | b\nc", "a | b c"),
    ("`P`", "`p`"),
    ("    A", "    a"),
    ("```\nif x:\n    y\n```", "```\nif x:\ny\n```"),
    ("where Pi is", "where pi is"),
    ("Case A", "Case a"),
    ("for j not equal i", "for i not equal j"),
    ("![a](attachment:one.png)", "![a](attachment:two.png)"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_other_clothes_are_levelled(one: str, other: str) -> None:
    assert levelled.of_text(one) == levelled.of_text(other)


@pytest.mark.parametrize(("one", "other"), NOT_THE_SAME)
def test_what_may_be_a_mistake_is_never_levelled(one: str, other: str) -> None:
    assert levelled.of_text(one) != levelled.of_text(other)


def test_code_keeps_its_blanks_inside_and_its_case() -> None:
    assert levelled.of_code("\nx = 1   \n") == levelled.of_code("x = 1")
    assert levelled.of_code("if a:\n  b") != levelled.of_code("if a:\n    b")
    assert levelled.of_code("X = 1") != levelled.of_code("x = 1")


def test_the_nearest_is_found_and_its_difference_is_the_sign() -> None:
    right = levelled.of_text("The derivative is $P_i (1 - P_i)$ and otherwise $-P_i P_j$, so it is $P_i - y_i$.")
    wrong = levelled.of_text("The derivative is $P_i (1 - P_i)$ and otherwise $P_i P_j$, so it is $P_i - y_i$.")
    found = levelled.nearest(wrong, {"right": right, "far": "something else altogether, and long enough to count"})
    assert found is not None and found[0] == "right" and found[1] < 100
    only = [(piece.where, piece.text.strip()) for piece in levelled.difference(right, wrong) if piece.where != "same"]
    assert only == [("first", "-")]
    assert levelled.nearest("short", {"other": "short"}) is None


SLOW = (
    "ab\n",
    "a b ",
    "$",
    "$x$ ",
    "`",
    "```\n",
    "\\text{",
    "\\frac",
    "_",
    "{",
    "\\left",
    "    a\n",
    "a-b ",
    "| ",
    "#\n",
)


@pytest.mark.parametrize("unit", SLOW)
def test_no_text_takes_long_to_level_or_to_compare(unit: str) -> None:
    """By steps and not by the clock: twice the text is never much more than twice the work of the reader."""

    def work(times: int) -> int:
        count = 0

        def step(*_: object) -> None:
            nonlocal count
            count += 1

        sys.setprofile(step)
        try:
            text = levelled.of_text(unit * times)
            levelled.difference(text, levelled.of_text(unit * (times - 1)))
        finally:
            sys.setprofile(None)
        return count

    assert work(800) < 3 * work(400) + 500
