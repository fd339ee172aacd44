// Package jsondoor is what the small doors that speak the JSON 1.1 protocol of AWS
// share: the frame of a request, from its body to its record, and the errors that
// are the same in each. A door brings its operations and its own errors.
package jsondoor
