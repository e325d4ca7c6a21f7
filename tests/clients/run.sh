#!/usr/bin/env bash
# Real clients against a real server: pyzeebe over gRPC, the Python and the Node SDK over REST, and
# the examples' workers through a kill. Installs what it needs below target/clients.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=tests/clients
work="$PWD/target/clients"
fermata="${CARGO_TARGET_DIR:-$PWD/target}/debug/fermata"
mkdir -p "$work"

python="$work/venv/bin/python"
if [ ! -x "$python" ]; then python3 -m venv "$work/venv"; fi
"$python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt"
cp "$here/package.json" "$here/package-lock.json" "$work/"
(cd "$work" && npm ci --silent --no-audit --no-fund)

data="$(mktemp -d)"
server=""
end() {
    if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; fi
    rm -rf "$data"
}
trap end EXIT
coproc SERVER { exec "$fermata" --output json dev --data "$data/store" --port 0 --grpc-port 0; }
server=$SERVER_PID
read -r ready <&"${SERVER[0]}"
rest="$("$python" -c 'import json,sys; print(json.loads(sys.argv[1])["rest"])' "$ready")"
grpc="$("$python" -c 'import json,sys; print(json.loads(sys.argv[1])["grpc"])' "$ready")"

echo "== pyzeebe on $grpc"
timeout 120 "$python" "$here/pyzeebe_gateway.py" "$grpc"
echo "== camunda-orchestration-sdk on $rest"
timeout 120 "$python" "$here/rest_python.py" "$rest"
timeout 120 "$python" "$here/changes_python.py" "$rest"
echo "== @camunda8/orchestration-cluster-api on $rest"
CLIENT_MODULES="$work/node_modules" timeout 120 node "$here/rest_node.mjs" "$rest"
kill "$server"
server=""

echo "== the examples' workers, and a kill"
timeout 240 "$fermata" demo --orders 60 --kills 2 --example-workers "$python"
