"""What a database refuses, told in one line that names the file and the way out."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.exc import DatabaseError, DataError, OperationalError

from autograder.errors import CourseError
from autograder.files import unwritable


@contextlib.contextmanager
def telling(path: Path | str) -> Iterator[None]:
    """What the database or the disk refuses, as one line with the way out."""
    try:
        yield
    except OSError as error:
        raise unwritable(path, error) from error
    except OperationalError as error:
        why = (str(error.orig).strip().splitlines() or ["no answer"])[0]
        if str(path).startswith("postgresql"):
            raise CourseError(
                f"{path}: {why}; start the server or mend db_url, then run the same command again"
            ) from error
        way = "make it writable"
        if "locked" in why:
            way = "another program holds it (the formgrader, a database viewer): close that"
        elif "full" in why:
            way = "make room there"
        raise CourseError(f"{path}: {why}; {way}, then run the same command again: what is graded is kept") from error
    except DataError:  # about one value of one student's: the session finds out whose
        raise
    except DatabaseError as error:
        if str(path).startswith("postgresql"):
            raise CourseError(f"{path}: {str(error.orig).strip()}; restore the database from its backup") from error
        raise CourseError(
            f"{path}: broken ({error.orig}); `autograder grade ASSIGNMENT --rebuild` makes it again "
            "from the kept verdicts, and lays the broken one aside"
        ) from error
