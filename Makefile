# Thin names for real commands. `make run` and `make test` are all that a newcomer needs.

BIN := .venv/bin
PORT ?= 8000
LOCKED := pyproject.toml requirements/install.sh
TEMPLATES := templates
READERS := ical.js@2.2.1
SOURCES := iec_events migrations tests benchmarks wsgi.py

.PHONY: help run test check format lock catalogues sequences bench wheel clean

help: ## what there is
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /|/' | awk -F'|' '{ printf "  make %-12s %s\n", $$1, $$2 }'

run: .venv/run.stamp ## serve the sample events at http://127.0.0.1:8000, worker and mail included
	@IEC_PUBLIC_URL=$${IEC_PUBLIC_URL:-http://127.0.0.1:$(PORT)} $(BIN)/python -m iec_events demo --port $(PORT)

test: .venv/dev.stamp .tools/stamp ## the whole suite, on SQLite and on PostgreSQL, and stories in a browser
	@PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 3 --dist loadgroup $(ARGS)

check: .venv/dev.stamp ## everything that can be said without running it
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/djlint $(TEMPLATES) --lint --quiet
	$(BIN)/deptry iec_events --no-ansi
	$(BIN)/python -m tests.house.catalogues

format: .venv/dev.stamp ## let ruff put the code in order
	$(BIN)/ruff check --fix-only $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

lock: .venv/dev.stamp ## make requirements/*.txt again from pyproject.toml (ARGS=--upgrade for newer versions)
	sh requirements/lock.sh $(ARGS)

catalogues: .venv/dev.stamp ## collect the texts for translation and compile the translations
	$(BIN)/python -m tests.house.catalogues --update

sequences: .venv/dev.stamp ## play thousands of random sequences of RSVPs against a simple model (minutes)
	@IEC_SEQUENCES=$${IEC_SEQUENCES:-2000} $(BIN)/pytest -n 2 tests/rsvps/test_sequences.py $(ARGS)

bench: .venv/dev.stamp ## measure the speed beside Flask and the bare database (ARGS=--quick for a look)
	$(BIN)/python -m benchmarks $(ARGS)

wheel: .venv/dev.stamp ## build dist/*.tar.gz, and dist/*.whl from it
	$(BIN)/python -m build --no-isolation

clean: ## remove what these commands made, but never your data in var/
	rm -rf .venv .tools dist build .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

.venv/run.stamp: requirements/run.txt requirements/build.txt $(LOCKED)
	@sh requirements/install.sh run
	@touch $@

.venv/dev.stamp: requirements/dev.txt $(LOCKED)
	@sh requirements/install.sh dev
	@touch $@ .venv/run.stamp

# A calendar reader that is not ours, for the tests of the feeds. Without npm they say that they did not run.
.tools/stamp: Makefile
	@mkdir -p .tools
	@npm install --silent --no-save --no-package-lock --no-audit --no-fund --prefix .tools $(READERS) && touch $@ \
	  || echo "npm could not fetch $(READERS): the tests that read our feeds with it will not run."
