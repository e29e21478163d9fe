# `make` shows the targets. Each makes what it needs, from a bare checkout on: nothing is installed by hand.
SHELL  := bash
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DATA   := sample_data/nyc_departures_daily.csv
PEERS  := .venv-peers
TORCH  ?= torch
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo test test-slow lint types check fix docs docs-site bench bench-peers pretrain pretrain-check clean

help:  ## Show this list
	@sed -n 's/^\([a-z-]*\):.*  ## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

# The stamps are newer than pyproject.toml as long as what it asks for is installed.
$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: pyproject.toml | $(BIN)/python
	@echo "Installing forecast into $(VENV) …"
	$(PIP) --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	@echo "Installing forecast and its development tools into $(VENV) …"
	$(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/.runtime

install: $(VENV)/.dev  ## Make .venv with the package (editable) and the development tools

demo: $(VENV)/.runtime  ## Train on a file of sample_data/, forecast, show the scores: a few minutes
	@mkdir -p demo
	$(BIN)/forecast train $(DATA) --models-dir demo/models --format table
	$(BIN)/forecast predict --models-dir demo/models --output demo/forecasts.csv
	@echo; head -n 4 demo/forecasts.csv
	@echo; echo "The model is in demo/models, all $$(($$(wc -l < demo/forecasts.csv) - 1)) forecasts are in demo/forecasts.csv"

test: $(VENV)/.dev  ## Run the tests, all but the slow ones
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

test-slow: $(VENV)/.dev  ## Run the slow tests: real training, real signals
	$(BIN)/python -m pytest -m slow --hypothesis-profile search

lint: $(VENV)/.dev  ## Check style and formatting
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.dev  ## Check types
	$(BIN)/mypy

check: lint types docs-site test  ## All of lint, types, docs-site and test: what CI runs

fix: $(VENV)/.dev  ## Mend style and formatting
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: $(VENV)/.dev  ## Write the generated tables of docs/ anew
	$(BIN)/python -m tests.readme --write

# Without --quiet: what is not said is not counted, and --strict would let it pass.
docs-site: $(VENV)/.dev  ## Build the site into site/; a broken link or a page outside the menu fails
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

bench: $(VENV)/.dev  ## Measure time and memory, and accuracy: M4=FOLDER
	$(BIN)/python -m benchmarks $(if $(M4),--data $(M4))

bench-peers: $(VENV)/.dev  ## Measure neuralforecast and statsforecast on the same data: M4=FOLDER
	test -d $(PEERS) || $(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet $(TORCH) neuralforecast statsforecast
	$(BIN)/python -m benchmarks peers --data $(M4) --peers-python $(PEERS)/bin/python

pretrain: $(VENV)/.dev  ## Make the built-in network anew, for hours: GAPMINDER=CLONE FPP3=FOLDER CLONES=FOLDER SECONDS_EACH=28800
	$(BIN)/python -m pretraining corpus $(if $(GAPMINDER),--gapminder $(GAPMINDER)) $(if $(FPP3),--fpp3 $(FPP3)) $(if $(CLONES),--clones $(CLONES))
	$(BIN)/python -m pretraining run --seconds $(or $(SECONDS_EACH),28800) --decay $(or $(DECAY),2400)
	$(BIN)/python -m pretraining export --card pretraining/card.json --output forecaster/model/pretrained

pretrain-check: $(VENV)/.dev  ## Pretrain a tiny network in a minute: all parts work together
	$(BIN)/python -m pretraining check

clean:  ## Remove .venv, caches and what demo wrote
	rm -rf $(VENV) $(PEERS) demo site build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
