# Everything a person or CI does here, one word each. `make help` lists them.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
export UV_LINK_MODE = copy
ifdef PIP_FIND_LINKS
export UV_FIND_LINKS = $(PIP_FIND_LINKS)
endif

.DEFAULT_GOAL := help
.PHONY: help setup demo eval-demo test test-slow torture soak lint format check ui bench lock audit clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: .venv/.ready ## make the environment in .venv from constraints.txt

.venv/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'Kestrel needs Python 3.11 or newer: make setup PYTHON=/path/to/python3.11'; exit 2; }
	@echo 'Making the environment in .venv: some 2.9 GB and a few minutes, once.'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test,lint]'
	@touch $@

demo: setup ## ingest the sample collection and ask it three questions
	$(BIN)/python -m assistant.demo

eval-demo: setup ## compare prompting, RAG, long context and fine-tuning with a small real model, in .eval-demo
	rm -rf .eval-demo
	$(BIN)/python -m tests.support.eval_demo

test: setup ## run the fast tests
	$(BIN)/python -m pytest -n auto -m 'not slow and not torture and not gpu'

test-slow: setup ## run the slow tests
	$(BIN)/python -m tests.support.small_falcon train
	$(BIN)/python -m pytest -m 'slow and not torture and not gpu'

torture: setup ## run what takes longer than CI has: every crash point, 10,000 rounds of kills, 5,000 power cuts
	$(BIN)/python -m pytest -m 'torture and not soak' --timeout 0

soak: setup ## use a knowledge base for an hour and watch memory and open files
	$(BIN)/python -m pytest -s -m soak --timeout 0 tests/test_soak.py

lint: setup ## format check, linters, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup ## format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

ui: setup ## open the user interface in a browser (KB=folder, default kb)
	$(BIN)/python -m ui $(if $(KB),--kb '$(KB)')

bench: setup ## measure speed beside llama-index and quality on real questions; writes the README's table
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m tests.benchmarks.report

check: lint test ## what CI runs, without the slow tests

lock: setup ## compile constraints.txt anew (make lock UPGRADE=package for a newer version of one)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile --quiet --no-header --python-version 3.11 --python-platform x86_64-unknown-linux-gnu \
	  --all-extras $(if $(UPGRADE),--upgrade-package '$(UPGRADE)') -o constraints.txt pyproject.toml
	sed -i.bak -e 's/+cpu$$//' -e "1i # Every version, for Python 3.11 and newer. Made by 'make lock'; installed by 'make setup'." constraints.txt
	rm constraints.txt.bak

audit: setup ## look up known advisories of every package in constraints.txt; needs the network
	test -x .venv-audit/bin/pip-audit || { $(PYTHON) -m venv .venv-audit && .venv-audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit==2.10.1; }
	$(BIN)/python -m tests.support.advisories .venv-audit/bin/pip-audit

clean: ## remove the environment and every cache
	rm -rf .venv .venv-audit .demo .eval-demo build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
