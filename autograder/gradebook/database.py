"""nbgrader's gradebook, opened: a database of SQLite or PostgreSQL."""

import contextlib
from collections.abc import Iterator

from nbgrader import api
from sqlalchemy import create_engine, func, make_url, select
from sqlalchemy.pool import NullPool

from autograder.course import Course
from autograder.files import temporary_sibling
from autograder.gradebook.faults import telling
from autograder.nbgrader_settings import find_alembic

MAKING = 0x6772616465  # key of an advisory lock


def connect(course: Course) -> api.Gradebook:
    """Open the course's gradebook, made now where there is none."""
    path = course.gradebook
    find_alembic()
    if course.db_url:
        with telling(course.gradebook_name), one_at_a_time(course.db_url):
            return api.Gradebook(course.db_url)
    with telling(path):
        if not path.exists():  # it takes seconds: under its name only when it is whole
            path.with_name(f"{path.name}-journal").unlink(missing_ok=True)  # of one that was deleted
            part = temporary_sibling(path)
            api.Gradebook(f"sqlite:///{part}").close()
            part.replace(path)
        return api.Gradebook(f"sqlite:///{path}")


@contextlib.contextmanager
def one_at_a_time(url: str) -> Iterator[None]:
    """Only one process makes tables and cells of a PostgreSQL gradebook at a time. SQLite has one grader alone."""
    if make_url(url).get_backend_name() != "postgresql":
        yield
        return
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:  # the lock ends with the connection
        connection.execute(select(func.pg_advisory_lock(MAKING)))
        yield
