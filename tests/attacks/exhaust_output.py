"""Wants the grader's memory and disk, by printing without end, and by 5 MB of saved output.

Won: the graded notebook is larger than 1 MB.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "outputs_are_cut"
CELL = "for _ in range(300): print('x' * 100_000)"


def edit(name: str, data: dict[str, object]) -> None:
    data["cells"][0]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "y" * (5 << 20)}]  # type: ignore[index]


ATTACK = Attack(first=[CELL], edit=edit)


def won(evidence: Evidence) -> bool:
    return any(len(text) > 1 << 20 for text in evidence.graded.values())
