"""Hands the course to nbgrader: the whole of what nbgrader_config.py does. Names classes, imports none."""

from pathlib import Path
from typing import Any

from autograder.course import load

RELEASE_STEPS = [
    "nbgrader.preprocessors.LockCells",
    "autograder.release.FillSolutions",
    "nbgrader.preprocessors.ClearSolutions",
    "autograder.release.StampTasks",
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.CheckCellMetadata",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.SaveCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
IGNORED = [".ipynb_checkpoints", "*.pyc", "__pycache__", ".pytest_cache", "*.part"]


def configure(config: Any, root: Path) -> None:
    """Set nbgrader's options for the course in `root`."""
    course = load(root)
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.db_url = course.gradebook_url
    config.CourseDirectory.ignore = IGNORED
    # students' weights come in from the exchange; the instructor's own never go out
    config.GenerateAssignmentApp.CourseDirectory.ignore = [*IGNORED, "best_net.npz"]
    config.GenerateAssignment.preprocessors = RELEASE_STEPS
    config.ClearSolutions.code_stub = {"python": "raise NotImplementedError"}
    # submissions are run in the sandbox and judged outside it; nbgrader's own kernel never sees them
    config.Autograde.exporter_class = "autograder.gradebook.GradedExporter"
    config.Autograde.sanitize_preprocessors = []
    config.Autograde.autograde_preprocessors = [
        "autograder.gradebook.SaveVerdicts",
        "nbgrader.preprocessors.AssignLatePenalties",
    ]
    config.GenerateFeedback.exporter_class = "autograder.gradebook.FeedbackExporter"
    config.GenerateFeedback.preprocessors = []  # the exporter asks the gradebook once for all
    config.AssignLatePenalties.plugin_class = "autograder.plugins.LatePolicy"
    config.ZipCollectApp.extractor_plugin = "autograder.plugins.BoundedExtractor"
    config.ZipCollectApp.collector_plugin = "autograder.plugins.RosterCollector"
    config.FileNameCollectorPlugin.named_regexp = course.collect_pattern
    config.Execute.timeout = 300  # of `nbgrader validate`, which students may run themselves
