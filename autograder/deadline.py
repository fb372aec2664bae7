"""A deadline on what this process does with one submission, in CPU seconds: waiting for the sandbox costs none.

The last line of defence: reading, merging, judging and showing each have bounds of their own.
"""

import contextlib
import signal
import threading
from collections.abc import Iterator


class Overrun(Exception):
    """What a student handed in keeps this process busy for longer than a submission may take."""


class _Over(BaseException):
    """Raised where the work is; no `except Exception` on the way takes it for a fault of its own."""


@contextlib.contextmanager
def within(seconds: float, or_end: bool = False) -> Iterator[None]:
    """Overrun after so many CPU seconds in this block, where it is the main thread's.

    or_end: after twice as many the kernel ends the process, in any thread. C code that never comes back to the
    interpreter, in a parser say, is ended no other way.
    """
    heard = threading.current_thread() is threading.main_thread()  # no other thread is told of signals
    before = signal.signal(signal.SIGVTALRM, _raise_over) if heard else None
    try:
        try:
            if heard:
                signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
            if or_end:  # SIGPROF, which nobody handles
                signal.setitimer(signal.ITIMER_PROF, 2 * seconds)
            yield
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            if or_end:
                signal.setitimer(signal.ITIMER_PROF, 0)
    except _Over:
        raise Overrun(f"more than {seconds:g} s of work here, for one submission; look into its files") from None
    finally:
        if heard:
            signal.signal(signal.SIGVTALRM, before)


def _raise_over(*_: object) -> None:
    raise _Over
