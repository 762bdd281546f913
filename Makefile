# Everything a newcomer types. Each target does its own set-up; nothing else has to be installed first
# than Python 3.11 or newer with its venv module.
PYTHON  ?= python3
VENV    := .venv
BIN     := $(VENV)/bin
DEMO    := $(VENV)/.demo-ready
READY   := $(VENV)/.ready
CHECKOV := $(VENV)/checkov/.ready
GOTOOLS := $(VENV)/tools/.ready
NPMTOOLS := $(VENV)/tools/node_modules/.package-lock.json
unexport PYTHONDONTWRITEBYTECODE # the tests start many processes, and each would compile all that it imports
PIP     := $(BIN)/python -m pip install --quiet --disable-pip-version-check
UV      := UV_SYSTEM_CERTS=1 $(BIN)/uv pip install --quiet --python

# uv takes seconds where pip takes a minute. pip takes over where only pip's own configuration leads to an index.
install = $(UV) $(BIN)/python $(1) || { echo "uv could not install; pip tries now." >&2; $(PIP) $(1); }

.PHONY: setup tools demo test stack-test loki-check lint docs bench soak fuzz dist try-dist sbom lock clean
.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "trail-agent needs Python 3.11 or newer; this is $$($(PYTHON) --version). Try: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "Python's venv module is missing. On Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }

$(BIN)/uv: requirements-uv.lock $(VENV)/bin/python
	@$(PIP) --require-hashes -r requirements-uv.lock
	@touch $@

# What the demo needs is a third of what the tests need, and is there much sooner.
$(DEMO): requirements-demo.lock pyproject.toml $(BIN)/uv
	@echo "Installing what trail-agent and its demo need into $(VENV) …"
	@$(call install,--require-hashes -r requirements-demo.lock)
	@$(call install,--no-deps --no-build-isolation --editable .)
	@touch $@

$(READY): requirements-dev.lock $(DEMO)
	@echo "Installing what the tests and linters need into $(VENV) …"
	@$(call install,--require-hashes -r requirements-dev.lock)
	@$(BIN)/python -m pytest --collect-only --quiet >/dev/null || true # compiles once what each worker would compile
	@touch $@

# What checks the files of deploy/ and .github/, and clashes with the product's pins or is not in Python.
$(CHECKOV): requirements-checkov.lock $(BIN)/uv
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(@D)
	@$(UV) $(@D)/bin/python --require-hashes -r requirements-checkov.lock
	@touch $@

# Debugging builds: they compile in half the time. Without Go nothing is touched, so that Go is asked for again.
$(GOTOOLS): tests/tools/go.mod tests/tools/go.sum $(VENV)/bin/python
	@if command -v go >/dev/null; then \
	  echo "Building helm and actionlint into $(@D); this takes some minutes, once …"; \
	  (cd tests/tools && GOBIN=$(abspath $(@D)) GOGC=400 CGO_ENABLED=0 \
	    go install -mod=readonly -gcflags='all=-N -l' -ldflags='-s -w' tool) && touch $@; \
	else \
	  echo "Go is missing, and so are helm and actionlint: what needs them is left out." >&2; \
	  test "$$CHECK_TOOLS" != required; \
	fi

# Grafana's grammar of LogQL, and its types of dashboards. npm itself writes the file when all is there.
$(NPMTOOLS): tests/tools/package.json tests/tools/package-lock.json tests/tools/.npmrc $(VENV)/bin/python
	@mkdir -p $(VENV)/tools && cp $(filter tests/tools/%,$^) $(VENV)/tools/
	@if (cd $(VENV)/tools && npm ci --silent) && touch $@; then :; else \
	  echo "npm is missing or could not install: what checks LogQL and dashboards is left out." >&2; \
	  test "$$CHECK_TOOLS" != required; \
	fi

setup: $(READY) ## create .venv with everything in it; .venv/bin/trail-agent is there after it

tools: $(CHECKOV) $(GOTOOLS) $(NPMTOOLS) ## build what checks deploy/ and .github/ (needs Go and npm)

demo: $(DEMO) ## show generated CodeCatalyst events flowing through the real daemon
	@$(BIN)/trail-agent demo $(DEMO_ARGS)

# Two for each processor: tests of the real process wait most of the time.
WORKERS = $(shell $(BIN)/python -c 'import os; print(2 * (os.cpu_count() or 1))')

test: $(READY) tools ## run the whole test suite: WORKERS= PYTEST_ARGS=
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal $(PYTEST_ARGS)

stack-test: $(READY) ## test against a real Collector, VictoriaLogs, Prometheus and Alertmanager (builds them; needs Go)
	@$(BIN)/python -m tests.stack --numprocesses 2 $(PYTEST_ARGS)

loki-check: $(READY) ## send records to a Loki of yours, and ask it every query that ships: LOKI_URL= LOKI_TENANT=
	@LOKI_URL='$(LOKI_URL)' LOKI_TENANT='$(LOKI_TENANT)' $(BIN)/python -m tests.loki_check

lint: $(READY) tools ## ruff, mypy --strict, import-linter, hadolint, zizmor, actionlint
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@find . -name '*Dockerfile' -not -path './$(VENV)/*' -exec $(BIN)/hadolint {} +
	@$(BIN)/zizmor --offline --quiet .
	@if [ -x $(VENV)/tools/actionlint ]; then $(VENV)/tools/actionlint -shellcheck= -pyflakes=; else \
	  echo "The workflows were not checked: actionlint needs Go." >&2; fi

docs: $(READY) ## write the tables of docs/ and config/agent.schema.json from the code
	@$(BIN)/python -m tests.reference

bench: $(READY) ## measure speed and memory as ratios within one run: BASE= (a revision) COLLECTOR= (a program) BENCH_ARGS=
	@$(BIN)/python -m tests.bench $(if $(BASE),--base $(BASE)) $(if $(COLLECTOR),--collector $(COLLECTOR)) $(BENCH_ARGS)

soak: $(READY) ## end the real process again and again while events flow, then replays: KILLS= EVENTS= SECONDS= SEED=
	@$(BIN)/python -m tests.soak $(if $(KILLS),--kills $(KILLS)) $(if $(EVENTS),--events $(EVENTS)) \
	  $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED))
	@$(BIN)/python -m tests.soak.replays $(if $(KILLS),--kills $(KILLS)) $(if $(SEED),--seed $(SEED))

fuzz: $(READY) ## feed mutated objects and notifications to everything that reads: N= SEED=
	@$(BIN)/python -m tests.fuzz $(if $(N),--number $(N)) $(if $(SEED),--seed $(SEED))

screenshots: $(READY) ## look at the status page in a headless Chromium, and write pictures of it: CHECK=1 writes none
	@$(BIN)/python -m tests.screenshots $(if $(CHECK),--check)

REVISION = $(shell git rev-parse HEAD 2>/dev/null)

# The sdist first, and the wheel from the sdist. The commit is the label `revision` of trail_agent_build_info.
dist: $(READY) ## build dist/'s sdist and wheel: REVISION=
	@rm -f dist/*.whl dist/*.tar.gz
	@printf '%s' '$(REVISION)' > agent/REVISION
	@$(BIN)/python -m build --no-isolation --outdir dist >/dev/null; code=$$?; rm agent/REVISION; exit $$code
	@ls dist/*.tar.gz dist/*.whl

try-dist: $(VENV)/bin/python ## install the wheel of dist/ as a user does, and try it
	@$(BIN)/python -m tests.wheel dist/*.whl

SBOM := dist/trail-agent.cdx.json

# The version stands in the package, where this tool does not look; pkg:pypi names no index, but the package itself.
sbom: $(READY) ## write dist/trail-agent.cdx.json: what runs, with versions and hashes (CycloneDX)
	@mkdir -p $(dir $(SBOM))
	@version=$$($(BIN)/python -c 'import agent; print(agent.__version__)') && \
	  sed "s/^dynamic = .*/version = \"$$version\"/" pyproject.toml | \
	  $(BIN)/python -W ignore::UserWarning -m cyclonedx_py requirements requirements.lock --pyproject /dev/stdin \
	  --index-url pkg:pypi --output-reproducible $(SBOM_ARGS) --output-file $(SBOM)
	@echo "$(SBOM)"

LOCK := $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-header --no-annotate

lock: $(BIN)/uv ## pin the dependencies anew, with hashes
	$(LOCK) pyproject.toml -o requirements.lock
	$(LOCK) pyproject.toml --extra demo --group build -c requirements.lock -o requirements-demo.lock
	$(LOCK) pyproject.toml --extra demo --group dev -c requirements-demo.lock -o requirements-dev.lock
	echo uv | $(LOCK) - -o requirements-uv.lock
	echo checkov | $(LOCK) - -o requirements-checkov.lock

clean: ## remove .venv and everything generated
	rm -rf $(VENV) .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist build
