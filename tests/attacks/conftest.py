"""The lab that attacks are tried in: one for each process of the tests."""

import shutil
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.sandbox import channel, guest_process, walls
from tests.attacks.lab import Lab
from tests.attacks.walls import Gap


@pytest.fixture(scope="session")
def lab(model: bytes) -> Iterator[Lab]:
    """A scratch course with small limits, an honest submission and a warm guest."""
    # not below /tmp, which the sandbox covers: the course must be in reach where a wall is gone
    folder = Path(tempfile.mkdtemp(prefix="attacks-", dir="/var/tmp"))
    folder.chmod(0o755)
    patch = pytest.MonkeyPatch()
    patch.setattr(guest_process, "START_SECONDS", 10.0)  # how long a guest that stands still is waited for
    patch.setattr(channel, "GRACE", 1.0)
    # as where the environment lies below /usr, or below its interpreter: in a folder that is shown as a whole
    shown, packages = walls._interpreter(), Path(sysconfig.get_path("purelib"))
    patch.setattr(walls, "_interpreter", lambda: [*shown, packages.parent])
    found = Lab(folder, model)
    yield found
    found.close()
    patch.undo()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")  # no longer: its wall would be missing in all tests that follow
def gap(lab: Lab) -> Iterator[Gap]:
    """Where one wall at a time is taken away."""
    found = Gap(lab)
    yield found
    found.close()
