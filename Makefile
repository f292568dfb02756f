# make repro    set up, then run the pipeline          make test     set up, then run the tests
# make check    ruff and mypy                          make tables   the six models of the paper, SEEDS="0 1 2"
# make variants the second system's, SEEDS="0 1 2"     make inventory look at changed raw data again
# make folds    K=5 folds of a split a seed, SEEDS="0" make model    the model that comes with the package
# make worth    what each kind of data adds, SEEDS="0"   (variants, folds and worth want make repro before them)
# make bench    speed beside that of others, BENCH="warp split" (all: about 20 minutes; wants make repro before it)
# make lock     resolve the dependencies anew; UPGRADE=--upgrade takes their newest versions

export PATH := $(CURDIR)/.venv/bin:$(PATH)
SEEDS ?= 0
K ?= 5
COMPILE = PATH="$$PATH:.uv" uv pip compile --quiet --universal --generate-hashes --no-annotate --python-version 3.11 \
	--custom-compile-command "make lock" $(UPGRADE) pyproject.toml
SETUP = setup/install setup/uv.txt .python-version pyproject.toml

.PHONY: repro test check tables variants folds worth model inventory bench lock

repro: .venv/installed
	dvc repro

test: .venv/installed-for-tests   # a thread a process: two share two cores, and a third works while others wait
	OMP_NUM_THREADS=1 pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

check: .venv/installed-for-tests
	ruff check .
	ruff format --check .
	mypy

tables: .venv/installed
	python -m unisono.experiments.six_models $(SEEDS)

variants: .venv/installed
	python -m unisono.experiments.variants $(SEEDS)

folds: .venv/installed
	python -m unisono.experiments.folds $(K) $(SEEDS)

worth: .venv/installed
	python -m unisono.experiments.worth $(SEEDS)

model: .venv/installed
	python -m unisono.experiments.default_model

bench: .venv/installed-for-tests
	python benchmarks/run_all.py $(BENCH)

inventory: .venv/installed   # look at the raw data again, after you have added or changed some
	dvc repro --force --single-item inventory

lock:   # one resolution, and the part of it that the pipeline and the page need
	$(COMPILE) --all-extras --output-file requirements-test.lock
	$(COMPILE) --extra explore --constraints requirements-test.lock --output-file requirements.lock

.venv/installed: requirements.lock $(SETUP)
	setup/install requirements.lock
	touch $@

.venv/installed-for-tests: requirements-test.lock $(SETUP)
	setup/install requirements-test.lock
	touch .venv/installed $@
