# make demo             the demo company, mined by a real Airflow on this machine; stays until Ctrl-C
# make demo EXIT=1      the same, and leaves by itself: exit code 0 if every run succeeded
# make airflow          Airflow for your own processes: HEADRACE_PROCESSES=folder, else processes/
# make texts            the catalogues of the languages, brought up to date with the texts in the source
# make bench-speed      how fast, beside pm4py, DuckDB and a bare sort; bench-scale: 1 to 100 M events; bench-night: one more night
#                       EVENTS="1000000": other sizes than the usual ones
# make bench-accuracy   how far alerts can be trusted, other methods beside them; YEARS=100 of stable processes, and the rest in proportion; KEPT=folder to go on after a break
# make bench-page       how long the pages of a night take, and what they weigh
# make bench-site       what a site of 20 processes and 400 nights weighs, and what one more night costs its lists
# make bench-faults     runs killed at hundreds of points, and every row looked for afterwards; KILLS=400
.PHONY: demo airflow test lint texts lock clean setup bench-speed bench-scale bench-night bench-page bench-site bench-faults bench-accuracy
.DEFAULT_GOAL := demo
PYTHON := .venv/bin/python
NIGHTS ?= 3
KILLS ?= 400
YEARS ?= 100

setup:
	@bash scripts/setup.sh

demo: setup
	@$(PYTHON) scripts/demo.py --nights $(NIGHTS) $(if $(EXIT),--exit)

airflow: setup
	@$(PYTHON) scripts/airflow_for_all.py

test: setup
	@bash scripts/test-tools.sh
	$(PYTHON) -m pytest -n auto --dist loadfile $(TESTS)

lint: setup
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports

texts: setup
	@$(PYTHON) scripts/texts.py

bench-faults: setup
	@$(PYTHON) -m benchmarks.faults --kills $(KILLS)

bench-speed bench-scale bench-night bench-page bench-site: setup
	@$(PYTHON) -m benchmarks.$(subst bench-,,$@) $(EVENTS)

bench-accuracy: setup
	@$(PYTHON) -m benchmarks.accuracy --years $(YEARS) $(if $(KEPT),--kept $(KEPT))

lock: setup
	.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --all-extras --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --output-file requirements.lock pyproject.toml

clean:
	rm -rf .venv .airflow .headrace .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
