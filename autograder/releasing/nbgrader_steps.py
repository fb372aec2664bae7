"""Our steps of nbgrader's generate_assignment."""

from pathlib import Path
from typing import Any

from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.course import Assignment, Course, load_course
from autograder.course.solution_regions import sync
from autograder.errors import CourseError
from autograder.gradebook import reader, registration
from autograder.nbgrader_settings import CODE_STUB
from autograder.releasing import baked


def _assignment_of(resources: Any, root: str) -> tuple[Course, Assignment]:
    course = load_course(Path(root))
    return course, course.assignment(resources["nbgrader"]["assignment"])


class FillSolutions(NbGraderPreprocessor):  # type: ignore[misc]
    """Refuses a source whose solution regions are not the reference's lines, or whose baked numbers are stale."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        course, assignment = _assignment_of(resources, self.parent.parent.coursedir.root)
        different = sync(course, assignment, write=False)
        if different:
            raise CourseError(
                f"source and solutions differ in {', '.join(different)}; run `autograder release {assignment.name}`"
            )
        numbers = baked.file_of(course, assignment)
        is_first = resources["nbgrader"]["notebook"] == assignment.notebooks[0]  # once is enough
        if numbers and is_first and (why := baked.stale(numbers, baked.bake(course, assignment))):
            raise CourseError(f"{numbers} {why}; run `autograder release {assignment.name}`")
        return nb, resources


class StampTasks(NbGraderPreprocessor):  # type: ignore[misc]
    """Gives each test cell its points, and each stub the name of its task."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        course, assignment = _assignment_of(resources, self.parent.parent.coursedir.root)
        if not getattr(
            self.parent.parent, "no_database", True
        ):  # nbgrader is about to put these points into the gradebook
            registration.hear_points(course, assignment, reader.read_rows(course, assignment))
        name = resources["nbgrader"]["notebook"]
        mine = [task for task in assignment.tasks if task.notebook == name]
        answers = {cell: task.name for task in mine for cell in task.answer_cells}
        worth = assignment.cell_points(name)
        for cell in nb.cells:
            grading = cell.metadata.get("nbgrader", {})
            grade_id = grading.get("grade_id", "")
            if grade_id in worth and grading.get("grade"):
                points = worth[grade_id]
                if grading.get("points", points) != points and not assignment.told_by_notebooks:
                    self.log.warning("%s: points=%s do not count, %s do", grade_id, grading["points"], points)
                grading["points"] = points
            if grade_id in answers and cell.cell_type == "code":
                cell.source = cell.source.replace(CODE_STUB, f'{CODE_STUB}("{answers[grade_id]}")')
        return nb, resources
