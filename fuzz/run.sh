#!/usr/bin/env bash
# Fuzzes every target, one after the other: run.sh MINUTES [TARGET...]. What is found stays below
# target/fuzz-work; a finding ends the run. `run.sh corpus` takes what was learnt into fuzz/corpus.
set -euo pipefail
cd "$(dirname "$0")/.."
tools="$PWD/target/tools"
work="$PWD/target/fuzz-work"
what="${1:?expected a number of minutes, or corpus}"
shift
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then targets=(bpmn dmn feel variables grpc rest records store); fi

rustc +nightly --version >/dev/null 2>&1 || rustup toolchain install nightly --profile minimal
if [ ! -x "$tools/bin/cargo-fuzz" ]; then cargo install cargo-fuzz --locked --root "$tools"; fi
export PATH="$tools/bin:$PATH"
fuzz=(cargo +nightly fuzz)
place=(--fuzz-dir fuzz/libfuzzer)
# What needs no server is built without it: that takes minutes less.
case " ${targets[*]} " in
    *" grpc "* | *" rest "* | *" store "*) ;;
    *) place+=(--no-default-features) ;;
esac

if [ "$what" = corpus ]; then
    for target in "${targets[@]}"; do
        mkdir -p "$work/$target" "$work/merged"
        rm -rf "${work:?}/merged/$target"
        mkdir "$work/merged/$target"
        "${fuzz[@]}" run "${place[@]}" "$target" "$work/merged/$target" \
            "fuzz/corpus/$target" "$work/$target" -- -merge=1 -max_len=2048
        echo "$target: $(find "$work/merged/$target" -type f | wc -l) files in $work/merged/$target"
    done
    echo "Copy what is worth keeping into fuzz/corpus: a corpus has some dozens of small files."
    exit
fi

seconds=$((what * 60 / ${#targets[@]}))
for target in "${targets[@]}"; do
    mkdir -p "$work/$target" "$work/findings/$target"
    dictionary=()
    if [ -f "fuzz/dict/$target.dict" ]; then dictionary=("-dict=fuzz/dict/$target.dict"); fi
    echo "== $target, $seconds s"
    # The conformance kit, where it is there, knows more models than a corpus of ours.
    seeds=()
    kit="${FERMATA_TCK:-../shared/tck}"
    if [ "$target" = dmn ] && [ -d "$kit" ]; then seeds=("$kit"); fi
    # Hangs, and lengths that ask for all memory, are findings as panics are. Leaks are not: the
    # servers of `grpc` and `rest` live as long as the process.
    "${fuzz[@]}" run "${place[@]}" "$target" "$work/$target" "fuzz/corpus/$target" \
        "${seeds[@]}" -- \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1500 -malloc_limit_mb=512 \
        -max_len=8192 -detect_leaks=0 -print_final_stats=1 -artifact_prefix="$work/findings/$target/" \
        "${dictionary[@]}"
done
