# What there is to do with a checkout. `make` alone lists it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help install run demo test quick lint format bench corpus drill soak servers constraints clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONFIG ?= var/mailcase.toml
# Each file of tests stays in one process: its servers are started once.
PYTEST_ARGS ?= -n 2 --dist loadfile

help:
	@echo 'make run        the daemon in the foreground, with a starter config in $(CONFIG)'
	@echo 'make demo       a whole story, from the first mail to the follow-up case'
	@echo 'make test       everything that is tested; as root it installs the servers that the tests need'
	@echo 'make quick      the rules alone, in seconds: after every change'
	@echo 'make lint       style, types, and who may import whom'
	@echo 'make install    the environment alone: $(BIN)/mailcase'
	@echo 'make bench      speed and memory; make corpus: reading; make drill: faults on purpose; make soak: a quarter of an hour'

# Made anew only when what it depends on has changed.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "mailcase needs Python 3.11 or newer; name one: make PYTHON=python3.11")'
	@$(PYTHON) -m venv $(VENV) || { echo 'no virtual environment could be made; use: apt-get install python3-venv' >&2; exit 1; }
	@touch $@

$(VENV)/.installed: $(VENV)/.made pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	$(BIN)/python -m compileall -q mailcase
	@touch $@

$(VENV)/.tools: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test,lint]'
	@touch $@

install: $(VENV)/.installed

run: install
	@test -e $(CONFIG) || $(BIN)/mailcase init $(dir $(CONFIG)) --data .
	@exec $(BIN)/mailcase -c $(CONFIG) run

demo: install
	@$(BIN)/python -m tools.demo

# MAILCASE_REQUIRE_SERVERS=1: what is missing fails the run, instead of skipping the tests that need it.
servers:
	@tests/servers/install

test: $(VENV)/.tools servers
	$(BIN)/python -m pytest $(PYTEST_ARGS)

# The rules alone, without servers, properties and fuzz: after every change.
quick: $(VENV)/.tools
	$(BIN)/python -m pytest -n 2 -m 'not slow and not corpus and not hypothesis' tests/core

lint: $(VENV)/.tools
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.tools
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.tools
	@$(BIN)/python -m tools.bench

corpus: $(VENV)/.tools
	@$(BIN)/python -m tools.corpus

soak: $(VENV)/.tools
	@$(BIN)/python -m tools.soak

drill: $(VENV)/.tools servers
	@$(BIN)/python -m tools.drill

# The newest versions that pyproject.toml allows; run the tests before you keep them.
constraints:
	rm -rf $(VENV)/fresh
	$(PYTHON) -m venv $(VENV)/fresh
	$(VENV)/fresh/bin/python -m pip install --quiet --disable-pip-version-check '.[test,lint]'
	( head -1 constraints.txt; $(VENV)/fresh/bin/python -m pip freeze --exclude mailcase ) > $(VENV)/constraints.new
	mv $(VENV)/constraints.new constraints.txt
	rm -rf $(VENV)/fresh

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
