"""What students get, on the Pythons that this machine has, and in an environment made as the zip's README says."""

import functools
import json
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import other_users
import pytest
from fences import blocks

from autograder.course import Course

NAMES = {"3.8": "", "3.9": "", "3.10": "all", "3.11": "all", "3.12": "all", "3.13": "all", "3.14": "all"}
OLD = [name for name, what in NAMES.items() if not what]
BOOKS = ("1-basics.ipynb", "2-two-layer-network.ipynb")


@functools.cache
def interpreter(version: str) -> Path:
    """A Python of that version, from PATH or where pyenv keeps them; a test that needs one is skipped without."""
    found = [shutil.which(f"python{version}"), *map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python3"))]
    for path in found:
        if path and not subprocess.run([path, "-c", ""], capture_output=True).returncode:
            return Path(path)
    pytest.skip(f"no Python {version} on this machine")


@pytest.mark.parametrize("version", OLD)
def test_an_older_python_is_told_in_one_line(repo: Course, version: str) -> None:
    line = [str(interpreter(version)), "-B", "-c", "import hw4_helpers"]
    done = subprocess.run(line, cwd=repo.release("hw4"), capture_output=True, text=True)
    assert re.search(
        rf"\nImportError: hw4_helpers\.py needs Python 3\.10 or newer, and this is {re.escape(version)}\.\d+: make the "
        r"environment anew with a newer one \(README\.md, step 1\)\.\n$",
        done.stderr,
    ), done.stderr


@pytest.mark.parametrize("version", [name for name, what in NAMES.items() if what])
def test_the_helpers_are_python_to_every_version_that_they_are_for(repo: Course, version: str) -> None:
    code = "import sys; compile(open(sys.argv[1], encoding='utf-8').read(), 'helpers', 'exec')"
    done = subprocess.run(
        [str(interpreter(version)), "-W", "error", "-c", code, str(repo.release("hw4") / "hw4_helpers.py")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def readme(repo: Course) -> list[str]:
    """The lines of the README's block, in English and in Thai the same."""
    english, thai = (block.text.splitlines() for block in blocks(repo.release("hw4") / "README.md"))
    assert english == thai
    return english


def test_the_readme_has_the_same_three_lines_in_both_languages(repo: Course) -> None:
    venv, install, lab = readme(repo)
    assert venv == "python3 -m venv .venv"
    assert install == ".venv/bin/pip install -r requirements.txt" and lab == ".venv/bin/jupyter lab"


@pytest.mark.proof  # fetches an environment from the registry, some hundred megabytes
@pytest.mark.parametrize("version", [name for name, what in NAMES.items() if what])
def test_the_readme_to_the_letter_as_a_plain_user_and_run_all_without_a_network(repo: Course, version: str) -> None:
    """Its lines in the unpacked zip, in a shell whose python3 is that version; then both untouched notebooks run
    through to the cell that packs them, where no mirror answers, and without a word in red."""
    python = interpreter(version)
    with other_users.open_place() as place:
        with zipfile.ZipFile(repo.release("hw4").with_suffix(".zip")) as archive:
            archive.extractall(place)
        folder = place / "hw4"
        bin_ = place / "bin"
        bin_.mkdir()
        (bin_ / "python3").symlink_to(python.resolve())
        for path in (place, *place.rglob("*")):
            if not path.is_symlink():
                os.chown(path, 65534, 65534) if os.getuid() == 0 else None
        around = {
            **{name: value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_", "SSL", "http"))},
            "PATH": f"{bin_}:/usr/bin:/bin",
            "HOME": str(place),
            "LANG": "C.UTF-8",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "MNIST_MIRROR": "http://127.0.0.1:9/",
        }

        def as_student(line: str) -> Any:
            command = ["bash", "-c", line]
            if os.getuid() == 0:
                command = [*view_of(python), "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command]
            return subprocess.run(command, cwd=folder, env=around, capture_output=True, text=True, timeout=1200)

        venv, install, lab = readme(repo)
        for line in (venv, install, f"{lab} --version"):
            done = as_student(line)
            assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        everything = "--NbClientApp.skip_cells_with_tag=none"  # else tagged cells, which Jupyter runs, are left out
        done = as_student(f".venv/bin/jupyter execute --inplace {everything} {' '.join(BOOKS)}")
        assert done.returncode == 0, done.stderr[-3000:]
        assert (folder / "hw4-submission.zip").is_file()
        said = outputs(folder / BOOKS[1])
        assert not said["stderr"], said["stderr"]
        assert "Digits: not yet" in said["load-mnist"]
        assert "T5: not yet" in said["T5"] and "Training: not yet" in said["train-first"]
        assert "Made hw4-submission.zip" in said["check-submission"]


def view_of(python: Path) -> list[str]:
    """other_users.view, and that Python."""
    line = other_users.view()
    base = python.resolve().parents[1]
    shown = [str(base), str(base)]
    if all(parent.stat().st_mode & 0o001 for parent in base.parents):
        return line
    return [*line[:-1], "--ro-bind", *shown, "--"]


def outputs(path: Path) -> dict[str, str]:
    """What each cell with a name said; "stderr": all that came there."""
    found = {"stderr": ""}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        for output in cell.get("outputs", []):
            text = output.get("text") or output.get("data", {}).get("text/plain", "")
            found[cell["id"]] = found.get(cell["id"], "") + "".join(text)
            found["stderr"] += "".join(text) if output.get("name") == "stderr" else ""
    return found
