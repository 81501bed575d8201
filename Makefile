# The two commands a newcomer needs: `make ingest` and `make test`. Python >= 3.11 and make are all they ask for.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
EXTRAS_TEST := test,query,postgres,stores,dask,watch,metrics

.PHONY: ingest serve test lint types docs docs-check site bench soak clean

ingest: $(VENV)/.installed
	@if [ -z "$$(ls -A landing | grep -v '^\.gitkeep$$')" ]; then \
		cp -p tests/samples/* landing/ && echo "landing/ was empty: the samples of tests/samples/ are in it now."; fi
	@$(BIN)/longshore ingest

serve: $(VENV)/.installed
	@$(BIN)/longshore serve

test: $(VENV)/.installed-test
	@$(BIN)/python -m pytest -n 3 --no-loadscope-reorder $(PYTEST_ARGS)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

docs: $(VENV)/.installed
	$(BIN)/python docs/generate.py

docs-check: $(VENV)/.installed
	$(BIN)/python docs/generate.py --check

site: $(VENV)/.installed-docs
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict && echo "The site is in site/. Look at it: $(BIN)/python -m http.server --bind 127.0.0.1 --directory site"

bench: $(VENV)/.installed-test
	$(BIN)/python benchmarks/ingest.py
	$(BIN)/python benchmarks/stages.py
	-$(BIN)/python benchmarks/tracked.py --rounds 1
	$(BIN)/python benchmarks/long_files.py --largest 16
	$(BIN)/python benchmarks/scale.py --sizes 1000,10000,100000
	$(BIN)/python benchmarks/queries.py
	$(BIN)/python benchmarks/scanned.py
	$(BIN)/python benchmarks/idle.py
	$(BIN)/python benchmarks/adversarial_archives.py

soak: $(VENV)/.installed-test
	CRASH_MATRIX=full $(BIN)/python -m pytest -q tests/crash tests/cluster --timeout 3600
	$(BIN)/python benchmarks/soak.py --kills 2000
	$(BIN)/python benchmarks/soak_service.py
	$(BIN)/python -m tests.stores.kills --server seaweedfs --steps 3 --rewrites --kills 200 --faults
	$(BIN)/python -m tests.stores.kills --server moto --kills 200 --faults

clean:
	rm -rf $(VENV) build dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis

# What is installed follows pyproject.toml and constraints.txt, and is done again only when one of them changes.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] < (3, 11))' || \
		{ echo "Longshore needs Python 3.11 or newer; $(PYTHON) is older. Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 2; }
	@echo "Making $(VENV) ..."
	@$(PYTHON) -m venv $(VENV) && touch $@

$(VENV)/.installed: $(VENV)/.made pyproject.toml constraints.txt
	@echo "Installing Longshore and its pinned dependencies (a minute, once) ..."
	@$(BIN)/python deploy/install.py -c constraints.txt -e . && touch $@

$(VENV)/.installed-test: $(VENV)/.made pyproject.toml constraints.txt
	@echo "Installing Longshore with what its tests need (some minutes, once) ..."
	@$(BIN)/python deploy/install.py -c constraints.txt -e '.[$(EXTRAS_TEST)]' && touch $@ $(VENV)/.installed

$(VENV)/.installed-dev: $(VENV)/.installed-test
	@$(BIN)/python deploy/install.py -c constraints.txt -e '.[$(EXTRAS_TEST),dev]' && touch $@

$(VENV)/.installed-docs: $(VENV)/.installed pyproject.toml constraints.txt
	@$(BIN)/python deploy/install.py -c constraints.txt -e '.[docs]' && touch $@
