"""nbgrader's gradebook, opened: a database of SQLite or PostgreSQL."""

import contextlib
import importlib.util
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, func, make_url, select
from sqlalchemy.pool import NullPool

from autograder.course import Course
from autograder.course.records import sqlite_url
from autograder.files import temporary_sibling
from autograder.gradebook.faults import telling
from autograder.nbgrader_settings import find_alembic

if TYPE_CHECKING:
    from nbgrader import api as api
    from nbgrader.dbutil import ALEMBIC_DIR as ALEMBIC_DIR


def put_off_servers() -> None:
    """Let nbgrader's modules be imported without its own __init__, half of a command's start: it imports servers.

    That is run where somebody asks for a name that only it has.
    """
    spec = importlib.util.find_spec("nbgrader")
    if "nbgrader" in sys.modules or spec is None or (loader := spec.loader) is None:
        return
    package = importlib.util.module_from_spec(spec)

    def missing(name: str) -> Any:
        if name == "__version__":  # which its applications ask for while they are imported by its servers
            return importlib.import_module("nbgrader._version").__version__
        if importlib.util.find_spec(f"nbgrader.{name}") is not None:
            return importlib.import_module(f"nbgrader.{name}")
        del package.__getattr__
        loader.exec_module(package)
        return getattr(package, name)

    package.__getattr__ = missing  # type: ignore[method-assign]
    sys.modules["nbgrader"] = package


if not TYPE_CHECKING:
    put_off_servers()
    api = importlib.import_module("nbgrader.api")
    ALEMBIC_DIR = importlib.import_module("nbgrader.dbutil").ALEMBIC_DIR

MAKING = 0x6772616465  # key of an advisory lock


def connect(course: Course) -> api.Gradebook:
    """Open the course's gradebook, made now where there is none."""
    path = course.gradebook
    find_alembic()
    if course.db_url:
        with telling(course.gradebook_name), one_at_a_time(course.db_url):
            return api.Gradebook(course.db_url)
    with telling(path):
        if not path.exists():  # under its name only when it is whole
            path.with_name(f"{path.name}-journal").unlink(missing_ok=True)  # of one that was deleted
            part = temporary_sibling(path)
            _write_version(part)
            api.Gradebook(sqlite_url(part)).close()
            part.replace(path)
        return api.Gradebook(sqlite_url(path))


def _write_version(path: Path) -> None:
    """The first table of a new gradebook. Without it nbgrader starts a program to ask, for more than a second."""
    from alembic.script import ScriptDirectory  # a fifth of a command's start, and of use only here

    head = ScriptDirectory(ALEMBIC_DIR).get_current_head()
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        database.execute("INSERT INTO alembic_version VALUES (?)", (head,))


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
