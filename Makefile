# Two commands do everything: make demo, make test.
GO       ?= go
BIN      := bin/ticktie
VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS  := -X github.com/ticktie/ticktie/internal/cli.version=$(VERSION)
DATA     ?= ../shared/data
DEMO_DIR ?= demo-harborline

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.7.0
GOFUMPT     := mvdan.cc/gofumpt@v0.9.2
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.1.4

.PHONY: build static demo test unit lint bench test-real fuzz clean

build:
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/ticktie

# One file that needs nothing of the machine it runs on, for auditors. The
# linker warns of calls that a static program must not make; ticktie makes none.
static:
	$(GO) build -trimpath -tags netgo,osusergo -ldflags "$(LDFLAGS) -linkmode external -extldflags '-static'" -o $(BIN)-static ./cmd/ticktie

# The main job on embedded parts: generate, collect, test, seal, bundle, verify.
demo: build
	$(BIN) demo --dir $(DEMO_DIR)

test: lint unit

unit: build
	$(GO) test -timeout 20m ./...

lint:
	./scripts/lint.sh "$(GO)" "$(STATICCHECK)" "$(GOFUMPT)" "$(GOVULNCHECK)"

# Real records: the programs in examples/ on the data sets in DATA. Missing data is a failure.
test-real: build
	TICKTIE_DATA=$(abspath $(DATA)) $(GO) test -count=1 -timeout 25m ./internal/realtest/...

# Ratios against named baselines in one run. ROWS=100000000 for the large run.
ROWS ?= 10000000
bench: build
	./scripts/bench.sh "$(GO)" "$(ROWS)"

# A long run of every fuzz target; FUZZTIME per target.
FUZZTIME ?= 10m
fuzz:
	./scripts/fuzz.sh "$(GO)" "$(FUZZTIME)"

clean:
	rm -rf bin $(DEMO_DIR) bench-work
