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
step 'the model, damage, and power cuts (one image in two), without -race' env GOGC=400 SETTLED_THIN=2 go test -count=1 -timeout 20m -run '^Test(Model|DamagedStore|EveryCut|RandomCuts|FaultAtEvery|CutShort)' ./queue
step 'a hospital for days, without -race' env GOGC=400 SETTLED_HOSPITAL=12000 go test -count=1 -timeout 20m ./cmd/settled/internal/hospital
printf '\n== go test -race\n'
export PROPERTY_CHECKS=10000 # under the race detector a check takes ten times as long
exec go test -race -timeout 20m "$@" ./...
