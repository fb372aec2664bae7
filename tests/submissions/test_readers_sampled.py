"""A few hundred hostile inputs for the host's readers in every test run; `make proof` has 50,000."""

import pytest
from toy import Toy

from tests import host_fuzz
from tests.host_fuzz import FAMILIES, Host


@pytest.fixture(scope="module")
def host(toy: Toy, tmp_path_factory: pytest.TempPathFactory) -> Host:
    folder = tmp_path_factory.mktemp("readers")
    (folder / "scratch").mkdir()
    return Host.make(toy.copy(folder / "course"), toy.assignment, toy.hand_in(toy.right), folder / "scratch")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_reader_takes_whatever_comes(host: Host, family: str) -> None:
    count = 4 * FAMILIES[family][2]
    toll = host_fuzz.run(host, family, count)
    assert toll.examples >= count and toll.outcomes  # the proof sees every kind of outcome
