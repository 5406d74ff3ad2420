#!/usr/bin/env bash
# The steps of `make test`, cheapest first. Arguments go to `go test`. The last lines
# printed are those of `go test`; an earlier step that fails says its name.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

lint=${LINT:-go tool -modfile=tools/go.mod golangci-lint}

step() {
  local name=$1
  shift
  printf '\n== %s\n' "$name"
  "$@" || {
    printf '\nFAILED: %s\n' "$name" >&2
    exit 1
  }
}

# formatted fails and lists the files that gofmt would change.
formatted() {
  local files
  files=$(find . -name '*.go' -not -path './.*/*' -exec gofmt -l {} +)
  [[ -z $files ]] || {
    printf 'not formatted (make fmt):\n%s\n' "$files"
    return 1
  }
}

step 'gofmt' formatted
step 'go vet' go vet ./...
# shellcheck disable=SC2086 # a command with its arguments
step 'golangci-lint (the first run builds it)' $lint run
step 'the laws of a settlement, 10^5 checks' go test -run '^TestProperties$' ./settle

# What is tried in great numbers is tried without the race detector, which makes each try
# five times as slow, and from a seed that stays: new ones are for `make soak`. With it
# (-short, SETTLED_THIN) the same tests try a few, and all others all; most packages wait
# more than they work, so three at a time.
numbers='^Test(Model|DamagedStore|EveryCut|RandomCuts|FaultAtEvery|CutShort|Kill|IDs|Histories|BadInMany|Hospital|Again)'
step 'a hospital for days, power cuts (one image in two), kills, histories, without -race' \
  env GOGC=800 SETTLED_THIN=2 SETTLED_HOSPITAL="${HOSPITAL:-12000}" SETTLED_SEED="${SEED:-20261122}" go test -vet=off -count=1 -timeout 30m -run "$numbers" \
  ./cmd/settled/internal/hospital ./queue ./cmd/settled/internal/platform
printf '\n== go test -race\n'
export PROPERTY_CHECKS=10000 SETTLED_THIN=8
exec go test -vet=off -race -short -p 3 -timeout 20m "$@" ./...
