// Package certs gets certificates for the API: from files that are read again
// when they change, from an ACME authority, or from a local authority for
// development.
//
// It promises that a certificate that cannot be read or renewed never takes the
// place of one that works, and that keys are readable by their owner alone.
package certs
