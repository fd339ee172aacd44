// Package cloudtrail is the door of the CloudTrail API (JSON 1.1, version
// 2013-11-01) over the audit log, as far as one asks it who did what: of its
// operations LookupEvents is built. Any other answers
// UnsupportedOperationException.
package cloudtrail
