# Two commands for a newcomer: `make demo` and `make test`. Everything lives in .venv; nothing else is touched.

VENV   := .venv
PYTHON ?= python3
UV     := $(shell command -v uv 2>/dev/null)
BIN    := $(VENV)/bin

.PHONY: demo test lint types layers unit bench picture clean

demo: $(VENV)/.demo
	@$(BIN)/supervisor-tui demo

test: lint types layers unit

lint: $(VENV)/.test
	$(BIN)/ruff check tui tests
	$(BIN)/ruff format --check tui tests

types: $(VENV)/.test
	$(BIN)/mypy

layers: $(VENV)/.test
	$(BIN)/lint-imports

unit: $(VENV)/.test
	$(BIN)/pytest -n 4

$(VENV)/bin/python:
ifdef UV
	$(UV) venv --quiet --python $(PYTHON) $(VENV)
else
	$(PYTHON) -m venv $(VENV)
endif

define install
$(if $(UV),$(UV) pip install --quiet --python $(BIN)/python,$(BIN)/python -m pip install --quiet --disable-pip-version-check) -c constraints.txt -e '.[$(1)]'
endef

$(VENV)/.demo: $(VENV)/bin/python pyproject.toml constraints.txt
	$(call install,demo)
	@touch $@

$(VENV)/.test: $(VENV)/bin/python pyproject.toml constraints.txt
	$(call install,test)
	@touch $@ $(VENV)/.demo

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
