# Build, test and show settled. `make` alone lists the targets.
# Debian 12 and Go (see go.mod for the version) are all that has to be there;
# scripts/bootstrap.sh installs the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -X main.version=$(VERSION)
LINT    := go tool -modfile=tools/go.mod golangci-lint

# KEEP=1: the demo leaves its directory and its daemons for a look around.
KEEP ?=
# Time for each fuzz target of `make fuzz`.
FUZZTIME ?= 10s
# How many checks `make properties` makes: what it prints says where the next run goes on.
CHECKS ?= 100000000
# How many settlements `make soak` has a hospital make, and how many power cuts it makes;
# 100000 and 10000, and then soak-cards, if nothing is said, else that alone.
# HOSPITAL=10000000 is the long form, 1 one hospital, to see a failure again. `make test`
# makes 12000 unless it says.
HOSPITAL ?=
CUTS     ?=
# The seed at which all of these begin; `make soak` takes the time if it is 0, and prints it.
SEED   ?= 0
# How often `make soak-cards` plugs a card in and out, and kills the card service.
PLUGS  ?= 10000
KILLS  ?= 1000
# More flags for the `go test` of `make test`, such as -count=1 or -run Journal.
TESTFLAGS ?=
# Which packages and benchmarks `make bench` runs, and for how long each.
BENCHPKGS ?= ./settle/... ./cmd/settled/internal/cases ./cmd/settled/internal/readers ./queue/... ./devices/... ./cmd/settled ./cmd/rig/internal/demo
BENCH     ?= .
BENCHTIME ?= 1s
# Settlements that wait in `make bench-upload`, what an answer takes there, ms, and how
# many are on their way at a time.
UPLOADS  ?= 50000
ANSWER   ?= 50
INFLIGHT ?= 4
# Pending settlements of the benchmarks of size (1000000 for the long form), and what
# every sync takes longer in those of other stores, in microseconds (needs strace; 0: as
# the disk is).
BENCH_MANY  ?= 20000
BENCH_DELAY ?= 10000
export BENCH_MANY

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: bootstrap
bootstrap: ## install the Debian packages that are missing, check Go
	@scripts/bootstrap.sh

.PHONY: build
build: ## build bin/settled and bin/rig
	@mkdir -p bin
	go build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/settled ./cmd/rig

.PHONY: demo
demo: bootstrap build ## show one counter at work on simulated devices (KEEP=1 keeps it)
	@KEEP='$(KEEP)' bin/rig demo

.PHONY: test
test: bootstrap ## everything that must hold: format, vet, lint, all tests with -race
	@LINT='$(LINT)' scripts/check.sh $(TESTFLAGS)

.PHONY: lint
lint: ## golangci-lint alone (the first run builds it: about two minutes)
	@$(LINT) run

.PHONY: fmt
fmt: ## format all Go files
	@$(LINT) fmt

.PHONY: screens
screens: bootstrap ## a picture of every page in every state: docs/screens
	@mkdir -p docs/screens
	@SCREENS='$(CURDIR)/docs/screens' go test -count=1 -run '^(TestStates|TestAlone)$$' ./cmd/settled/internal/pages

.PHONY: bench
bench: bootstrap ## benchmarks of rules, queue, devices, and from card-in to quote
	@go test -run '^$$' -bench '$(BENCH)' -benchmem -benchtime '$(BENCHTIME)' $(BENCHPKGS) | scripts/bench.awk
	@$(MAKE) bench-peers

.PHONY: bench-upload
bench-upload: ## UPLOADS (50000) that wait, to a platform that takes ANSWER (50) ms, INFLIGHT (4) at a time; over two hours
	@SETTLED_BENCH_BATCH='$(UPLOADS)' SETTLED_BENCH_ANSWER='$(ANSWER)' SETTLED_BENCH_INFLIGHT='$(INFLIGHT)' go test -run '^$$' -bench '^Benchmark(Batch|LineBack|Waiting)$$' \
		-benchtime 1x -timeout 0 ./cmd/settled/internal/platform | scripts/bench.awk

.PHONY: bench-peers
bench-peers: ## the queue against other stores: SQLite, Pebble, bbolt, plain files
	@BENCH='$(BENCH)' BENCHTIME='$(BENCHTIME)' BENCH_DELAY='$(BENCH_DELAY)' scripts/bench-peers.sh | scripts/bench.awk

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME (10s)
	@scripts/fuzz.sh $(FUZZTIME)

.PHONY: properties
properties: ## hold the laws of a settlement to CHECKS (10^8) cases, on all cores, from SEED on
	@PROPERTY_CHECKS='$(CHECKS)' PROPERTY_SEED='$(SEED)' go test -run '^TestProperties$$' -count=1 -timeout 0 -v ./settle

.PHONY: slips
slips: ## draw the slips of docs/slips anew, from the bytes that go to a printer
	@folder=$$(mktemp -d) && trap 'rm -r "$$folder"' EXIT && \
	SETTLED_SLIPS="$$folder" go test -count=1 -run '^TestSlipBytes$$' ./cmd/settled && go run ./cmd/rig paper "$$folder"/*.escpos && \
	rm -f docs/slips/*.png && cp "$$folder"/*.png docs/slips/

.PHONY: soak
soak: ## a hospital for days (HOSPITAL=100000 settlements), CUTS (10000) power cuts, then soak-cards: two hours; or what is named alone
	@seed='$(SEED)' hospital='$(HOSPITAL)' cuts='$(CUTS)' cards='$(filter command,$(origin PLUGS) $(origin KILLS))'; \
	[[ $$seed != 0 ]] || seed=$$(date +%s); \
	[[ -n $$hospital$$cuts$$cards ]] || hospital=100000 cuts=10000 cards=all; \
	if [[ -n $$hospital ]]; then printf 'make soak SEED=%s HOSPITAL=%s\n' "$$seed" "$$hospital"; \
	GOGC=400 SETTLED_SEED="$$seed" SETTLED_HOSPITAL="$$hospital" go test -count=1 -timeout 0 -run '^TestHospital$$' -v ./cmd/settled/internal/hospital; fi; \
	if [[ -n $$cuts ]]; then printf 'make soak SEED=%s CUTS=%s\n' "$$seed" "$$cuts"; \
	SETTLED_SEED="$$seed" SETTLED_CUTS="$$cuts" go test -count=1 -timeout 0 -run '^TestRandomCuts$$' -v ./queue | { grep -Ev '^(=== RUN|    --- PASS)' || true; }; fi; \
	if [[ -n $$cards ]]; then $(MAKE) --no-print-directory soak-cards SEED="$$seed" PLUGS='$(PLUGS)' KILLS='$(KILLS)'; fi

.PHONY: soak-cards
soak-cards: bootstrap ## PLUGS (10000) cards in and out, KILLS (1000) of the card service, through the real pcscd; 76 minutes
	@seed='$(SEED)'; [[ $$seed != 0 ]] || seed=$$(date +%s); printf 'make soak-cards SEED=%s PLUGS=%s KILLS=%s\n' "$$seed" '$(PLUGS)' '$(KILLS)'; \
	SETTLED_SEED="$$seed" SETTLED_PLUGS='$(PLUGS)' SETTLED_KILLS='$(KILLS)' go test -count=1 -timeout 0 -run '^TestSoak$$' -v ./cmd/settled/internal/readers

.PHONY: clean
clean: ## remove what was built
	rm -rf bin
