# Every routine action. `make help` lists them; CI calls only these.

VENV ?= .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help
help: ## List the targets
	@awk -F':.*## ' '/^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ On this machine

##@ On a cluster
# (the chart's, the images' and the cluster's targets stand below this line)

##@ Upkeep
