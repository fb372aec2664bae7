"""Wants every task of a blank notebook by cell tags (raises-exception) and points in its metadata.

Won: T5 has marks, or any task counts for more than the course says.
"""

from tests.attacks.lab import Attack, Evidence

WALL = "students_tags_count_for_nothing"


def edit(name: str, data: dict[str, object]) -> None:
    for cell in data["cells"]:  # type: ignore[attr-defined]
        cell["metadata"]["tags"] = ["raises-exception", "skip-execution"]
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"]["points"] = 100


ATTACK = Attack(edit=edit)


def won(evidence: Evidence) -> bool:
    tasks = evidence.result.verdicts.values()
    return evidence.score("T5") > 0 or any(v.max_score > 1 for v in tasks)
