# One target, one command. Every target makes .venv and installs what it needs, on a machine that has
# only Python (3.11 or newer) and make. `make PYTHON=python3.12 test` takes another interpreter.

PYTHON ?= python3
WORKERS ?= 2
PROGRAM ?= clip(1.0) | centralize(axes=-1) | adam(1e-3)

BIN := .venv/bin
PYTEST := $(BIN)/pytest -n $(WORKERS) --dist loadgroup
FILES := pyproject.toml constraints.txt

.DEFAULT_GOAL := help
.PHONY: help venv train test check conformance fast golden grammar sync-optax pages notebook frameworks docs fmt bench clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 14

venv: .venv/all.stamp  ## create .venv with everything for development

train: .venv/demo.stamp  ## train a small classifier on handwritten digits with PROGRAM
	$(BIN)/optdsl train "$(PROGRAM)"

test: .venv/all.stamp  ## all that CI runs: check, conformance, tests
	@$(MAKE) --no-print-directory check
	@$(MAKE) --no-print-directory conformance
	$(PYTEST)

check: .venv/all.stamp  ## lint, formatting, types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright --pythonpath $(BIN)/python

conformance: .venv/all.stamp  ## the conformance suite, where ../shared/conformance exists
	$(BIN)/python tools/conformance.py -n $(WORKERS)

fast: .venv/all.stamp  ## the tests without the slow ones, up to the first failure
	$(PYTEST) -x -q -m "not slow"

golden: .venv/all.stamp  ## write the golden files anew; read the diff before committing
	$(PYTEST) --update-golden

grammar: .venv/all.stamp  ## build the parse tables from grammar/optdsl.lark
	$(BIN)/python tools/build_grammar.py

sync-optax: .venv/all.stamp  ## generate the registry rows from the installed Optax, and measure their traits
	$(BIN)/python tools/sync_optax.py
	$(BIN)/python tools/measure_traits.py
	$(BIN)/python tools/measure_numbers.py
	$(BIN)/python tools/write_textmate.py

pages: .venv/all.stamp  ## measure what the programs on the pages of codes do, and write docs/codes
	$(BIN)/python tools/measure_consequences.py
	$(BIN)/python tools/write_pages.py

notebook: .venv/all.stamp  ## run the notebook and the REPL session of the docs, and write their pages
	$(BIN)/python tools/write_notebook.py
	$(BIN)/python tools/write_transcript.py

docs: .venv/all.stamp  ## write the generated pages, and build the reference as a site in site/
	$(BIN)/python tools/write_catalogue.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

frameworks: .venv/all.stamp  ## measure the framework examples, and write docs/frameworks.md
	$(BIN)/python tools/measure_frameworks.py

fmt: .venv/all.stamp  ## format the Python sources
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: .venv/all.stamp  ## time this project against hand-written Optax
	$(BIN)/python benchmarks/run.py

clean:  ## remove .venv and what builds leave behind
	rm -rf .venv build dist site .pytest_cache .ruff_cache .hypothesis

# Tests compile equal programs once, whichever process compiles them: that is most of their time.
test conformance fast golden: export JAX_COMPILATION_CACHE_DIR := $(CURDIR)/.pytest_cache/compiled
test conformance fast golden: export JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS := 0
test conformance fast golden: export JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES := -1

.venv/demo.stamp: EXTRAS := demo
.venv/all.stamp: EXTRAS := demo,test,dev
.venv/demo.stamp .venv/all.stamp: $(FILES)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "optdsl needs Python 3.11 or newer; try make PYTHON=python3.11")'
	@echo 'Installing optdsl[$(EXTRAS)] into .venv; the first time takes a minute or two.'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[$(EXTRAS)]'
	@touch $@
