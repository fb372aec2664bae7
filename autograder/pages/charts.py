"""The class report's pictures as SVG, in the colours of the page: light, dark or printed."""

import io
import math
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from autograder.course.messages import Messages
from autograder.pages.statistics import OUTCOMES, TaskRate

# colours that stand for the page's own: put in by _svg
INK, LINE, BAR = "#010101", "#020202", "#030303"
PAGE_COLOURS = {INK: "var(--ink)", LINE: "var(--line)", BAR: "var(--bar)"}
SHADES = dict(zip(OUTCOMES, ("#1a7f37", "#7fb069", "#c0392b", "#d9a400", "#4a8fb0"), strict=True))
HATCHES = dict(zip(OUTCOMES, ("", "///", "xx", "..", "\\\\"), strict=True))
MOST_BARS = 25
STEPS = (1, *(k * 10**n for n in range(7) for k in (2, 5, 10)))  # points to a bar
RC: Any = {
    "svg.fonttype": "none",  # text stays text: small, searchable, read aloud
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.edgecolor": LINE,
    "hatch.linewidth": 0.6,
    "font.size": 10,
    "font.family": "sans-serif",
}


def marks(totals: Sequence[float], best: float, words: str, texts: Messages) -> Markup:
    """How many students have how many points. words: the picture in a sentence. texts: those of the report."""
    with matplotlib.rc_context(RC):
        figure, axes = _axes(3.0)
        top = max([best, *totals])
        width = next(step for step in STEPS if top <= MOST_BARS * step)
        ticks = [width * n for n in range(math.ceil(top / width - 0.5) + 1)]
        axes.hist(totals, bins=[(n - 0.5) * width for n in range(len(ticks) + 1)], color=BAR, rwidth=0.86)
        axes.set_xlabel(texts.say("figure", "whole-points" if width == 1 else "points", width=f"{width:g}"))
        axes.set_ylabel(texts.say("figure", "students"))
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xticks(ticks)
        return _svg(figure, words)


def tasks(rates: Sequence[TaskRate], words: str, texts: Messages) -> Markup:
    """A bar for each task, cut by how it came out."""
    with matplotlib.rc_context(RC):
        figure, axes = _axes(0.9 + 0.32 * len(rates))
        left = [0.0] * len(rates)
        for outcome in OUTCOMES:
            widths = [100 * rate.counts[outcome] / max(1, rate.students) for rate in rates]
            axes.barh(
                [rate.task for rate in rates],
                widths,
                left=left,
                label=texts.say("outcome", outcome.replace(" ", "-")),
                color=SHADES[outcome],
                hatch=HATCHES[outcome],
                edgecolor="#ffffff",
                linewidth=0,
            )
            left = [a + b for a, b in zip(left, widths, strict=True)]
        axes.invert_yaxis()
        axes.set_xlim(0, 100)
        axes.set_xlabel(texts.say("figure", "percent"))
        axes.legend(ncols=len(OUTCOMES), loc="lower center", bbox_to_anchor=(0.5, 1), frameon=False, fontsize=9)
        return _svg(figure, words)


def accuracies(
    found: Mapping[str, Sequence[float]], bounds: Mapping[str, float], words: str, texts: Messages
) -> Markup:
    """The accuracies of the saved models, a row of dots for each set, with the threshold as a line."""
    with matplotlib.rc_context(RC):
        figure, axes = _axes(0.9 + 0.6 * len(found))
        low = min([*bounds.values(), *(v for values in found.values() for v in values)])
        for row, (name, values) in enumerate(found.items()):
            spread = [row + 0.28 * ((37 * n) % 101 / 50 - 1) for n in range(len(values))]
            axes.scatter([100 * v for v in values], spread, s=9, color=BAR, linewidths=0)
            if name in bounds:
                axes.plot([100 * bounds[name]] * 2, [row - 0.42, row + 0.42], color=INK, linewidth=1.5)
        axes.set_yticks(range(len(found)), list(found))
        axes.set_ylim(len(found) - 0.5, -0.5)
        axes.set_xlim(100 * low - 1, 100)
        axes.set_xlabel(texts.say("figure", "accuracy"))
        return _svg(figure, words)


def _axes(height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(8.6, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _svg(figure: Figure, words: str) -> Markup:
    """The drawing as an element of the page, with its text alternative."""
    buffer = io.StringIO()
    matplotlib.rcParams["svg.hashsalt"] = words  # or two drawings would name their hatches alike
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")  # text stays text, and browsers have Thai letters
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    for colour, name in PAGE_COLOURS.items():
        text = text.replace(colour, name)
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", text, flags=re.DOTALL)
    text = re.sub(r'<g id="[^"]*"', "<g", text)  # several drawings stand in one page
    head = Markup('<svg role="img" aria-label="{}"').format(words)
    return Markup(text.replace("<svg", head, 1))
