"""A source notebook of otter's is read as answers, tests and points; what is not read is said."""

import json
from pathlib import Path
from typing import Any

import pytest

from autograder import cli
from autograder.course import load_course
from autograder.releasing.trials import otter
from tests.examiner.bench import notebook

ANSWER = '''def double(x):
    """Twice x."""
    """ # BEGIN PROMPT
    return ...
    """ # END PROMPT
    found = 2 * x # SOLUTION
    return found  # SOLUTION
'''
CONFIG = '""" # BEGIN TEST CONFIG\npoints: 3\nhidden: true\n""" # END TEST CONFIG\n'


def raw(source: str) -> dict[str, Any]:
    return {"cell_type": "raw", "source": source, "metadata": {}}


def code(source: str, *outputs: dict[str, Any]) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": list(outputs), "execution_count": None}


def words(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "source": source, "metadata": {}}


def value(text: str) -> dict[str, Any]:
    data = {"text/plain": text}
    return {"output_type": "execute_result", "execution_count": 1, "data": data, "metadata": {}}


def printed(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


QUESTIONS = [
    raw("# ASSIGNMENT CONFIG\nexport_cell: true"),
    code("import math"),
    raw("# BEGIN QUESTION\nname: q1\npoints: 4\nall_or_nothing: true"),
    words("Write `double(x)`."),
    raw("# BEGIN SOLUTION"),
    code(ANSWER),
    raw("# END SOLUTION"),
    raw("# BEGIN TESTS"),
    code("double(4)", value("8")),
    code("# HIDDEN\nassert double(-1) == -2"),
    code(f"{CONFIG}double('a')", value("'aa'")),
    code("print(double(1))", printed("2\n")),
    code("@test_case(points=1)\ndef test_more(double):\n    assert double(0) == 0"),
    code("%timeit double(1)"),
    raw("# END TESTS"),
    raw("# END QUESTION"),
    raw("# BEGIN QUESTION\nname: q 2\nmanual: true\npoints: 4"),
    raw("# BEGIN PROMPT"),
    words("Why?"),
    raw("# END PROMPT"),
    raw("# BEGIN SOLUTION"),
    words("Because."),
    raw("# END SOLUTION"),
    raw("# END QUESTION"),
    raw("# BEGIN QUESTION\nname: q3\npoints: [0.5, 1]"),
    raw("# begin solution"),
    words("It is that."),
    code("answer = 6 * 7 # SOLUTION NO PROMPT"),
    raw("# end solution"),
    words("```otter\n# begin tests\n```"),
    code("answer > 0", value("True")),
    code("answer", value("42")),
    raw("# end tests"),
    raw("# end question"),
]


def test_its_questions_become_answers_tests_and_points() -> None:
    made, unread = otter.read(QUESTIONS)
    infos = [(cell, cell["metadata"]["nbgrader"]) for cell in made if "nbgrader" in cell["metadata"]]
    found = {info["grade_id"]: (cell["source"], info.get("points")) for cell, info in infos}
    assert found == {
        "given-2": ("import math", None),
        "q1-answer": (
            'def double(x):\n    """Twice x."""\n    ### BEGIN SOLUTION\n    found = 2 * x\n    return found\n'
            "    ### END SOLUTION",
            None,
        ),
        "q1": ("assert repr(double(4)) == '8'", 0.5),
        "q1-2": ("### BEGIN HIDDEN TESTS\nassert double(-1) == -2\n### END HIDDEN TESTS", 0.5),
        "q1-3": ("### BEGIN HIDDEN TESTS\nassert repr(double('a')) == \"'aa'\"\n### END HIDDEN TESTS", 3),
        "q-2": ("Because.", 4),
        "q3-answer": ("### BEGIN SOLUTION\nanswer = 6 * 7\n### END SOLUTION", None),
        "q3": ("assert repr(answer > 0) == 'True'", 0.5),
        "q3-2": ("assert repr(answer) == '42'", 1),
    }
    assert unread == [
        (1, "-", "otter's settings of the assignment: files, packages, exports are not read"),
        (3, "q1", "all_or_nothing is not read: each test has its share"),
        (12, "q1", "it compares what is printed; write it out as asserts"),
        (13, "q1", "a test function with otter's decorator; write its body out as asserts"),
        (14, "q1", "no Python, or with magics; write it out as asserts"),
        (27, "q3", "a text among answers that are tested; give it a question of its own"),
    ]
    assert not [cell for cell in made if cell["cell_type"] == "raw" or cell["source"] == "Why?"]


def test_a_test_function_is_called_where_its_cell_does_not() -> None:
    source = "def test_f(f, g):\n    assert f(g) == 1"
    cells = [raw("# BEGIN QUESTION\nname: q"), raw("# BEGIN TESTS"), code(source), code(f"{source}\ntest_f(f, 2)")]
    made, _ = otter.read([*cells, raw("# END TESTS"), raw("# END QUESTION")])
    assert [cell["source"] for cell in made] == [f"{source}\ntest_f(f, g)", f"{source}\ntest_f(f, 2)"]


def test_what_is_no_settings_is_taken_for_none() -> None:
    made, _ = otter.read([raw("# BEGIN QUESTION\n: ["), raw("# BEGIN SOLUTION"), code("x = 1")])
    assert [cell["metadata"]["nbgrader"]["grade_id"] for cell in made] == ["question-1-answer"]
    assert not otter.is_otter([words("# BEGIN QUESTION"), raw("a text"), code("x = 1")])


@pytest.mark.parametrize(
    ("question", "tests", "points"),
    [
        ("", ("", ""), [0.5, 0.5]),
        ("points: 3", ("points: 1", "", ""), [1, 1, 1]),
        ("points:\n  each: 2", ("", ""), [2, 2]),
        ("points: [1, 3]", ("", ""), [1, 3]),
        ("", ("points: 2", ""), [2, 0]),
        ("", ("points: 0", ""), [0, 1]),
        ("points: many", ("", ""), [0.5, 0.5]),
    ],
)
def test_points_are_shared_as_otter_shares_them(question: str, tests: tuple[str, ...], points: list[float]) -> None:
    configured = [f'""" # BEGIN TEST CONFIG\n{test}\n""" # END TEST CONFIG\nassert 1' for test in tests]
    cells = [raw(f"# BEGIN QUESTION\nname: q\n{question}"), raw("# BEGIN TESTS"), *map(code, configured)]
    made, _ = otter.read([*cells, raw("# END TESTS"), raw("# END QUESTION")])
    assert [cell["metadata"]["nbgrader"]["points"] for cell in made] == points
    assert [cell["source"] for cell in made] == ["assert 1"] * len(tests)


def test_it_is_adopted_with_its_reference_tried(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "lab1"
    folder.mkdir()
    book = json.loads(notebook([]))
    book["cells"] = [{**cell, "id": f"c{number}"} for number, cell in enumerate(QUESTIONS)]
    (folder / "lab1.ipynb").write_text(json.dumps(book), encoding="utf-8")
    into = tmp_path / "course"
    assert cli.main(["adopt", str(folder), "--sample", "1", "--into", str(into)]) == 0
    said = capsys.readouterr().out
    assert "| lab1 | 12 | q1 | otter | no | it compares what is printed; write it out as asserts |" in said
    assert "5 of 5 test cells run as they are.\nIts reference earns 5.5 of 5.5, a blank notebook 0." in said
    assert "2 edits by machine of its reference: its tests let 0 pass." in said
    assert [task.name for task in load_course(into).assignment("lab1").tasks] == ["q1", "q-2", "q3"]
