"""The rubric: a file that says what is wrong with it, and a score that stays within the task's points."""

from pathlib import Path

import pytest
from toy import NAME, Toy

from autograder.course import Course, load_course
from autograder.desk import rubric
from autograder.desk.rubric import Chosen, Item, Level, Rubric
from autograder.errors import CourseError

ITEM = 'name = "idea"\nkey = "1"\npoints = 1.0\ntext = { en = "The idea." }\n'
OTHER_KEY = ITEM.replace('"1"', '"n"')
LEVELS = (Level(0.5, {"en": "half"}), Level(1.0, {"en": "whole"}))


@pytest.fixture
def course(toy: Toy, tmp_path: Path) -> Course:
    return toy.copy(tmp_path / "course")


def written(course: Course, text: str) -> dict[str, Rubric]:
    course.part("rubric", NAME).write_text(text, encoding="utf-8")
    return rubric.load_rubrics(course, course.assignments[0])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[T3", "rubric.toml: "),
        ("[T9]\n", "[T9]: warmup has no such task; it has T1, T2, T3"),
        (f"[T3]\n[[T3.items]]\n{ITEM}more = 1\n", "unknown field `more`"),
        ('[T3]\n[[T3.items]]\nname = "a"\nkey = "1"\n', "T3: a: give it points and a text, or levels"),
        (f"[T3]\n[[T3.items]]\n{ITEM}[[T3.items]]\n{ITEM}", "a name is of its own"),
        (f"[T3]\n[[T3.items]]\n{ITEM.replace('idea', 'The Idea')}", "of small letters, digits and dashes"),
        (f"[T3]\n[[T3.items]]\n{OTHER_KEY}", "key 'n': one of its own of"),
        (f"[T3]\n[[T3.items]]\n{ITEM.replace('1.0', 'nan')}", "points are a number"),
        (f"[T3]\nstart = inf\n[[T3.items]]\n{ITEM}", "start is a number"),
        (f"[T3]\n[[T3.items]]\n{ITEM.replace('The idea.', ' ')}", "a text for the student"),
    ],
)
def test_what_cannot_be_used_is_one_line_with_file_and_place(course: Course, text: str, said: str) -> None:
    with pytest.raises(CourseError) as caught:
        written(course, text)
    assert said in str(caught.value) and "rubric.toml" in str(caught.value)


def test_what_is_written_is_read_again(course: Course) -> None:
    levels = Item("step", "2", LEVELS)
    text = Item("odd", "3", (Level(-0.25, {"en": 'a "quote", $\\frac{a}{b}$ and \x7f', "th": "ไทย"}),))
    made = {"T3": Rubric(0.5, (Item("idea", "1", (Level(1.0, {"en": "The idea."}),)), levels, text))}
    rubric.keep_rubrics(course, course.assignments[0], made)
    assert rubric.load_rubrics(course, course.assignments[0]) == made
    assert rubric.from_text("x", rubric.as_text(made["T3"])) == made["T3"]
    with pytest.raises(CourseError, match="rubric of T3"):
        rubric.from_text("rubric of T3", '{"start": "much"}')


def test_a_level_keeps_its_number_wherever_a_file_has_it() -> None:
    low, half, whole = (Level(points, {"en": text}) for points, text in ((0.2, "low"), (0.5, "half"), (1.0, "whole")))
    used = Rubric(0.0, (Item("step", "1", (low, half, whole)),))

    def numbers(*levels: Level) -> list[int]:
        changed = rubric.numbered(Rubric(0.0, (Item("step", "1", levels),)), used, lambda _: 7)
        return [level.number for level in changed.items[0].levels]

    assert numbers(low, whole) == [1, 3] and numbers(whole, low, half) == [3, 1, 2]
    assert numbers(low, Level(0.4, {"en": "hlaf"}), whole) == [1, 2, 3]  # other words in the same place
    assert numbers(low, half, Level(0.7, {"en": "most"}), whole) == [1, 2, 7, 3]
    assert numbers(half, half) == [2, 7]  # the same words twice
    second = '{"points": 1, "text": {"en": "a"}, "number": 2}'
    for made in (f"{second}, {second}", ""):
        with pytest.raises(CourseError, match="it has no levels, or two of the same number"):
            rubric.from_text("x", f'{{"items": [{{"name": "a", "key": "1", "levels": [{made}]}}]}}')


def test_items_add_take_off_have_levels_and_stay_within_the_points() -> None:
    used = Rubric(0.0, (Item("step", "1", LEVELS), Item("slip", "2", (Level(-0.25, {"th": "ผิดเครื่องหมาย"}),))))
    assert rubric.score(used, Chosen({"step": 1}), 1.0) == 0.5
    assert rubric.score(used, Chosen({"step": 2, "slip": 1}), 1.0) == 0.75
    assert rubric.score(used, Chosen({"slip": 1}), 1.0) == 0
    assert rubric.score(used, Chosen({"step": 2}, free=3.0), 1.0) == 1.0
    assert rubric.score(used, Chosen({"step": 7, "gone": 1}), 1.0) == 0
    said = rubric.words(used, Chosen({"slip": 1, "step": 1}, 0.1, " Look at $i$. "), "en")
    assert said == "+0.5: half\n-0.25: ผิดเครื่องหมาย\n+0.1\nLook at $i$."


def test_hw4s_rubric_has_both_cases_the_chain_rule_the_sum_and_the_conclusion(repo: Course) -> None:
    hw4 = repo.assignment("hw4")
    used = rubric.load_rubrics(repo, hw4)
    assert [item.name for item in used["T4"].items] == ["same", "other", "chain", "sum", "conclusion"]
    assert used["T4"].best() == pytest.approx(hw4.task("T4").points) and rubric.short_of(used, hw4) == []
    assert all(set(level.text) == {"en", "th"} for item in used["T4"].items for level in item.levels)
    short = rubric.short_of({"T4": Rubric(0.0, used["T4"].items[:2])}, hw4)
    assert short == ["rubric of T4: its items come to 0.5, the task is worth 1"]


def test_a_course_without_a_rubric_needs_none(course: Course) -> None:
    assert rubric.load_rubrics(load_course(course.root), course.assignments[0]) == {}
