# Every target first sets up .venv when it is missing or older than requirements.lock or
# pyproject.toml.
#   make study                       the default study, ends with results/report.html
#   make study CORES=4               on four cores instead of all
#   make study PYTHON=python3.12     with another Python, 3.11 to 3.13

PYTHON ?= python3
CORES ?= all
BIN := .venv/bin
WORKERS := -n auto --maxprocesses 4
SNAKEMAKE := $(BIN)/snakemake --cores $(CORES)

.PHONY: study smoke test test-all lint validate test-slurm faults bench bench-study docs wheel figure screenshot lock

study: .venv/.ready
	$(SNAKEMAKE)

smoke: .venv/.ready
	$(SNAKEMAKE) --config studies=smoke

# everything but whole workflows, kills of processes and the browser
test: .venv/.ready
	$(BIN)/pytest $(WORKERS) --dist worksteal -m "not slow"

test-all: .venv/.ready
	$(BIN)/pytest $(WORKERS) --dist loadfile

lint: .venv/.ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint
	$(BIN)/mypy

test-slurm: .venv/.ready
	$(BIN)/python tests/slurm/check.py

faults: .venv/.ready
	$(BIN)/python tests/faults.py

# coverage of intervals, published numbers: the tables in src/vgstudy/validation, to be committed
validate: .venv/.ready
	$(BIN)/python -m vgstudy.validation

bench: .venv/.ready
	$(BIN)/python benchmarks/bench.py engine
	$(BIN)/python benchmarks/limits.py

bench-study: .venv/.ready
	$(BIN)/python benchmarks/bench.py study

# the documentation as site/index.html, without network
docs: .venv/.ready
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

# dist/vgstudy-*.whl, installed in a fresh environment and used there without the repository
wheel: .venv/.ready
	$(BIN)/python tests/wheel.py

# the README's figure, from the results of make study
figure: .venv/.ready
	$(BIN)/python examples/decay_against_depth.py results docs/images/decay.png

# the first findings of results/report.html for the README; needs Chromium
screenshot:
	chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=820,592 \
	  --force-device-scale-factor=1.25 --screenshot=docs/images/report.png \
	  file://$(CURDIR)/results/report.html

lock:
	@command -v uv > /dev/null || { echo "make lock needs uv: pip install uv"; exit 2; }
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --extra dev pyproject.toml -o requirements.lock

# Byte code is compiled here, by all cores: without it every start of TensorFlow takes three times
# as long. The exit code of compileall is ignored because some packages ship templates that are not
# Python 3.
.venv/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2> /dev/null || \
	  { echo "vgstudy needs Python 3.11 to 3.13 and '$(PYTHON)' is none: install one and name it, such as: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || \
	  { echo "'$(PYTHON)' cannot make virtual environments: install its venv module (on Debian and Ubuntu: sudo apt install python3-venv)"; exit 2; }
	@echo "Setting up .venv: this downloads about 800 MB once and takes one to a few minutes"
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install --quiet --no-compile --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --no-compile --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q -j 0 .venv/lib > /dev/null 2>&1 || true
	@touch $@
