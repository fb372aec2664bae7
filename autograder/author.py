"""All that an assignment's author imports: docs/author.md says how to use it.

checks.py binds ASSIGNMENT to an AssignmentChecks, one TaskChecks a task; mistakes.py binds MISTAKES,
right_variants.py RIGHT_VARIANTS, visible.py VISIBLE, examples.py EXAMPLES. probes.py runs beside student code,
and imports nothing of the kit.
"""

from autograder.course import load_module as load_module
from autograder.judging.checking import Case as Case
from autograder.judging.checking import CheckContext as CheckContext
from autograder.judging.checking import Examples as Examples
from autograder.judging.checking import PartResult as PartResult
from autograder.judging.checking import Problem as Problem
from autograder.judging.checking import compare as compare
from autograder.judging.checking import either as either
from autograder.judging.checking import first as first
from autograder.judging.contract import AssignmentChecks as AssignmentChecks
from autograder.judging.contract import DatasetRecipe as DatasetRecipe
from autograder.judging.contract import TaskChecks as TaskChecks
from autograder.judging.contract import VisibleNumbers as VisibleNumbers
from autograder.judging.mutations import Mistake as Mistake
from autograder.judging.mutations import RightVariant as RightVariant
from autograder.judging.mutations import model_file as model_file
from autograder.sandbox.answers import Answers as Answers
from autograder.sandbox.answers import Array as Array
