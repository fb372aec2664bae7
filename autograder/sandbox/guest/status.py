"""The status: the question that a notebook's process is at, told after that process has ended."""

import mmap

SIZE = 100  # bytes of it that are read


class Status:
    """Memory of a box's own, in whole pages, that process 1 of the box and the zygote share with its notebooks.

    No open file stands for it, since what one can hang on such a file is in no process's memory.
    """

    def __init__(self) -> None:
        self._page = mmap.mmap(-1, mmap.PAGESIZE)

    def write(self, name: str) -> None:
        """Put a name on it, and nothing else; "" wipes it."""
        self._page[:] = name.encode()[:SIZE].ljust(mmap.PAGESIZE, b"\0")

    def read(self) -> bytes:
        """What stands on it: whatever the student's code has put there."""
        return self._page[:SIZE].rstrip(b"\0")

    def close(self) -> None:
        """Give the memory back."""
        self._page.close()
