.DEFAULT_GOAL := help
.PHONY: help demo test lint generate generated bench browser

GO ?= go

help: ## show these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## run the dashboard with an emulated cloud on this machine
	$(GO) run ./cmd/dashboard demo

test: browser lint ## lint, then run every test
	$(GO) test -timeout 10m ./...

lint: generated ## gofmt, vet, staticcheck, import fences, generated files
	@wrong=$$(gofmt -l cmd internal web); if [ -n "$$wrong" ]; then echo "not formatted (gofmt -w):"; echo "$$wrong"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool -modfile=tools/go.mod staticcheck ./...
	$(GO) test ./internal/fences

generate: ## write the Go files of the templ components
	$(GO) -C web/templates tool templ generate

# Generated files are committed. Generating them again must change nothing.
generated:
	@before=$$(cat web/templates/*_templ.go | cksum); \
	$(GO) -C web/templates tool templ generate || exit 1; \
	if [ "$$before" != "$$(cat web/templates/*_templ.go | cksum)" ]; then \
		echo "the _templ.go files were older than their .templ files; they are written anew: commit them"; exit 1; fi

bench: ## print the figures the product promises, measured
	$(GO) run ./cmd/bench

# The pages are tested in Chromium where there is one.
browser:
	@if command -v chromium >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "installing chromium for the browser tests"; \
		{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; } \
			|| echo "chromium could not be installed: the browser tests will be skipped"; \
	else \
		echo "chromium is not installed: the browser tests will be skipped (Debian: apt-get install chromium)"; \
	fi
