# make run    the main job: images in, exported classifier and report out
# make test   format, lint, types, layers, tests and doctests, as CI runs them
# make quick  the same without the tests that train or start Kedro
# make docs   the documentation site, strictly
# make bench  everything that is measured, hours; DATA="a.parquet b.parquet" for the peers
# make bench-quick  against the peers, 3 minutes for each
# make gpu-check  what is tested on CPUs, on this machine's GPU
# make clean  what can be made again; the venv and results stay
#
# All are safe to repeat: the venv is made once, and again only when pyproject.toml
# or constraints.txt change. PYTHON=/path/to/python3 chooses the interpreter, JOBS=n the
# number of test processes (JOBS=0: none beside pytest's own, for a debugger).

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.10 python3; do \
	command -v $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
RUN_STAMP := $(VENV)/.installed-run
DEV_STAMP := $(VENV)/.installed-dev
DOCS_STAMP := $(VENV)/.installed-docs
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

# test processes: more than four only wait for the longest files
JOBS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$((n > 4 ? 4 : n)))
# a file stays in one process, which makes its fixtures once; long files come first
PYTEST = $(BIN)/pytest --doctest-modules -n $(JOBS) --dist loadfile --no-loadscope-reorder

export KEDRO_DISABLE_TELEMETRY ?= 1
export DO_NOT_TRACK ?= 1
export TF_CPP_MIN_LOG_LEVEL ?= 3

say = @printf '\n==> %s\n'

GPU_STAMP := $(VENV)/.installed-gpu
.PHONY: help run test quick lint docs bench bench-quick gpu-check viz reference pins clean

help:
	@sed -n 's/^# \{0,1\}//p' Makefile | head -n 12

$(BIN)/python:
	$(say) "Making $(VENV) with $(PYTHON)"
	"$(PYTHON)" -c 'import sys; sys.exit(0 if (3, 10) <= sys.version_info < (3, 14) else \
	  f"kedro-nas needs Python 3.10 to 3.13. Received: {sys.version.split()[0]}. Install one, or name it: make PYTHON=/path/to/python3.11 ...")'
	"$(PYTHON)" -m venv $(VENV)

$(RUN_STAMP): pyproject.toml constraints.txt | $(BIN)/python
	$(say) "Installing kedro-nas and pinned dependencies into $(VENV) (minutes, once)"
	$(PIP) -e .
	touch $@

$(DEV_STAMP): pyproject.toml constraints.txt | $(BIN)/python
	$(say) "Installing development tools into $(VENV) (minutes, once)"
	$(PIP) -e '.[dev]'
	touch $@ $(RUN_STAMP)

$(DOCS_STAMP): pyproject.toml constraints.txt | $(DEV_STAMP)
	$(say) "Installing documentation tools into $(VENV)"
	$(PIP) -e '.[docs]'
	touch $@

run: $(RUN_STAMP)
	$(say) "Running the main job: kedro run --pipelines nas $(ARGS)"
	$(BIN)/kedro run --pipelines nas $(ARGS)
	printf '\n==> The report: data/08_reporting/nas/report.html\n    The model:  data/06_models/nas/exports/\n'

lint: $(DEV_STAMP)
	$(say) "Format"
	$(BIN)/ruff format --check .
	$(say) "Lint"
	$(BIN)/ruff check .
	$(say) "Types"
	$(BIN)/mypy src benchmarks examples .ci docs
	MYPYPATH=benchmarks/peers $(BIN)/mypy --allow-subclassing-any --no-warn-return-any \
	  benchmarks/peers/*.py
	$(say) "Layers"
	$(BIN)/lint-imports --no-cache

test: lint
	$(say) "Tests and doctests (those that train and start Kedro included)"
	$(PYTEST) $(ARGS)

quick: lint
	$(say) "Tests and doctests, without the slow ones"
	$(PYTEST) -m "not slow" $(ARGS)

docs: $(DOCS_STAMP)
	$(say) "Building site/ strictly"
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

$(GPU_STAMP): pyproject.toml constraints.txt | $(BIN)/python
	$(say) "Installing kedro-nas with the CUDA libraries of TensorFlow"
	$(PIP) -e '.[gpu]'
	touch $@

gpu-check: $(GPU_STAMP)
	$(say) "Checking the GPU; what it finds goes to benchmarks/results/gpu.json"
	$(BIN)/python benchmarks/gpu.py $(ARGS)

bench: $(DEV_STAMP)
	$(say) "Measuring; results go to benchmarks/results/"
	missed=0
	for script in benchmarks/*.py; do
	  [ "$$script" = benchmarks/gpu.py ] && continue
	  echo "--> $$script"
	  data=
	  [ "$$script" = benchmarks/compare_peers.py ] && data="$(DATA)"
	  $(BIN)/python "$$script" $$data || { missed=1; echo "failed: $$script"; }
	done
	exit $$missed

bench-quick: $(DEV_STAMP)
	$(say) "Measuring against the peers; rows go to build/peers_quick.json"
	mkdir -p build
	$(BIN)/python benchmarks/compare_peers.py --brief --seconds 180 --seeds 1 \
	  --out build/peers_quick.json $(ARGS) $(DATA)

viz: $(DEV_STAMP)
	$(say) "Building build/, the pipeline with its results, for any web server"
	$(BIN)/kedro viz build --include-previews

reference: $(DEV_STAMP)
	$(say) "Writing docs/reference/files.md from the records, tables of errors and results"
	$(BIN)/python .ci/files_page.py
	$(BIN)/python .ci/errors_page.py
	$(BIN)/python .ci/parity_table.py

pins: $(DEV_STAMP) $(DOCS_STAMP)
	$(say) "Pinning what $(VENV) holds into constraints.txt"
	$(BIN)/python .ci/pins.py

clean:
	rm -rf build dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis \
	  .import_linter_cache .grimp_cache .viz src/*.egg-info
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
