"""The toy course of the examiner's tests: an assignment whose tests are its notebook's own test cells."""

from autograder.course import Assignment, Course, Task

sums = Assignment(
    name="sums",
    title="Sums",
    tasks=(
        Task("T1", notebook="1-sums", graded_by="examiner"),
        Task("T2", notebook="1-sums", graded_by="examiner", points=2),
        Task("T3", notebook="1-sums", graded_by="examiner"),
        Task("T4", notebook="1-sums", graded_by="person"),
    ),
)

course = Course(name="my-course", assignments=(sums,))
