// Package identity is the service of accounts and of what IAM keeps in them:
// users and their passwords, groups, roles, policies, instance profiles, identity
// providers and registered machines. Access keys are package access's, and so is
// what the policies come to.
//
// Promises:
//
// E1. What a call has changed is in force when the call returns: the caches of
// package access forget what a commit touched before the commit is answered
// (meta.Store.WatchPrincipals).
//
// E2. A policy that would not be evaluated to the letter is not stored.
//
// E3. Passwords are kept as Argon2id alone, and are in no error, no listing and
// no log.
//
// E4. The seed of an MFA device is shown once, by the call that makes the device,
// and is sealed at rest. A code is good once.
//
// E5. A unique id is never used again, so that whoever comes later under an old
// name inherits nothing.
package identity
