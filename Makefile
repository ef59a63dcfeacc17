SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run dev examples test race check fmt tidy fuzz bench bench-peers crash needs

# How long fuzz gives each target (10m, or a count as in 100000x), and how often crash kills the server.
FUZZTIME ?= 10m
KILLS ?= 50
# Flags for run, dev, bench and bench-peers: make dev ARGS="--limits off". With EXAMPLE, dev runs one of examples/.
ARGS ?=
EXAMPLE ?=

# Modules that keep out of the workspace, so that the versions of what they compare us with never reach ours.
apart := $(wildcard bench interop)

help: ## say what make can do
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "make %-12s%s\n", $$1, $$2 }'

run: ## serve on http://127.0.0.1:8000, data in ./jotgate-data
	go run ./server/cmd/jotgate serve $(ARGS)

dev: ## the same, or the example of EXAMPLE=posts, rebuilt and restarted on every change
	@EXAMPLE=$(EXAMPLE) scripts/dev $(ARGS)

examples: needs ## start each example and replay what its tutorial shows
	@scripts/examples

# The short forms of fuzz and crash go first, so that the last lines are the packages' results.
test: needs ## fetch what the tests need, then fuzz and crash in short and all tests with the race detector
	@$(MAKE) --no-print-directory fuzz FUZZTIME=20s
	@$(MAKE) --no-print-directory crash KILLS=10
	@$(MAKE) --no-print-directory race

needs:
	@scripts/needs

race: ## only the tests
	@go test -count=1 -run Alloc ./jwt . ./revocation # under the race detector sync.Pool forgets, and the bounds of jwt are not built
	@cd internal/mongotest/ferretdb && GOWORK=off go vet . && GOWORK=off go build -o /dev/null . # not within a test's time
	@scripts/test work
	@$(foreach m,$(apart),cd $(m) && GOWORK=off go vet ./... && GOWORK=off ../scripts/test ./... && cd .. &&) true

check: ## everything that a change must pass: format, vet, staticcheck, tests, tidiness, checksums, known faults
	@test -z "$$(gofmt -l . | tee /dev/stderr)"
	go vet work
	go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 -checks inherit,-ST1005 $$(go list work) # an error may begin with a setting's name
	@$(MAKE) --no-print-directory test
	scripts/tidy --check
	go mod verify
	@if curl -sfo /dev/null -m 5 https://vuln.go.dev/index/db.json; then \
		go run golang.org/x/vuln/cmd/govulncheck@v1.9.0 work; \
	else echo "govulncheck: not run, https://vuln.go.dev cannot be reached"; fi

tidy: ## go mod tidy in every module
	@scripts/tidy

fuzz: ## fuzz every target for FUZZTIME (10m)
	@FUZZTIME=$(FUZZTIME) scripts/fuzz

crash: ## kill -9 the server KILLS (50) times in the middle of its writes and look for what it had promised
	go test ./server/internal/crash -count=1 -v -kills $(KILLS)

bench: ## measure log-ins, rotations and guarded requests beside their limits
	cd bench && GOWORK=off go run . $(ARGS)

bench-peers: ## measure tokens, guard and adapters beside other libraries
	cd bench && GOWORK=off go run ./peers $(ARGS)
