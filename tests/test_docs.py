"""The documentation: the author's guide walked block by block; every link and every path leads somewhere."""

import importlib
import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import typer
import yaml
from fences import blocks
from shares import one_in

from autograder import __version__, cli
from autograder.course import load_course
from autograder.errors import CourseError
from autograder.grading import calibration, pipeline
from autograder.judging.contract import load_checks
from autograder.judging.judge import open_context
from autograder.judging.mutations import load_mistakes, load_right_variants
from autograder.releasing import new_assignment

ROOT = Path(__file__).resolve().parent.parent
WARMUP = ROOT / "tests" / "courses" / "warmup"
NOTEBOOK = Path("source/warmup/1-lines.ipynb")
AUTHOR = ROOT / "docs" / "author.md"
FOLDER = "autograder/assignments/warmup"
OUTER = ("README.md", "SECURITY.md", "CHANGELOG.md", "CONTRIBUTING.md")
PAGES = [*(ROOT / name for name in OUTER), *sorted((ROOT / "docs").glob("*.md"))]
SIMPLE = "One notebook, in ten minutes"
REFUSED, OLD_SHAPE = "What is refused, and what you read", "From the old shape"
REGION = re.compile(r"(### BEGIN SOLUTION\n).*?( *### END)", re.DOTALL)


def cells() -> dict[str, str]:
    """Cells of the sample notebook by grade_id, as an author types them: the answer's region is empty."""
    found = {}
    for cell in json.loads((WARMUP / NOTEBOOK).read_text(encoding="utf-8"))["cells"]:
        if "nbgrader" in cell["metadata"]:
            found[cell["metadata"]["nbgrader"]["grade_id"]] = REGION.sub(r"\1\2", "".join(cell["source"]))
    return found


def typed(folder: Path) -> None:
    """Put the sample's notebook into the folder, as it is before a release fills the answers in."""
    notebook = json.loads((WARMUP / NOTEBOOK).read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = REGION.sub(r"\1\2", "".join(cell["source"])).splitlines(keepends=True)
    (folder / NOTEBOOK).write_text(json.dumps(notebook, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


@pytest.mark.proof
@pytest.mark.parametrize("audited", [False, True])
def test_the_authors_guide_makes_the_sample_course(run: Callable[..., Any], tmp_path: Path, audited: bool) -> None:
    """Each block is typed into a fresh folder, each command run; what stands there at the end is the sample."""
    said, files = "", set()
    simple = json.loads((new_assignment.TEMPLATES / "simple.ipynb").read_text(encoding="utf-8"))["cells"]
    for block in blocks(AUTHOR):
        if block.section == OLD_SHAPE:
            continue
        named = re.fullmatch(r"\*\*`([\w./]+)`\*\*", block.before)
        cell = re.match(r"Cell `([\w-]+)`", block.before)
        if block.language == "sh":
            said, left_out = "", "audit" in block.text and not audited
            for line in map(shlex.split, block.text.splitlines()):
                ours, may_fail = line[0] == "autograder", line[-2:] == ["||", "true"]
                line = line[:-2] if may_fail else line
                if "audit" in line and left_out:
                    continue
                done = run(*line, cwd=tmp_path) if ours else subprocess.run(line, cwd=tmp_path)
                assert (done.returncode == 0) != may_fail, (line, done.stdout, done.stderr)
                said += done.stdout or ""
        elif block.language == "text":
            assert left_out or block.text in said
        elif block.section == SIMPLE:
            assert block.text in ["".join(one["source"]) for one in simple]
        elif cell:
            assert block.text == cells()[cell[1]]
            typed(tmp_path)
        else:
            assert named, f"the block after {block.before!r} names no file"
            assert (tmp_path / named[1]).is_file(), "`autograder new` made no such file"
            (tmp_path / named[1]).write_text(block.text + "\n", encoding="utf-8")
            files.add(named[1])
    wanted = {path.relative_to(WARMUP) for path in WARMUP.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert {path.as_posix() for path in wanted - {NOTEBOOK}} == files
    for path in wanted:
        assert (tmp_path / path).read_bytes() == (WARMUP / path).read_bytes(), path
    rows = {line.split()[0]: line.split()[1:] for line in said.splitlines() if line.strip()}
    assert rows["right"] == ["1", "1", "...", "2", "3"] and rows["blank"] == ["0?", "0?", "0?", "0", "3"]


# ---- what is refused ----------------------------------------------------------------------------

# the slip, as the page words it: (file, text, what stands there in its place)
LAST = 'return [PartResult("slope", 0.5, first(slopes)), PartResult("intercept", 0.5, first(intercepts))]'
SLIPS = {
    "no `ASSIGNMENT`": ("checks.py", "ASSIGNMENT = ", "CHECKS = "),
    "a misspelt keyword": ("checks.py", "cases=T1_cases, check=T1", "cases=T1_cases, chek=T1"),
    "a task without its record": ("checks.py", '        TaskChecks("T2", cases=T2_cases, check=T2),\n', ""),
    "a record for a task that is not there": ("checks.py", 'TaskChecks("T2"', 'TaskChecks("T7"'),
    "a check with `yield`": ("checks.py", LAST, LAST.replace("return", "yield")),
    "a check that returns nothing": ("checks.py", LAST, LAST.removeprefix("return ")),
    "a check without a part": ("checks.py", LAST, "return []"),
    "shares that do not add up to 1": ("checks.py", '"slope", 0.5', '"slope", 0.6'),
    "a part named twice": ("checks.py", 'PartResult("intercept"', 'PartResult("slope"'),
    "a part that nothing can fail": ("checks.py", "0.5, first(slopes)", "0.5"),
    "no cases": ("checks.py", "for N in (7, 12)]", "for N in ()]"),
    "an input of another kind": ("checks.py", '"x": rng.normal(2, 1, N)', '"x": "long"'),
    "an unknown name in a check": ("checks.py", "slopes, intercepts = [], []", "slopes = []"),
    "an unknown name in a probe": ("probes.py", 'case["X"])', 'kase["X"])'),
    "an input that the case has not": ("probes.py", 'case["x"]', 'case["z"]'),
    "a probe that asks nothing": ("probes.py", 'yield "columns", lambda', "return lambda"),
    "an unknown name in the list of mistakes": ("mistakes.py", '"x-by-y"', "x_by_y"),
    "a mistake of a task that is not there": ("mistakes.py", '"T2", "swapped"', '"T9", "swapped"'),
    "a heading of the old shape in the messages": ("messages.toml", "[T1.mistakes]", "[T1.bugs]"),
}  # fmt: skip


def refusals() -> dict[str, str]:
    """The table of that section: the slip -> the line."""
    text = AUTHOR.read_text(encoding="utf-8").partition(f"## {REFUSED}\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| ([^|]+) \| `` (.*) `` \|$", text, re.MULTILINE))


@pytest.fixture(scope="module")
def released(run: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample course, released. Only read."""
    root = tmp_path_factory.mktemp("released") / "course"
    shutil.copytree(WARMUP, root)
    done = run("autograder", "release", "warmup", "--course", root)
    assert done.returncode == 0, done.stderr
    return root


@pytest.mark.parametrize("slip", one_in(3, SLIPS))
def test_a_slip_is_refused_in_the_line_that_the_page_shows(slip: str, released: Path, tmp_path: Path) -> None:
    file, old, new = SLIPS[slip]
    shutil.copytree(released, tmp_path, dirs_exist_ok=True)
    path = tmp_path / FOLDER / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    course = load_course(tmp_path)
    with pytest.raises(CourseError) as caught:
        grader = pipeline.open_grader(course, course.assignment("warmup"))
        with grader.guest:
            calibration.fit(grader.guest, grader.judge_context, grader.bases)
    assert str(caught.value).replace(f"{tmp_path}/{FOLDER}/", "") == refusals()[slip]


def test_the_page_shows_no_other_refusals() -> None:
    assert set(refusals()) == set(SLIPS)


# ---- from the old shape -------------------------------------------------------------------------

OLD_IMPORTS = """from autograder.answers import Array
from autograder.checking import Case, Exam, Finding, Problem, first
"""


def in_the_old_shape(root: Path) -> None:
    """Lay the sample course out as version 0.1 had it."""
    folder = root / FOLDER
    text = (folder / "checks.py").read_text(encoding="utf-8").partition("\n\nASSIGNMENT")[0]
    text = re.sub(r"from autograder.author import .*\n", OLD_IMPORTS, text)
    for new, old in (("CheckContext", "Exam"), ("PartResult", "Finding"), (r"\bcontext\b", "exam")):
        text = re.sub(new, old, text)
    mistakes, variants = (
        (folder / f"{name}.py").read_text(encoding="utf-8") for name in ("mistakes", "right_variants")
    )
    bugs = mistakes.replace("from autograder.author import Mistake", "from autograder.planting import Bug, Variant")
    bugs = f"{bugs}\n{variants[variants.index('RIGHT_VARIANTS') :]}".replace("Mistake", "Bug").replace(
        "MISTAKES", "BUGS"
    )
    messages = (folder / "messages.toml").read_text(encoding="utf-8").replace(".mistakes]", ".bugs]")
    parts = {
        "probes/warmup.py": (folder / "probes.py").read_text(encoding="utf-8"),
        "checks/warmup.py": text,
        "bugs/warmup.py": bugs.replace("RightVariant", "Variant").replace("RIGHT_VARIANTS", "VARIANTS"),
        "messages/warmup.toml": messages,
    }
    for name, content in parts.items():
        path = root / "autograder" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
    shutil.rmtree(root / "autograder" / "assignments")


def test_a_course_of_the_old_shape_moves_as_the_page_says(tmp_path: Path) -> None:
    """The commands are run; ASSIGNMENT is added, and the variants are moved, as the page tells a person to do."""
    root = tmp_path / "course"
    shutil.copytree(WARMUP, root)
    in_the_old_shape(root)
    with pytest.raises(CourseError, match=f"older version.*docs/author.md, `{OLD_SHAPE}`"):
        load_course(root)
    moving = [block for block in blocks(AUTHOR) if block.section == OLD_SHAPE]
    commands = [block.text for block in moving if block.language == "bash"]
    prepare = "git init -q; git config user.email a@b.c; git config user.name a; git add .; git commit -q -m before\n"
    subprocess.run(["bash", "-euc", prepare + "\n".join(commands)], cwd=root, check=True, timeout=60)
    folder = root / FOLDER
    checks = folder / "checks.py"
    assignment = next(block.text for block in moving if block.language == "python")
    text = checks.read_text(encoding="utf-8").replace(" first\n", " first, AssignmentChecks, TaskChecks\n")
    checks.write_text(f"{text}\n\n{assignment}\n", encoding="utf-8")
    mistakes = folder / "mistakes.py"
    text, name, variants = mistakes.read_text(encoding="utf-8").partition("RIGHT_VARIANTS")
    mistakes.write_text(text.replace(", RightVariant", ""), encoding="utf-8")
    imports = "from autograder.author import RightVariant\n\nfrom .mistakes import LAST, LINE\n\n"
    (folder / "right_variants.py").write_text(imports + name + variants, encoding="utf-8")
    course = load_course(root)
    sample = load_course(WARMUP)
    found = load_checks(course, course.assignment("warmup"))
    assert [record.task for record in found.tasks] == ["T1", "T2"]
    for name in ("probes.py", "messages.toml"):
        assert (folder / name).read_bytes() == (WARMUP / FOLDER / name).read_bytes()
    assert load_mistakes(course, course.assignment("warmup")) == load_mistakes(sample, sample.assignment("warmup"))
    assert len(load_right_variants(course, course.assignment("warmup"))) == 5
    open_context(course, course.assignment("warmup"))  # tries the checks


def anchors(page: Path) -> set[str]:
    """The names that a page's headings can be reached by."""
    heads = re.findall(r"^#+ +(.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_something_that_is_there(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / unquote(file)) if file else page
        assert target.exists(), f"{page.relative_to(ROOT)} links to {link}: there is no such file"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{page.relative_to(ROOT)} links to {link}: there is no such heading"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_and_name_that_a_page_names_is_there(page: Path) -> None:
    """Files in backticks, from the repository, from autograder/ or in the sample course; dotted names of the engine."""
    text = page.read_text(encoding="utf-8").partition(f"## {OLD_SHAPE}\n")[0]
    text = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    ours = r"`((?:(?:autograder|tests|docs|solutions|source)/|(?=[\w-]+/[\w./-]+\.py`))[\w./-]*)`"
    for name in re.findall(ours, text):
        if "hw5" not in name and "warmup/" not in name:
            there = [(root / name).exists() for root in (ROOT, ROOT / "autograder", WARMUP)]
            assert any(there), f"{page.name} names {name}: there is no such file"
    for name, file in re.findall(r"`(\w+)` (?:in|of)\s+`((?:[\w-]+/)+\w+\.py)`", text):
        there = [root / file for root in (ROOT, ROOT / "autograder") if (root / file).is_file()]
        assert there and name in there[0].read_text(encoding="utf-8"), f"{page.name}: {file} has no {name}"
    for module, name in re.findall(r"`autograder((?:\.[a-z_]+)+)(?:\.([A-Z]\w+))?`", text):
        assert hasattr(importlib.import_module(f"autograder{module}"), name or "__name__")


def test_every_limit_stands_in_the_file_that_the_page_names() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = text.partition("## Where each limit is enforced\n")[2].partition("\n## ")[0]
    rows = [row.split(" | ") for row in table.splitlines() if row.startswith("| ")][1:]
    for _, names, where in rows:
        files = [ROOT / "autograder" / name for name in re.findall(r"`([\w/]+\.py)`", where)]
        there = "".join(path.read_text(encoding="utf-8") for path in files)
        for name in re.findall(r"`(\w+)`", names) + re.findall(r"`([A-Z_]{3,})`", where):
            known = "_seconds" in there if name.endswith("_seconds") else name in there
            assert known, f"{name}: not in {', '.join(path.name for path in files)}"
    assert len(rows) > 20


def test_the_newest_changes_are_those_of_the_version_that_the_command_shows(capsys: Any) -> None:
    heads = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    heads = heads[heads[0] == "Unreleased" :]  # what is to come stands above it
    found = [re.fullmatch(r"(\d+\.\d+\.\d+), (\d{4}-\d\d-\d\d)", head) for head in heads]
    assert all(found), heads
    dates = [match[2] for match in found if match]
    assert heads[0].startswith(f"{__version__}, ") and dates == sorted(dates, reverse=True)
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"autograder {__version__}\n"


def test_the_hooks_before_a_commit_are_the_tools_of_make_check() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert [repo["repo"] for repo in hooks] == ["local"], "nothing is downloaded"
    called = "\n".join(hook["entry"].replace("--force-exclude", ".") for hook in hooks[0]["hooks"])
    target = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\ncheck:")[2].partition("\n\n")[0]
    lines = [line.strip().replace("$(BIN)", ".venv/bin") for line in target.splitlines()[1:]]
    assert len(lines) == len(hooks[0]["hooks"])
    for line in lines:
        assert line in called, line


def test_ten_questions_of_a_newcomer_are_answered_by_one_file_each() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Ten questions\n")[2]
    answers = re.split(r"^\d+\. ", text, flags=re.MULTILINE)[1:]
    files = [re.findall(r"`(autograder/[\w/]+\.py)`", answer) for answer in answers]
    assert len(answers) == 10 and all(len(found) == 1 and (ROOT / found[0]).is_file() for found in files), files
    assert len({found[0] for found in files}) == 10


def test_the_page_names_the_seven_places_that_show_the_mark() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = text.partition("## One mark, and where it is shown\n")[2].partition("\n## ")[0]
    rows = [row.strip("| ").split(" | ") for row in table.splitlines() if row.startswith("| ")]
    assert all(len(row) == len(rows[0]) for row in rows), "a cell is missing"
    places = " ".join(row[0] for row in rows)
    for place in ("gradebook.db", "scores`, the table", "--json", "feedback.html", "class report", "export",
                  "--explain", "generate_feedback"):  # fmt: skip
        assert place in places


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.name}")
def test_every_command_that_a_page_names_is_there(page: Path) -> None:
    group = typer.main.get_group(cli.app)
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"(?:^|`|/)autograder ([a-z]+)([^`\n#]*)", text, re.MULTILINE)
    for name, rest in named:
        assert name in group.commands, f"{page.relative_to(ROOT)}: there is no `autograder {name}`"
        known = {option for param in group.commands[name].params for option in param.opts}
        for option in re.findall(r"(?<=\s)--[a-z-]+", rest):
            assert option in known | {"--help"}, f"{page.relative_to(ROOT)}: `autograder {name}` has no {option}"
    assert named or page.stem not in ("instructor", "author"), "no command was found here"


def test_the_front_page_names_every_command_and_leads_to_every_page() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in cli.NAMES if f"autograder {name} " not in readme and f"autograder {name}`" not in readme
            and f"make {name}" not in readme] == []  # fmt: skip
    pages = {page.relative_to(ROOT).as_posix() for page in PAGES} - {"README.md"}
    assert {page for page in pages if f"({page})" not in readme} == set()
    contents = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    assert {page.name for page in (ROOT / "docs").glob("*.md") if f"({page.name})" not in contents} == {"README.md"}
