# Firebreak. `make demo` shows it, `make test` tests it; `make help` lists the rest.
GO      ?= go
BIN     := bin/firebreak
VERSION ?=
SCALE   ?=
FUZZTIME ?= 60s
FAULTS  := Kill|Soak|Damage|Truncat|Crash|Interrupted|Flipped|Failed|Full|Ballast|Clock|FourProcesses|Fault|Figure|Moved|WrongKey|Hostile|Markers
LDFLAGS := $(if $(VERSION),-X firebreak/cmd.version=$(VERSION))

.PHONY: help demo run build windows testwindows test fuzz check lint bench gobench soak forms golden e2e docs snapshot

help: ## List the targets
	@grep -hE '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9]+):.*## /\1\t/' | expand -t 12

demo: build ## Build, and walk a drill of a real playbook
	@$(BIN) drill linux-host-intrusion

run: build ## Build, and open the list of incidents
	@$(BIN)

build: ## Build bin/firebreak
	@tools/needs build
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/firebreak

WINDOWS := CGO_ENABLED=1 GOOS=windows GOARCH=amd64 CC=x86_64-w64-mingw32-gcc

windows: ## Build bin/firebreak.exe
	@tools/needs build windows
	$(WINDOWS) $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN).exe ./cmd/firebreak

testwindows: ## A whole incident and the stores' tests on Windows, under Wine 10 or later (WINE=…)
	@tools/needs build windows wine
	$(WINDOWS) $(GO) vet ./cmd/firebreak ./config ./forensics/... ./integrations/... ./internal/... ./record/... ./response ./review/... ./store/... ./timeline/... ./tui
	$(WINDOWS) WINEDEBUG=-all $(GO) test -count=1 -short -exec '$(or $(WINE),wine)' ./cmd/firebreak ./forensics ./forensics/container ./internal/durable ./internal/shred ./record ./record/bundle ./record/stamp ./store ./store/archive ./store/cryptvfs ./store/events ./store/events/segment ./store/keys ./timeline

test: ## Run every test, with the race detector
	@tools/needs build test
	$(GO) vet -race ./... # so that what it compiles serves the tests
	$(GO) test -race -vet=off -timeout 25m ./...

fuzz: ## Limits and fuzz targets of what reads foreign playbooks, FUZZTIME each
	@tools/needs build
	$(GO) test -count=1 -run 'Hostile|Worst' ./playbooks ./playbooks/cacao # what they allocate shows without the race detector only
	tools/fuzz '$(FUZZTIME)' ./playbooks:FuzzParse ./playbooks:FuzzExpression ./playbooks/cacao:FuzzImport

check: ## Vet, lint and the layers between packages
	@tools/needs build
	$(GO) vet ./...
	$(GO) tool -modfile=tools/lint/go.mod golangci-lint run ./...

bench: ## Measure the timeline beside its peers (SCALE=0.1 for a tenth, ONLY=triage for one work, HIDE=folders that triages are not to see); writes docs/performance.md
	@tools/needs build bench
	$(GO) run ./tools/bench -scale '$(or $(SCALE),1)' -only '$(ONLY)' -hide '$(HIDE)' -version '$(VERSION)' -o docs/performance.md

gobench: ## The benchmarks of each package
	@tools/needs build
	$(GO) test -run '^$$' -bench . -benchmem ./...

soak: ## The fault suite, long form (SCALE=0.1 for a tenth); writes docs/reliability.md
	@tools/needs build test cluster office
	@mkdir -p bin && rm -f bin/figures
	FIREBREAK_SOAK=1 FIREBREAK_SCALE=$(SCALE) FIREBREAK_FIGURES=$(CURDIR)/bin/figures \
		$(GO) test -count=1 -timeout 4h -run '$(FAULTS)' ./store/... ./forensics/... ./response/... ./cmd/...
	FIREBREAK_SOAK=1 $(GO) test -count=1 -timeout 30m ./integrations/linux
	FIREBREAK_SOAK=1 $(GO) test -count=1 -timeout 10m -v -run 'LibreOffice|ManyEntries' ./review/docx ./review/pdf
	$(MAKE) bin/kube-apiserver
	FIREBREAK_SOAK=1 $(GO) test -count=1 -timeout 30m -v -run RealServer ./integrations/kubernetes
	FIREBREAK_SOAK=1 $(GO) test -count=1 -timeout 1h -v -run 'Whole' ./integrations/all
	$(MAKE) forms
	$(GO) run ./tools/reliability -version '$(VERSION)' -o docs/reliability.md bin/figures

# The schemas are not ours to ship. Each variable names where they lie:
#   FIREBREAK_STIX_SCHEMAS      repository oasis-open/cti-stix2-json-schemas
#   FIREBREAK_STIX_EXTENSIONS   its folder extension-definition-specifications/incident-ef7, repository oasis-open/cti-stix-common-objects
#   FIREBREAK_VERIS_SCHEMA      verisc-merged.json of the repository vz-risk/veris
#   FIREBREAK_OCSF_SCHEMA       repository ocsf/ocsf-schema at the version of docs/review-exchange.md
#   FIREBREAK_ATTACK_NAVIGATOR  repository mitre-attack/attack-navigator
# stix2_validator is used where it is in the PATH (pip install stix2-validator).
forms: ## The review's forms against the schemas of those who read them
	FIREBREAK_SOAK=1 $(GO) test -count=1 -v -run 'With|OwnSamples|Calc' ./review ./review/stix ./review/veris ./review/ocsf ./review/navigator 

bin/kube-apiserver: tools/kube/go.mod # from its Go module: six minutes of a processor, once
	$(GO) build -C tools/kube -mod=readonly -trimpath -o $(CURDIR)/bin/kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver

golden: ## Write the golden files anew
	$(GO) test ./review ./review/stix ./review/veris ./review/ocsf ./review/navigator ./tui ./playbooks -update

e2e: ## The screens in a real tmux, and the scripts of the real program
	@tools/needs build test
	$(GO) test -count=1 -run 'Screens|Script|Intrusion' -v ./cmd/...

docs: ## Write man pages, completions, and the made parts of docs
	$(GO) run ./tools/gendocs

snapshot: ## A release build for this machine, without publishing
	goreleaser release --snapshot --clean --skip=publish,sign
