#!/usr/bin/awk -f
# Makes a table of `go test -bench` output: one heading a package, times in the unit
# that suits them. Lines that are no benchmark (failures, logs) pass unchanged.
function human(ns) {
  if (ns >= 1e9) return sprintf("%.2f s ", ns / 1e9)
  if (ns >= 1e6) return sprintf("%.2f ms", ns / 1e6)
  if (ns >= 1e3) return sprintf("%.2f µs", ns / 1e3)
  return sprintf("%.1f ns", ns)
}
/^(goos|goarch|cpu|PASS|ok|\?)/ { next }
/no test files/ { next }
/^pkg:/ { package = $2; next }
/^Benchmark/ && NF >= 4 {
  if (package != "") { printf "\n%s\n", package; package = "" }
  name = $1; sub(/^Benchmark/, "", name); sub(/-[0-9]+$/, "", name)
  line = ""
  for (i = 3; i < NF; i += 2)
    line = line ($(i + 1) ~ /^ns\// ? sprintf("%14s%s", human($i), substr($(i + 1), 3)) : sprintf("%14s %s", $i, $(i + 1)))
  printf "  %-44s%s\n", name, line
  fflush(); next
}
{ print; fflush() }
