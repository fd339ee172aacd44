// Package policy is the language of IAM policies: it reads documents, refuses
// what it would not evaluate, and decides requests. It is pure: no store, no
// clock, no network.
//
// Promises:
//
// L1. A document is either evaluated to the letter or refused when it is read:
// an element, an operator or a condition key that this package does not know is
// an *Error, never ignored (case S5).
//
// L2. An explicit deny in any source wins. Within an account either side may
// allow; across accounts both must. A boundary and session policies only narrow
// (IAM User Guide, "Policy evaluation logic").
//
// L3. What a variable stands for is text: a wildcard in it is no wildcard. In a
// statement that allows, a negated test against a variable without a value fails.
//
// L4. Documents are compiled when they are read: a decision without conditions and
// variables costs a fraction of a microsecond and one small allocation.
package policy
