"""50,000 hostile inputs for the host's own readers: no error but the documented ones, little time, little memory."""

from collections.abc import Callable
from pathlib import Path

import pytest
from toy import Toy

from tests import host_fuzz
from tests.host_fuzz import FAMILIES, Host

pytestmark = pytest.mark.proof

INPUTS = 50_000


def test_the_readers_take_whatever_comes(toy: Toy, tmp_path: Path, record: Callable) -> None:
    (tmp_path / "scratch").mkdir()
    host = Host.make(toy.copy(tmp_path / "course"), toy.assignment, toy.hand_in(toy.right), tmp_path / "scratch")
    assert sum(share for _, _, share in FAMILIES.values()) == 100
    tolls = {family: host_fuzz.run(host, family, INPUTS * share // 100) for family, (_, _, share) in FAMILIES.items()}
    assert sum(toll.examples for toll in tolls.values()) >= INPUTS
    limits = {"CPU seconds": host_fuzz.SECONDS, "megabytes": host_fuzz.MEGABYTES}
    most = {family: toll.row() for family, toll in tolls.items()}
    record("host-readers", {"limits of one input": limits, "most": most})
