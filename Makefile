# Everything a newcomer types. Each target does its own set-up; nothing else has to be installed first
# than Python 3.11 or newer with its venv module.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DEMO   := $(VENV)/.demo-ready
READY  := $(VENV)/.ready
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: setup demo test lint docs bench soak fuzz sbom lock clean
.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "trail-agent needs Python 3.11 or newer; this is $$($(PYTHON) --version). Try: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "Python's venv module is missing. On Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }

# What the demo needs is a third of what the tests need, and is there much sooner.
$(DEMO): requirements-demo.lock pyproject.toml $(VENV)/bin/python
	@echo "Installing what trail-agent and its demo need into $(VENV) …"
	@$(PIP) --require-hashes -r requirements-demo.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(READY): requirements-dev.lock $(DEMO)
	@echo "Installing what the tests and linters need into $(VENV) …"
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

setup: $(READY) ## create .venv with everything in it; .venv/bin/trail-agent is there after it

demo: $(DEMO) ## show generated CodeCatalyst events flowing through the real daemon
	@$(BIN)/trail-agent demo $(DEMO_ARGS)

# Two for each processor: tests of the real process wait most of the time.
WORKERS = $(shell $(BIN)/python -c 'import os; print(2 * (os.cpu_count() or 1))')

test: $(READY) ## run the whole test suite: WORKERS= PYTEST_ARGS=
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal $(PYTEST_ARGS)

lint: $(READY) ## ruff, mypy --strict, import-linter
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

docs: $(READY) ## write the tables of docs/ and config/agent.schema.json from the code
	@$(BIN)/python -m tests.reference

bench: $(READY) ## measure speed and memory as ratios within one run
	@$(BIN)/python -m tests.bench

soak: $(READY) ## end the real process again and again while events flow: KILLS= EVENTS= SECONDS= SEED=
	@$(BIN)/python -m tests.soak $(if $(KILLS),--kills $(KILLS)) $(if $(EVENTS),--events $(EVENTS)) \
	  $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED))

fuzz: $(READY) ## feed mutated objects and notifications to everything that reads: N= SEED=
	@$(BIN)/python -m tests.fuzz $(if $(N),--number $(N)) $(if $(SEED),--seed $(SEED))

SBOM := dist/trail-agent.cdx.json

# The version stands in the package, where this tool does not look; pkg:pypi names no index, but the package itself.
sbom: $(READY) ## write dist/trail-agent.cdx.json: what runs, with versions and hashes (CycloneDX)
	@mkdir -p $(dir $(SBOM))
	@version=$$($(BIN)/python -c 'import agent; print(agent.__version__)') && \
	  sed "s/^dynamic = .*/version = \"$$version\"/" pyproject.toml | \
	  $(BIN)/python -W ignore::UserWarning -m cyclonedx_py requirements requirements.lock --pyproject /dev/stdin \
	  --index-url pkg:pypi --output-reproducible --output-file $(SBOM)
	@echo "$(SBOM)"

LOCK := uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-header --no-annotate pyproject.toml

lock: ## pin the dependencies anew, with hashes (needs uv)
	$(LOCK) -o requirements.lock
	$(LOCK) --extra demo --group build -c requirements.lock -o requirements-demo.lock
	$(LOCK) --extra demo --group dev -c requirements-demo.lock -o requirements-dev.lock

clean: ## remove .venv and everything generated
	rm -rf $(VENV) .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist build
