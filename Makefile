SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

GO       ?= go
FUZZTIME ?= 30s
DATA     ?= data
# What the client tests run, from Debian; the AWS SDK for JavaScript comes from
# npm, pinned.
PACKAGES := awscli python3-boto3 python3-aiosmtpd rclone s3cmd restic curl openssl nginx-light chromium fonts-dejavu-core
VENV     := $(CURDIR)/test/clients/.venv
MODULES  := test/clients/js/node_modules
CONSOLE  := web/dist/app/index.html

help: ## Show this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  %-17s %s\n", $$1, $$2}'

build: console-if-node ## Build bin/keyhaven, with the console where Node.js is there
	$(GO) build -trimpath -o bin/keyhaven ./cmd/keyhaven

console: $(CONSOLE) ## Build the console (Node.js 20 or newer)

console-if-node:
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory console; \
	else echo "Node.js is missing: building without the console" >&2; fi

web/node_modules/installed: web/package-lock.json
	cd web && npm ci --no-audit --no-fund
	touch $@

$(CONSOLE): web/node_modules/installed $(shell find web/src web/public web/index.html web/*.ts web/tsconfig.json -type f)
	cd web && npm run --silent build
	touch $@

run: build ## Build and start the server, nothing to edit
	bin/keyhaven serve --data $(DATA)

deps: packages $(MODULES)/installed ## Install what the tests need, or say what is missing

packages:
	@missing=(); for p in $(PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || missing+=($$p); done; \
	if [ $${#missing[@]} -eq 0 ]; then exit 0; fi; \
	if [ "$$(id -u)" -ne 0 ]; then echo "missing Debian packages: $${missing[*]} (install them, or run make deps as root)" >&2; exit 1; fi; \
	export DEBIAN_FRONTEND=noninteractive; apt-get update -q && apt-get install -y -q --no-install-recommends "$${missing[@]}"

$(VENV)/installed: test/clients/requirements.txt | packages
	/usr/bin/python3 -m venv --clear $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

$(MODULES)/installed: test/clients/js/package-lock.json
	@command -v npm >/dev/null || { echo "missing: Node.js 20 or newer, with npm" >&2; exit 1; }
	cd test/clients/js && npm ci --no-audit --no-fund
	touch $@

vet: ## go vet
	$(GO) vet ./...
	$(GO) vet -tags e2e ./test/clients/...

test-unit: ## The tests that need nothing but Go
	$(GO) test ./...

e2e: build deps ## Real clients against the real binary
	KEYHAVEN_BIN=$(CURDIR)/bin/keyhaven $(GO) test -tags e2e -count=1 -timeout 30m ./test/clients/...

# NGINXRUN chooses among the tests; make test takes those of the client programs.
NGINXRUN ?= .
e2e-nginx: build deps ## The same clients with nginx in front, which ends TLS
	KEYHAVEN_TEST_PROXY=nginx KEYHAVEN_BIN=$(CURDIR)/bin/keyhaven $(GO) test -tags e2e -count=1 -timeout 30m -run '$(NGINXRUN)' ./test/clients/...

e2e-console: build deps ## The console in Debian's Chromium against the real binary
	cd web && KEYHAVEN_BIN=$(CURDIR)/bin/keyhaven npm test --silent

console-shots: build deps ## Take the pictures in docs/console again
	cd web && KEYHAVEN_BIN=$(CURDIR)/bin/keyhaven node e2e/shots.mjs ../docs/console

e2e-current: build deps $(VENV)/installed ## The same with a current aws-cli and boto3 too (from PyPI)
	KEYHAVEN_CURRENT_CLIENTS=$(VENV) KEYHAVEN_BIN=$(CURDIR)/bin/keyhaven $(GO) test -tags e2e -count=1 -timeout 30m ./test/clients/...

test: NGINXRUN = KEY|README|Examples|OBJ|RES|PERM
test: deps build vet test-unit e2e-console e2e-nginx e2e ## Everything that CI runs

test-race: ## The unit tests under the race detector
	$(GO) test -race ./...

# A tmpfs of 1 GiB is mounted for the full disk, which needs root; without, that
# test is skipped. CRASHRUN chooses among the tests, such as TestR2.
CRASHRUN ?= .
crash: ## The long run against crashes: kills, power cuts, full disks, slow clients (an hour or two)
	@set -o pipefail; \
	if nice -n 10 $(GO) test -tags crash -count=1 -parallel 2 -timeout 6h -v -run '$(CRASHRUN)' ./test/crash | grep -v '^=== '; \
	then echo "make crash: PASSED"; else echo "make crash: FAILED, see above"; exit 1; fi

lint: ## golangci-lint, pinned in tools/go.mod
	$(GO) tool -modfile=tools/go.mod golangci-lint run ./...

fuzz: ## Every fuzz target for FUZZTIME each
	@for pkg in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "== $$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$pkg; done; done

bench: build ## Keyhaven against the ceiling in three minutes (see docs/performance.md)
	$(GO) run ./test/bench $(BENCHFLAGS)

bench-full: build ## The whole table: every size and concurrency, a million keys, 100 000 bucket keys
	$(GO) run ./test/bench -full -time 5s $(BENCHFLAGS)

bench-micro: ## Signature, routing, XML, commit and handlers, with allocations
	$(GO) test -run '^$$' -bench . -benchtime 0.5s ./internal/sigv4 ./internal/iam ./internal/s3 ./internal/md5lanes ./internal/kv/pebblekv ./test/bench

bench-growth: build ## A million objects and 100 000 buckets against ten thousand objects
	$(GO) run ./test/bench -time 4s -growth 1000000 $(BENCHFLAGS)

bench-growth-10m: build ## The same with ten million objects: an hour, and 40 GB of disk
	$(GO) run ./test/bench -time 4s -growth 10000000 $(BENCHFLAGS)

console-million: build deps ## What the console's pages cost a browser over a million objects
	dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && $(GO) run ./test/bench -fill 1000000 -buckets 100 -dir "$$dir" && \
	cd web && KEYHAVEN_BIN=$(CURDIR)/bin/keyhaven node e2e/million.mjs "$$dir"

bench-packs: ## Small objects in records against pack files, a million of them
	$(GO) run ./test/bench/packs

golden: ## Rewrite the wire transcripts
	$(GO) test ./internal/s3 ./internal/lightsail -update

compat: ## Rewrite docs/compatibility.md
	$(GO) run ./test/compat docs/compatibility.md

VERSION   ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo 0.1.0-dev)
PLATFORMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64

release: console-if-node ## Static, reproducible binaries of all platforms, and what goes with them, in dist/
	@rm -rf dist && mkdir -p dist
	@for p in $(PLATFORMS); do \
	  echo "dist/keyhaven-$${p%/*}-$${p#*/}"; \
	  CGO_ENABLED=0 GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) build -trimpath -buildvcs=false -ldflags '-s -w -buildid= -X main.version=$(VERSION)' \
	    -o dist/keyhaven-$${p%/*}-$${p#*/} ./cmd/keyhaven || exit 1; done
	@bin=dist/keyhaven-$$($(GO) env GOHOSTOS)-$$($(GO) env GOHOSTARCH); \
	  $$bin man > dist/keyhaven.1; for s in bash zsh fish; do $$bin completion $$s > dist/keyhaven.$$s; done
	@cp deploy/keyhaven.service LICENSE dist/
	@cd dist && sha256sum * > SHA256SUMS && cat SHA256SUMS

image: ## The container image of this machine's platform (make release first)
	docker build --build-arg TARGETARCH=$$($(GO) env GOHOSTARCH) -t keyhaven:$(VERSION) .

cover: ## Coverage of the unit tests
	$(GO) test -coverprofile=cover.out ./... && $(GO) tool cover -func=cover.out | tail -1

clean: ## Remove what was built
	rm -rf bin dist cover.out web/dist/app

.PHONY: help build console console-if-node run deps packages vet test-unit e2e e2e-nginx e2e-console console-shots e2e-current test test-race crash lint fuzz bench bench-full bench-micro bench-growth bench-growth-10m console-million bench-packs golden compat release image cover clean
