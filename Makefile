# `make help` lists what there is to do. Everything lives in .venv and _build; nothing is installed elsewhere.
PYTHON ?= python3
PIP_FLAGS ?=
LAB_FLAGS ?=
PORT ?= 8000
JOBS ?= 2
ROOM ?= bound

VENV := .venv
BIN := $(VENV)/bin
BENCH := .venv-bench
PIP = -m pip install --quiet --disable-pip-version-check $(PIP_FLAGS)
PINS := requirements.txt constraints.txt pyproject.toml
# What a page depends on beyond its own text: any change executes every chapter again.
CODE := $(shell find lipkit book/_ext tools/build.py -name '*.py') $(PINS)

# The stamp is written last, so an interrupted installation is done again; and a stamp in an environment
# that does not work (a moved folder, an upgraded system) is worth nothing.
WORKS = { $(BIN)/python -c '' && $(BIN)/pip --version; } >/dev/null 2>&1
ifneq ($(shell $(WORKS) && echo yes),yes)
$(shell rm -f $(VENV)/.book $(VENV)/.dev)
endif

.DEFAULT_GOAL := help
.PHONY: help book course serve lab notebooks test check lint bench dist clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "%-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

book: _build/.code ## execute every chapter, build the site, say where it is
	$(BIN)/python tools/build.py
	@echo "Open file://$(CURDIR)/_build/html/index.html   (or: make serve)"

serve: book ## the site at http://127.0.0.1:8000; PORT=… for another
	$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

lab: $(VENV)/.dev ## JupyterLab; a chapter's .md opens as a notebook
	mkdir -p $(VENV)/share/jupyter/lab/settings
	cp tools/jupyterlab.json $(VENV)/share/jupyter/lab/settings/overrides.json
	$(BIN)/jupyter-lab $(LAB_FLAGS) chapters

notebooks: $(VENV)/.book ## every chapter as .ipynb, in notebooks/
	$(BIN)/python book/_ext/downloads.py notebooks

course: $(VENV)/.book ## slides, notebook and key of every lesson, in _build/course
	$(BIN)/python tools/course.py

test: $(VENV)/.dev ## all tests; the book is built once
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS)

check: $(VENV)/.dev ## one room's tests and lint: make check ROOM=norms
	$(BIN)/ruff check lipkit/$(ROOM) $(wildcard tests/$(ROOM))
	$(BIN)/ruff format --check lipkit/$(ROOM) $(wildcard tests/$(ROOM))
	$(BIN)/mypy lipkit/$(ROOM)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS) lipkit/$(ROOM) $(wildcard tests/$(ROOM))

lint: $(VENV)/.dev ## ruff, mypy, floors, chapters, ledger
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/lint_chapters.py
	$(BIN)/python tools/ledger.py

bench: $(BENCH)/.ok ## ours beside the peers, in their own environment; CHECK=1 fails on a missed goal
	OMP_NUM_THREADS=1 $(BENCH)/bin/python -m benchmarks $(if $(CHECK),--check)

dist: $(VENV)/.dev book ## a zip of the built site, in dist/; every claim must have passed
	$(BIN)/python tools/dist.py

clean: ## what was built; the environments stay (rm -r .venv .venv-bench)
	rm -rf _build dist notebooks build *.egg-info .hypothesis .import_linter_cache
	rm -rf .mypy_cache .pytest_cache .ruff_cache

$(VENV)/.book: $(PINS)
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v < (3, 14) else \
	    "Python 3.11, 3.12 or 3.13 is needed and $(PYTHON) is %d.%d: try make PYTHON=python3.12" % v)'
	$(WORKS) || $(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python $(PIP) -r requirements.txt
	touch $@

$(VENV)/.dev: $(VENV)/.book requirements-dev.txt
	$(BIN)/python $(PIP) -r requirements-dev.txt
	touch $@

$(BENCH)/.ok: requirements-bench.txt requirements-bench-nodeps.txt $(PINS)
	$(PYTHON) -m venv --clear $(BENCH)
	$(BENCH)/bin/python $(PIP) -r requirements-bench.txt
	$(BENCH)/bin/python $(PIP) --no-deps -r requirements-bench-nodeps.txt
	touch $@

# The cache knows a chapter by its cells alone: when the code below them changes, all of _build goes.
_build/.code: $(VENV)/.book $(CODE)
	rm -rf _build
	mkdir _build
	touch $@
