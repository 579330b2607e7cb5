#!/bin/sh
# Ratios against named baselines in one run; see docs/benchmarks.md.
set -eu
go=$1 rows=$2
shift 2
(cd bench && "$go" vet ./... && "$go" build -o ../bin/bench .)
exec bin/bench -rows "$rows" -ticktie bin/ticktie -work bench-work "$@"
