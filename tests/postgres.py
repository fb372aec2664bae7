"""A PostgreSQL server of the tests' own: on a socket in a temporary folder, gone at the end."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from autograder.course import Course, load_course

PLACES = sorted(Path("/usr/lib/postgresql").glob("*/bin")) if Path("/usr/lib/postgresql").is_dir() else []
MARKS = """
    SELECT handed.student_id, cell.name, auto_score, manual_score, needs_manual_grade, extra_credit,
           book.late_submission_penalty,
           (SELECT auto_comment FROM comment JOIN base_cell AS answer ON answer.id = comment.cell_id
            WHERE comment.notebook_id = grade.notebook_id
            AND answer.name IN (cell.name, cell.name || '-answer'))
    FROM grade JOIN base_cell AS cell ON cell.id = grade.cell_id
    JOIN submitted_notebook AS book ON book.id = grade.notebook_id
    JOIN submitted_assignment AS handed ON handed.id = book.assignment_id
    ORDER BY 1, 2
"""


def tool(name: str) -> str:
    """Path of one of PostgreSQL's programs, or a skip."""
    found = shutil.which(name) or next((str(p / name) for p in reversed(PLACES) if (p / name).is_file()), None)
    if found is None:
        pytest.skip(f"PostgreSQL's {name} is not installed here (Debian: apt install postgresql)")
    return found


@contextlib.contextmanager
def server() -> Iterator[str]:
    """A server for the time of the block -> its socket folder."""
    # it refuses to run as root, and its user must reach the folder
    as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
    initdb, postgres = tool("initdb"), tool("postgres")
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    try:
        if as_user:
            shutil.chown(folder, "postgres", "postgres")
        data = folder / "data"
        make = [*as_user, initdb, "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run([*make, "--locale=C.UTF-8"], check=True, capture_output=True, cwd="/")
        start = [*as_user, postgres, "-D", str(data), "-k", str(folder), "-c", "listen_addresses=", "-c", "fsync=off"]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(start, stdout=log, stderr=log, cwd="/")
        try:
            _wait(str(folder), process)
            yield str(folder)
        finally:
            process.terminate()
            process.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(folder: str, process: "subprocess.Popen[bytes]") -> None:
    ready = [tool("pg_isready"), "-h", folder, "-t", "1"]
    for _ in range(60):
        if subprocess.run(ready, capture_output=True, check=False).returncode == 0:
            return
        assert process.poll() is None, Path(folder, "log").read_text()
    raise AssertionError(Path(folder, "log").read_text())


def database(folder: str, name: str) -> str:
    """A new, empty database -> its URL for course_config.py."""
    subprocess.run([tool("createdb"), "-h", folder, "-U", "postgres", name], check=True, capture_output=True)
    return f"postgresql+psycopg://postgres@/{name}?host={folder}"


def with_url(course: Course, url: str) -> Course:
    """The course with its gradebook in PostgreSQL."""
    config, listed = course.root / "course_config.py", f"    assignments=({course.assignments[0].name},),"
    config.write_text(config.read_text().replace(listed, f'{listed}\n    db_url="{url}",'))
    changed = load_course(course.root)
    assert changed.db_url == url
    return changed


def rows(course: Course) -> list[tuple[object, ...]]:
    """Every grade of the gradebook with all that hangs on it, whatever database it is."""
    engine = create_engine(course.gradebook_url)
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(MARKS))]
    engine.dispose()
    return [(*row[:4], bool(row[4]), *row[5:]) for row in found]
