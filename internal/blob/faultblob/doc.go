// Package faultblob makes a blob.Store fail on purpose, for tests of what stands
// above it. It keeps the contract also when it fails: a Commit that fails has
// aborted the blob, and a call that fails has not happened.
package faultblob
