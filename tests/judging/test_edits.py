"""Edits made by machine: which ones, where they stand in the text, and that each is Python."""

import ast
from pathlib import Path

import pytest
from shares import one_in

from autograder.judging.by_machine import edits
from autograder.judging.by_machine.edits import Edit, Kind, edits_of

ENGINE = Path(__file__).resolve().parents[2] / "autograder"


def of_line(line: str, kind: Kind, before: str = "", after: str = "return y") -> list[str]:
    """What a line of a function becomes by the edits of one kind."""
    lines = [*before.splitlines(), line, *after.splitlines()]
    text = "import numpy as np\n\n\ndef f(x, i=0):\n" + "".join(f"    {one}\n" for one in lines)
    return [edit.after for edit in edits_of(text, "f") if edit.kind is kind and edit.before == line]


@pytest.mark.parametrize(
    ("kind", "line", "becomes"),
    [
        (Kind.OPERATOR, "y = x + 1", ["y = x - 1"]),
        (Kind.OPERATOR, "y = x @ i", ["y = x * i"]),
        (Kind.OPERATOR, "y = x ** i // 3", ["y = x ** i / 3", "y = x * i // 3"]),
        (Kind.OPERATOR, "y = (x)+(i)", ["y = (x)-(i)"]),
        (Kind.OPERATOR, "y = x and i", ["y = x or i"]),
        (Kind.OPERATOR, "x -= i", ["x += i", "x = i"]),
        (Kind.TERM, "y = x * i + 1", ["y = x * i", "y = 1", "y = x + 1", "y = i + 1"]),
        (Kind.TERM, "y = (x + i) * 3", ["y = (x + i)", "y = 3", "y = (x) * 3", "y = (i) * 3"]),
        (Kind.TERM, "y = 1.0 if x else 2.0", ["y = 1.0", "y = 2.0"]),
        (Kind.TERM, "y = x or i", ["y = x", "y = i"]),
        (Kind.ORDER, "y = x - i", ["y = i - x"]),
        (Kind.ORDER, "y = x - i - 3", ["y = 3 - (x - i)", "y = i - x - 3"]),
        (Kind.ORDER, "return x, i", ["return i, x"]),
        (Kind.ORDER, "y = pow(x, i)", ["y = pow(i, x)"]),
        (Kind.ORDER, "y = max(x, i)", []),
        (Kind.SIGN, "y = -np.log(x)", ["y = np.log(x)"]),
        (Kind.SIGN, "y = not (x)", ["y = (x)"]),
        (Kind.COMPARISON, "y = x < i", ["y = x <= i", "y = x > i"]),
        (Kind.COMPARISON, "y = x == i", ["y = x != i"]),
        (Kind.COMPARISON, "y = x not in i", ["y = x in i"]),
        (Kind.COMPARISON, "y = x if np.any(x) else i", ["y = x if not (np.any(x)) else i"]),
        (Kind.CONSTANT, "y = x + 2", ["y = x + 3", "y = x + 1"]),
        (Kind.CONSTANT, "y = x + 0.5", ["y = x + 1.0"]),
        (Kind.CONSTANT, "y = True", ["y = False"]),
        (Kind.KEY, 'y = x["a"] + i["b"]', ['y = x["b"] + i["b"]', 'y = x["a"] + i["a"]']),
        (Kind.KEY, "y = {'a': x, 'b': i}", ["y = {'b': x, 'b': i}", "y = {'a': x, 'a': i}"]),
        (Kind.NAME, "y = x", ["y = i"]),
        (Kind.INDEX, "y = x[i]", ["y = x"]),
        (Kind.INDEX, "x[i] = 0", ["x = 0"]),
        (Kind.AXIS, "y = x.sum(axis=0)", ["y = x.sum(axis=1)", "y = x.sum()"]),
        (Kind.AXIS, "y = np.sum(x, axis=-1)", ["y = np.sum(x, axis=0)", "y = np.sum(x)"]),
        (Kind.CALL, "y = x.max()", ["y = x.min()", "y = x"]),
        (Kind.CALL, "y = np.log(x + 1)", ["y = np.log10(x + 1)", "y = (x + 1)"]),
        (Kind.CALL, "y = np.linalg.norm(x)", ["y = x"]),
        (Kind.CALL, "y = x.T @ i", ["y = x @ i"]),
        (Kind.CALL, "y = f(x)", []),
        (Kind.KEYWORD, "y = np.sum(x, initial=i)", ["y = np.sum(x)"]),
        (Kind.KEYWORD, "y = dict(a=x, b=i)", ["y = dict(b=i)", "y = dict(a=x)"]),
        (Kind.KEYWORD, "y = x.sum(keepdims=True)", ["y = x.sum(keepdims=False)"]),
        (Kind.LINE, "x += 1", [""]),
        (Kind.LINE, "y = x", []),
    ],
)  # fmt: skip
def test_each_kind_makes_its_edits_in_the_order_of_the_text(kind: Kind, line: str, becomes: list[str]) -> None:
    assert of_line(line, kind) == becomes


def test_bytes_are_counted_as_ast_counts_them() -> None:
    line = 'y = ("ค่าเฉลี่ย", x - 1)[1]  # ลบหนึ่ง'
    assert of_line(line, Kind.OPERATOR) == [line.replace("x - 1", "x + 1")]
    assert of_line(line, Kind.SIGN, before='z = -len("ผลต่าง")') == []


def test_what_stands_between_operands_is_no_operator() -> None:
    text = "def f(x):\n    return (x  # - minus, + plus\n            + 1)\n"
    (edit,) = (edit for edit in edits_of(text, "f") if edit.kind is Kind.OPERATOR)
    assert edit.text == text.replace("+ 1", "- 1")
    assert (edit.line, edit.before, edit.after, edit.old) == (
        3,
        "+ 1)",
        "- 1)",
        "x  # - minus, + plus\n            + 1",
    )


def test_signature_docstring_and_what_is_shown_stay() -> None:
    text = 'def f(x, n: int = 3 + 1):\n    """1 + 1."""\n    print(f"{x + 1} of {n}")\n    return x\n'
    assert {edit.before for edit in edits_of(text, "f")} == {'print(f"{x + 1} of {n}")', "return x"}


def test_an_edit_says_what_it_changes() -> None:
    text = 'def f(p, x):\n    """One."""\n    y = -x.mean()  # why\n    return y + p["b"]\n\n\ndef g():\n    pass\n'
    sign = next(edit for edit in edits_of(text, "f") if edit.kind is Kind.SIGN)
    assert sign == Edit("f", Kind.SIGN, 3, "-x.mean()", "x.mean()", "y = -x.mean()  # why", "y = x.mean()  # why",
                        text.replace("-x.mean()", "x.mean()"))  # fmt: skip
    term = next(edit for edit in edits_of(text, "f") if edit.kind is Kind.TERM)
    assert (term.old, term.new) == ('y + p["b"]', "y")
    line = next(edit for edit in edits_of(text, "f") if edit.kind is Kind.LINE)
    assert (line.old, line.new, line.after) == ('return y + p["b"]', "", "")
    assert line.text == text.replace('    return y + p["b"]\n', "")


def test_a_line_that_is_alone_in_its_block_becomes_pass() -> None:
    text = "def f(x):\n    for i in x:\n        x[i] = 1\n    return x; x = 2\n"
    texts = [edit.text for edit in edits_of(text, "f") if edit.kind is Kind.LINE]
    assert texts == [
        "def f(x):\n    return x; x = 2\n",
        text.replace("x[i] = 1", "pass"),
        text.replace("return x", "pass"),
        text.replace("x = 2", "pass"),
    ]


def test_a_name_that_is_not_there_yet_is_not_written() -> None:
    text = "def f(x, i):\n    y = x\n    z = y\n    return z\n"
    names = {(edit.before, edit.after) for edit in edits_of(text, "f") if edit.kind is Kind.NAME}
    assert names == {("y = x", "y = i"), ("z = y", "z = x"), ("z = y", "z = i"), ("return z", "return x"),
                     ("return z", "return i")}  # fmt: skip


def test_the_key_stays_where_other_lines_come_and_go() -> None:
    text = "def f(x):\n    x = x + 1\n    x = x + 1\n    return x\n"
    moved = f"import math\n\n\n{text.replace('return x', 'z = 3')}"
    keys = [edit.key for edit in edits_of(text, "f")]
    assert len(set(keys)) == len(keys)
    assert ("f", "x = x + 1", "x = x - 1", 1) in keys and ("f", "x = x + 1", "x = x - 1", 2) in keys
    assert {key for key in keys if key[1] == "x = x + 1"} <= {edit.key for edit in edits_of(moved, "f")}


def test_two_runs_make_the_same_and_no_more_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "def f(x):\n" + "    x = x + 1\n" * 40 + "    return x\n"
    whole = list(edits_of(text, "f"))
    assert whole == list(edits_of(text, "f")) and len(whole) > 200
    monkeypatch.setattr(edits, "MOST", 50)
    assert list(edits_of(text, "f")) == whole[:50]


@pytest.mark.parametrize("name", one_in(3, ["sandbox/guest/frames.py", "judging/checking.py", "source_notebooks.py"]))
def test_every_edit_of_real_code_is_python_and_touches_one_function(name: str) -> None:
    text = (ENGINE / name).read_text(encoding="utf-8")
    tree = ast.parse(text)
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    for node in functions:
        first, last = sum(map(len, text.splitlines(True)[: node.lineno - 1])), node.end_lineno or 0
        after = "".join(text.splitlines(True)[last:])
        found = list(edits_of(text, node.name))
        assert len({edit.text for edit in found} | {text}) == len(found) + 1
        for edit in found:
            ast.parse(edit.text)
            assert edit.text.startswith(text[:first]) and edit.text.endswith(after)
            assert node.lineno <= edit.line <= last and edit.before != edit.after
