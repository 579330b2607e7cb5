// Package realtest holds no code: its test runs the real binary over every
// program in examples/ and compares what it counts with expected.json, which
// another program in another language computed from the raw records.
package realtest
