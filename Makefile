# Each target does all its own set-up: a virtual environment in .venv, the packages and the model files it needs.
PYTHON ?= python3
BIN := .venv/bin
DEMO := demo
PAGES ?= 300

.PHONY: help demo test test-slow check bench clean

help:  ## this text
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.venv/.installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --upgrade pip
	$(BIN)/python -m pip install -q -c constraints.txt -e ".[ray,s3,train,interop,dev]"
	$(BIN)/pipeline models pull
	touch $@

.venv/.peers: .venv/.installed bench/requirements.txt
	$(BIN)/python -m pip install -q -c constraints.txt -r bench/requirements.txt
	touch $@

demo: .venv/.installed  ## mini-crawl to trained model: crawl, filter, dedup, tokenize, verify, train
	$(BIN)/pipeline mini $(DEMO)/crawl --pages $(PAGES)
	$(BIN)/pipeline run configs/mini.yaml --out $(DEMO)/runs
	$(BIN)/pipeline report $(DEMO)/runs/mini
	$(BIN)/pipeline tokens verify $(DEMO)/runs/mini/tokens/corpus
	rm -rf $(DEMO)/model
	$(BIN)/pipeline train run configs/train/mini.yaml --data $(DEMO)/runs/mini/tokens/corpus --out $(DEMO)/model
	@echo
	@echo "recipe   configs/mini.yaml"
	@echo "run      $(DEMO)/runs/mini              (every removal: $(DEMO)/runs/mini/*/dropped/)"
	@echo "tokens   $(DEMO)/runs/mini/tokens/corpus"
	@echo "model    $(DEMO)/model                  (loss plot: $(DEMO)/model/loss.png)"

test: .venv/.installed  ## the fast tests
	$(BIN)/pipeline kernels build
	$(BIN)/python -m pytest -q -m "not slow and not gpu" -n auto --dist loadfile

test-slow: .venv/.installed  ## the slow tests: kills, hostile steps, the whole mini-crawl
	$(BIN)/python -m pytest -q -m "slow and not gpu"

check: .venv/.installed  ## ruff, mypy strict, floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_floors.py

bench: .venv/.peers  ## speed beside datatrove; BENCH_DATA names a folder of .warc.gz files (default: a mini-crawl)
	$(BIN)/python -m bench.throughput $(BENCH_DATA)
	$(BIN)/python -m bench.versus_datatrove $(BENCH_DATA)

clean:  ## remove what demo and set-up made
	rm -rf .venv $(DEMO)
