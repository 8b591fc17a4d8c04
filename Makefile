# Two commands for a newcomer: `make demo` and `make test`. Everything lives in .venv; nothing else is touched.

VENV    := .venv
BIN     := $(VENV)/bin
UV      := $(shell command -v uv 2>/dev/null)
PYTHON  ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
# Tests mostly wait for supervisord: more workers than the two cores that they are meant for.
WORKERS ?= 8
PINS    := $(CURDIR)/constraints.txt

.PHONY: demo test lint types layers unit explore bench bench-quick torture picture lock clean

demo: $(VENV)/.demo
	@$(BIN)/supervisor-tui demo

test: lint types layers unit

lint: $(VENV)/.test
	$(BIN)/ruff check tui tests scripts
	$(BIN)/ruff format --check tui tests scripts

types: $(VENV)/.test
	$(BIN)/mypy

layers: $(VENV)/.test
	$(BIN)/lint-imports

unit: $(VENV)/.releases
	$(BIN)/pytest -n $(WORKERS) --dist worksteal

# Property tests with examples that no run has tried yet: what it finds belongs into a test as an @example.
explore: $(VENV)/.releases
	HYPOTHESIS_PROFILE=explore $(BIN)/pytest -n 2 tests/unit

bench: $(VENV)/.test
	$(BIN)/python -m tests.bench --rows build/bench.jsonl
	$(BIN)/python -m tests.bench.page build/bench.jsonl docs/performance.md

# Every case of what `make test` tries a sample of: first what waits, side by side, then what measures; 40 minutes.
torture: export SAFETY := whole
torture: export SAFETY_ROWS := $(CURDIR)/build/safety.jsonl
torture: $(VENV)/.releases
	@mkdir -p build && rm -f build/safety.jsonl
	$(BIN)/pytest tests/safety -m 'not alone' -n 5 --dist worksteal
	$(BIN)/pytest tests/safety -m alone
	$(BIN)/python -m tests.safety.page build/safety.jsonl docs/safety.md

bench-quick: $(VENV)/.test
	$(BIN)/python -m tests.bench --quick

picture: $(VENV)/.test
	$(BIN)/python scripts/picture.py docs

# --- the environment ------------------------------------------------------------------------------------------------

# $(1): an environment's python, $(2): what to install. Both ways pin what builds the project, too.
ifdef UV
install = $(UV) pip install --quiet --python $(1) --constraint $(PINS) --build-constraint $(PINS) $(2)
else
install = PIP_CONSTRAINT='$(PINS)' PIP_BUILD_CONSTRAINT='$(PINS)' $(1) -m pip install --quiet --disable-pip-version-check $(2)
endif

$(BIN)/python:
ifdef UV
	$(UV) venv --quiet --clear --python '$(or $(PYTHON),>=3.11)' $(VENV)
else
	@test -n '$(PYTHON)' || { echo 'Python 3.11 or newer is needed (or uv: https://docs.astral.sh/uv/), and none was found.' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make a virtual environment:" \
		"install python3-venv (sudo apt install python3-venv), or uv (https://docs.astral.sh/uv/)." >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
endif

$(VENV)/.demo: $(BIN)/python pyproject.toml constraints.txt
	$(call install,$(BIN)/python,-e '.[demo]')
	@touch $@

$(VENV)/.test: $(BIN)/python pyproject.toml constraints.txt
	$(call install,$(BIN)/python,-e '.[test]')
	@touch $(VENV)/.demo $@

# Other releases of supervisor, for the tests of what they really send.
$(VENV)/.releases: $(VENV)/.test tests/support/releases.py
	$(BIN)/python -c 'from tests.support import releases as r; [r.release_site(version) for version in r.OTHER_RELEASES]'
	@touch $@

# The newest versions that pyproject.toml allows, in an environment of their own.
lock:
	rm -rf $(VENV)/lock
	$(PYTHON) -m venv $(VENV)/lock
	$(VENV)/lock/bin/python -m pip install --quiet --disable-pip-version-check --upgrade --upgrade-strategy eager hatchling '.[test]'
	$(VENV)/lock/bin/python -m pip list --disable-pip-version-check --format=freeze --exclude pip --exclude supervisor-tui > constraints.txt
	rm -rf $(VENV)/lock

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache snapshot_report.html
