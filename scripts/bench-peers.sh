#!/usr/bin/env bash
# Runs the benchmarks of tools/peers, with every sync BENCH_DELAY microseconds longer
# if strace is there to do so: then all stores are on the same disk of known speed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../tools/peers"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

go test -c -o "$dir/peers.test" .
run=("$dir/peers.test" -test.run '^$' -test.bench "${BENCH:-.}" -test.benchtime "${BENCHTIME:-1s}")
delay=${BENCH_DELAY:-10000}
if [[ $delay != 0 ]] && command -v strace >/dev/null; then
  export GODEBUG=asyncpreemptoff=1 # each preemption is a signal, and strace stops at each
  run=(strace -f --seccomp-bpf -o /dev/null -e trace=fsync,fdatasync,msync
    -e "inject=fsync,fdatasync,msync:delay_exit=$delay" "${run[@]}")
else
  echo "syncs as the disk is: no strace, or BENCH_DELAY=0" >&2
fi
TMPDIR=$dir "${run[@]}"
