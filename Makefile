# Everything a fresh machine needs besides Python (3.11 or later) and make is installed here.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# Tests start dozens of processes, each of which would compile all modules anew where it is set.
export PYTHONDONTWRITEBYTECODE =

.PHONY: demo test lint format docs clean

demo: $(VENV)/demo-installed
	$(BIN)/python -m benchmarks.digits

test: $(VENV)/test-installed lint
	$(BIN)/python -m sklearn_helmholtz
	$(BIN)/python -m pytest -n 2 --dist worksteal

lint: $(VENV)/test-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/test-installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/docs-installed
	$(BIN)/python -m sphinx -W --keep-going -b html doc doc/_build/html

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo-installed: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[plotting]'
	touch $@

$(VENV)/test-installed: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[plotting,tests]'
	touch $@

$(VENV)/docs-installed: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	touch $@

clean:
	rm -rf $(VENV) build doc/_build doc/auto_examples doc/generated *.egg-info
