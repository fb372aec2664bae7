"""A dask cluster on this machine: a scheduler, and workers that each have the course in a folder of their own."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

DASK = Path(sys.executable).parent / "dask"
START_SECONDS = 60


@contextlib.contextmanager
def started(folders: Sequence[Path], logs: Path) -> Iterator[str]:
    """Start a scheduler and a worker in each folder -> the scheduler's address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    address = f"tcp://127.0.0.1:{port}"
    commands = [(["scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard"], logs)]
    commands += [(["worker", address, "--nthreads", "1", "--no-dashboard", "--no-nanny"], at) for at in folders]
    with contextlib.ExitStack() as stack:
        said = stack.enter_context((logs / "dask.log").open("ab"))
        for command, folder in commands:
            environment = {**os.environ, "OMP_NUM_THREADS": "1", "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False"}
            process = subprocess.Popen([DASK, *command], cwd=folder, stdout=said, stderr=said, env=environment)
            stack.callback(process.wait)
            stack.callback(process.terminate)
        _wait(address, len(folders))
        yield address


def _wait(address: str, workers: int) -> None:
    from distributed import Client  # takes most of a second to import

    with Client(address, timeout=START_SECONDS, set_as_default=False) as client:  # type: ignore[no-untyped-call]
        until = time.monotonic() + START_SECONDS
        while len(client.nthreads()) < workers:  # type: ignore[no-untyped-call]
            if time.monotonic() > until:
                raise SystemExit(f"{address}: only {len(client.nthreads())} workers")  # type: ignore[no-untyped-call]
            time.sleep(0.1)
