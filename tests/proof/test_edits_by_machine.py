"""Every edit that a machine makes of hw4's reference, through the pipeline: which cost their task, which are named."""

import os
import time

import pytest

from autograder.releasing.trials.audit import audit

pytestmark = pytest.mark.proof


def counted(rows):
    """What became of some edits."""
    wrong = [row for row in rows if not row.equivalent]
    return {
        "edits": len(rows),
        "equivalent": len(rows) - len(wrong),
        "cost their task": sum(row.task in row.lost for row in rows),
        "cost another": sum(bool(row.collateral) for row in rows),
        "named": sum(row.named for row in wrong),
    }


def test_every_edit_costs_its_own_task_and_no_other_or_is_listed(course, hw4, tmp_path, record):
    start = time.monotonic()
    found = audit(course, hw4, tmp_path / "course", 2, lambda done, total: None, by_machine=True)
    seconds = time.monotonic() - start
    rows, reasons = found.mutants, {}
    for row in rows:
        if row.equivalent:
            reasons[row.mutant.equivalent.reason] = reasons.get(row.mutant.equivalent.reason, 0) + 1
    record(
        "edits-by-machine",
        {
            "all": counted(rows),
            "by task": {task: counted([row for row in rows if row.task == task]) for task in
                        dict.fromkeys(row.task for row in rows)},
            "by kind": {kind: counted([row for row in rows if row.mutant.edit.kind == kind]) for kind in
                        sorted({row.mutant.edit.kind for row in rows})},
            "equivalent, by reason": reasons,
            "seconds, two workers": round(seconds),
            "load of the machine at the end": round(os.getloadavg()[0], 1),
        },
    )  # fmt: skip
    assert not found.wrong and not found.survivors and not found.collateral
    assert sum(reasons.values()) == sum(row.equivalent for row in rows) > 0
