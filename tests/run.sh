#!/usr/bin/env bash
# Builds everything and runs every test. Needs the .NET SDK that global.json names; packages come from NuGet and npm,
# and Node itself from the system's packages where it is missing.
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

# The vendors' client libraries for Node, and that of Standard Webhooks, are a part of the tests; nothing of them is skipped.
if ! command -v npm > /dev/null; then
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm; } > /dev/null
fi

for folder in tests/BudgetGuard.Gateway.Tests/Node tests/BudgetGuard.Tests/Node; do
  if ! (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --silent); then
    echo "The Node packages of the tests could not be installed; npm is needed."
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

# The package has to be one that a user can install: with its README, its documentation and its symbols.
if dotnet pack src/BudgetGuard -c Release --no-build -v quiet -o "$packages" \
    && grep -aq 'README.md' "$packages"/BudgetGuard.*.nupkg && grep -aq 'lib/net10.0/BudgetGuard.xml' "$packages"/BudgetGuard.*.nupkg && ls "$packages"/BudgetGuard.*.snupkg > /dev/null; then
  passed=$((passed + 1))
else
  echo "The package is not complete."
  failed=$((failed + 1))
fi

if [ "$tests" -ne 0 ] && [ "$failed" -eq 0 ]; then
  echo "The test run broke off."
  failed=1
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
