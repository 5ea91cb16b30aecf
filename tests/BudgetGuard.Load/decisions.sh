#!/usr/bin/env bash
# Decisions through the API over loopback, from 16 connections: alone, and each with its settlement.
# Needs wrk. Usage: tests/BudgetGuard.Load/decisions.sh [rounds] [seconds]
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${1:-3}
seconds=${2:-3}
command -v wrk > /dev/null || { echo "wrk is not installed (Debian: apt install wrk)"; exit 1; }
dotnet build -c Release -v quiet -nologo src/BudgetGuard.Gateway > /dev/null
trap 'kill $(jobs -p) 2> /dev/null || true' EXIT

measure() {
  wrk -t1 -c16 -d"$2s" --latency -s tests/BudgetGuard.Load/decide.lua "http://127.0.0.1:$1" -- "${3:-}" \
    | awk '/Non-2xx/ { print "errors" > "/dev/stderr" } /50%/ { p50 = $2 } /99%/ { p99 = $2 } /Requests\/sec/ { printf "%s requests/s, p50 %s, p99 %s\n", $2, p50, p99 }'
}

for round in $(seq "$rounds"); do
  # A gateway of its own for each round: decisions that nobody settles stay held, and there is room for 100,000.
  port=$((5910 + round))
  BudgetGuard__Budgets__money__Limit=1000000 BudgetGuard__Budgets__money__Period=Day BudgetGuard__Budgets__money__Per=User \
  BudgetGuard__Budgets__calls__Requests=1000000000 BudgetGuard__Budgets__calls__Period=Hour BudgetGuard__Budgets__calls__Per=User \
  Gateway__Store=Memory dotnet src/BudgetGuard.Gateway/bin/Release/net10.0/BudgetGuard.Gateway.dll --urls "http://127.0.0.1:$port" > /dev/null &
  until curl -sf "http://127.0.0.1:$port/health" > /dev/null; do sleep 0.2; done
  measure "$port" 3 settle > /dev/null
  echo "round $round: decisions and settlements in turns: $(measure "$port" "$seconds" settle)"
  echo "round $round: decisions alone: $(measure "$port" "$seconds")"
  kill $!
done
