"""similarity.py in classes drawn from known answers: copies are found, answers of one's own are not."""

import random
from pathlib import Path

import pytest
from shares import in_each_run, one_in

from autograder.course import Assignment, Course
from autograder.grading import made_up
from autograder.pages import similarity
from autograder.releasing.trials import audit
from autograder.sandbox.answers import Array


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


@pytest.mark.parametrize("seed", one_in(4, [0, 2, 3, 4]))  # of 1, two draw the same by chance
@pytest.mark.parametrize("size", in_each_run([30, 100, 300], [30]))
def test_who_writes_alone_is_not_listed(pool: dict[str, list[str]], size: int, seed: int) -> None:
    found = a_class(pool, size, 0, seed)
    assert similarity.alike(found, names(found)) == []


def test_copies_of_unusual_answers_are_listed(pool: dict[str, list[str]]) -> None:
    listed = of = by_chance = 0
    for seed in range(8):
        found = a_class(pool, 100, 3, seed)
        groups = similarity.alike(found, names(found))
        by_chance += sum(not any(s.startswith("copy") for s in group.students) for group in groups)
        listed, of = listed + len(groups), of + 3
        assert all(len(group.tasks) >= 2 for group in groups)
    assert by_chance <= 1  # two may draw the same from so small a pool: of 30 classes one has such a pair
    # the rest gave usual answers in every task: nobody could tell
    assert of * 0.4 <= listed <= of, (listed, of)


def test_a_class_that_answers_alike_is_not_suspected(pool: dict[str, list[str]]) -> None:
    found = {task: {f"s{n}": texts[0] for n in range(14)} for task, texts in pool.items() if texts}
    assert similarity.alike(found, names(found)) == []


def test_identical_weights_are_grouped_and_near_ones_are_not(
    course: Course, hw4: Assignment, net: dict[str, Array], tmp_path: Path
) -> None:
    scratch = made_up.scratch_course(course, tmp_path / "course")
    models = {"a": net, "b": net, "c": made_up.shaken(net, 1)}
    for student, params in models.items():
        made_up.write(scratch.root / "autograded" / student / "hw4", {"best_net.npz": made_up.model_file(params)})
    made_up.write(scratch.root / "autograded" / "broken" / "hw4", {"best_net.npz": b"PK"})
    assert similarity.same_weights(scratch, hw4, [*models, "broken", "nobody"]) == [("a", "b")]
