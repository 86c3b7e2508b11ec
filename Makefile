# Xuncheng 巡城. `make help` lists what can be done.
# Everything runs in .venv; scripts/bootstrap makes it and installs what the machine lacks.

PYTHON := .venv/bin/python
.DEFAULT_GOAL := help
.PHONY: help demo demo-reset test check lint types contracts security tests simulate bench pins words pages clean \
	ready-demo ready-test

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/' | expand -t 22

demo: ready-demo ## install what is missing, start the demo district and open the officer's app
	@$(PYTHON) scripts/demo.py

demo-reset: ready-demo ## the same, from the beginning: forgets what was done in the demo
	@$(PYTHON) scripts/demo.py --reset

test: ready-test tests ## install what is missing and run every test

check: ready-test lint types contracts security tests ## the gate: everything that CI asks for

lint: ## style and likely mistakes (ruff)
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

types: ## types (mypy; strict where pyproject.toml says so)
	$(PYTHON) -m mypy

contracts: ## what may import what (import-linter)
	@.venv/bin/lint-imports

security: ## known dangerous constructs (bandit)
	$(PYTHON) -m bandit --quiet --configfile pyproject.toml --recursive sync mobile server scripts

tests: ## run the tests; PYTEST="…" adds arguments
	@folder=$$(mktemp -d -t xuncheng-tests-XXXXXX) && \
	$(PYTHON) -m pytest -n 2 --dist loadfile --basetemp=$$folder/run $(PYTEST) && rm -rf $$folder

simulate: ready-test ## run SEEDS=… worlds of phones and server with faults (docs/reliability.md)
	@$(PYTHON) -m tests.simulation --seeds $(or $(SEEDS),1000) --first $(or $(FIRST),1)

bench: ready-test ## measure, and print a table (docs/performance.md)
	$(PYTHON) -m bench

words: ready-test ## collect the texts to translate, and compile the catalogues
	$(PYTHON) -m server.translations.catalogue
	$(PYTHON) scripts/app_words.py

pages: ready-test ## print the pages that come from the program: workflow, data model
	$(PYTHON) -m server workflow > docs/workflow.md
	$(PYTHON) -m scripts.data_model

pins: ready-test ## write requirements*.txt anew from pyproject.toml
	scripts/pins

clean: ## remove the environment, caches and the demo's data
	rm -rf .venv var dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

ready-demo:
	@scripts/bootstrap demo

ready-test:
	@scripts/bootstrap test
