.DEFAULT_GOAL := help
.PHONY: help demo dev test peers race cover lint generate generated bench clients

GO ?= go

help: ## show these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## run the dashboard with an emulated cloud on this machine
	$(GO) run ./cmd/dashboard demo

dev: ## run the demo and restart it whenever a template changes
	$(GO) -C web/templates tool templ generate --watch --cmd="$(GO) run $(CURDIR)/cmd/dashboard demo --data $(CURDIR)/data/dev"

# The limit of a package only ends what hangs: a machine ten times slower than
# ours keeps it.
test: clients lint ## lint, then run every test
	$(GO) test -parallel 4 -timeout 60m ./...
	$(MAKE) peers

# Servers of others are a module of their own; its list of dependencies follows
# that of the product by itself.
peers: ## hold the S3 adapter against servers that others wrote
	cd internal/objectstore/s3/peers && $(GO) test -mod=mod -timeout 30m ./...

# SQLite is C that was translated to Go and holds no race of ours: watching its
# every access makes the tests four times slower.
race: ## run the tests under the race detector, all but the longest journeys
	$(GO) test -race -short -gcflags='modernc.org/...=-race=false' -timeout 60m ./...

cover: ## measure what the tests reach, over package borders
	@mkdir -p dist
	$(GO) test -short -timeout 60m -coverpkg=./... -coverprofile=dist/cover.out ./...
	$(GO) tool cover -func=dist/cover.out | tail -1
	@echo "line by line: $(GO) tool cover -html=dist/cover.out"

lint: generated ## gofmt, vet, staticcheck, import fences, generated files
	@wrong=$$(gofmt -l cmd internal web); if [ -n "$$wrong" ]; then echo "not formatted (gofmt -w):"; echo "$$wrong"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool -modfile=tools/go.mod staticcheck ./...
	$(GO) test ./internal/fences

generate: ## write the Go files of the templ components
	$(GO) -C web/templates tool templ generate

# Generated files are committed. Generating them again must change nothing.
generated:
	@before=$$(cat web/templates/*/*_templ.go | cksum); \
	$(GO) -C web/templates tool templ generate || exit 1; \
	if [ "$$before" != "$$(cat web/templates/*/*_templ.go | cksum)" ]; then \
		echo "the _templ.go files were older than their .templ files; they are written anew: commit them"; exit 1; fi

bench: ## print the figures the product promises, measured
	$(GO) run ./cmd/bench

# The pages are tested in Chromium where there is one, and the emulated SQL
# Server is asked by a client that is not ours, FreeTDS' tsql.
clients:
	@for pair in chromium:chromium tsql:freetds-bin; do \
		command=$${pair%%:*} package=$${pair#*:}; \
		if command -v $$command >/dev/null; then :; \
		elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			echo "installing $$package for the tests that need $$command"; \
			{ { [ -n "$$updated" ] || apt-get update -qq; } && updated=1 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$package >/dev/null; } \
				|| echo "$$package could not be installed: the tests that need $$command will be skipped"; \
		else \
			echo "$$command is not installed: the tests that need it will be skipped (Debian: apt-get install $$package)"; \
		fi; \
	done
