#!/usr/bin/env bash
# Runs every fuzz target of the module for the time given ("10s"). A finding is kept
# by `go test` as a file in the package's testdata/fuzz, which later tests repeat.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
time=${1:-10s}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# fuzz runs one target. On a busy machine `go test` sometimes calls it a failure that
# the time is up ("context deadline exceeded"); a real finding names its input.
fuzz() {
  go test -run '^$' -fuzz "^$2\$" -fuzztime "$time" "$1" 2>&1 | tee "$log" && return
  grep -q 'context deadline exceeded' "$log" && ! grep -q 'Failing input written' "$log"
}

found=0
while read -r package directory; do
  mapfile -t targets < <(grep -hoE '^func Fuzz[A-Za-z0-9_]*' "$directory"/*_test.go 2>/dev/null | cut -c6-)
  for target in "${targets[@]}"; do
    found=$((found + 1))
    printf '== %s %s\n' "$package" "$target"
    fuzz "$package" "$target"
  done
done < <(go list -f '{{.ImportPath}} {{.Dir}}' ./...)
printf '%d fuzz targets, %s each: nothing found\n' "$found" "$time"
