// Package seal keeps secrets at rest: envelope encryption with AES-256-GCM under
// a ring of master keys that no credential is derived from.
//
// Seal makes a fresh data key for each secret, encrypts the secret with it, and
// the data key with the active master key. Both are bound to a context, such as
// the id of the access key, so that a sealed secret cannot be moved to another
// place. Rotate adds a master key; the old ones go on opening what they sealed.
//
// A sealed secret is:
//
//	1 byte    form, 1
//	4 bytes   id of the master key, big-endian
//	12 bytes  nonce of the data key
//	48 bytes  data key, encrypted (32 bytes and the tag of 16)
//	12 bytes  nonce of the secret
//	n+16      secret, encrypted
//
// No error holds key material or plaintext.
package seal
