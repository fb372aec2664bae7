"""What runs in the sandbox imports its neighbours by bare name: for these tests it is found here."""

import sys
from collections.abc import Iterator

import pytest

from autograder.sandbox.walls import GUEST
from tests.examiner.bench import Bench

sys.path.append(str(GUEST))


@pytest.fixture(scope="session")
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()
