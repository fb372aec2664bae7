"""Answers kept from an earlier grading: asked again only where the question would be another one."""

import ast
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from autograder.judging.checking import Case
from autograder.sandbox import answers
from autograder.sandbox.answers import Answers, Array, BadFrame, Error


@dataclass(frozen=True)
class CachedAnswers:
    """Answers by task, or `task@number` of a snapshot, each with the key of its question.

    By notebook: errors of the cells, and the cells before which the notebook was another one.
    """

    answers: Mapping[str, Answers] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    cell_errors: Mapping[str, Mapping[str, Error]] = field(default_factory=dict)
    snapshots: Mapping[str, Sequence[str]] = field(default_factory=dict)


def question_key(run: str, submission: str, probe: str, cases: Iterable[Case]) -> str:
    """Hash of all that an answer hangs on: the run, the submission, the probe's text, the inputs."""
    total = hashlib.sha256(f"{run}\0{submission}\0{probe}".encode())
    for number, case in enumerate(cases):
        for name in sorted(case):
            value = np.asarray(case[name])
            total.update(f"{number}/{name}/{value.dtype.str}/{value.shape}".encode())
            total.update(value.tobytes())
    return total.hexdigest()[:24]


def run_hash(files: Iterable[Path], *more: str) -> str:
    """Hash of what every run hangs on: the guest, the release, the limits, the versions of Python and packages."""
    total = hashlib.sha256("\0".join(more).encode())
    for path in files:
        total.update(path.name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()[:24]


def probe_texts(path: Path, tasks: Iterable[str]) -> dict[str, str]:
    """Of each task's probe: its own text and that of all that no task owns alone."""
    names = set(tasks)
    text = path.read_text(encoding="utf-8")
    lines = text.split("\n")  # ast.get_source_segment goes through the whole text for each node
    shared, own = [], {}
    for node in ast.parse(text).body:
        source = "\n".join(lines[node.lineno - 1 : node.end_lineno])
        if isinstance(node, ast.FunctionDef) and node.name in names:
            own[node.name] = source
        else:
            shared.append(source)
    return {name: "\n".join([*shared, source]) for name, source in own.items()}


def pack(kept: CachedAnswers) -> bytes:
    """CachedAnswers answers as one frame; b"" where they are too large to keep."""
    tasks, arrays = {}, {}
    for task, found in kept.answers.items():
        errors = {name: vars(error) for name, error in found.errors.items()}
        tasks[task] = {"key": kept.keys[task], "class_is_given": found.class_is_given, "errors": errors}
        arrays.update({f"{task}:{name}": array for name, array in found.arrays.items()})
    cells = {book: {n: vars(e) for n, e in errors.items()} for book, errors in kept.cell_errors.items()}
    snapshots = {book: list(names) for book, names in kept.snapshots.items()}
    frame = answers.encode({"tasks": tasks, "cells": cells, "snapshots": snapshots}, arrays)
    try:
        answers.sizes(frame[:8])
    except BadFrame:
        return b""
    return frame if len(arrays) <= answers.MAX_ARRAYS else b""


def unpack(frame: bytes) -> CachedAnswers:
    """The kept answers of a frame; nothing where it is broken."""
    try:
        header, arrays = answers.whole(frame)
    except BadFrame:
        return CachedAnswers()
    tasks, cells = header.get("tasks"), header.get("cells")
    if not isinstance(tasks, dict) or not isinstance(cells, dict):
        return CachedAnswers()
    found: dict[str, Answers] = {}
    keys: dict[str, str] = {}
    for task, about in tasks.items():
        if isinstance(about, dict):
            keys[task] = str(about.get("key", ""))
            found[task] = answers.answers_from(about, _of(task, arrays))
    by_book = header.get("snapshots")
    named = by_book.items() if isinstance(by_book, dict) else ()
    snapshots = {str(book): [str(name) for name in names] for book, names in named if isinstance(names, list)}
    return CachedAnswers(found, keys, {str(book): _errors(errors) for book, errors in cells.items()}, snapshots)


def _of(task: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    start = f"{task}:"
    return {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}


def _errors(raw: object) -> dict[str, Error]:
    pairs = raw.items() if isinstance(raw, dict) else ()
    return {str(name): error for name, value in pairs if (error := answers.error_from(value)) is not None}
