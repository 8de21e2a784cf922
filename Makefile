# Everything runs in .venv (and one test file in .venv-light), which is made here on first use and redone when pyproject.toml or constraints.txt change.
PYTHON ?= python3
ARGS ?=
# test processes side by side; each has one thread, and a file of tests stays in one
WORKERS ?= 2

VENV := .venv
# what `pip install sightline` alone gives: the tests index, search and serve in it
LIGHT := .venv-light
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check
DOCS := docs/cli.md docs/recipes.md docs/masks.md

.PHONY: help demo test test-all parity atlas-check check fix lock clean

help:
	@echo "make demo       train on real icons, search them by words: results in runs/demo (ARGS=--fresh starts over)"
	@echo "make test       the tests (ARGS=tests/data for a part)"
	@echo "make test-all   the tests and the slow ones"
	@echo "make parity     the largest differences from the peers' own classes, family by family"
	@echo "make atlas-check train and measure one row of the table of image-text methods again, drawn at random (ARGS='--row siglip.0')"
	@echo "make check      format, lint, types, layering, generated docs"
	@echo "make fix        format, repair what lint can, write the generated docs"
	@echo "make lock       write constraints.txt anew from the newest releases"
	@echo "make clean      remove .venv, .venv-light and what tools left behind"

demo: $(VENV)/.train
	@$(BIN)/python -m sightline demo $(ARGS)

COMPILED = $(shell grep -rl "mark.compile" tests --include='*.py')

# Shapes are checked in the second session; torch.compile fails under that check, so it goes first and alone.
test: $(VENV)/.test $(LIGHT)/.done
	@$(BIN)/python -m pytest -q -m "compile and not slow" --jaxtyping-packages= $(COMPILED)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --durations=20 $(ARGS)

test-all: $(VENV)/.test $(LIGHT)/.done
	@$(BIN)/python -m pytest -q -m compile --jaxtyping-packages= $(COMPILED)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not compile" $(ARGS)

parity: $(VENV)/.test
	@$(BIN)/python tools/parity.py $(ARGS)

atlas-check: $(VENV)/.test
	@$(BIN)/python benchmarks/atlas_text.py --check $(ARGS)

check: $(VENV)/.dev
	@$(BIN)/ruff format --check --quiet . || { echo "not formatted: run make fix"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/basedpyright
	@$(BIN)/lint-imports --no-cache --no-logo
	@$(BIN)/cog --check --verbosity=0 -I tools $(DOCS) || { echo "generated docs are old: run make fix"; exit 1; }

fix: $(VENV)/.dev
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format --quiet .
	@$(BIN)/cog -r --verbosity=0 -I tools $(DOCS)

lock: $(VENV)/.made
	@$(BIN)/python tools/lock.py

clean:
	rm -rf $(VENV) $(LIGHT) build dist .pytest_cache .ruff_cache .hypothesis

$(VENV)/.made:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || { \
	  echo "Sightline needs Python 3.11 or later, and '$(PYTHON)' is not: try make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "cannot make $(VENV); some systems package it apart (python3-venv)"; exit 1; }
	@$(INSTALL) --upgrade "pip>=25.1"
	@touch $@

$(VENV)/.train: $(VENV)/.made pyproject.toml constraints.txt
	@echo "installing into $(VENV); the first time takes minutes (torch is large) ..."
	@$(INSTALL) -c constraints.txt -e ".[train]"
	@touch $@

$(VENV)/.test: $(VENV)/.train
	@echo "installing what the tests need ..."
	@$(INSTALL) -c constraints.txt -e ".[train,outline,ocr,match,detect,tensorboard]" --group test
	@touch $@

$(LIGHT)/.done: $(VENV)/.made pyproject.toml constraints.txt
	@echo "installing the light core alone into $(LIGHT), for its tests ..."
	@$(PYTHON) -m venv $(LIGHT)
	@$(LIGHT)/bin/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.test
	@echo "installing what the checks need ..."
	@$(INSTALL) -c constraints.txt --group dev
	@touch $@
