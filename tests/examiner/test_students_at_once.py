"""Two students at once, and two tests of one student: neither hears of the other, nor ends it."""

import time
from collections.abc import Iterator

import pytest
from shares import one_in

from autograder.grading.notebook_run import NotebookRun
from autograder.sandbox.guest_process import Guest
from autograder.sandbox.walls import Inside
from autograder.submissions.align import EXTRA, Cell
from autograder.submissions.merge import Merged
from tests.examiner.bench import SMALL, Bench, answer, test

# leaves a word wherever somebody could find it
LEAVES = """
import socket, threading
from socket import AF_INET, AF_UNIX
def answering(one):
    one.listen()
    def answer():
        while True:
            one.accept()[0].sendall(b"word")
    threading.Thread(target=answer, daemon=True).start()
for kind, name in ((AF_UNIX, chr(0) + "meet"), (AF_UNIX, "/tmp/meet"), (AF_INET, ("127.0.0.1", 5999))):
    one = socket.socket(kind)
    one.bind(name)
    answering(one)
for place in ("/tmp/word", "/dev/shm/word"):
    open(place, "w").write("word")
"""
# looks there, ends what it sees, and says what it found as an error
LOOKS = """
import os, signal, socket
from socket import AF_INET, AF_UNIX
found = []
for kind, name in ((AF_UNIX, chr(0) + "meet"), (AF_UNIX, "/tmp/meet"), (AF_INET, ("127.0.0.1", 5999))):
    with socket.socket(kind) as one:
        try:
            one.connect(name)
            found.append((name, one.recv(9)))
        except OSError:
            pass
found += [place for place in ("/tmp/word", "/dev/shm/word") if os.path.exists(place)]
found += [name for name in os.listdir("/proc") if name.isdigit()]
"""
ENDS = """
for pid in (*range(2, 3000), -1):
    if pid != os.getpid():
        try:
            os.kill(pid, signal.SIGKILL)
            found.append(pid)
        except OSError:
            pass
"""
SAYS = """
raise KeyError(f"found: {found}")
"""


def book(*sources: str) -> Merged:
    return Merged("book", tuple(Cell(EXTRA, "code", one, f"cell {n}") for n, one in enumerate(sources)), {})


@pytest.fixture
def other() -> Iterator[Guest]:
    with Guest(Inside(), SMALL) as made:
        yield made


def test_a_student_finds_nothing_of_another_and_ends_nobody(bench: Bench, other: Guest) -> None:
    finish = time.monotonic() + SMALL.total_seconds
    left = NotebookRun(bench.guest, book(LEAVES, "here = 1"), [], {}, finish, stays=True)
    looking = NotebookRun(other, book(LOOKS + ENDS + SAYS), [], {}, finish)
    with bench.guest.submission(), other.submission():
        left.noted(["cell 1"], (), {"seconds": 1, "patience": 2})
        assert not left.errors
        assert looking.cells()
        assert looking.errors["cell 0"].text == "'found: []'"
        with left.copy("cell 1") as copy:  # type: ignore[union-attr]
            assert copy is not None
        assert bench.guest.alive
        left.close()


def test_in_one_box_it_would_find_all(bench: Bench) -> None:
    run = NotebookRun(bench.guest, book(LEAVES, LOOKS + SAYS), [], {}, time.monotonic() + SMALL.total_seconds)
    with bench.guest.submission():
        assert run.cells()
    said = run.errors["cell 1"].text
    assert said.count("word") >= 4 and "meet" in said, said


# ---- two copies of one student's process --------------------------------------------------------

TELLS = {
    "a_thread": (  # none of its names holds more than functions: the end of the notebook has every moment
        "import socket, threading\nsocket.told = {}\n"
        "def wait():\n    with socket.socket(socket.AF_UNIX) as one:\n        one.bind(chr(0) + 'told')\n"
        "        one.listen()\n        while True:\n            socket.told['word'] = one.accept()[0].recv(9)\n"
        "threading.Thread(target=wait, daemon=True).start()\n__import__('time').sleep(0.2)\n"
        "def tell(x):\n    with socket.socket(socket.AF_UNIX) as to:\n        to.connect(chr(0) + 'told')\n"
        "        to.sendall(x.encode())\n    __import__('time').sleep(0.3)\ndef hear():\n    return socket.told['word']"
    ),
    "a_name": "told = []\ndef tell(x):\n    told.append(x)\ndef hear():\n    return told[0]",
    "a_file": "def tell(x):\n    open('/tmp/told', 'w').write(x)\ndef hear():\n    return open('/tmp/told').read()",
    "shared_memory": (
        "def tell(x):\n    open('/dev/shm/told', 'w').write(x)\ndef hear():\n    return open('/dev/shm/told').read()"
    ),
    "rights_and_times": (
        "import os\ndef tell(x):\n    os.utime('/tmp', (len(x), 1))\n    os.chmod('/tmp', 0o755)\n"
        "def hear():\n    about = os.stat('/tmp')\n"
        "    return about if about.st_atime < 9 or about.st_mode & 0o55 else None"
    ),
    "an_inherited_socket": (
        "import socket\na, b = socket.socketpair()\na.settimeout(0.2)\n"
        "def tell(x):\n    b.sendall(x.encode())\ndef hear():\n    return a.recv(9).decode()"
    ),
    "an_inherited_file": (
        "import os\nfile = os.open('/tmp/one', os.O_RDWR | os.O_CREAT)\n"
        "def tell(x):\n    os.pwrite(file, x.encode(), 0)\n"
        "def hear():\n    return os.pread(file, 9, 0).decode() or 1 / 0"
    ),
    "a_child_that_stays": (
        "import os, socket\ndef tell(x):\n    if os.fork() == 0:\n        os.setsid()\n"
        "        one = socket.socket(socket.AF_UNIX)\n        one.bind(chr(0) + 'told')\n        one.listen()\n"
        "        while True:\n            one.accept()[0].sendall(x.encode())\n"
        "    __import__('time').sleep(0.3)\n"
        "def hear():\n    one = socket.socket(socket.AF_UNIX)\n"
        "    one.connect(chr(0) + 'told')\n    return one.recv(9).decode()"
    ),
}
HEAR = """
try:
    heard = hear()
except Exception:
    heard = None
assert heard is None, heard
"""


@pytest.mark.parametrize("name", TELLS)
def test_a_copy_tells_the_next_one_nothing(bench: Bench, name: str) -> None:
    cells = [
        answer(TELLS[name], "A"),
        test("### BEGIN HIDDEN TESTS\ntell('word')\n### END HIDDEN TESTS", "T1"),
        test(HEAR, "T2"),
    ]
    outcomes = bench.examined(cells).outcomes
    assert outcomes["T2"].how == "passed", outcomes


@pytest.mark.parametrize("name", one_in(3, TELLS))
def test_in_one_process_it_would_be_heard(bench: Bench, name: str) -> None:
    assert bench.in_process([answer(TELLS[name], "A"), test(f"tell('word')\n{HEAR}", "T")]) == "failed"


@pytest.mark.parametrize("whom", ["os.getppid()", "-1", "0"])
def test_a_copy_that_ends_others_costs_one_test(bench: Bench, whom: str) -> None:
    killer = f"import os\ndef f():\n    os.kill({whom}, 9)\n    os._exit(0)"
    cells = [
        answer(killer, "A"),
        answer("def g(x):\n    return x", "B"),
        test("### BEGIN HIDDEN TESTS\nf()\n### END HIDDEN TESTS", "T1"),
        test("assert g(2) == 2", "T2"),
        test("assert g(3) == 3", "T3"),
    ]
    outcomes = bench.examined(cells).outcomes
    assert [outcomes[name].how for name in ("T1", "T2", "T3")] == ["ended", "passed", "passed"], outcomes
