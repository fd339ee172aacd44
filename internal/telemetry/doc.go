// Package telemetry tells an operator's instruments what the server does:
// Prometheus metrics, and traces by OpenTelemetry where the environment asks for
// them.
//
// It promises that no label has more values than the operations of the doors and
// the statuses of HTTP make, whatever clients send, and that neither names a
// bucket, a key or a secret.
package telemetry
