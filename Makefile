# Two commands of the README do everything: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
export OMP_NUM_THREADS := 1
# hundreds of processes start in the tests: without their bytecode each would compile all modules anew
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test tests collected shuffled check proof lock bench clean

demo: .venv/ready
	$(BIN)/autograder demo

test: .venv/ready
	@$(MAKE) --no-print-directory -j 2 check tests \
		|| { echo 'failed: a test (above), or what `make check` says'; exit 1; }

tests: collected
	MAKEFLAGS= $(BIN)/python -m pytest -n 3 --durations 10 -m "not proof"

# The bytecode of the tests, written once: or each of the workers above compiles all of them anew. A test that cannot be
# collected is told there.
collected: .venv/ready
	@$(BIN)/python -m pytest -q --collect-only > /dev/null || true

shuffled: .venv/ready
	$(BIN)/python -m pytest -n 2 -m "not proof" -p randomly

check: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	MYPYPATH=autograder/sandbox/guest:autograder/sandbox/examiner $(BIN)/mypy --explicit-package-bases autograder/sandbox/guest/[!_]*.py autograder/sandbox/guest/*/[!_]*.py autograder/sandbox/examiner/[!_]*.py
	$(BIN)/lint-imports --no-logo --no-cache

proof: .venv/ready
	$(BIN)/autograder audit hw4
	$(BIN)/python -m pytest -m proof --timeout 0 tests/proof/test_report_of_a_thousand.py  # times a page: nothing beside it
	$(BIN)/python -m pytest -m proof --timeout 0 -n 2 --dist loadfile --ignore tests/proof/test_report_of_a_thousand.py

bench: .venv/ready
	$(BIN)/python -m benchmarks.throughput

# The environment: exact versions and hashes from the lock file, then this project itself.
.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or newer is needed; set PYTHON=')"
	@echo "installing into .venv: 1.1 GB, some minutes the first time"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --no-compile --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --config-settings editable_mode=compat --editable .
	@# on all cores, which pip does on one; ours too, since the sandbox reads these files and writes none
	$(BIN)/python -m compileall -qq -j 0 .venv/lib autograder || true
	touch $@

# Needs uv. Writes exact versions and hashes for every platform, and no index addresses.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		-q requirements.in -o requirements.lock

clean:
	rm -rf .venv build *.egg-info
