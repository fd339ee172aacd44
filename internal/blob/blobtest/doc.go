// Package blobtest is the contract of package blob as a test suite. Every engine
// passes it; the tests are named after the promises B1 to B6.
package blobtest
