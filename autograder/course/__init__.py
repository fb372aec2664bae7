"""What the instructor declared: the course, its class, its dates, its secret, its words for students.

course_config.py imports its records from here.
"""

from autograder.course.config import load_course as load_course
from autograder.course.late import Late as Late
from autograder.course.loading import load_module as load_module
from autograder.course.records import ASSIGNMENT_NAME as ASSIGNMENT_NAME
from autograder.course.records import EXAMINER as EXAMINER
from autograder.course.records import JUDGE as JUDGE
from autograder.course.records import LANGUAGES as LANGUAGES
from autograder.course.records import PERSON as PERSON
from autograder.course.records import Assignment as Assignment
from autograder.course.records import Course as Course
from autograder.course.records import Limits as Limits
from autograder.course.records import Task as Task
from autograder.course.records import few as few
from autograder.course.records import shown as shown
