// Package house holds no code: its test compares the imports of every package
// with the table of docs/architecture.md, so that data keeps flowing one way.
package house
