// Package audit keeps the record of who changed what: every management call and
// every event of a key, in the form of CloudTrail's records (CloudTrail User
// Guide, "CloudTrail record contents for management, data, and network activity
// events"), in a log that only grows.
//
// Promises:
//
// W1. A record of a change is on disk before the caller hears that the change
// was made. Records of reads follow within the next sync.
//
// W2. Each line carries its number and the SHA-256 of the line before, so that a
// line that was changed, taken out or put in shows (Verify). Lines cut off at the
// end show against a number and a hash that were kept elsewhere.
//
// W3. No secret is ever in a record: the members that hold one are masked by
// their names before a record is made.
//
// W4. A line that a crash tore was not promised to anybody and is cut off at the
// next start.
package audit
