"""A made-up class: full marks, a bug in each task, and the submissions that break other graders."""

import json
from collections.abc import Mapping

from autograder import audit, sample
from autograder.course import Assignment, Course

# one known mistake for each of T5 to T11
BUGS = {
    "T5": "relu-missing",
    "T6": "half-missing",
    "T7": "W2-regularization-missing",
    "T8": "labels-drawn-separately",
    "T9": "plus-not-minus",
    "T10": "no-decay",
    "T11": "argmin",
}
NAMES = {"T5": "bua", "T6": "chai", "T7": "dao", "T8": "ekachai", "T9": "fah", "T10": "gan", "T11": "hathai"}
THAI = "# สวัสดีค่ะ: หาคะแนนของทุกคลาสก่อน softmax\n"


def make_class(course: Course, assignment: Assignment) -> dict[str, str]:
    """Lay the class under submitted/ -> what each student did, by name."""
    good = sample.train(course, assignment, assignment.dataset, iterations=1500, hidden=60)
    right = sample.answers(course, assignment)
    bugs, _ = audit.planted(course, assignment)
    known = {(bug.task, bug.name): bug for bug in bugs}
    stories: dict[str, str] = {}

    def add(name: str, story: str, files: Mapping[str, bytes]) -> None:
        stories[name] = story
        folder = course.submitted(assignment.name, name)
        sample.write(folder, files)
        stamp = f"2026-11-{len(stories):02d} 12:00:00 UTC\n"
        sample.write(folder, {"timestamp.txt": stamp.encode()})

    def filled(answers: Mapping[str, str], with_model: bool = True) -> dict[str, bytes]:
        net = sample.model_file(sample.shaken(good, len(stories)))
        return sample.hand_in(course, assignment, answers, net if with_model else None)

    add("anong", "everything right", filled(right))
    for task, name in NAMES.items():
        answers, extra = sample.with_bug(course, assignment, known[task, BUGS[task]])
        add(name, f"a bug in {task}: {BUGS[task]}", filled(answers))
        assert not extra
    add("blank", "nothing filled in", sample.hand_in(course, assignment, {}))
    add("no-weights", "forgot best_net.npz", filled(right, with_model=False))
    endless = right | {"T7": right["T7"].replace("    N = X.shape[0]\n", "    while True:\n        pass\n")}
    add("endless", "an endless loop in T7", filled(endless))
    add("crash", "a crash in the first cell of the student's own", _with_first_cell(filled(right), "1 / 0\nundefined"))
    add("duplicate", "the cell of T6 pasted twice", _doubled(filled(right), "T6-answer"))
    thai = right | {"T5": THAI + right["T5"], "T4": "พิสูจน์: " + right["T4"]}
    add("สมชาย ใจดี", "a Thai name and Thai comments", filled(thai))
    return stories


def _with_first_cell(files: dict[str, bytes], source: str) -> dict[str, bytes]:
    for name in [name for name in files if name.endswith(".ipynb")]:
        notebook = json.loads(files[name])
        notebook["cells"].insert(0, sample.code_cell(source))
        files[name] = json.dumps(notebook).encode()
    return files


def _doubled(files: dict[str, bytes], grade_id: str) -> dict[str, bytes]:
    for name in [name for name in files if name.endswith(".ipynb")]:
        notebook = json.loads(files[name])
        for at, cell in enumerate(notebook["cells"]):
            if cell["metadata"].get("nbgrader", {}).get("grade_id") == grade_id:
                notebook["cells"].insert(at, cell)
                break
        files[name] = json.dumps(notebook).encode()
    return files
