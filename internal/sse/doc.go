// Package sse encrypts the bytes of objects at rest.
//
// Every object has a data key of its own, wrapped by the key ring, a named local
// key or the client's key. A body (an object of one PUT, or a part) is encrypted
// under a key that is derived from the data key and the body's random salt, in
// units that are authenticated each for itself, so that a range costs the units
// that it touches. The nonce of a unit is its number and whether it is the last:
// units cannot change places, nor can a body lose its end.
//
// It promises that what it returns is what was encrypted, in full or not at all;
// it never stores a key.
package sse
