# `make help` lists the targets.
.DEFAULT_GOAL := help
TARGET := $(or $(CARGO_TARGET_DIR),target)
.PHONY: help build check test clients kill sim soak planted demo bench clean

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
	$(MAKE) sim planted clients kill

clients: ## real clients against a real server: pyzeebe, Camunda's Python and Node SDKs
	cargo build -q -p fermata-cli
	tests/clients/run.sh

# The number of orders, kills and the seed are parameters: make kill ORDERS=20000 KILLS=400 SEED=3
ORDERS ?= 1000
KILLS ?= 20
SEED ?= 1
kill: ## the server is killed again and again; every order is checked at the end
	cargo build -q -p fermata-cli
	$(TARGET)/debug/fermata demo --orders $(ORDERS) --kills $(KILLS) --seed $(SEED) --shards 1
	$(TARGET)/debug/fermata demo --orders $(ORDERS) --kills $(KILLS) --seed $(SEED) --shards 3

# Seeds from 0 on, so that CI plays the same ones each time.
SEEDS ?= 2000
sim: ## the core under virtual time: random models, clients, faults and crashes; make sim SEEDS=n
	cargo build -q -p fermata-sim --bin sim
	$(TARGET)/debug/sim --seeds $(SEEDS)

HOURS ?= 1
soak: ## other seeds each time, on all cores, until one fails; make soak HOURS=n
	cargo build -q -p fermata-sim --bin sim
	$(TARGET)/debug/sim --hours $(HOURS)

planted: ## mistakes are planted into a copy of the sources; the simulation must find every one
	cargo run -q -p xtask -- planted

demo: ## a hundred orders with working workers, and a server that is killed in the middle
	cargo build --release -p fermata-cli
	python3 -m venv target/demo && target/demo/bin/pip install --quiet --disable-pip-version-check \
		-r examples/order-fulfilment/workers/requirements.txt
	$(TARGET)/release/fermata demo --orders 100 --example-workers target/demo/bin/python

bench: ## how fast the main job is on this machine
	cargo build --release -p fermata-cli
	$(TARGET)/release/fermata bench --concurrency 1 --instances 1000
	$(TARGET)/release/fermata bench

clean: ## remove what was built
	cargo clean
