#!/bin/sh
# Runs every fuzz target for the given time each.
set -eu
go=$1 each=$2
for file in $(grep -rl --include='*_test.go' '^func Fuzz' internal); do
	dir=$(dirname "$file")
	for target in $(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$file"); do
		echo "$dir $target"
		"$go" test -run '^$' -fuzz "^$target\$" -fuzztime "$each" "./$dir"
	done
done
