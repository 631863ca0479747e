.DEFAULT_GOAL := help
.PHONY: help setup demo test coverage fault check contract bench run clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## make .venv with everything in it (the other commands do it too)
	@scripts/setup

demo: setup ## see commands travel through a real broker; KEEP=1 leaves it running
	@.venv/bin/provisioning-worker demo $(if $(filter 1,$(KEEP)),--keep)

test: setup ## run all tests, with the servers they need
	@scripts/test

coverage: setup ## run unit and contract tests, and fail when they reach less of the code than they did
	@scripts/coverage

fault: setup ## break everything under load and count what is lost; KIND=, SEED=, SOAK=1 choose
	@scripts/fault

check: setup ## formatting, lint, types, dependencies, import rules, manifests, Dockerfile
	@scripts/check

contract: setup ## write the schemas after a change of a command or an event
	@scripts/contract

bench: setup ## measure the worker beside its peers; ROUNDS=3, QUICK=1 for less, FULL=1 for growth curves too
	@ROUNDS='$(ROUNDS)' QUICK='$(QUICK)' FULL='$(FULL)' scripts/bench

run: setup ## run the worker with the PROVISIONING_* settings of this shell
	@.venv/bin/provisioning-worker run

clean: ## remove .venv, downloaded servers and caches
	@rm -rf .venv .local .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist
