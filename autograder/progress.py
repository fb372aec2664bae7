"""Progress of a long piece of work: a live bar on a terminal, plain lines elsewhere."""

import time
from types import TracebackType

from rich import progress as rich_progress
from rich.console import Console

EVERY = 10.0  # seconds between plain lines


class Progress:
    """Counts done and failed, and tells rate and time left."""

    def __init__(self, total: int, console: Console, quiet: bool = False) -> None:
        self.total, self.done, self.failed = total, 0, 0
        self.slowest = 1.0  # the longest stretch of time limits that was told
        self._console, self._quiet = console, quiet
        self._start = self._told = time.monotonic()
        self._bar: rich_progress.Progress | None = None

    def __enter__(self) -> "Progress":
        if self._console.is_terminal and not self._quiet:
            self._bar = rich_progress.Progress(
                rich_progress.BarColumn(),
                rich_progress.MofNCompleteColumn(),
                rich_progress.TextColumn("{task.description}"),
                rich_progress.TimeRemainingColumn(),
                console=self._console,
                transient=True,
            )
            self._bar.start()
            self._bar.add_task("", total=self.total or None)
        return self

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()
        if kind is None and self.done and not self._quiet:
            seconds = time.monotonic() - self._start
            self._console.print(f"{self._counts()} in {seconds:.1f} s ({60 * self.done / seconds:.0f} a minute)")

    def _counts(self) -> str:
        return f"{self.done} done" + (f", {self.failed} failed" if self.failed else "")

    def step(self, ok: bool = True) -> None:
        """One more is done."""
        self.failed += not ok
        self.at(self.done + 1, self.total)

    def at(self, done: int, total: int) -> None:
        """`done` of `total` are done."""
        self.done, self.total = done, total
        rate = done / max(1e-9, time.monotonic() - self._start)
        if self._bar is not None:
            text = f"{self.failed} failed, {60 * rate:.0f} a minute"
            self._bar.update(self._bar.task_ids[0], completed=done, total=total, description=text)
        elif not self._quiet and time.monotonic() - self._told > EVERY:
            self._told = time.monotonic()
            left = (total - done) / max(rate, 1e-9)
            self._console.print(f"{self._counts()} of {total}, {60 * rate:.0f} a minute, {left:.0f} s left")

    def say(self, line: str, always: bool = False) -> None:
        """A line about one submission. always: where all is quiet too, as of a mark that moved."""
        if always or not self._quiet:
            self._console.print(line, markup=False)
