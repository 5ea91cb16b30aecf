#!/usr/bin/env bash
# The gateway against YARP as it comes, in one run on one machine: requests a second (wrk, in turns) and the first byte of streams.
# Needs wrk. Usage: tests/BudgetGuard.Load/gateway.sh [rounds] [seconds]
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${1:-10}
seconds=${2:-3}
command -v wrk > /dev/null || { echo "wrk is not installed (Debian: apt install wrk)"; exit 1; }
dotnet build -c Release -v quiet -nologo tests/BudgetGuard.Load
dotnet build -c Release -v quiet -nologo src/BudgetGuard.Gateway
load=tests/BudgetGuard.Load/bin/Release/net10.0/BudgetGuard.Load.dll
provider=http://127.0.0.1:5901 yarp=http://127.0.0.1:5902 gateway=http://127.0.0.1:5903
trap 'kill $(jobs -p) 2> /dev/null || true' EXIT
dotnet $load provider $provider &
dotnet $load yarp $yarp $provider &
BudgetGuard__Budgets__money__Limit=1000000 BudgetGuard__Budgets__money__Period=Day BudgetGuard__Budgets__money__Per=User \
BudgetGuard__Budgets__tokens__Tokens=1000000000000 BudgetGuard__Budgets__tokens__Period=Month \
BudgetGuard__Budgets__calls__Requests=1000000000 BudgetGuard__Budgets__calls__Period=Hour BudgetGuard__Budgets__calls__Per=User \
Gateway__Store=Memory Gateway__Upstreams__openai__Address=$provider dotnet src/BudgetGuard.Gateway/bin/Release/net10.0/BudgetGuard.Gateway.dll --urls $gateway > /dev/null &
sleep 4

per_second() { wrk -t1 -c16 -d"$2s" -s tests/BudgetGuard.Load/post.lua "$1" | awk '/Non-2xx/ { print "errors" > "/dev/stderr" } /Requests\/sec/ { print $2 }'; }
per_second $yarp 10 > /dev/null
per_second $gateway 10 > /dev/null
ratios=()
for round in $(seq "$rounds"); do
  if [ $((round % 2)) = 0 ]; then a=$(per_second $yarp "$seconds"); b=$(per_second $gateway "$seconds")
  else b=$(per_second $gateway "$seconds"); a=$(per_second $yarp "$seconds"); fi
  ratio=$(awk "BEGIN { printf \"%.3f\", $b / $a }")
  ratios+=("$ratio")
  echo "round $round: YARP $a/s, gateway $b/s, ratio $ratio"
done
printf '%s\n' "${ratios[@]}" | sort -n | awk '{ r[NR] = $1 } END { printf "ratio: median %s, lowest %s, highest %s\n", r[int((NR + 1) / 2)], r[1], r[NR] }'
dotnet $load first-byte 2000 $yarp $gateway
