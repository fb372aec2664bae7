"""release.py and regions.py: source -> release. The committed release is what the source gives."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.course import Course, load_course, solution_regions
from autograder.errors import CourseError
from autograder.grading import made_up
from autograder.releasing import leaks, release

NETWORK = "2-two-layer-network.ipynb"
Run = Callable[..., Any]


def hashes(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def edit_cell(course: Course, name: str, grade_id: str, change: Callable[[dict[str, Any]], object]) -> None:
    path = course.source("hw4") / name
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == grade_id:
            change(cell)
    path.write_text(json.dumps(notebook, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def add_line(line: str) -> Callable[[dict[str, Any]], object]:
    return lambda cell: cell.update(source=[*cell["source"], "\n" + line])


def test_the_committed_release_is_what_the_source_gives(repo: Course) -> None:
    assert release.same_release(repo, repo.assignment("hw4")) == []


def test_the_committed_release_has_no_leaks(repo: Course) -> None:
    assert list(leaks.leaks(repo, repo.assignment("hw4"), repo.release("hw4"))) == []


def test_the_solution_regions_are_the_references_lines(repo: Course) -> None:
    assert solution_regions.sync(repo, repo.assignment("hw4"), write=False) == []


def test_the_release_has_what_a_student_needs(repo: Course) -> None:
    names = {path.name for path in repo.release("hw4").iterdir()}
    assert names == {"1-basics.ipynb", NETWORK, "hw4_helpers.py", "README.md", "requirements.txt"}


def test_every_stub_raises_with_the_name_of_its_task(repo: Course) -> None:
    stubs = {}
    for name in repo.assignment("hw4").notebooks:
        for cell in json.loads((repo.release("hw4") / f"{name}.ipynb").read_text())["cells"]:
            stubs[cell["metadata"].get("nbgrader", {}).get("grade_id")] = "".join(cell["source"])
    for task in repo.assignment("hw4").tasks:
        if task.graded_by == "judge":
            assert f'raise NotImplementedError("{task.name}")' in stubs[task.answer_cell]


def test_the_source_has_no_outputs_and_no_execution_data(repo: Course) -> None:
    for name in repo.assignment("hw4").notebooks:
        for cell in json.loads((repo.source("hw4") / f"{name}.ipynb").read_text())["cells"]:
            assert not cell.get("outputs")
            assert cell.get("execution_count") is None
            assert "execution" not in cell["metadata"]


def test_what_only_shows_or_trains_is_tagged_in_the_source(repo: Course) -> None:
    tagged = set()
    for cell in json.loads((repo.source("hw4") / NETWORK).read_text())["cells"]:
        if "skip-execution" in cell["metadata"].get("tags", []):
            tagged.add(cell["metadata"]["nbgrader"]["grade_id"])
    assert {"load-mnist", "show-digits", "train-first", "train-second", "T12-answer", "save-best-net"} <= tagged
    assert not tagged & {f"T{n}" for n in range(5, 13)}


def test_the_same_input_gives_the_same_bytes(scratch: Course) -> None:
    first = release.release(scratch, scratch.assignment("hw4")).archive.read_bytes()
    files = hashes(scratch.release("hw4"))
    assert release.release(scratch, scratch.assignment("hw4")).archive.read_bytes() == first
    assert hashes(scratch.release("hw4")) == files
    assert files == hashes(scratch.root / "release" / "hw4")
    assert sorted(path.name for path in (scratch.root / "release").iterdir()) == ["hw4", "hw4.zip"]


def test_points_are_stamped_from_the_course(scratch: Course) -> None:
    config = scratch.root / "course_config.py"
    line = 'Task("T12", notebook="2-two-layer-network"'
    config.write_text(config.read_text().replace(line, f"{line}, optional=True"))
    changed = load_course(scratch.root)
    release.release(changed, changed.assignment("hw4"))
    cells = json.loads((changed.release("hw4") / NETWORK).read_text())["cells"]
    grading = [cell["metadata"]["nbgrader"] for cell in cells if "nbgrader" in cell["metadata"]]
    points = {info["grade_id"]: info.get("points") for info in grading}
    assert (points["T11"], points["T12"]) == (1, 0.5)


def test_the_goals_that_students_see_are_stamped_from_the_course(scratch: Course) -> None:
    config = scratch.root / "course_config.py"
    config.write_text(config.read_text().replace("(0.974, 0.963)", "(0.9, 0.8)"))
    changed = load_course(scratch.root)
    hw4 = changed.assignment("hw4")
    assert solution_regions.sync(changed, hw4, write=False) == ["hw4_helpers.py: GOALS"]
    release.release(changed, hw4)
    assert '"mnist": [0.9, 0.8]' in (changed.release("hw4") / "hw4_helpers.py").read_text()
    assert solution_regions.sync(changed, hw4, write=False) == []


# What a careless instructor may leave in the source -> what the release says about it.
LEAKS: dict[str, tuple[Callable[[Course], object], str]] = {
    "a line of the reference": (
        lambda c: edit_cell(c, NETWORK, "toy-data", add_line("dhidden = dscores @ params['W2'].T".replace("'", '"'))),
        "a line of hw4.py:backward",
    ),
    "the reference in the helper module": (
        lambda c: add_to(c, "hw4_helpers.py", "\n    chosen = np.random.choice(len(X), batch_size, replace=True) \n"),
        "hw4_helpers.py: a line of hw4.py:sample_minibatch",
    ),
    "a line of a check": (
        lambda c: edit_cell(c, NETWORK, "toy-data", add_line("# x\nreturn _numbers(context, 1e-9)  # whole numbers")),
        "a line of numbers.py:T2",
    ),
    "a hidden value": (
        lambda c: add_to(c, "README.md", "\nThe answer is 557,057.\n"),
        "README.md: the hidden value of T3",
    ),
    "a hidden value without its comma": (
        lambda c: edit_cell(c, "1-basics.ipynb", "setup", add_line("assert num_parameters != 557057")),
        "1-basics.ipynb: the hidden value of T3",
    ),
    "an import of the reference": (
        lambda c: edit_cell(c, NETWORK, "toy-data", add_line("from solutions import hw4")),
        "imports the reference",
    ),
    "an import of the autograder": (
        lambda c: add_to(c, "hw4_helpers.py", "\nimport autograder.checking\n"),
        "hw4_helpers.py: imports the reference or the autograder",
    ),
    "an execution record": (
        lambda c: edit_cell(c, NETWORK, "toy-data", lambda cell: cell["metadata"].update(execution={"a": "2026"})),
        "has an execution count",
    ),
    "an absolute path": (
        lambda c: edit_cell(c, NETWORK, "toy-data", add_line("path = '/home/ajarn/mnist'")),
        "an absolute path (/home/...)",
    ),
    "a stray file": (lambda c: (c.source("hw4") / "answers.docx").write_bytes(b"x"), "answers.docx: a stray file"),
    "a solution file": (
        lambda c: shutil.copy(c.solution("hw4"), c.source("hw4") / "solution.py"),
        "solution.py: a line of hw4.py",
    ),
}


def add_to(course: Course, name: str, text: str) -> None:
    path = course.source("hw4") / name
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


@pytest.mark.parametrize("kind", LEAKS)
def test_a_leak_stops_the_release_and_leaves_the_old_one(scratch: Course, kind: str) -> None:
    spoil, said = LEAKS[kind]
    before = hashes(scratch.root / "release")
    spoil(scratch)
    with pytest.raises(CourseError) as caught:
        release.release(scratch, scratch.assignment("hw4"))
    assert said in str(caught.value)
    assert hashes(scratch.root / "release") == before


def test_outputs_are_found_by_the_audit_and_cleared_by_the_release(scratch: Course) -> None:
    def run_it(cell: dict[str, Any]) -> None:
        cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "0.0171436"}]
        cell["execution_count"] = 7

    hw4 = scratch.assignment("hw4")
    path = scratch.release("hw4") / NETWORK
    made = json.loads(path.read_text())
    run_it(made["cells"][1])
    path.write_text(json.dumps(made))
    said = "; ".join(leaks.leaks(scratch, hw4, scratch.release("hw4")))
    assert "cell 2 has an output" in said and "cell 2 has an execution count" in said
    edit_cell(scratch, NETWORK, "toy-data", run_it)
    release.release(scratch, hw4)
    assert list(leaks.leaks(scratch, hw4, scratch.release("hw4"))) == []


def test_a_region_left_in_a_release_is_found(scratch: Course) -> None:
    shutil.copy(scratch.source("hw4") / NETWORK, scratch.release("hw4") / NETWORK)
    said = list(leaks.leaks(scratch, scratch.assignment("hw4"), scratch.release("hw4")))
    assert any("T5-answer: a solution or hidden region is left" in line for line in said)


def test_a_stub_that_does_not_raise_is_found(scratch: Course) -> None:
    path = scratch.release("hw4") / NETWORK
    path.write_text(path.read_text().replace('raise NotImplementedError(\\"T9\\")', "pass"))
    said = list(leaks.leaks(scratch, scratch.assignment("hw4"), scratch.release("hw4")))
    assert said == [f"{NETWORK}: T9-answer: the stub does not raise NotImplementedError"]


def test_a_source_that_nbgrader_refuses_is_told_in_one_line(scratch: Course) -> None:
    edit_cell(scratch, NETWORK, "toy-data", lambda cell: cell["metadata"]["nbgrader"].update(grade_id="a", grade=True))
    before = hashes(scratch.root / "release")
    with pytest.raises(CourseError) as caught:
        release.release(scratch, scratch.assignment("hw4"))
    assert str(caught.value).startswith("nbgrader could not release hw4")
    assert "\n" not in str(caught.value)
    assert hashes(scratch.root / "release") == before


def test_release_puts_the_references_lines_into_the_source(scratch: Course) -> None:
    path = scratch.solution("hw4")
    old = 'hidden = np.maximum(X @ params["W1"] + params["b1"], 0)'
    path.write_text(path.read_text().replace(old, 'hidden = (X @ params["W1"] + params["b1"]).clip(min=0)'))
    hw4 = scratch.assignment("hw4")
    assert solution_regions.sync(scratch, hw4, write=False) == [f"{NETWORK}: T5-answer"]
    release.release(scratch, hw4)
    assert ".clip(min=0)" in (scratch.source("hw4") / NETWORK).read_text()
    assert solution_regions.sync(scratch, hw4, write=False) == []


def test_a_cell_that_asks_for_what_the_reference_lacks_is_named(scratch: Course) -> None:
    with pytest.raises(CourseError, match="no function 'nothing'"):
        solution_regions.solution_lines(scratch.solution("hw4").read_text(), "nothing")
    with pytest.raises(CourseError, match="no 'Nothing'"):
        solution_regions.node_text(scratch.solution("hw4").read_text(), "Nothing")


@pytest.fixture(scope="module")
def by_nbgrader(repo: Course, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Course:
    course = made_up.scratch_course(repo, tmp_path_factory.mktemp("nbgrader") / "course")
    shutil.rmtree(course.release("hw4"))
    done = run("nbgrader", "generate_assignment", "hw4", cwd=course.root)
    assert done.returncode == 0, done.stderr
    return course


def test_nbgraders_own_command_gives_the_same_notebooks(by_nbgrader: Course, repo: Course) -> None:
    assert hashes(by_nbgrader.release("hw4")) == hashes(repo.release("hw4"))


def test_nbgraders_own_command_refuses_a_source_that_differs_from_the_reference(scratch: Course, run: Run) -> None:
    edit_cell(
        scratch, NETWORK, "T5-answer", lambda cell: cell.update(source="".join(cell["source"]).replace("0)", "1)"))
    )
    shutil.rmtree(scratch.release("hw4"))
    done = run("nbgrader", "generate_assignment", "hw4", cwd=scratch.root)
    assert done.returncode != 0
    assert "T5-answer" in done.stderr and "autograder release hw4" in done.stderr
