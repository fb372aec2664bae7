"""Every attack through the warm guest that grades a class: none wins. And without its wall: it wins."""

import importlib
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from shares import in_each_run

from tests.attacks.lab import Attack, Evidence, Lab
from tests.attacks.walls import WALLS, Gap

# what looks for things of ours in memory may find nothing, and lose by that: it has to show that it took place
WAYS_IN = ("get_objects", "_getframe", "getsignal", "BY_ALARM")
# errors by which an attack that shows no more than this was wrongly written, or found no way in
SLIPS = {
    "AttributeError",
    "ImportError",
    "ModuleNotFoundError",
    "NameError",
    "StopIteration",
    "SyntaxError",
    "TypeError",
}
OURS = (
    "lab",
    "walls",
    "limits",
    "conftest",
    "test_attacks",
    "test_class",
    "test_limits",
    "test_plain_user",
    "__init__",
)
SECURITY = Path(__file__).parents[2] / "SECURITY.md"
NAMES = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in OURS)
MODULES = {name: importlib.import_module(f"tests.attacks.{name}") for name in NAMES}


def attack_of(module: ModuleType, lab: Lab) -> Attack:
    """An attack, or what a function makes of the lab."""
    found = module.ATTACK if isinstance(module.ATTACK, Attack) else module.ATTACK(lab)
    return replace(found, ample=module.__name__.rpartition(".")[2].startswith("exhaust_memory"))


BY_WALL = sorted(
    (n for n in NAMES if not hasattr(MODULES[n], "HOLE")),
    key=lambda n: (not n.startswith("browse"), MODULES[n].WALL, n),
)
# In each test run every eighth wall on our side is shown by one attack. Walls inside the guest need a guest of their
# own to be taken away: of these, one a means by which they stand. In `make proof` all that a wall holds shows it.
FIRST = {MODULES[n].WALL: n for n in reversed(BY_WALL) if not hasattr(MODULES[n], "NOT_SHOWN")}
MEANS = {
    "leave_by_socket_families": "system calls are filtered",
    "leave_path_socket": "bubblewrap shows no more than it must",
    "leave_process": "all processes of a box are killed",
    "leave_raw_socket": "capabilities are dropped",
    "read_environment": "the guest has an environment of its own",
    "read_process_list": "/proc is empty",
    "read_sibling_tmp": "a box has folders of its own",
    "write_guest": "what is shown is read-only",
}
ON_OUR_SIDE = [name for name in BY_WALL if name in FIRST.values() and name.startswith(("browse", "forge"))]
SHOWN = in_each_run(
    BY_WALL,
    [
        name
        for name in BY_WALL
        if name in ON_OUR_SIDE[::8] or (name in FIRST.values() and name in MEANS) or hasattr(MODULES[name], "NOT_SHOWN")
    ],
)


# The honest submission comes right behind each attack that is after others, and behind every twelfth of the rest: one
# guest goes through all, so what an attack left behind would meet the next one. In `make proof` it is behind each.
AFTER_OTHERS = ("exhaust", "kill", "leave_process", "slow", "starve", "stop", "write")
REST = [name for name in NAMES if not name.startswith(AFTER_OTHERS)]
# In each test run a quarter of those that could harm others, a sixth of those by memory and by models, a twelfth of
# the rest; in `make proof` all.
ALIKE = [name for name in NAMES if name.startswith(("exhaust_memory", "exhaust_npz"))]
HARMFUL = [name for name in NAMES if name.startswith(AFTER_OTHERS) and name not in ALIKE]
DEAR = {"exhaust_doubled_cell"}  # nine seconds
IN_EACH_RUN = in_each_run(NAMES, [*(name for name in HARMFUL[::4] if name not in DEAR), *ALIKE[::6], *REST[2::12]])
LATER = [name for at, name in enumerate(REST) if at % 12 != 2]


def right_behind(evidence: Evidence) -> None:
    """The honest submission has full marks."""
    assert evidence.after is not None
    assert evidence.honest, {t: v.message for t, v in evidence.after.verdicts.items() if v.status != "passed"}


@pytest.mark.proof
@pytest.mark.parametrize("name", LATER)
def test_an_honest_submission_right_behind_it_has_full_marks(lab: Lab, gap: Gap, name: str) -> None:
    gap.close()
    right_behind(lab.run(attack_of(MODULES[name], lab)))


@pytest.mark.parametrize("name", IN_EACH_RUN)
def test_it_does_not_win_and_an_honest_submission_after_it_has_full_marks(
    lab: Lab, gap: Gap, name: str, record_property: Callable[[str, object], None]
) -> None:
    module = MODULES[name]
    record_property("attack", name)
    gap.close()
    evidence = lab.run(attack_of(module, lab), page=name.startswith("browse"), honest=name not in LATER)
    if name not in LATER:
        right_behind(evidence)
    if hasattr(module, "took_place"):
        assert module.took_place(evidence), (evidence.told, evidence.problem)
        record_property("took place", name)
    else:
        assert not SLIPS & evidence.ended, (evidence.told, evidence.ended)
    won = bool(module.won(evidence)) if evidence.results or evidence.problem else False
    if hasattr(module, "HOLE"):
        if won:
            pytest.xfail(f"HOLE: {module.HOLE}")
        # an attack that must be fast to win may lose on a busy machine: no proof that the hole is mended
        assert name.startswith("exhaust_memory"), (
            f"mended? then delete HOLE in {name}.py, and name its WALL in walls.py"
        )
    assert not won, (evidence.loot, evidence.problem, evidence.seconds, evidence.megabytes)
    assert not evidence.problem


@pytest.mark.parametrize("name", SHOWN)
def test_it_wins_where_its_wall_is_gone(
    lab: Lab, gap: Gap, name: str, record_property: Callable[[str, object], None]
) -> None:
    module = MODULES[name]
    if hasattr(module, "NOT_SHOWN"):
        record_property("not shown", f"{name}: {module.NOT_SHOWN}")
        pytest.skip("not shown, see below")
    evidence = lab.run(attack_of(module, lab), gap.open(module.WALL), page=name.startswith("browse"))
    told = evidence.result.cell_errors if evidence.results else {}
    assert module.won(evidence), (evidence.loot, evidence.problem, told)
    record_property("shown", name)


def test_every_attack_says_what_it_wants_and_there_are_enough() -> None:
    assert len(NAMES) >= 40
    for name, module in MODULES.items():
        assert "Wants" in (module.__doc__ or "") and "Won:" in (module.__doc__ or ""), name
        assert module.WALL in WALLS or hasattr(module, "HOLE") or hasattr(module, "NOT_SHOWN"), name
        searches = any(way in Path(module.__file__ or "").read_text(encoding="utf-8") for way in WAYS_IN)
        assert hasattr(module, "took_place") or not searches, f"{name}.py searches memory: add took_place"
        shows = hasattr(module, "took_place") or not hasattr(module, "NOT_SHOWN")
        assert shows, f"{name}.py may lose without having happened: add took_place, or show its wall"


def test_a_wall_of_each_means_is_shown_in_each_run() -> None:
    assert set(MEANS) <= set(FIRST.values())


def test_the_page_on_security_has_these_numbers() -> None:
    """How many attacks, how many show that they took place, how many win where their wall is gone."""
    modules = MODULES.values()
    shown = [one for one in modules if not hasattr(one, "NOT_SHOWN") and not hasattr(one, "HOLE")]
    numbers = len(NAMES), sum(hasattr(one, "took_place") for one in modules), len(shown)
    told = re.search(
        r"Of (\d+) attacks,\s+(\d+) show .*?,\s+and\s+(\d+)\s+win", SECURITY.read_text(encoding="utf-8"), re.DOTALL
    )
    assert told is not None and tuple(map(int, told.groups())) == numbers
