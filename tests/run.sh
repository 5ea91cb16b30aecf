#!/usr/bin/env bash
# Builds everything and runs every test. Needs the .NET SDK that global.json names; packages come from NuGet and npm;
# Node, Python's frameworks and nginx from the system's packages where they are missing.
#   tests/run.sh          what every change has to pass
#   tests/run.sh --full   also the long races
# Ends with "N passed, N failed" on a line of its own; exits non-zero if anything failed.
set -uo pipefail
cd "$(dirname "$0")/.."

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1
if [ "${1:-}" = "--full" ]; then
  export BUDGETGUARD_FULL=1
fi

command -v dotnet > /dev/null || { echo "The .NET SDK 10 is not on PATH."; echo "0 passed, 1 failed"; exit 1; }

# The frameworks that the adapters are for, the proxy that asks and the server that shares budgets, as the system packages them.
missing=()
for package in python3-fastapi python3-uvicorn python3-httpx python3-flask python3-django nginx-light redis-server; do
  dpkg -s "$package" > /dev/null 2>&1 || missing+=("$package")
done

if [ ${#missing[@]} -gt 0 ]; then
  if ! { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"; } > /dev/null; then
    echo "These packages could not be installed: ${missing[*]}."
    echo "0 passed, 1 failed"
    exit 1
  fi
fi

# The vendors' client libraries, the mail server and the library of Standard Webhooks for Node are a part of the tests; nothing of them is skipped.
if ! command -v npm > /dev/null; then
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm; } > /dev/null
fi

for folder in tests/BudgetGuard.{,Gateway.,Email.}Tests/Node samples/frameworks/{express,fastify} tests/BudgetGuard.Frameworks.Tests/Apps/{express,fastify}; do
  if ! (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --silent); then
    echo "The Node packages of $folder could not be installed; npm is needed."
    echo "0 passed, 1 failed"
    exit 1
  fi
done

log=$(mktemp)
packages=$(mktemp -d)
trap 'rm -rf "$log" "$packages"' EXIT

if ! dotnet build BudgetGuard.sln -c Release -nodeReuse:false -v quiet; then
  echo "0 passed, 1 failed"
  exit 1
fi

dotnet test BudgetGuard.sln -c Release --no-build 2>&1 | tee "$log"
tests=${PIPESTATUS[0]}

passed=$(grep -oE 'Passed: +[0-9]+' "$log" | awk '{ sum += $2 } END { print sum + 0 }')
failed=$(grep -oE 'Failed: +[0-9]+' "$log" | awk '{ sum += $2 } END { print sum + 0 }')

# Each package has to be one that a user can install: with its page, its documentation and its symbols.
complete() {
  dotnet pack "src/$1" -c Release --no-build -v quiet -o "$packages/$1" \
    && grep -aq "$2" "$packages/$1"/*.nupkg && grep -aq "lib/net10.0/$1.xml" "$packages/$1"/*.nupkg && ls "$packages/$1"/*.snupkg > /dev/null
}

for package in "BudgetGuard README.md" "BudgetGuard.Email email.md" "BudgetGuard.Sqlite sqlite.md" "BudgetGuard.Redis redis.md"; do
  if complete $package; then
    passed=$((passed + 1))
  else
    echo "The package ${package% *} is not complete."
    failed=$((failed + 1))
  fi
done

if [ "$tests" -ne 0 ] && [ "$failed" -eq 0 ]; then
  echo "The test run broke off."
  failed=1
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
