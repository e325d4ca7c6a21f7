# `make help` lists the targets.
.DEFAULT_GOAL := help
.PHONY: help build check test clean

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

build: ## compile everything
	cargo build --workspace

check: ## formatting, lints, docs, structure
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps
	cargo run -q -p xtask -- check
	cargo run -q -p fermata-cli -- lint examples/*/*.bpmn

test: check ## everything that CI runs
	cargo test --workspace

clean: ## remove what was built
	cargo clean
