# ruff: noqa: E501  (a cell is easier to read with what belongs together on one line)
"""What homeworks do, and what their libraries do below them: each is a cell, which raises where something is refused.

tests/sandbox/test_system_calls.py runs them in a box, and `python -m benchmarks.system_calls` writes down what they call.
"""

CHORES = {
    "numpy": """
import numpy as np
big = np.ones((1500, 1500)); assert (big @ big).shape == (1500, 1500)  # above 4 MB numpy asks for huge pages
np.linalg.svd(np.random.rand(50, 50)); np.fft.fft(np.ones(100))
np.save("a.npy", big[:9]); np.savez_compressed("b.npz", a=big[:9]); np.savetxt("c.txt", big[:2])
assert np.load("a.npy", mmap_mode="r").shape == (9, 1500) and np.load("b.npz")["a"].shape == (9, 1500)
assert np.loadtxt("c.txt").shape == (2, 1500); np.memmap("m", dtype=float, mode="w+", shape=(9,)).flush()
""",
    "matplotlib": """
%matplotlib inline
import matplotlib; matplotlib.use("agg", force=True)
import matplotlib.pyplot as plt
plt.plot([1, 2]); plt.title("loss $x^2$"); plt.savefig("plot.png"); plt.savefig("plot.pdf"); plt.savefig("plot.svg")
plt.close("all"); assert plt.imread("plot.png").ndim == 3
""",
    "magics": """
%time sum(range(9))
%timeit -n 2 -r 2 sum(range(9))
%pwd
%env HOME
get_ipython().run_line_magic("load_ext", "autoreload"); get_ipython().run_line_magic("autoreload", "2")
""",
    "prun": "%prun -q sum(range(9))",
    "shell": """
!ls / > listed; echo $$ | cat; sleep 0.01
assert _exit_code == 0 and "usr" in open("listed").read()
lines = !echo one; echo two
assert lines == ["one", "two"], lines
""",
    "bash": """
%%bash
set -e
mkdir -p folder; cp /usr/bin/env folder/; cp -a folder other; ls -l folder | grep env > found; mkfifo p; ln -s found s; test -f other/env
for i in 1 2; do (sleep 0.01) & done; wait; cat < s; mv found seen; find . | sort | head -3; tar cf t.tar folder; gzip t.tar
rm -r folder other; date; uname -a; id -u; nproc; seq 9 | xargs -n 2 echo; timeout 5 true; mktemp; dd if=/dev/zero of=z bs=1k count=2
""",
    "background": """
import os, subprocess
for _ in range(70): assert os.system("true &") == 0  # more than a box may have processes
assert subprocess.run("for i in $(seq 70); do (true &); done", shell=True, stderr=subprocess.PIPE).stderr == b""
""",
    "python": "%%python3 -I\nimport json, zlib, hashlib, decimal; print(hashlib.sha256(b'').hexdigest())",
    "subprocess": """
import subprocess, sys
assert subprocess.run(["sort"], input="b\\na\\n", capture_output=True, text=True, timeout=20).stdout == "a\\nb\\n"
assert subprocess.run(["false"]).returncode == 1 and subprocess.check_output("echo $HOME", shell=True) == b"/tmp\\n"
done = subprocess.Popen(["sleep", "60"]); done.terminate(); assert done.wait() == -15
assert subprocess.run([sys.executable, "-I", "-c", "print(7)"], capture_output=True).stdout == b"7\\n"
import os; os.waitpid(os.posix_spawn("/usr/bin/true", ["true"], {}), 0)
""",
    "threads": """
import threading, queue, concurrent.futures as futures
with futures.ThreadPoolExecutor(4) as pool: assert list(pool.map(abs, range(9))) == list(range(9))
q = queue.Queue(); t = threading.Thread(target=q.put, args=(1,)); t.start(); assert q.get(timeout=5) == 1; t.join()
done = threading.Event(); threading.Timer(0.01, done.set).start(); assert done.wait(5)
assert threading.get_native_id() > 0
""",
    "multiprocessing": """
import multiprocessing as mp
from multiprocessing import shared_memory
fork = mp.get_context("fork")
with fork.Pool(2) as pool: assert pool.map(abs, [-1, -2]) == [1, 2]
q = fork.Queue(); p = fork.Process(target=q.put, args=(3,)); p.start(); assert q.get(timeout=9) == 3; p.join()
block = shared_memory.SharedMemory(create=True, size=4096); block.buf[0] = 7; block.close(); block.unlink()
value, lock = fork.Value("i", 0), fork.Lock()
with lock: value.value += 1
import numpy as np; shared = fork.Array("d", 8); np.frombuffer(shared.get_obj())[:] = 1
""",
    "manager": """
import multiprocessing as mp
with mp.get_context("fork").Manager() as manager:
    table = manager.dict(); table["a"] = 1; assert table.copy() == {"a": 1}
here, there = mp.Pipe(); here.send({"x": 1}); assert there.poll(1) and there.recv() == {"x": 1}
import concurrent.futures as futures
with futures.ProcessPoolExecutor(2, mp.get_context("fork")) as pool: assert list(pool.map(abs, [-4])) == [4]
""",
    "asyncio": """
import asyncio
async def shout(reader, writer):
    writer.write((await reader.readline()).upper()); await writer.drain(); writer.close()
async def main():
    server = await asyncio.start_unix_server(shout, "/tmp/door")
    reader, writer = await asyncio.open_unix_connection("/tmp/door")
    writer.write(b"hello\\n"); answer = await reader.readline(); writer.close(); server.close()
    run = await asyncio.create_subprocess_exec("echo", "hi", stdout=asyncio.subprocess.PIPE)
    assert (await run.communicate())[0] == b"hi\\n"
    await asyncio.gather(asyncio.sleep(0.01), asyncio.to_thread(abs, -1)); return answer
import threading; told = []
runner = threading.Thread(target=lambda: told.append(asyncio.run(main()))); runner.start(); runner.join()
assert told == [b"HELLO\\n"], told
""",
    "await": "import asyncio\nawait asyncio.sleep(0.01)",
    "sqlite3": """
import sqlite3
base = sqlite3.connect("marks.db"); base.execute("PRAGMA journal_mode = WAL"); base.execute("CREATE TABLE t (x)")
with base: base.execute("INSERT INTO t VALUES (1)")
assert base.execute("SELECT x FROM t").fetchall() == [(1,)]; base.execute("VACUUM"); base.close()
""",
    "files": """
import os, pathlib, shutil, tempfile, zipfile, tarfile, glob, fcntl, mmap, gzip, lzma, bz2, pickle, stat
with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder, "a"); path.write_text("x" * 9000); path.chmod(0o600); os.utime(path, (1e9, 1e9))
    shutil.copy2(path, f"{folder}/b"); shutil.copytree(folder, f"{folder}2"); shutil.move(f"{folder}/b", f"{folder}/c")
    shutil.copyfile(os.__file__, f"{folder}/os.py"); os.link(path, f"{folder}/d"); os.symlink("a", f"{folder}/e")
    os.truncate(path, 10); os.replace(path, f"{folder}/f"); shutil.make_archive(f"{folder}3", "zip", folder)
    assert sorted(os.listdir(folder)) == ["c", "d", "e", "f", "os.py"] and shutil.disk_usage(folder).total > 0
    with open(f"{folder}/f", "r+b") as file: fcntl.flock(file, fcntl.LOCK_EX); fcntl.lockf(file, fcntl.LOCK_EX); os.fsync(file)
    with open(f"{folder}/f", "r+b") as file, mmap.mmap(file.fileno(), 0) as view: view[0] = 65; view.flush()
    shutil.rmtree(f"{folder}2")
with tempfile.NamedTemporaryFile("w") as file: file.write("x"); file.flush(); os.posix_fallocate(file.fileno(), 0, 100)
with tempfile.SpooledTemporaryFile() as file: file.write(b"x"); file.rollover()
a, b = os.pipe(); os.set_inheritable(a, True); os.set_blocking(a, False); os.write(b, b"x"); assert os.read(a, 1) == b"x"
here = os.open(".", os.O_RDONLY); os.mkdir("sub", dir_fd=here); os.rmdir("sub", dir_fd=here); os.mkfifo("fifo"); os.umask(0o22)
os.statvfs("/tmp"); assert list(os.scandir("/usr"))
""",
    "time": """
import time, signal, datetime, random, secrets, uuid, platform, resource, os, socket, locale, getpass
time.sleep(0.001); time.clock_gettime(time.CLOCK_MONOTONIC); time.process_time(); time.thread_time(); time.clock_getres(0)
uuid.uuid1(); uuid.uuid4(); secrets.token_hex(); platform.platform(); platform.processor(); datetime.datetime.now().astimezone()
resource.getrusage(resource.RUSAGE_CHILDREN); resource.getrlimit(resource.RLIMIT_AS); resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
os.cpu_count(); os.sched_getaffinity(0); os.getpriority(os.PRIO_PROCESS, 0); os.uname(); socket.gethostname(); os.getpgid(0)
""",
    "no network": """
import socket, urllib.request, urllib.error
for address in ("http://example.org/", "http://127.0.0.1:8888/"):
    try: urllib.request.urlopen(address, timeout=2); raise Exception("through")
    except urllib.error.URLError as error: told = str(error)
assert "unreachable" in told, told
""",
    "ssl": "import ssl\nassert ssl.create_default_context() and ssl.RAND_bytes(8)",
    "pandas": """
import pandas as pd
table = pd.DataFrame({"x": range(100), "y": ["a", "b"] * 50}); table.groupby("y").mean(); table.to_csv("t.csv")
assert len(pd.read_csv("t.csv")) == 100; table.describe(); table.to_pickle("t.pkl"); pd.read_pickle("t.pkl")
""",
    "scipy": """
import scipy.optimize, scipy.sparse.linalg, scipy.stats, scipy.signal, scipy.io, numpy as np
scipy.optimize.minimize(lambda x: (x ** 2).sum(), np.ones(3)); scipy.sparse.linalg.eigsh(scipy.sparse.eye(50), 2)
scipy.io.savemat("m.mat", {"a": np.ones(3)}); scipy.io.loadmat("m.mat"); scipy.stats.norm.fit(np.random.rand(99))
""",
    "scikit-learn": """
from sklearn.linear_model import LogisticRegression
from sklearn.decomposition import PCA
from sklearn.model_selection import cross_val_score
from sklearn.datasets import load_digits
X, y = load_digits(return_X_y=True); X = PCA(10).fit_transform(X)
assert cross_val_score(LogisticRegression(max_iter=50), X[:300], y[:300], n_jobs=2).mean() > 0.5
from sklearn.ensemble import HistGradientBoostingClassifier as Boosted
Boosted(max_iter=3).fit(X[:300], y[:300])
""",
    "tqdm, PIL": """
import tqdm, io, logging, warnings
from PIL import Image
for _ in tqdm.tqdm(range(3), file=io.StringIO()): pass
Image.new("RGB", (50, 50)).save("p.jpg"); Image.open("p.jpg").resize((9, 9)).load()
""",
    "joblib": """
from joblib import Parallel, delayed
assert Parallel(n_jobs=2, backend="loky")(delayed(abs)(number) for number in (-1, -2)) == [1, 2]
""",
    "spawn": """
import subprocess, sys
code = '''
import multiprocessing as mp
if __name__ == "__main__":
    for how in ("spawn", "forkserver"):
        with mp.get_context(how).Pool(2) as pool: print(pool.map(abs, [-1, -2]))
'''
open("spawned.py", "w").write(code)
done = subprocess.run([sys.executable, "spawned.py"], capture_output=True, text=True)
assert done.stdout.count("[1, 2]") == 2, done.stderr
""",
    "programs": """
import subprocess
lines = ["echo 'int main() { return 7; }' > a.c; gcc -O2 a.c -o a || cp /usr/bin/true a; ./a; test $? -le 7", "perl -e 'print 1' || true",
         "timeout 1 sleep 3; test $? -eq 124", "nice true", "stdbuf -o0 true", "cp -p a.c b.c && diff a.c b.c"]
for line in lines: assert subprocess.run(line, shell=True, capture_output=True).returncode == 0, line
""",
    "interruption": """
import signal, time
rung = []; signal.signal(signal.SIGUSR1, lambda *_: rung.append(1)); signal.raise_signal(signal.SIGUSR1); assert rung
import faulthandler, os; signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2}); os.kill(os.getpid(), signal.SIGUSR2)
assert signal.sigwait({signal.SIGUSR2}) == signal.SIGUSR2; signal.siginterrupt(signal.SIGUSR1, False)
""",
}
