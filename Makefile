# make repro    set up, then run the pipeline          make test     set up, then run the tests
# make check    ruff and mypy                          make tables   the six models of the paper, SEEDS="0 1 2"
# make variants the second system's, SEEDS="0 1 2"     make inventory look at changed raw data again

PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)
SEEDS ?= 0

.PHONY: repro test check tables variants inventory

repro: .venv/installed
	dvc repro

test: .venv/installed   # one thread a process: the two test processes share two cores
	OMP_NUM_THREADS=1 pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

check: .venv/installed
	ruff check .
	ruff format --check .
	mypy

tables: .venv/installed
	python -m unisono.report.tables $(SEEDS)

variants: .venv/installed
	python -m unisono.report.variants $(SEEDS)

inventory: .venv/installed   # look at the raw data again, after you have added or changed some
	dvc repro --force --single-item inventory

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --require-hashes -r requirements.lock
	.venv/bin/pip install --no-deps --no-build-isolation -e .
	touch $@
