# The two commands of the README are `make up` and `make test`; `make help` lists the rest.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
JOBS   ?= 2

ARCHITECTURE ?= x86_64
IMAGE    := runners/image/runner.pkr.hcl
MANIFEST := .slipway/build/runner-image-$(ARCHITECTURE).json

# A job with a credential that has set up the runtime only gets nothing besides.
INSTALLED := $(if $(wildcard $(VENV)/installed-runtime),install-runtime,install)

.DEFAULT_GOAL := help
.PHONY: help install install-runtime up preview drift down kubernetes kubernetes-stop test test-long check benchmarks schemas trees \
  image image-block firewall locks clean

help: ## Show what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 17

# Installed once per lock file: the stamp is older than the locks when they change.
$(VENV)/installed: requirements/dev.txt pyproject.toml
	@$(call set_up,dev)
	@touch $@

$(VENV)/installed-runtime: requirements/runtime.txt pyproject.toml
	@$(call set_up,runtime)
	@touch $@

define set_up
echo "Setting up $(VENV) (about a minute, once)"; \
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
  || { echo "Slipway needs Python 3.11 or newer; PYTHON=/path/to/python make up chooses one" >&2; exit 1; }; \
{ test -x $(BIN)/python || $(PYTHON) -m venv $(VENV); } \
  && $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/$(1).txt \
  && $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
endef

install: $(VENV)/installed ## Create .venv with everything pinned by hash

install-runtime: $(VENV)/installed-runtime ## The same without what only tests and lints: for jobs with a credential

up: install ## Bring the stack `local` up on the embedded cloud
	@$(BIN)/slipway cloud start
	@$(BIN)/slipway up local --yes

preview: install ## Show what `make up` would change
	@$(BIN)/slipway preview local

drift: install ## Compare the embedded cloud with what Slipway made
	@$(BIN)/slipway drift local

down: install ## Destroy the stack `local` and stop the embedded cloud
	@$(BIN)/slipway destroy local --yes
	@$(BIN)/slipway cloud stop

kubernetes: install ## Build and start a real Kubernetes control plane for `make up` (needs Go, ten minutes once)
	@$(BIN)/python tools/kubernetes.py start

kubernetes-stop: install ## Stop it
	@$(BIN)/python tools/kubernetes.py stop

check: install ## Format, lint and types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/basedpyright

test: check ## Everything that continuous integration runs; SEED=… draws an earlier sample of the large figures
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup -q $(if $(SEED),--seed $(SEED))

test-long: check ## The same with the large figures whole, as every night (half an hour)
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup -q --long

# Ubuntu 24.04 keeps unprivileged users from making namespaces of their own, in which those tests run.
firewall: ## Let the tests of the runners' firewall run on this Ubuntu, which skip otherwise (asks sudo)
	@sudo apt-get update -qq
	@sudo apt-get install -qq --yes --no-install-recommends nftables
	@sudo sysctl --quiet --write kernel.apparmor_restrict_unprivileged_userns=0

benchmarks: install ## Print the speeds that Slipway promises (python -m benchmarks NAME for one)
	@$(BIN)/python -m benchmarks

schemas: install ## Rewrite docs/schemas and docs/settings.md from the models
	@$(BIN)/slipway schema --write docs

trees: install ## Rewrite the snapshots of what the real stacks consist of
	@$(BIN)/python -m tests.program.test_trees

image: ## Build a runner image and print its block (needs Packer; docs/runners.md, "The image")
	@command -v packer >/dev/null \
	  || { echo "make image needs Packer 1.11 or newer: https://developer.hashicorp.com/packer/install" >&2; exit 1; }
	@test "$${PKR_VAR_ssh_interface:-session_manager}" != session_manager || command -v session-manager-plugin >/dev/null \
	  || { echo "make image needs AWS's Session Manager plugin: https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html (or SSH: docs/runners.md)" >&2; exit 1; }
	@mkdir -p $(dir $(MANIFEST))
	@packer init $(IMAGE)
	@packer validate -var architecture=$(ARCHITECTURE) $(IMAGE)
	@packer build -var architecture=$(ARCHITECTURE) $(IMAGE)
	@$(MAKE) --no-print-directory image-block

image-block: $(INSTALLED) ## Print the block of the runner image that was built last, for the stack file
	@test -f $(MANIFEST) \
	  || { echo "no $(ARCHITECTURE) runner image was built here: make image ARCHITECTURE=$(ARCHITECTURE)" >&2; exit 1; }
	@$(BIN)/python -m runners.image.block $(MANIFEST)

locks: install ## Recompile the locks from pyproject.toml
	@$(BIN)/uv pip compile --quiet --no-emit-index-url --universal --python-version 3.11 --generate-hashes \
	  --custom-compile-command 'make locks' --group install pyproject.toml -o requirements/runtime.txt
	@$(BIN)/uv pip compile --quiet --no-emit-index-url --universal --python-version 3.11 --generate-hashes \
	  --custom-compile-command 'make locks' --group dev pyproject.toml -o requirements/dev.txt

clean: ## Remove .venv and what the embedded cloud left
	@test ! -e .slipway/kubernetes/run || $(BIN)/python tools/kubernetes.py stop
	@rm -rf $(VENV) .slipway
