# `make latency` measures, gates and records; `make test` tests the engine; `make bench` measures the instrument. Each sets itself up.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

# Some images set it; but the tests start hundreds of interpreters, and none should compile all modules anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: latency test thorough browser chromium bench check vendored pictures

latency: .venv/installed
	$(BIN)/python -m pytest -m latency tests/latency $(ARGS)

# The tests wait for processes and loads more than they compute: two workers more than cores. Those marked `alone` want the
# machine for themselves.
PARALLEL = PYTEST_XDIST_AUTO_NUM_WORKERS=$$(($$(getconf _NPROCESSORS_ONLN) + 2)) $(BIN)/python -m pytest -n auto --dist worksteal

test: check
	$(PARALLEL) -m "not latency and not alone and not thorough and not browser" $(ARGS)
	$(BIN)/python -m pytest -m "alone and not thorough" tests/accuracy $(ARGS)

thorough: .venv/installed
	$(PARALLEL) -m "thorough and not alone" tests $(ARGS)
	$(BIN)/python -m pytest -m "thorough and alone" tests/accuracy tests/emulated tests/faults $(ARGS)

# The report in headless Chromium: of the newest session in reports/, or of a short one. Chromium is the distribution's, what drives it
# from PyPI, and nothing else needs either.
browser: .venv/browser chromium
	$(BIN)/python -m pytest -m browser tests/browser $(ARGS)

chromium:
	@if { command -v chromium || command -v google-chrome; } >/dev/null && command -v pdftotext >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -qqy --no-install-recommends chromium poppler-utils fonts-noto-color-emoji >/dev/null; \
	else echo "on Debian, as root: apt-get install --no-install-recommends chromium poppler-utils fonts-noto-color-emoji"; fi

.venv/browser: .venv/installed tests/browser/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r tests/browser/requirements.txt
	@touch $@

bench: .venv/installed
	$(BIN)/python -m benchmarks $(ARGS)

check: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# README's pictures, from a session of the whole plan (≈ 5 min; ARGS="-k smoke" for less); wants Chromium. Not for CI.
pictures: .venv/installed chromium
	$(BIN)/python -m docs.pictures.draw $(ARGS)

# The report's plot library as npm has it, compared with the digests that are kept beside it.
VENDOR := tailgate/reporting/report/vendor
vendored:
	@scratch=$$(mktemp -d) && trap 'rm -r "$$scratch"' EXIT && \
	(cd "$$scratch" && npm pack --silent d3@7.9.2 @observablehq/plot@0.6.17 && for each in *.tgz; do mkdir "$${each%.tgz}" && tar xzf "$$each" -C "$${each%.tgz}"; done) && \
	cp "$$scratch"/d3-*/package/dist/d3.min.js $(VENDOR)/d3-7.9.2.min.js && cp "$$scratch"/d3-*/package/LICENSE $(VENDOR)/d3-7.9.2.LICENSE && \
	cp "$$scratch"/observablehq-plot-*/package/dist/plot.umd.min.js $(VENDOR)/plot-0.6.17.umd.min.js && \
	cp "$$scratch"/observablehq-plot-*/package/LICENSE $(VENDOR)/plot-0.6.17.LICENSE
	cd $(VENDOR) && sha256sum --check SHA256SUMS

.venv/installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "tailgate needs Python 3.11 or later; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 4; }
	@$(PYTHON) -m venv .venv || { echo "this Python has no venv; on Debian and Ubuntu: apt-get install python3-venv"; exit 4; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@
