"""HTML pages that stand alone: one file, no script, nothing fetched, whatever stands in the texts."""

import base64
import functools
import hashlib
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from autograder.judging.verdicts import FAILED, NEEDS_GRADING, NOT_CHECKED, PASSED, Verdict

TEMPLATES = Path(__file__).parent / "templates"
SIGNS = {PASSED: "✓", FAILED: "✗", NOT_CHECKED: "?", NEEDS_GRADING: "…"}  # a colour alone says nothing


def render(template: str, style: str = "", **values: Any) -> str:
    """A page of a template; everything that is not Markup is escaped."""
    css = _style() + style
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    page = _templates().get_template(template)
    return page.render(style=Markup(css), style_hash=f"sha256-{digest}", css=css_name, sign=sign, **values)


def css_name(verdict: Verdict) -> str:
    """The status as a CSS class and a key of the texts; what is partly right is told from what is wrong."""
    return "partly" if verdict.status == FAILED and verdict.score else verdict.status.replace(" ", "-")


def sign(verdict: Verdict) -> str:
    """The status as a sign."""
    return SIGNS[verdict.status]


@functools.cache
def _templates() -> Environment:
    loader = FileSystemLoader(TEMPLATES)
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


@functools.cache
def _style() -> str:
    return (TEMPLATES / "page.css").read_text(encoding="utf-8")
