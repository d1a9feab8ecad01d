# From a bare machine with Python 3.11 or newer, git and make: `make quickstart`, `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
JOBS ?= auto

.PHONY: quickstart test lowest check format docs clean

quickstart: $(INSTALLED)  ## train on the drawn facades and write the report
	$(BIN)/limner quickstart

test: $(INSTALLED)  ## the whole suite
	$(BIN)/python -m pytest -q -n $(JOBS) --dist loadgroup

lowest: $(INSTALLED)  ## the whole suite with the oldest versions that pyproject.toml allows
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(VENV)-lowest
	$(BIN)/uv pip install --quiet --resolution lowest-direct --python $(VENV)-lowest/bin/python --editable '.[dev]'
	$(VENV)-lowest/bin/python -m pytest -q -n $(JOBS) --dist loadgroup

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
	rm -rf $(VENV) $(VENV)-lowest build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(INSTALLED): pyproject.toml limner/__init__.py
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@
