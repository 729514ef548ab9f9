# Two commands matter: `make demo` and `make test`. Each sets up what it needs.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
RUN := $(VENV)/bin
READY := $(VENV)/.ready
export PYTHONWARNINGS := ignore
export DO_NOT_TRACK := 1

.PHONY: help setup demo test test-full test-kafka bench bench-faults lint types format clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(READY) ## Make .venv from the lock and fetch the jars

$(READY): uv.lock pyproject.toml infra/setup.sh
	@bash infra/setup.sh
	@touch $(READY)

demo: setup ## Land a year of shopping, load its history, run two nights
	@$(RUN)/alluvium demo $(DEMO)

test: setup ## The tests without large counts
	@$(RUN)/python -m pytest -m "not full" -n 2 --durations=20 --durations-min=5 $(TESTS)

test-full: setup ## The tests with all large counts
	@$(RUN)/python -m pytest $(TESTS)

test-kafka: setup ## The Kafka door, against a real broker
	@$(RUN)/python -m pytest -m kafka $(TESTS)

bench-faults: setup ## Loads that are killed, doubled, shuffled and mixed, all counts
	@ALLUVIUM_FAULT_SEQUENCES=500 $(RUN)/python -m pytest -m full tests/spark_jobs/ingest/test_faults.py tests/spark_jobs/ingest/test_killed_server.py $(TESTS)

bench: setup ## Measure, side by side; results in reports/
	@$(RUN)/alluvium bench $(BENCH)

lint: setup ## Style and types
	@$(RUN)/ruff check . && $(RUN)/ruff format --check . && $(RUN)/mypy

format: setup ## Bring the code into shape
	@$(RUN)/ruff check --fix . && $(RUN)/ruff format .

clean: ## Remove the environment; the lake stays
	@rm -rf $(VENV)
