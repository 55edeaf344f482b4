# Fengqiao Grid. `make demo` and `make test` set up everything they need.

PYTHON ?= python3
RUN := .venv/bin
DEMO_PORT ?= 8000
STAMP := .venv/stamps

export FENGQIAO_DEMO_DATABASE ?= build/demo.sqlite

.PHONY: demo test check bench real screenshots lock clean help

help:
	@echo "make demo   set up, run the main job on the sample town, serve it"
	@echo "make test   set up, run all tests as CI does"
	@echo "make check  formatter, linter, types, examples, import arrows"
	@echo "make real   the main job on the real towns beside the project"
	@echo "make bench  the benchmarks of docs/benchmarks.md"
	@echo "make clean  remove what the other targets made"

demo: $(STAMP)/run $(STAMP)/browser $(STAMP)/kernels
	$(RUN)/fengqiao demo data/boundaries --database "$(FENGQIAO_DEMO_DATABASE)" --port $(DEMO_PORT)

test: $(STAMP)/test $(STAMP)/browser check
	$(RUN)/python -m pytest tests --numprocesses auto --dist loadfile

check: $(STAMP)/test $(STAMP)/kernels
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/mypy --strict -p geo
	$(RUN)/mypy
	$(RUN)/python -m pytest -q geo tests/test_arrows.py

real: $(STAMP)/test $(STAMP)/browser $(STAMP)/kernels
	$(RUN)/python -m tests.real

bench: $(STAMP)/test $(STAMP)/kernels
	$(RUN)/python -m bench

# The pictures of the documentation, from the sample town.
screenshots: $(STAMP)/test $(STAMP)/browser $(STAMP)/kernels
	$(RUN)/fengqiao demo data/boundaries --database "$(FENGQIAO_DEMO_DATABASE)" --once
	$(RUN)/python -m tests.maps.browser.screenshots "$(FENGQIAO_DEMO_DATABASE)"

# Locks carry versions and hashes for Python 3.11 to 3.13, and no registry address.
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header pyproject.toml
lock:
	$(LOCK) --group build -o requirements/run.txt
	$(LOCK) --group build --group test -c requirements/run.txt -o requirements/test.txt
	$(LOCK:pyproject.toml=) --group node -o requirements/node.txt
	npm install --prefix maps --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund

clean:
	rm -rf .venv build maps/node_modules .mypy_cache .ruff_cache .hypothesis
	find geo layers maps api tests -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps keep a second run quick; they are renewed when a lock or a set-up step changes.
$(STAMP)/debian-run: setup/debian-packages
	@sh setup/debian-packages libsqlite3-mod-spatialite
	@mkdir -p $(@D) && touch $@

$(STAMP)/debian-test: setup/debian-packages
	@sh setup/debian-packages libsqlite3-mod-spatialite postgresql postgresql-postgis chromium fonts-noto-cjk
	@mkdir -p $(@D) && touch $@

$(STAMP)/run: requirements/run.txt pyproject.toml setup/python-environment
	@test -e $(STAMP)/test || PYTHON="$(PYTHON)" sh setup/python-environment run
	@$(MAKE) --no-print-directory $(STAMP)/debian-run
	@mkdir -p $(@D) && touch $@

$(STAMP)/test: requirements/test.txt pyproject.toml setup/python-environment
	@PYTHON="$(PYTHON)" sh setup/python-environment test
	@$(MAKE) --no-print-directory $(STAMP)/debian-test
	@mkdir -p $(@D) && touch $@ $(STAMP)/run

$(STAMP)/browser: maps/package-lock.json setup/browser-libraries | $(STAMP)/run
	@sh setup/browser-libraries
	@mkdir -p $(@D) && touch $@

# A compiled function is kept until its own file changes, whatever else it has taken in: all go when any file has changed.
$(STAMP)/kernels: $(shell find geo layers -name '*.py') | $(STAMP)/run
	@find geo layers -name '*.nb[ic]' -delete
	@mkdir -p $(@D) && touch $@
