# One command a task; `make help` lists them.
#
# Every target makes the virtual environment and installs what it needs, once: a stamp
# file in .venv is newer than pyproject.toml when that is done. A target installs no
# more than its own dependency group, so `make demo` does not wait for a type checker.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
# --quiet twice: errors only.
PIP_INSTALL := $(PY) -m pip install --quiet --quiet --disable-pip-version-check
PYTEST := $(PY) -m pytest --numprocesses 4 --dist loadfile --no-loadscope-reorder

PYRIGHT := $(VENV)/bin/pyright --pythonpath $(PY)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Two installations into one environment must not run at once.
.NOTPARALLEL:
.PHONY: help setup demo test check package bench docs clean
MAKEFLAGS += --no-builtin-rules --no-print-directory

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-7s %s\n", $$1, $$2}' Makefile

demo: $(VENV)/.demo  ## start the demo; CHECK=1 plays it without a browser
	@$(PY) $(if $(CHECK),-m tests.demo.check,docs/examples/demo) $(ARGS)

test: $(VENV)/.test  ## run the tests; ARGS="-k word" goes to pytest
	@$(PYTEST) $(ARGS)

check: $(VENV)/.check  ## format, lint, types, import contract, workflows, docs examples
	@echo "check: format"
	@$(PY) -m ruff format --quiet --check --diff .
	@echo "check: lint"
	@$(PY) -m ruff check --quiet .
	@echo "check: types"
	@$(PY) -m mypy
	@$(PYRIGHT)
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" PYTHONPATH=src $(PYRIGHT) --verifytypes handlerid --ignoreexternal >$(VENV)/pyright.log || \
	  { cat $(VENV)/pyright.log; exit 1; }
	@rm $(VENV)/pyright.log
	@echo "check: import contract"
	@$(VENV)/bin/lint-imports --no-logo
	@echo "check: workflows"
	@$(VENV)/bin/zizmor --offline --quiet --persona pedantic .github
	@echo "check: docs examples"
	@$(PYTEST) -q README.md docs src tests/docs

# pyroma rates 10 of 10. It would also ask for the address of an author: there is none.
package: $(VENV)/.package  ## build sdist and wheel into dist, check them, try them
	@rm -rf dist
	@$(PY) -m build --quiet .
	@$(VENV)/bin/validate-pyproject pyproject.toml
	@$(VENV)/bin/twine check --strict dist/*
	@$(VENV)/bin/check-wheel-contents dist/*.whl
	@$(VENV)/bin/pyroma --min=10 --skip-tests=AuthorEmail dist/*.tar.gz
	@$(PY) -m pytest -q --noconftest tests/project/built.py

bench: $(VENV)/.bench  ## run the benchmarks, write the report; QUICK=1 for a first look
	@$(PY) -m benchmarks $(if $(QUICK),--quick,--report) $(ARGS)

docs: $(VENV)/.docs  ## build the docs into docs/_build; a warning is an error
	@$(PY) -m sphinx -q -W --keep-going -b html docs docs/_build
	@echo "docs: open docs/_build/index.html"

setup: $(VENV)/.check $(VENV)/.docs $(VENV)/.package  ## install everything for work on the project

clean:  ## remove what the other targets made
	@rm -rf $(VENV) docs/_build dist .mypy_cache .pytest_cache .ruff_cache \
	  .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "handlerid needs Python 3.11 or later, and $(PYTHON) is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.12 ...")'
	@echo "setup: making $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP_INSTALL) --upgrade "pip>=25.1"  # the first that installs dependency groups
	@touch $@

# One stamp a dependency group: .venv/.test is there when the group test is installed,
# also as a part of another group. The demo, the docs and the package need no extra.
PARTS_OF_check := test docs demo
PARTS_OF_test := docs demo
EXTRAS = $(if $(filter demo docs package,$*),,[encryption,mesop,msgspec])

$(VENV)/.%: pyproject.toml | $(VENV)/.pip
	@echo "setup: installing handlerid and the group $*"
	@$(PIP_INSTALL) --editable ".$(EXTRAS)" --group $*
	@$(PY) -m compileall -q src  # what is not editable, pip compiles
	@touch $@ $(PARTS_OF_$*:%=$(VENV)/.%)
