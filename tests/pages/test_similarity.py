"""similarity.py: copies in disguise are found, answers of one's own are not, in classes drawn from known answers."""

import random
from pathlib import Path

import pytest

from autograder.course import Assignment, Course
from autograder.grading import made_up
from autograder.pages import similarity
from autograder.releasing import audit
from autograder.sandbox.answers import Array

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


@pytest.fixture(scope="module")
def pool(course: Course, hw4: Assignment) -> dict[str, list[str]]:
    """Task -> different plain answers: right ones in other words, and known mistakes."""
    mistakes, variants = audit.planted(course, hw4)
    found: dict[str, set[str]] = {}
    for variant in variants:
        for task, text in made_up.with_variant(course, hw4, variant)[0].items():
            found.setdefault(task, set()).add(similarity.plain(text))
    for mistake in mistakes:
        found[mistake.task].add(similarity.plain(made_up.with_mistake(course, hw4, mistake)[0][mistake.task]))
    return {task: sorted(t for t in texts if len(t) >= similarity.LONG) for task, texts in found.items()}


def a_class(pool: dict[str, list[str]], size: int, copies: int, seed: int) -> dict[str, dict[str, str]]:
    """Everyone draws each answer from the pool; the first `copies` students have a copyist each."""
    rng = random.Random(seed)
    found = {task: {f"own{n:03d}": rng.choice(texts) for n in range(size)} for task, texts in pool.items() if texts}
    return {task: {**texts, **{f"copy{n:03d}": texts[f"own{n:03d}"] for n in range(copies)}}
            for task, texts in found.items()}  # fmt: skip


def names(found: dict[str, dict[str, str]]) -> list[str]:
    return sorted({student for texts in found.values() for student in texts})


def test_comments_layout_and_names_do_not_hide_a_copy() -> None:
    assert similarity.plain(ANSWER) == similarity.plain(DISGUISED)


def test_another_computation_is_another_answer() -> None:
    assert similarity.plain(ANSWER) != similarity.plain(ANSWER.replace("np.maximum(0, ", "np.abs("))


@pytest.mark.parametrize(
    "text", ["(" * 5000, "x = " + "-" * 10_000 + "1", "def f(:", "\0", "1+" * 9_000 + "1", "a" * 10**6]
)
def test_answers_that_no_parser_likes_are_compared_as_text(text: str) -> None:
    assert isinstance(similarity.plain(text), str)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("size", [30, 100, 300])
def test_who_writes_alone_is_not_listed(pool: dict[str, list[str]], size: int, seed: int) -> None:
    found = a_class(pool, size, 0, seed)
    assert similarity.alike(found, names(found)) == []


def test_copies_of_unusual_answers_are_listed(pool: dict[str, list[str]]) -> None:
    listed = of = 0
    for seed in range(8):
        found = a_class(pool, 100, 3, seed)
        groups = similarity.alike(found, names(found))
        assert all(any(s.startswith("copy") for s in group.students) for group in groups)
        listed, of = listed + len(groups), of + 3
        assert all(len(group.tasks) >= 2 for group in groups)
    # the rest gave usual answers in every task: nobody could tell
    assert of * 0.4 <= listed <= of, (listed, of)


def test_a_class_that_answers_alike_is_not_suspected(pool: dict[str, list[str]]) -> None:
    found = {task: {f"s{n}": texts[0] for n in range(14)} for task, texts in pool.items() if texts}
    assert similarity.alike(found, names(found)) == []


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


def test_short_answers_and_stubs_are_left_out(course: Course, hw4: Assignment, tmp_path: Path) -> None:
    scratch = made_up.scratch_course(course, tmp_path / "course")
    for student in ("a", "b"):
        files = made_up.hand_in(scratch, hw4, {"T10": "def decay_learning_rate(a, b):\n    return a * b\n"})
        made_up.write(scratch.root / "autograded" / student / "hw4", files)
    assert similarity.answers(scratch, hw4, ["a", "b"]) == {}


def test_identical_weights_are_grouped_and_near_ones_are_not(
    course: Course, hw4: Assignment, net: dict[str, Array], tmp_path: Path
) -> None:
    scratch = made_up.scratch_course(course, tmp_path / "course")
    models = {"a": net, "b": net, "c": made_up.shaken(net, 1)}
    for student, params in models.items():
        made_up.write(scratch.root / "autograded" / student / "hw4", {"best_net.npz": made_up.model_file(params)})
    made_up.write(scratch.root / "autograded" / "broken" / "hw4", {"best_net.npz": b"PK"})
    assert similarity.same_weights(scratch, hw4, [*models, "broken", "nobody"]) == [("a", "b")]
