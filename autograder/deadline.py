"""A deadline on what this process does with one submission, in CPU seconds: waiting for the sandbox costs none.

The last line of defence: reading, merging, judging and showing each have bounds of their own.
"""

import contextlib
import signal
import threading
from collections.abc import Iterator

SOON = 1e-3  # seconds; 0 would be never


class Overrun(Exception):
    """What a student handed in keeps this process busy for longer than a submission may take."""


class _Over(BaseException):
    """Raised where the work is; no `except Exception` on the way takes it for a fault of its own."""


@contextlib.contextmanager
def within(seconds: float, or_end: bool = False) -> Iterator[None]:
    """Overrun after so many CPU seconds in this block, where it is the main thread's; sooner where one around it ends.

    or_end: after twice as many the kernel ends the process, in any thread. C code that never comes back to the
    interpreter, in a parser say, is ended no other way.
    """
    heard = threading.current_thread() is threading.main_thread()  # no other thread is told of signals
    before = signal.signal(signal.SIGVTALRM, _raise_over) if heard else None
    around = signal.getitimer(signal.ITIMER_VIRTUAL)[0] if heard else 0.0
    allowed = min(seconds, around) if around else seconds
    try:
        try:
            if heard:
                signal.setitimer(signal.ITIMER_VIRTUAL, allowed)
            if or_end:  # SIGPROF, which nobody handles
                signal.setitimer(signal.ITIMER_PROF, 2 * seconds)
            yield
        finally:
            if heard:
                used = allowed - signal.setitimer(signal.ITIMER_VIRTUAL, 0)[0]
                if around:
                    signal.setitimer(signal.ITIMER_VIRTUAL, max(around - used, SOON))
            if or_end:
                signal.setitimer(signal.ITIMER_PROF, 0)
    except _Over:
        raise Overrun(f"more than {seconds:g} s of work here, for one submission; look into its files") from None
    finally:
        if heard:
            signal.signal(signal.SIGVTALRM, before)


def _raise_over(*_: object) -> None:
    raise _Over
