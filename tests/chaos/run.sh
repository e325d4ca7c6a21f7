#!/usr/bin/env bash
# A real server on a failing disk under a leaping clock, with real clients; then one whose disk lies,
# which must be found out. SECONDS_LONG (about how long) and SEED come from `make chaos`.
set -euo pipefail
cd "$(dirname "$0")/../.."
work="$PWD/target/chaos"
target="${CARGO_TARGET_DIR:-$PWD/target}"
mkdir -p "$work"
# The clients' tests use the same packages: one environment for both.
clients="$PWD/target/clients"
python="$clients/venv/bin/python"
if [ ! -x "$python" ]; then mkdir -p "$clients" && python3 -m venv "$clients/venv"; fi
"$python" -m pip install --quiet --disable-pip-version-check -r tests/clients/requirements.txt
cc -O2 -Wall -Wextra -Werror -shared -fPIC -o "$work/shim.so" tests/chaos/shim.c -ldl -lpthread

# A file system of its own, so that it can really be full, where this user may have one.
run=("$python")
if unshare -rm true 2>/dev/null; then run=(env CHAOS_NAMESPACE=1 unshare -rm "$python"); fi
arguments=(--fermata "$target/debug/fermata" --check "$target/debug/examples/check"
    --shim "$work/shim.so" --seed "${SEED:-1}")
"$python" tests/chaos/test_checker.py
echo "== a disk that fails, a clock that leaps"
timeout 3600 "${run[@]}" tests/chaos/chaos.py "${arguments[@]}" --seconds "${SECONDS_LONG:-40}"
echo "== a disk that lies: what it loses must be found"
timeout 300 "${run[@]}" tests/chaos/chaos.py "${arguments[@]}" --planted
