"""The course as data. Change a line here and every command follows it.

Each task is one line: name, notebook, who grades it. A required task is worth 1 point or what points=
says; an optional one (optional=True) half of a required one, as a bonus. `autograder doctor` checks this file.
"""

from autograder.course import Assignment, Course, Limits, Task

DATASET = "mnist"  # "mnist": the whole of it (MNIST_DIR or a download); "sample": 5,000 digits, offline

hw4 = Assignment(
    name="hw4",
    title="Homework 4: Neural Networks",
    dataset=DATASET,
    sample="sample",
    # T12 passes above these accuracies: validation, test
    thresholds={"mnist": (0.974, 0.963), "sample": (0.87, 0.87)},
    limits=Limits(cell_seconds=10, question_seconds=3, total_seconds=300, memory_mb=2048, processes=64),
    tasks=(
        Task("T1", notebook="1-basics"),
        Task("T2", notebook="1-basics"),
        Task("T3", notebook="1-basics"),
        Task("T4", notebook="1-basics", graded_by="person"),
        Task("T5", notebook="2-two-layer-network"),
        Task("T6", notebook="2-two-layer-network"),
        Task("T7", notebook="2-two-layer-network"),
        Task("T8", notebook="2-two-layer-network"),
        Task("T9", notebook="2-two-layer-network"),
        Task("T10", notebook="2-two-layer-network"),
        Task("T11", notebook="2-two-layer-network"),
        Task("T12", notebook="2-two-layer-network", saved_model="best_net.npz", slowness=20),  # predicts 15,000 images
    ),
)

course = Course(
    name="pattern-recognition",
    language="en",  # of the feedback: "en" or "th"
    assignments=(hw4,),
)
