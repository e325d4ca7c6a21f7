#!/bin/sh
# A worker in any language: `fermata worker --type ship -- ./ship.sh` runs this once for each job.
#
# The contract: the job comes as JSON on standard input ("variables" holds the task's variables).
#   exit 0      done; standard output is a JSON object, the job's variables
#   exit 100    BPMN error; standard output is {"errorCode": ..., "errorMessage": ..., "variables": {}}
#   any other   failed, to be retried; standard error is the message
set -eu
exec python3 -c '
import json, sys

variables = json.load(sys.stdin)["variables"]
order = variables["orderId"]
if not variables.get("address"):
    sys.exit(f"order {order} has no address to ship to")
json.dump({"trackingId": f"TRK-{order}"}, sys.stdout)
'
