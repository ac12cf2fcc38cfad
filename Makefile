# make demo and make test are all that a fresh machine with Python and make needs.
PYTHON ?= python3
BIN := .venv/bin
# What the tests' servers run on: local, processes of theirs; docker, containers of docker-compose.yml.
STACK ?= local
# Which of them, as pytest takes them: all where nothing is said.
TESTS ?=

.PHONY: install demo test same-tests check bench performance faults mutants schemas
install: .venv/.installed

demo: install
	@$(BIN)/recouvra demo

test: install $(if $(filter docker,$(STACK)),same-tests)
	$(BIN)/python -m pytest --stack=$(STACK) $(TESTS)

# The image that the containers run; and, whatever tests run on, they are the same tests.
same-tests: install
	docker compose build --quiet topics
	@mkdir -p var && for on in local docker; do \
		$(BIN)/python -m pytest --collect-only --stack=$$on > var/collected || exit; \
		grep :: var/collected > var/tests-$$on; \
	done
	@diff var/tests-local var/tests-docker && echo "$$(wc -l < var/tests-docker) tests, local = docker"

check: install
	$(BIN)/ruff check && $(BIN)/ruff format --check && $(BIN)/mypy
	$(BIN)/python -m recouvra.contracts.export --check && $(BIN)/python -m services.openapi --check
	$(BIN)/python -m services.pages --check
	$(BIN)/python -m pytest tests/house

# Every part, half an hour or more, then docs/performance.md of them; BENCH=--quick shows that they run. `make bench-NAME`
# is one alone, also those that `all` leaves out: try-large-payer, try-small-payers, try-backlog.
bench: install
	$(BIN)/python -m bench all $(BENCH)

bench-%: install
	$(BIN)/python -m bench $* $(BENCH)

performance: install
	$(BIN)/python -m bench page

# Minutes; FAULTS="--minutes 10" kills every role at random instead.
faults: install
	$(BIN)/python -m tests.faults $(FAULTS)

# Wrong builds that the suite must catch; MUTANTS=--quick takes three of them.
mutants: install
	$(BIN)/python -m tests.mutants $(MUTANTS)

schemas: install
	$(BIN)/python -m recouvra.contracts.export && $(BIN)/python -m services.openapi && $(BIN)/python -m services.pages

.venv/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 ou plus récent est nécessaire / Python 3.11 or newer is needed (make PYTHON=python3.12 …); this is " + sys.version.split()[0])'
	@echo "Installation dans .venv (quelques minutes la première fois) / installing into .venv (some minutes the first time)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@ && echo "Installé / installed: .venv/bin/recouvra"
