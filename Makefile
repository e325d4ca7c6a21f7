# `make help` lists the targets.
.DEFAULT_GOAL := help
TARGET := $(or $(CARGO_TARGET_DIR),target)
# One set of features for all that is built here: with `-p` cargo would choose other ones for the
# dependencies and compile them anew. The example switches on what tests need.
BINARIES := cargo build -q --workspace --example check --bin
.PHONY: help build check test conformance clients kill chaos sim soak planted fuzz fuzz-short fuzz-corpus demo \
	bench bench-feel clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

build: ## compile everything
	cargo build --workspace

check: ## formatting, lints, docs, structure
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps
	cargo run -q -p xtask -- check
	$(BINARIES) fermata
	$(TARGET)/debug/fermata lint --strict examples/*/*.bpmn examples/*/*.dmn

test: check ## everything that CI runs
	cargo test --workspace
	$(MAKE) conformance sim planted clients kill chaos

# A folder of the kit as it is published: make conformance FERMATA_TCK=/path/to/TestCases
FERMATA_TCK ?= ../shared/tck
conformance: ## DMN's compatibility kit: cases passed by folder; fewer than before is a failure
	FERMATA_TCK=$(abspath $(FERMATA_TCK)) cargo test -q --workspace --test it -- \
		--nocapture --exact kit::conformance

clients: ## real clients against a real server: pyzeebe, Camunda's Python and Node SDKs
	$(BINARIES) fermata
	tests/clients/run.sh

# The number of orders, kills and the seed are parameters: make kill ORDERS=20000 KILLS=400 SEED=3
ORDERS ?= 1000
KILLS ?= 20
SEED ?= 1
kill: ## the server is killed again and again; every order is checked at the end
	$(BINARIES) fermata
	$(TARGET)/debug/fermata demo --orders $(ORDERS) --kills $(KILLS) --seed $(SEED) --shards 1
	$(TARGET)/debug/fermata demo --orders $(ORDERS) --kills $(KILLS) --seed $(SEED) --shards 3

# About how long, and the seed of the faults: make chaos SECONDS=600 SEED=7
SECONDS ?= 40
chaos: ## a failing disk, power cuts, a leaping clock, odd clients; and a lying disk that is found out
	$(BINARIES) fermata
	CARGO_TARGET_DIR=$(TARGET) SECONDS_LONG=$(SECONDS) SEED=$(SEED) tests/chaos/run.sh

fuzz-short: ## every file of the fuzzers' corpora and forty changed copies of each (a part of test)
	cargo test -p fermata-fuzz

# All targets, so many minutes in all; TARGETS="feel rest" chooses. Needs a nightly compiler.
MINUTES ?= 10
fuzz: ## fuzz what reads foreign bytes: make fuzz MINUTES=60 TARGETS="feel rest"
	CARGO_TARGET_DIR=$(TARGET)/fuzz fuzz/run.sh $(MINUTES) $(TARGETS)

fuzz-corpus: ## take what the fuzzers found reachable into the corpora, as few files as cover it
	CARGO_TARGET_DIR=$(TARGET)/fuzz fuzz/run.sh corpus $(TARGETS)

# Seeds from 0 on, so that CI plays the same ones each time.
SEEDS ?= 4000
sim: ## the core under virtual time: random models, clients, faults and crashes; make sim SEEDS=n
	$(BINARIES) sim
	$(TARGET)/debug/sim --seeds $(SEEDS)

HOURS ?= 1
soak: ## other seeds each time, on all cores, until one fails; make soak HOURS=n
	$(BINARIES) sim
	$(TARGET)/debug/sim --hours $(HOURS)

planted: ## mistakes are planted into a copy of the sources; the simulation must find every one
	cargo run -q -p xtask -- planted

demo: ## a hundred orders with working workers, and a server that is killed in the middle
	cargo build --release -p fermata-cli
	python3 -m venv target/demo && target/demo/bin/pip install --quiet --disable-pip-version-check \
		-r examples/order-fulfilment/workers/requirements.txt
	$(TARGET)/release/fermata demo --orders 100 --example-workers target/demo/bin/python

# SCALE=short is a test of the tool; it writes nothing.
SCALE ?= full
bench: ## the table of docs/performance.md, measured on this machine and written there (ten minutes)
	cargo build --release -p fermata-cli
	python3 tests/bench/run.py $(TARGET)/release/fermata --scale $(SCALE) $(if $(filter full,$(SCALE)),--write)

# The second part builds another implementation and its hundred crates, which takes some minutes.
bench-feel: ## what evaluations cost: ten expressions, three tables, and one expression beside dsntk
	cargo bench -p fermata-feel --bench expressions
	cargo bench -p fermata-dmn
	cargo run --release --manifest-path tests/bench/feel/Cargo.toml

clean: ## remove what was built
	cargo clean
