// Package kvtest is the contract of package kv as a test suite. Every engine
// passes it; a rule that no test here can break is not part of the contract.
//
// The names of the tests begin with the rule that they check, K1 to K7 of
// package kv, or with the number of the case that they guard against.
package kvtest
