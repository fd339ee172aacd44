// Package keyhaven holds the nouns of the system: accounts, principals, access
// keys, buckets, objects, uploads, operations, and the one domain error that
// every floor speaks. It imports nothing but the standard library and does no
// I/O, so that every other package may import it.
package keyhaven
