# `make` lists the targets. Each sets up what it needs by itself, once: a virtual environment from
# requirements.lock and the local nodes from package-lock.json. Needs Python 3.11+, Node 20+, make.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(CURDIR)/node_modules/.bin:$(PATH)
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
# all that Ape and its compiler plugin keep stays in the checkout
export APE_DATA_FOLDER := $(CURDIR)/build/ape
export VVM_BINARY_PATH := $(CURDIR)/build/vvm

CONTRACTS := $(shell find contracts interfaces -name '*.vy' -o -name '*.vyi' 2>/dev/null)
PYTHON_CODE := plimsoll tests benchmarks scripts bots
WORKERS ?= 2
PYTEST := python -m pytest -n $(WORKERS) --dist loadfile

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | \
		awk -F ':.*## ' '{ printf "make %-12s %s\n", $$1, $$2 }'

demo: setup artifacts ## deploy to a local chain and trade on it (PRICES=, FROM=, TO=)
	ape run demo $(if $(PRICES),--prices $(PRICES)) $(if $(FROM),--from $(FROM)) $(if $(TO),--to $(TO))

test: setup artifacts ## unit tests, a short fuzz, integration tests (TESTS= to select)
	$(PYTEST) $(if $(TESTS),$(TESTS),tests)

test-anvil: setup ## the unit tests on anvil instead of in process (ANVIL_ARGS= to select)
	PLIMSOLL_CHAIN=anvil $(PYTEST) $(if $(ANVIL_ARGS),$(ANVIL_ARGS),tests/unit)

fuzz: setup ## the stateful fuzz alone, for long (STEPS=, SEED=)
	python -m tests.fuzz $(if $(STEPS),--steps $(STEPS)) $(if $(SEED),--seed $(SEED))

gas: setup ## gas of every operation, beside the budget
	python -m benchmarks.gas

margin: setup ## how good the margin is: marks, random books, an adversary, a day that jumps
	python -m benchmarks.margin $(if $(BOOKS),--books $(BOOKS))

plots: setup ## draw the plots of docs/margin.md
	python -m benchmarks.margin --plots

lint: setup ## format and lint of Python and Vyper, types
	ruff format --check $(wildcard $(PYTHON_CODE))
	ruff check $(wildcard $(PYTHON_CODE))
	mypy
	mamushi --quiet --check --line-length 100 $(CONTRACTS)

format: setup ## reformat Python and Vyper
	ruff format $(wildcard $(PYTHON_CODE))
	mamushi --quiet --line-length 100 $(CONTRACTS)

clean: ## remove what was built (not .venv and node_modules)
	rm -rf build .build .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find $(wildcard $(PYTHON_CODE)) -name __pycache__ -prune -exec rm -rf {} +

# Ape compiles again only a contract whose own file has changed, so it is forced to whenever a
# module or an interface has.
artifacts: .build/stamp
.build/stamp: $(CONTRACTS) ape-config.yaml $(VENV)/stamp
	@ape compile --force >build/ape-compile.log 2>&1 || { cat build/ape-compile.log; exit 1; }
	@touch $@

setup: $(VENV)/stamp node_modules/stamp
	@mkdir -p build

# pyrevm comes as a wheel for 3.11 and 3.12; with a later Python the tests run on anvil instead
PYTHON ?= $(firstword $(foreach name,python3.12 python3.11 python3 python3.13 python3.14,\
	$(shell $(name) -c 'import sys; sys.version_info < (3, 11) or print("$(name)")' 2>/dev/null)))

$(VENV)/stamp: requirements.lock
	@[[ -n "$(PYTHON)" ]] || { echo "Plimsoll needs Python 3.11 or later"; exit 1; }
	@echo "setting up $(VENV) (about a minute) ..."
	@[[ -x $(VENV)/bin/python ]] || $(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --use-pep517 \
		--no-deps --require-hashes -r requirements.lock
	@echo 'import sys; sys.path[:0] = ["$(CURDIR)", "$(CURDIR)/contracts"]' > \
		"$$($(VENV)/bin/python -c 'import site; print(site.getsitepackages()[0])')/plimsoll.pth"
	@touch $@

node_modules/stamp: package-lock.json .npmrc
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null || \
		{ echo "Plimsoll needs Node 20 or later"; exit 1; }
	@echo "setting up node_modules (about half a minute) ..."
	@npm ci --no-progress --loglevel=error >/dev/null
	@touch $@

# after a change of requirements.in or package.json
locks:
	uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-emit-index-url \
		--no-header requirements.in -o requirements.lock
	npm install --package-lock-only
	node -e 'const fs = require("fs"), lock = JSON.parse(fs.readFileSync("package-lock.json")); \
		for (const item of Object.values(lock.packages)) { delete item.funding; delete item.deprecated; } \
		fs.writeFileSync("package-lock.json", JSON.stringify(lock, null, 2) + "\n")'

.PHONY: help demo test test-anvil fuzz gas margin plots lint format clean artifacts setup locks
