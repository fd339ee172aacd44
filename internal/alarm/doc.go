// Package alarm watches the metrics of buckets and tells contacts when an alarm
// changes its state (spec/bucket-semantics.md §11, §12).
//
// Alarms are evaluated every five minutes, after the points of that step. The
// change of a state and the messages about it are one transaction, so that each
// change is told of once however often the process restarts; the messages are
// sent by package notify.
package alarm
