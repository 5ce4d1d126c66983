SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
DEMO_ARGS ?=
TEST_ARGS ?=
COUNT ?= 100000
SEED ?= 1
FAULTS ?= 12
CHAOS_ARGS ?=
FUZZ_ARGS ?=
BENCH_ARGS ?=
.DEFAULT_GOAL := help

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: .venv/installed ## a virtual environment with everything pinned and hashed

.venv/installed: requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("CryoWatch needs Python 3.11 or newer; this is %d.%d. Install it, or name one: make PYTHON=python3.12" % sys.version_info[:2])'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "This Python has no venv/ensurepip. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing pinned packages (about a minute the first time) ..."
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup ## the paper's cohort through a real Kafka and PostgreSQL (DEMO_ARGS=--exit ends by itself)
	@$(BIN)/python -m deploy.local.demo $(DEMO_ARGS)

test: setup ## all tests, with a real broker and a real database
	@$(BIN)/python -m pytest -q -n 3 --dist loadfile $(TEST_ARGS)

test-fast: setup ## the tests that start no servers
	@$(BIN)/python -m pytest -q -m "not live" $(TEST_ARGS)

check: check-static test ## everything that must be green before a change lands

check-static: format-check lint types walls contracts prometheus audit sbom ## all of check but the tests

format: setup ## rewrite the code in the house format
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix-only -q .

format-check: setup ## the house format, checked
	@$(BIN)/ruff format --check -q . || { echo "Run: make format"; exit 1; }

lint: setup ## style and common mistakes
	@$(BIN)/ruff check -q .

types: setup ## strict types
	@$(BIN)/mypy --no-error-summary

walls: setup ## who may import whom
	@$(BIN)/lint-imports

contracts: setup ## schemas and the compose file are valid
	@$(BIN)/check-jsonschema --check-metaschema schemas/messages/*.schema.json
	@$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec compose.yaml deploy/compose.tls.yaml

prometheus: ## Prometheus configuration and rules (where promtool is installed; required in CI)
	@if command -v promtool >/dev/null; then promtool check config --syntax-only deploy/prometheus/prometheus.yml && promtool check rules deploy/prometheus/rules/*.yml && promtool test rules deploy/prometheus/rule_tests/*.yml; \
	elif [ -n "$$CI" ]; then echo "promtool is missing: install the package prometheus"; exit 1; \
	else echo "promtool isn't installed: Prometheus rules not checked"; fi

audit: setup ## the pinned packages against the advisory database (AUDIT=required: it must be reached)
	@$(BIN)/python -m deploy.advisories

sbom: setup ## build/sbom.cdx.json: what the image is made of (CycloneDX)
	@mkdir -p build
	@PYTHONWARNINGS=ignore $(BIN)/cyclonedx-py requirements requirements/runtime.txt --pyproject pyproject.toml --mc-type application --output-reproducible --of JSON -o build/sbom.cdx.json

lock: setup ## compile the pinned requirements from pyproject.toml
	@$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q -o requirements/runtime.txt
	@$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q --extra local --extra dev -c requirements/runtime.txt -o requirements/dev.txt

bench: setup ## the fast benchmarks, answers checked; peers are installed into build/peers (BENCH_ARGS="--rounds 3")
	@$(BIN)/python bench/reading.py
	@$(BIN)/python -m bench.telemetry
	@$(BIN)/python -m bench.pipeline --rounds 1 --frames 4000 --patients 150 $(BENCH_ARGS)
	@$(BIN)/python -m bench.latency --seconds 10

fuzz: setup ## mutated messages through every handler (COUNT, SEED; FUZZ_ARGS=--live: through real servers)
	@$(BIN)/python -m tests.fuzz --count $(COUNT) --seed $(SEED) $(FUZZ_ARGS)

chaos: setup ## storms of faults over the whole pipeline under load, compared with the oracle (SEED=1 FAULTS=12)
	@$(BIN)/python -m deploy.chaos run --seed $(SEED) --faults $(FAULTS) $(CHAOS_ARGS)

clean: ## what was built
	@rm -rf build .venv *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

.PHONY: help setup demo test test-fast check check-static format format-check lint types walls contracts prometheus audit sbom lock bench fuzz chaos clean
