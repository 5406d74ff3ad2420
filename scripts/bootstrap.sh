#!/usr/bin/env bash
# Installs the Debian packages that building and testing need and that are missing,
# and checks Go. Silent when nothing is missing; the network is then not touched.
#
#   BOOTSTRAP_DRY_RUN=1   print the apt-get lines instead of running them
#   BOOTSTRAP_SKIP=1      do nothing (another distribution, or a closed machine)
set -euo pipefail

packages=(
  gcc libc6-dev   # cgo: the binding to PC/SC, and the race detector
  pkg-config      # where cgo finds libpcsclite
  libpcsclite-dev # the PC/SC client library
  pcscd           # the card service; tests start their own, private ones
  vsmartcard-vpcd # virtual readers in pcscd, for simulated cards
  systemd         # systemd-analyze, which checks our unit
  chromium        # the pages' tests and pictures
  fonts-noto-cjk  # Chinese in them
  git             # the version that goes into the binaries
  ca-certificates # the Go module proxy is https
  fonts-wqy-microhei # what the simulated receipt printer prints with
)

readonly policy=${BOOTSTRAP_POLICY_RC:-/usr/sbin/policy-rc.d} # Debian's switch; another place for tests

say() { printf 'bootstrap: %s\n' "$*" >&2; }
die() {
  say "$@"
  exit 1
}

# missing_packages prints those of the list that are not fully installed.
missing_packages() {
  local package
  for package in "${packages[@]}"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || printf '%s\n' "$package"
  done
}

# as_root runs a command as root, by sudo if need be.
as_root() {
  if [[ -n ${BOOTSTRAP_DRY_RUN:-} ]]; then
    printf '%s\n' "$*"
  elif [[ $(id -u) == 0 ]]; then
    "$@"
  else
    sudo "$@"
  fi
}

# hold_services keeps the packages' services from being started while they are
# installed, with the switch that Debian has for it. One that is there already is
# the machine's own and stays.
hold_services() {
  [[ -z ${BOOTSTRAP_DRY_RUN:-} && ! -e $policy ]] || return 0
  trap 'as_root rm -f "$policy"' EXIT
  as_root install -m 755 /dev/stdin "$policy" <<<$'#!/bin/sh\nexit 101'
}
install_missing() {
  local missing=("$@")
  local install=(apt-get install -y -q --no-install-recommends "${missing[@]}")
  if [[ -z ${BOOTSTRAP_DRY_RUN:-} && $(id -u) != 0 ]] && ! command -v sudo >/dev/null; then
    die "not root and no sudo here. As root run:  apt-get update && ${install[*]}"
  fi
  say "installing ${missing[*]}"
  hold_services
  as_root apt-get update -q || die "apt-get update failed (no network?). Still missing: ${missing[*]}"
  as_root env DEBIAN_FRONTEND=noninteractive "${install[@]}" || die "apt-get install failed. Still missing: ${missing[*]}"
  if [[ " ${missing[*]} " == *' vsmartcard-vpcd '* ]]; then
    say "note: a system pcscd now offers virtual readers on ports 35963 and 35964;" \
      "on a machine with real readers delete /etc/reader.conf.d/vpcd (the tests do not use it)"
  fi
}

# check_go compares the toolchain with the go line of go.mod. Inside the module a
# newer go may fetch the right toolchain itself; an older one refuses to run there.
check_go() {
  local want have
  want=$(awk '$1 == "go" { print $2; exit }' go.mod)
  command -v go >/dev/null || die "Go is missing: install Go $want or later from https://go.dev/dl/ and put it on PATH"
  have=$(go env GOVERSION 2>/dev/null) || have=$(cd / && go env GOVERSION)
  have=${have#go}
  [[ $(printf '%s\n' "$want" "$have" | sort -V | head -n 1) == "$want" ]] ||
    die "Go $have is too old, $want or later is needed: https://go.dev/dl/"
}

main() {
  [[ -z ${BOOTSTRAP_SKIP:-} ]] || return 0
  cd "$(dirname "${BASH_SOURCE[0]}")/.."
  command -v dpkg-query >/dev/null ||
    die "not a Debian system: install what Debian calls ${packages[*]}, then set BOOTSTRAP_SKIP=1"
  local missing
  mapfile -t missing < <(missing_packages)
  [[ ${#missing[@]} == 0 ]] || install_missing "${missing[@]}"
  check_go
}

main
