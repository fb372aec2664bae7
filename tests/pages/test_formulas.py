# ruff: noqa: E501  (a formula is easier to read on its one line)
"""cleaned/: LaTeX becomes MathML by an allow-list; what is not understood stays as it was written."""

import json
import random
import re
from html import unescape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from latex2mathml import commands
from pages_in_chromium import chromium, complaints, needs_chromium, visit

from autograder.pages import html_page, markdown
from autograder.pages.cleaned import mathml
from autograder.pages.cleaned.formulas import MAX_LATEX, MAX_NESTED, formula
from autograder.pages.markdown import MATH, formulas_of, text, with_formulas, words

SOURCE = Path(__file__).resolve().parents[2] / "source" / "hw4"

# as students write them: Thai in and around formulas, every environment, and habits of all kinds
PROOFS = [
    # whole proofs, mixed
    r"กฎลูกโซ่: $\displaystyle \frac{\partial L}{\partial h_i} = \sum_j \frac{\partial L}{\partial P_j}\frac{\partial P_j}{\partial h_i}$ ดังนั้น $\dfrac{\partial L}{\partial h_i} = P_i - y_i$",
    r"""$$
\begin{aligned}
\frac{\partial L}{\partial h_i} &= -\sum_j y_j \frac{\partial \log P_j}{\partial h_i} \\
&= -\sum_j \frac{y_j}{P_j} \cdot \frac{\partial P_j}{\partial h_i} \\[4pt]
&= P_i \sum_j y_j - y_i \qquad \text{เพราะ } \sum_j y_j = 1 \\
&= P_i - y_i
\end{aligned}
$$""",
    r"""\begin{align}
\log P_j &= h_j - \log\sum_k e^{h_k} \label{eq:1}\\
\frac{\partial \log P_j}{\partial h_i} &= \delta_{ij} - P_i \nonumber
\end{align}""",
    r"""$$ \frac{\partial P_j}{\partial h_i} = \begin{cases} P_i (1 - P_i) & \text{if } i = j \\ -P_i P_j & \text{if } i \neq j \end{cases} $$""",
    r"""$$ \frac{\partial P_j}{\partial h_i} = \begin{cases} P_i (1 - P_i) & \text{ถ้า } i = j \\ -P_i P_j & \text{กรณีอื่น ๆ} \end{cases} $$""",
    r"""$$J = \begin{pmatrix} P_1(1-P_1) & -P_1 P_2 & \cdots & -P_1 P_C \\ \vdots & \vdots & \ddots & \vdots \\ -P_C P_1 & \cdots & & P_C(1-P_C) \end{pmatrix} = \mathrm{diag}(P) - P P^T$$""",
    r"""$$\nabla_h L = J^\top \begin{bmatrix} -y_1/P_1 \\ \vdots \\ -y_C/P_C \end{bmatrix}^{T}$$""",
    r"ให้ $S = \sum_{k=1}^{C} \exp(h_k)$ จะได้ $P_j = \exp(h_j) / S$",
    r"$$\frac{d}{dh_i}\left(\frac{e^{h_i}}{\sum_k e^{h_k}}\right) = \frac{e^{h_i}\sum_k e^{h_k} - (e^{h_i})^2}{\left(\sum_k e^{h_k}\right)^2}$$",
    r"\begin{equation} L = -\log P_{y} \tag{1} \end{equation}",
    r"\begin{equation*}\begin{split} a &= b + c \\ &= d \end{split}\end{equation*}",
    r"\begin{eqnarray} \frac{\partial L}{\partial h_i} &=& P_i - y_i \\ &=& P_i - 1 \end{eqnarray}",
    r"$$\text{เมื่อ } i = j: \quad \frac{\partial P_i}{\partial h_i} = P_i(1-P_i)$$",
    r"$ \frac{\partial L}{\partial h_i} = P_i - y_i $ ซ.ต.พ. $\blacksquare$",
    r"$\therefore \frac{\partial L}{\partial h_i} = P(y=i) - y_i \quad \square$",
    r"$$\boxed{\frac{\partial L}{\partial h_i} = P(y = i) - y_i}$$",
    r"$\mathbb{1}\{i = j\}$, $\mathbf{1}[i=j]$, $\delta_{ij} \in \{0, 1\}$, $\mathcal{L}(\theta)$, $\bm{h} \in \mathbb{R}^C$",
    r"$$L = -\sum_{j=1}^{C} y_j \ln P_j,\quad \sum_{j} y_j = 1,\; y_j \in \{0,1\}$$",
    r"$$\frac{\partial}{\partial h_i} \log \sum_k e^{h_k} = \frac{1}{\sum_k e^{h_k}} \cdot e^{h_i} = P_i$$",
    r"$-\dfrac{y_i}{P_i}\cdot P_i(1-P_i) + \sum\limits_{j\ne i} \dfrac{y_j}{P_j} P_i P_j$",
    r"$$= -y_i + y_i P_i + P_i \sum_{j \neq i} y_j = -y_i + P_i \underbrace{\Big(y_i + \sum_{j\neq i} y_j\Big)}_{=1}$$",
    r"$$\begin{array}{lcl} L & = & -\log P_c \\ & = & -h_c + \log S \end{array}$$",
    r"\begin{gather} a = b \\ c = d \end{gather}",
    r"$$ a = b \\ c = d $$",
    r"\\[ \frac{\partial L}{\partial h} = P - y \\]",
    r"ใช้ \\( P_i = \sigma(h)_i \\) แล้วแทนค่า",
    r"$$\lim_{\epsilon\to 0}\frac{L(h_i+\epsilon)-L(h_i-\epsilon)}{2\epsilon}$$",
    r"$\hat{y} = \arg\max_j h_j$, $\bar{x} = \frac1N \sum_n x_n$, $\tilde{W}$, $\vec{v}$, $\dot{x}$",
    r"$\operatorname{softmax}(h)_j = \dfrac{\exp(h_j)}{\sum_k \exp(h_k)}$ และ $\operatorname*{argmax}_j$",
    r"$\left\{ h_j - \max_k h_k \right\}$ และ $\left| x \right|$, $\lVert W \rVert_2^2$, $\|W\|^2$",
    r"$\frac{\partial L}{\partial h_i} = \frac{\partial L}{\partial P_i}\frac{\partial P_i}{\partial h_i} + \sum_{j \not= i} \frac{\partial L}{\partial P_j}\frac{\partial P_j}{\partial h_i}$",
    r"$\text{ความน่าจะเป็น } P \text{ ของคำตอบที่ถูก} = 50\%$",
    r"$ค่าความผิดพลาด = L_{รวม} / N$",
    r"$$\frac{\partial L}{\partial h_i} \overset{\text{กฎลูกโซ่}}{=} \sum_j \frac{\partial L}{\partial P_j} \frac{\partial P_j}{\partial h_i}$$",
    r"$f'(x) = \big(g(x)\big)'$, $x'' + y^{\prime}$, $\sqrt{x}$, $\sqrt[3]{x+1}$",
    r"$\forall i \; \exists j : i \neq j \Rightarrow P_i P_j \geq 0 \iff P_i \ge 0 \land P_j \ge 0$",
    r"$$\cancel{P_i}\, \frac{y_i}{\cancel{P_i}} = y_i$$",
    r"$\begin{cases} 1 & i=j\\ 0 & i\ne j \end{cases}$ คือ $\delta_{ij}$",
    r"$$\begin{aligned}[t] x &= \text{$y_{1}$ เมื่อ $i=j$ และ 50\% of it} \end{aligned}$$",
    r"$$H(y, P) = -\sum_j y_j \log P_j \;\Longrightarrow\; \frac{\partial H}{\partial h} = P - y \quad\text{Q.E.D.}$$",
]

# smaller habits, each alone
HABITS = [
    r"\mathrm{ไทย}",
    r"\frac{\text{จำนวน}}{N}",
    r"\underset{x}{\operatorname{argmin}} f",
    r"\bigl( x \bigr)",
    r"\mathop{\mathrm{argmax}}_j",
    r"\boldsymbol{\theta}",
    r"\hat{\mathbf{y}}",
    r"\left.\frac{a}{b}\right|_{x=0}",
    r"\prod_{i=1}^n x_i",
    r"\int_0^1 x\,dx",
    r"\Leftrightarrow",
    r"\xrightarrow{\text{ไทย}}",
    r"\sum_{\substack{i\\j}} a",
    r"a \\ b",
    r"\begin{cases} a \\ b \end{cases}",
    r"\mathbf{W}_1^{(2)}",
    r"x \leq y \ll z",
    r"\ell(\theta)",
    r"e^{-x}",
    r"10^{-5}",
    r"\langle a, b\rangle",
    r"\overline{AB}",
    r"\neg p \lor q",
    r"p(y\mid x)",
    r"\hbox{a b}",
    r"\mathcal{N}(0, \sigma^2)",
    r"\left\lVert x\right\rVert",
    r"\text{if}~x",
    r"\pm 1",
    r"W^{\top}",
    r"a\ b",
    r"\%",
    r"\#",
    r"\_",
    r"\colon",
    r"\triangleq",
    r"\overset{\triangle}{=}",
    r"\stackrel{\text{def}}{=}",
    r"\tfrac12",
    r"\binom{n}{k}",
    r"\dot{x}\ddot{x}",
    r"\vdots",
    r"x\!y",
    r"2 exp(x)",
    r"\color{red}{x}",
    r"\textcolor{blue}{P_i}",
    r"\mathrm d x",
    r"\sideset{}{'}\sum",
    r"\phantom{x}y",
    r"\tanh x",
    r"\ln(x)",
    r"\det A",
    r"\Pr(x)",
    r"\gcd(a,b)",
    r"\mathbb E[X]",
    r"\mathbb{E}_{x\sim p}",
    r"P_{ij}'",
    r"\left( \begin{array}{cc} 1 & 2 \\ 3 & 4\end{array}\right)",
    r"\begin{Vmatrix}1\end{Vmatrix}",
    r"\large x",
    r"\bf{x}",
    r"{\bf x}",
    r"{\rm relu}(x)",
    r"\it{x}",
    r"x\in\mathbb R",
    r"\square",
    r"\Box",
    r"\checkmark",
    r"\star",
    r"\ast",
    r"\bullet",
    r"\to",
    r"\mapsto",
    r"\infty",
    r"|P|",
    r"\lbrace x\rbrace",
    r"\log_2 x",
    r"\log^2 x",
    r"\sin^2\theta",
    r"\exp{x}",
    r"-\log{P_i}",
    r"\frac{\partial{L}}{\partial{h_i}}",
    r"\frac {a} {b}",
    r"\frac a b",
    r"\sqrt 2",
    r"x^ 2",
    r"\sum\nolimits_j",
    r"\displaystyle\sum\limits_{j=1}^{C}",
    r"\left[ P_i \right]_{i=1}^{n}",
    r"(P_i)^{2}_{j}",
    r"\Bigg|_{x=0}",
    r"\big|_{h_i}",
    r"\frac{\mathrm{d}L}{\mathrm{d}h}",
    r"\dfrac{d\,L}{d\,h}",
    r"\operatorname{Softmax}_i",
    r"\texttt{np.exp}",
    r"\text{np.exp(x\_1)}",
    r"\mathtt{x}",
]

# what no reader can be sure of: mistakes, commands that nobody knows, layout that would be lost
BROKEN = [
    r"$\frac{a}{b$",
    r"$\frac{a}$",
    r"$x^$",
    r"$x_1_2$",
    r"$\left( x$",
    r"$\right) x$",
    r"$a & b$",
    r"$\softmax(h)$",
    r"$$\begin{aligned} a &= b $$",
    r"$$\begin{aligned} a \end{cases}$$",
    r"$$\begin{tikzpicture} a \end{tikzpicture}$$",
    r"$$\begin{array}{c|c} a & b \end{array}$$",
    r"$$\begin{matrix} a \\ \hline b \end{matrix}$$",
    r"$\text{open$",
    r"$\text{see \ref{a}}$",
    r"$\text{a $x b}$",
    r"\begin{proof} $x$ \end{proof}",
    r"$\hspace{9999999em} x$",
    r"$\hspace{-20em} x$",
    "$\ue0020\ue003$",
    "$\ue002\\label{a}7\ue003$",
    r"$\text{}$",
    r"$ $",
]


def books() -> list[str]:
    cells = [cell for path in sorted(SOURCE.glob("*.ipynb")) for cell in json.loads(path.read_text())["cells"]]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]


def test_every_formula_of_the_notebooks_is_set() -> None:
    page = "".join(map(words, books()))
    assert page.count("<math") >= sum(len(MATH.findall(cell)) for cell in books()) > 40
    assert 'class="latex"' not in page and not re.search(
        r"\\[A-Za-z]", re.sub("<(code|pre)>.*?</\\1>", "", page, flags=re.S)
    )


ENDS = ["$", "$$", r"\\[", r"\\]", r"\\(", r"\\)", r"\begin{a}", r"\end{a}", r"\begin{b*}", r"\end{b*}"]


def test_formulas_are_found_where_their_pattern_has_them() -> None:
    rng, count = random.Random(1), 0
    words = [*ENDS, "\\", r"\$", "a", " ", "\n", "\n\n", "1", "[", "]", "x^2", "{", "b" * 900]
    texts = ["".join(rng.choices(words, k=rng.randint(1, 30))) for _ in range(3000)]
    texts += [f"{a}{'x' * n}{b}" for a, b in zip(ENDS[2::2], ENDS[3::2], strict=True) for n in range(3998, 4003)]
    texts += ["$" + r"\x" * n + "$" for n in range(998, 1003)]
    for one in texts:
        spans = [match.span() for match in formulas_of(one)]
        assert spans == [match.span() for match in MATH.finditer(one)], one
        count += len(spans)
    assert count > 1000


@pytest.mark.parametrize("opening", [r"\\[", r"\\(", r"\begin{a}", r"\end{b}\begin{a}"])
def test_what_has_no_end_costs_no_search_of_the_pattern(opening: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markdown, "MATH", None)
    assert list(formulas_of(opening * 5000)) == []


@pytest.mark.parametrize("proof", PROOFS)
def test_what_students_write_is_set(proof: str) -> None:
    page = words(proof)
    assert 'class="math' in page and 'class="latex"' not in page
    assert not re.search(r"[\\$&](?!\w+;|#)", page), page
    ElementTree.fromstring(f"<page>{page}</page>")
    for said in re.findall(r"[\u0e00-\u0e7f]+", proof):
        assert said in page, "Thai stands together: its vowels belong to a letter"


def test_every_habit_is_set() -> None:
    assert [habit for habit in HABITS if "<math" not in formula(f"${habit}$")] == []


def test_what_stands_below_an_operator_is_below_it() -> None:
    for operator in (r"\sum", r"\max", r"\lim", r"\arg\max", r"\operatorname*{argmax}", r"\mathop{\rm argmin}"):
        assert "<munder>" in formula(f"$${operator}_j x_j$$"), operator
    assert "<munder>" not in formula(r"$$\operatorname{softmax}_j$$")


@pytest.mark.parametrize("written", BROKEN)
def test_what_is_broken_stays_as_it_was_written(written: str) -> None:
    page = formula(written)
    assert unescape(page) == f'<span class="latex">{written}</span>'


def only_listed(page: str) -> None:
    """Every element and attribute of a page is of the allow-list."""
    for element in ElementTree.fromstring(f"<page>{page}</page>").iter():
        assert element.tag in {"page", "p", "span", "math", *mathml.ELEMENTS}, element.tag
        for name, value in element.attrib.items():
            if name == "class":
                assert value in {"math", "math display", "latex", "pairs", "boxed", "struck", "r", "l"}
            elif name not in ("display", "tabindex"):
                assert mathml.ATTRIBUTES[name].fullmatch(value), (name, value)


def known_commands() -> list[str]:
    named = {value for value in vars(commands).values() if isinstance(value, str) and value.startswith("\\")}
    tables = [value for value in vars(commands).values() if isinstance(value, tuple | dict)]
    return sorted(named | {one for table in tables for one in table if isinstance(one, str) and one.startswith("\\")})


SHAPES = [
    "{}",
    "{} x",
    "{{x}}",
    "{}{{<script>}}{{y}}",
    "{}{{javascript:alert(1)}}{{x}}{{y}}",
    "{}[9em]{{red}}{{x}}",
    "x{} y",
    "x_{}",
]


def test_no_command_of_the_library_gives_what_is_not_listed() -> None:
    found = known_commands()
    assert len(found) > 200
    for command in found:
        for shape in SHAPES:
            latex = shape.replace("{{", "{").replace("}}", "}").replace("{}", command, 1)
            only_listed(formula(f"${latex}$"))
            only_listed(formula(f"$${latex}$$"))


HOSTILE = {
    "a tag in words": r"$\text{<script>alert(31337)</script>} x$",
    "a tag in letters": "$<img src=x onerror=alert(31337)>$",
    "a character by its number": r"$\text{&#x3c;script&#x3e;} \unicode{x3c}$",
    "a character by its number, alone": "$$&#x3c;script$$",
    "a character that there is not": r"$\fbox{&#xffffff;} \llap{&#xd800;} \underbar{&#xd800;}$",
    "a link": r"$\href{javascript:alert(31337)}{x}$",
    "a class and a style": r"$\class{passed}{x} \style{position:fixed}{x}$",
    "a macro": r"$\def\h#1{\href{java#1}{x}}\h{script:alert(31337)}$",
    "a macro that grows": r"$\newcommand{\a}{xxxxxxxxxx}\def\b{\a\a\a\a\a\a\a\a\a\a}\b\b\b\b$",
    "an operator": r"$\operatorname{<script>}$",
    "a colour": r"$\color{url(//example.org)}{x} \textcolor{white}{y}$",
    "a delimiter": r"$\left<script \right> x$",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_of_a_formula_is_live(name: str) -> None:
    for page in (formula(HOSTILE[name]), text(HOSTILE[name], {}), with_formulas(HOSTILE[name])):
        only_listed(str(page))
        assert not re.search(r"<(script|img|a)\b|href=|style=|&#x3c;", page)


@pytest.mark.parametrize(
    "latex",
    ["x" * 1_000_000, "{" * 5000 + "x" + "}" * 5000, r"\sqrt" * 700, "x^" * 1500, r"\left(" * 400, r"\text{$" * 500, r"\frac" * 800,
     r"\begin{matrix}" * 100 + r"\end{matrix}" * 100],
    ids=["long", "braces", "roots", "scripts", "brackets", "words", "fractions", "tables"],
)  # fmt: skip
def test_what_is_too_long_or_too_deep_stays_as_it_was_written(latex: str) -> None:
    assert formula(f"$${latex}$$") == f'<span class="latex">$${latex}$$</span>'


def test_the_bounds_are_where_they_are_said_to_be() -> None:
    assert "<math" in formula(f"$${'x' * MAX_LATEX}$$")
    assert "<math" in formula("$$" + "{x_" * MAX_NESTED + "x" + "}" * MAX_NESTED + "$$")
    assert "<math" not in formula("$$" + "{x_" * (MAX_NESTED + 1) + "x" + "}" * (MAX_NESTED + 1) + "$$")


def test_what_is_set_is_no_longer_than_a_small_multiple() -> None:
    for latex in (
        "a^b" * 1000,
        r"\begin{matrix}" + "&" * 3900 + r"\end{matrix}",
        r"a\\" * 1300,
        r"\hat a" * 600,
        r"\tag{1}" * 500,
    ):
        assert len(formula(f"$${latex}$$")) < 30 * len(latex)


def test_no_row_of_spaces_leads_out_of_the_formula() -> None:
    assert formula("$" + r"\!" * 900 + "x$").count('mspace width="-') <= 1
    assert formula("$" + r"{\!}{}" * 150 + "x$").count('mspace width="-') <= 1


NO_FORMULA = ["costs 5 dollars", "`$x$` and `$y$`", "```\n$x$\n```", r"\$5 and \$6", "$x\n\ny$"]
PRICES = ["$5 and $10", "from $5 to 7 $ a piece", "US$5, US$10 and US$20", "$1.50 ($2 with ice)"]


@pytest.mark.parametrize("written", NO_FORMULA + PRICES)
def test_what_is_no_formula_is_none(written: str) -> None:
    assert "<math" not in words(written)


@pytest.mark.parametrize("written", ["$2x + 1$", "$ x $", "$x $ and", "costs $5, and $x$ is set", "$0.5$, $10^{-3}$."])
def test_a_formula_that_begins_with_a_number_or_a_space_is_one(written: str) -> None:
    assert "<math" in text(written, {}) and "<math" in with_formulas(written)


def test_a_picture_between_two_dollars_is_seen() -> None:
    page = text("5$ ![proof](attachment:p.png) 6$", {"p.png": {"image/png": "iVBORw0KGgo="}})
    assert '<img alt="proof"' in page and "<math" not in page


def test_a_comment_has_its_formulas_set_and_nothing_else() -> None:
    assert with_formulas("a <b> **c** $x$") == 'a &lt;b&gt; **c** <span class="math"><math><mi>x</mi></math></span>'


@pytest.mark.proof  # it draws all proofs and notebooks; the feedback with its formulas is looked at in each run
@needs_chromium
def test_formulas_are_drawn_without_script_and_axe_finds_nothing(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    body = "".join(words(proof) for proof in (*PROOFS, *books()))
    style = (html_page.TEMPLATES / "page.css").read_text(encoding="utf-8")
    page.write_text(
        f"<!DOCTYPE html><html lang=en><title>x</title><style>{style}</style><main><h1>x</h1>{body}", encoding="utf-8"
    )
    with chromium() as browser:
        opened, seen = visit(browser, page)
        drawn: list[dict[str, Any]] = opened.evaluate(
            "[...document.querySelectorAll('math')].map(one => one.getBoundingClientRect()).map(box => [box.width, box.height])"
        )
        assert seen == [] and len(drawn) > 100 and all(width > 2 and height > 2 for width, height in drawn)
        found = complaints(browser.new_context(bypass_csp=True).new_page(), page, "dark")
        # the notebooks' own pictures and headings are not what is looked at here
        assert [one for one in found if "math" in one or "scrollable" in one] == []
