"""Host side of hw4: the hidden checks, by topic, each with the generator of its cases.

A task is right when (a) the class gives the reference's values; or (b) the class is the one that
the notebook gave and the task's own function, given right inputs, gives right outputs; or (c) an
earlier task is wrong and the values follow from the student's own. docs/checks.md has the measured
margins. N images, D inputs, H hidden units, C classes.
"""

from autograder.author import AssignmentChecks, DatasetRecipe, TaskChecks

from .data import at_hand, derive, environment, prepare, trained_model
from .forward import T5, T5_cases
from .gradients import T7, T7_cases
from .inputs import one_empty_case, sizes_of
from .loss import T6, T6_cases
from .minibatches import T8, T8_cases, T8_signature
from .model import T12, T12_asks, T12_cases, T12_earlier
from .numbers import T1, T2, T3
from .prediction import T11, T11_cases
from .updates import T9, T10, T9_cases, T10_can_follow, T10_cases, learns

# `distinguishing`: which answers show a mistake, of the task's own function and of a class of the student's own
ASSIGNMENT = AssignmentChecks(
    tasks=(
        TaskChecks("T1", one_empty_case, T1),
        TaskChecks("T2", one_empty_case, T2),
        TaskChecks("T3", one_empty_case, T3),
        TaskChecks("T5", T5_cases, T5, sizes=sizes_of, distinguishing=("own", "scores")),
        TaskChecks("T6", T6_cases, T6, sizes=sizes_of, distinguishing=("own", "losses")),
        TaskChecks("T7", T7_cases, T7, sizes=sizes_of, distinguishing=("own", "grads")),
        TaskChecks(
            "T8",
            T8_cases,
            T8,
            sizes=sizes_of,
            signature=T8_signature,
            distinguishing=("own", "train"),
            also_asked=("form",),
        ),
        TaskChecks(
            "T9",
            T9_cases,
            T9,
            sizes=sizes_of,
            distinguishing=("own", "train.params"),
            also_asked=("form",),
            afterwards=learns,
        ),
        TaskChecks(
            "T10",
            T10_cases,
            T10,
            sizes=sizes_of,
            distinguishing=("own", "train.params"),
            also_asked=("form",),
            can_follow=T10_can_follow,
        ),
        TaskChecks("T11", T11_cases, T11, sizes=sizes_of, distinguishing=("own", "labels")),
        TaskChecks("T12", T12_cases, T12, sizes=sizes_of, asks=T12_asks, earlier=T12_earlier),
    ),
    dataset=DatasetRecipe(
        prepare, shown=("val", "test", "mean"), derive=derive, at_hand=at_hand, environment=environment
    ),
    trained_model=trained_model,
    model_class="TwoLayerNet",
)
