# The one entry to everything: `make` lists what there is.
#
#   PYTHON=python3.12   an interpreter of your choice; each version gets an environment of its own
#   ARGS="-k mailbox"   more arguments for pytest (test, soak, docs), the demo or the benchmarks

VERSIONS := 3.11 3.12 3.13
VERSION  := import sys; v = sys.version_info; print("%d.%d" % v[:2]) if v >= (3, 11) else sys.exit(1)

ifdef PYTHON
VENV := .venv-$(or $(shell $(PYTHON) -c '$(VERSION)' 2>/dev/null),missing)
else
VENV := .venv
endif
BIN  := $(VENV)/bin
DONE := $(VENV)/.installed

RABBITMQ := /usr/lib/rabbitmq/bin/rabbitmq-server

# What mypy reads: the package, and the tests that keep types
TYPED := cybernetic $(wildcard tests/types tests/testing tests/architecture tests/conftest.py tests/support.py)

export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1
MAKEFLAGS += --no-print-directory

.PHONY: help demo pictures test soak check bench lint types docs rabbitmq

help:   ## what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(DONE)   ## run the bundled demonstration
	@$(BIN)/cybernetic demo $(ARGS)

pictures: $(DONE)   ## make the pictures and the scoreboard of the README anew, from a real run
	@$(BIN)/python -m cybernetic.apps.demo.screen.pictures $(ARGS)

test: $(DONE) rabbitmq   ## run the tests
	@$(BIN)/python tests/lanes.py $(ARGS)

soak: $(DONE) rabbitmq   ## run the tests at full counts (takes long)
	@CYBERNETIC_SOAK=1 $(BIN)/python tests/lanes.py -ofaulthandler_timeout=7200 $(ARGS)

bench: $(DONE)   ## run the benchmarks
	@$(BIN)/python -m benchmarks $(ARGS)

lint: $(DONE)   ## check style and layers
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet . || { $(BIN)/ruff format --diff --quiet .; exit 1; }
	@$(BIN)/lint-imports --no-logo > $(VENV)/layers.txt || { cat $(VENV)/layers.txt; exit 1; }

types: $(DONE)   ## check types
	@$(BIN)/mypy --no-error-summary $(TYPED)
	@test ! -d tests/types || $(BIN)/pyright --pythonpath $(BIN)/python tests/types

docs: $(DONE)   ## run what the documents show
	@$(BIN)/python -m pytest tests/docs $(ARGS)

check: lint types docs   ## all of it, the tests on every Python of 3.11, 3.12 and 3.13 found here
	@for version in $(VERSIONS); do \
		for python in python$$version "$$HOME"/.pyenv/versions/$$version.*/bin/python; do \
			test "$$($$python -c '$(VERSION)' 2>/dev/null)" = $$version || continue; \
			echo "== Python $$version"; $(MAKE) test PYTHON=$$python || exit 1; break; \
		done; \
	done

# The tests start a RabbitMQ of their own. As root on Debian we fetch it where it is missing, and keep its service from
# starting; else the tests that need it say what to install.
rabbitmq:
	@test -x $(RABBITMQ) || test "$$(id -u)" != 0 || ! command -v apt-get >/dev/null || { \
		echo "installing rabbitmq-server for the tests"; \
		policy=/usr/sbin/policy-rc.d; \
		test -e $$policy || { trap "rm -f $$policy" EXIT; printf '#!/bin/sh\nexit 101\n' > $$policy; chmod +x $$policy; }; \
		apt-get -qq update && DEBIAN_FRONTEND=noninteractive \
			apt-get -qq install -y --no-install-recommends rabbitmq-server openssl >/dev/null 2>$(VENV)/rabbitmq.txt \
			|| cat $(VENV)/rabbitmq.txt >&2; \
	}

# The environment is made again only when pyproject.toml changes. Debian packs venv apart from Python: as root
# we fetch it, else we say what to install.
$(DONE): pyproject.toml
	@set -e; python=; \
	for p in $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python); do \
		if version=$$($$p -c '$(VERSION)' 2>/dev/null); then python=$$p; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "Python 3.11 or later is needed, found: $$($(or $(PYTHON),python3) --version 2>&1 | head -n 1)" >&2; exit 1; \
	fi; \
	if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
		echo "making $(VENV) with Python $$version"; \
		if ! $$python -c 'import ensurepip, venv' 2>/dev/null; then \
			if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
				echo "$$python cannot make environments: install python$$version-venv (apt-get install python$$version-venv)" >&2; exit 1; \
			fi; \
			apt-get -qq update; \
			DEBIAN_FRONTEND=noninteractive apt-get -qq install -y python$$version-venv >/dev/null; \
		fi; \
		rm -rf $(VENV); $$python -m venv $(VENV); \
	fi; \
	echo "installing into $(VENV)"; \
	$(BIN)/python -m pip install -qq --disable-pip-version-check --editable '.[dev]'; \
	touch $@
