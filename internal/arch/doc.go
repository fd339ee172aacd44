// Package arch holds no code, only the test that keeps the house in order: which
// package may import which (docs/architecture.md), one package comment each, no
// printing below cmd, no init functions, no packages named after nothing.
package arch
