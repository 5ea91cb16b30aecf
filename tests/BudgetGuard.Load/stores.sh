#!/usr/bin/env bash
# The gateway with its budgets in memory, in a file, in Redis and on what it borrows from Redis: requests a second (wrk, 64 connections), how long they take, and what
# processor time one costs the gateway and the server. Needs wrk and redis-server. Usage: tests/BudgetGuard.Load/stores.sh [seconds]
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-10}
for tool in wrk redis-server; do command -v $tool > /dev/null || { echo "$tool is not installed (Debian: apt install wrk redis-server)"; exit 1; }; done
dotnet build -c Release -v quiet -nologo tests/BudgetGuard.Load
dotnet build -c Release -v quiet -nologo src/BudgetGuard.Gateway
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2> /dev/null || true; rm -rf "$folder"' EXIT
provider=http://127.0.0.1:5901 redis=5904
dotnet tests/BudgetGuard.Load/bin/Release/net10.0/BudgetGuard.Load.dll provider $provider > /dev/null &
redis-server --port $redis --dir "$folder" --appendonly yes --save '' > /dev/null &
server=$!

# Processor time of a process so far, in hundredths of a second.
used() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }

measure() {
  name=$1 port=$2
  shift 2
  env "$@" BudgetGuard__Budgets__money__Limit=1000000 BudgetGuard__Budgets__money__Period=Day BudgetGuard__Budgets__money__Per=User \
    BudgetGuard__Budgets__tokens__Tokens=1000000000000 BudgetGuard__Budgets__tokens__Period=Month \
    BudgetGuard__Budgets__calls__Requests=1000000000 BudgetGuard__Budgets__calls__Period=Hour BudgetGuard__Budgets__calls__Per=User \
    Gateway__Upstreams__openai__Address=$provider dotnet src/BudgetGuard.Gateway/bin/Release/net10.0/BudgetGuard.Gateway.dll --urls "http://127.0.0.1:$port" > /dev/null &
  gateway=$!
  until curl -sf "http://127.0.0.1:$port/health" > /dev/null; do sleep 0.2; done
  wrk -t1 -c64 -d10s -s tests/BudgetGuard.Load/post.lua "http://127.0.0.1:$port" > /dev/null
  ours=$(used $gateway) theirs=$(used $server)
  wrk -t1 -c64 -d"${seconds}s" --latency -s tests/BudgetGuard.Load/post.lua "http://127.0.0.1:$port" > "$folder/wrk"
  ours=$(($(used $gateway) - ours)) theirs=$(($(used $server) - theirs))
  awk -v name="$name" -v ours="$ours" -v theirs="$theirs" '/Non-2xx/ { print "errors" > "/dev/stderr" } /50%/ { p50 = $2 } /99%/ { p99 = $2 } / requests in / { count = $1 } /Requests\/sec/ {
    printf "%s: %s requests/s, p50 %s, p99 %s; %.0f µs of the gateway and %.0f µs of the server each\n", name, $2, p50, p99, ours * 10000 / count, theirs * 10000 / count }' "$folder/wrk"
  awk '/VmRSS/ { printf "  %.0f MiB\n", $2 / 1024 }' "/proc/$gateway/status"
  kill $gateway
  wait $gateway || true
}

measure memory 5911 Gateway__Store=Memory
measure SQLite 5912 Gateway__Store=Sqlite "Gateway__ConnectionString=$folder/budgets.db"
measure Redis 5913 Gateway__Store=Redis Gateway__ConnectionString=127.0.0.1:$redis Gateway__Leases=false
measure "Redis with leases" 5914 Gateway__Store=Redis Gateway__ConnectionString=127.0.0.1:$redis BudgetGuard__Redis__Tree=leases
