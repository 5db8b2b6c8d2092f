# Firebreak. `make demo` shows it, `make test` tests it; `make help` lists the rest.
GO      ?= go
BIN     := bin/firebreak
VERSION ?=
LDFLAGS := $(if $(VERSION),-X firebreak/cmd.version=$(VERSION))

.PHONY: help demo run build test check lint bench soak golden e2e docs snapshot

help: ## List the targets
	@grep -hE '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9]+):.*## /\1\t/' | expand -t 12

demo: build ## Build, and walk a drill of a real playbook
	@$(BIN) drill linux-host-intrusion

run: build ## Build, and open the list of incidents
	@$(BIN)

build: ## Build bin/firebreak
	@tools/needs build
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/firebreak

test: ## Run every test, with the race detector
	@tools/needs build test
	$(GO) vet ./...
	$(GO) test -race -timeout 18m ./...

check: ## Vet, lint and the layers between packages
	@tools/needs build
	$(GO) vet ./...
	$(GO) tool -modfile=tools/lint/go.mod golangci-lint run ./...

bench: ## Benchmarks
	@tools/needs build
	$(GO) test -run '^$$' -bench . -benchmem ./...

soak: ## The long suites: kills, damage, fuzzing
	@tools/needs build test
	FIREBREAK_SOAK=1 $(GO) test -timeout 4h -run 'Kill|Soak|Damage|Truncat|Crash' -v ./store/... ./cmd/...

golden: ## Write the golden files anew
	$(GO) test ./review ./tui ./playbooks -update

e2e: ## The screens in a real tmux, and the scripts of the real program
	@tools/needs build test
	$(GO) test -count=1 -run 'Screens|Script|Intrusion' -v ./cmd/...

docs: ## Write man pages, completions and docs/keys.md
	$(GO) run ./tools/gendocs

snapshot: ## A release build for this machine, without publishing
	goreleaser release --snapshot --clean --skip=publish,sign
