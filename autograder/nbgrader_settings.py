"""Hands the course to nbgrader: the whole of what nbgrader_config.py does. Names classes, imports none."""

import functools
import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograder.course import load_course, stamps

RELEASE_STEPS = [
    "nbgrader.preprocessors.LockCells",
    "autograder.releasing.nbgrader_steps.FillSolutions",
    "nbgrader.preprocessors.ClearSolutions",
    "autograder.releasing.nbgrader_steps.StampTasks",
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.ClearHiddenTests",
    "nbgrader.preprocessors.CheckCellMetadata",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.SaveCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
CODE_STUB = "raise NotImplementedError"
IGNORED = [
    ".ipynb_checkpoints",
    "*.pyc",
    "__pycache__",
    ".pytest_cache",
    "*.part",
    "feedback",  # pages that a student has fetched
]

TEMPLATES = Path(__file__).parent / "pages" / "templates"  # formgrade/ has MathJax from the server itself


def find_alembic() -> None:
    """Put this environment's programs on PATH: nbgrader runs `alembic` by name when it makes a gradebook."""
    here = str(Path(sys.executable).parent)
    if here not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([here, os.environ.get("PATH", "")]).rstrip(os.pathsep)


def read_times(timezone: str) -> None:
    """Let nbgrader's commands and its formgrader read times as we do: theirs takes `+07` for seven seconds."""
    for name, module in list(sys.modules.items()):
        if name.startswith("nbgrader.") and "parse_utc" in vars(module):
            own = vars(module)["parse_utc"]
            theirs = own.args[0] if isinstance(own, functools.partial) else own
            listed = name == "nbgrader.apps.api"  # there no time is a case of its own, and an error ends the list
            vars(module)["parse_utc"] = functools.partial(_read, theirs, timezone, listed)


def _read(theirs: Callable[[Any], Any], timezone: str, none_for_none: bool, time: Any) -> Any:
    try:
        return stamps.moment(time, timezone) if isinstance(time, str) else theirs(time)
    except stamps.Unreadable:
        if none_for_none:
            return None
        return theirs(time)


def formgrader_templates() -> list[str]:
    """Where the formgrader finds its pages: what is ours comes first. (Found, not imported: that takes seconds.)"""
    found = importlib.util.find_spec("nbgrader")
    places = found.submodule_search_locations if found is not None else None
    return [str(TEMPLATES), *(str(Path(place, "server_extensions/formgrader/templates")) for place in places or ())]


def configure(config: Any, root: Path) -> None:
    """Set nbgrader's options for the course in `root`."""
    find_alembic()
    course = load_course(root)
    read_times(course.timezone)
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.course_id = course.exchange_id
    config.CourseDirectory.db_url = course.gradebook_url
    config.CourseDirectory.ignore = IGNORED
    config.NbGraderAPI.timezone = course.timezone  # in which the formgrader shows times
    config.NbGraderAPI.timestamp_format = "%Y-%m-%d %H:%M %Z"
    # students' weights come in from the exchange; the instructor's own never go out
    config.GenerateAssignmentApp.CourseDirectory.ignore = [
        *IGNORED,
        *sorted({a.model_file for a in course.assignments} - {""}),
    ]
    config.GenerateAssignment.preprocessors = RELEASE_STEPS
    config.HTMLExporter.extra_template_basedirs = formgrader_templates()
    config.ClearSolutions.code_stub = {"python": CODE_STUB}
    # submissions are run in the sandbox and judged outside it; nbgrader's own kernel never sees them
    config.Autograde.exporter_class = "autograder.grading.nbgrader_autograde.GradedExporter"
    config.Autograde.sanitize_preprocessors = []
    config.Autograde.autograde_preprocessors = ["autograder.grading.nbgrader_autograde.SaveVerdicts"]
    config.GenerateFeedback.exporter_class = "autograder.gradebook.nbgrader_feedback.FeedbackExporter"
    config.GenerateFeedback.preprocessors = []  # the exporter asks the gradebook once for all
    config.ExchangeFactory.release_feedback = "autograder.gradebook.nbgrader_feedback.ReleaseFeedback"
    config.AssignLatePenalties.plugin_class = "autograder.gradebook.nbgrader_plugins.LatePolicy"
    config.ZipCollectApp.extractor_plugin = "autograder.gradebook.nbgrader_plugins.BoundedExtractor"
    config.ZipCollectApp.collector_plugin = "autograder.gradebook.nbgrader_plugins.RosterCollector"
    config.FileNameCollectorPlugin.named_regexp = course.collect_pattern
    config.Execute.timeout = 300  # of `nbgrader validate`, which students may run themselves
