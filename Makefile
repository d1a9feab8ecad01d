# From a bare machine with Python 3.11 or newer, git and make: `make quickstart`, `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
JOBS ?= auto

.PHONY: quickstart test check format docs clean

quickstart: $(INSTALLED)  ## train on the drawn facades and write the report
	$(BIN)/limner quickstart

test: $(INSTALLED)  ## the whole suite
	$(BIN)/python -m pytest -q -n $(JOBS)

check: $(INSTALLED)  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(INSTALLED)  ## rewrite the pages that come from the code
	$(BIN)/python docs/write_cli.py

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(INSTALLED): pyproject.toml limner/__init__.py
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@
