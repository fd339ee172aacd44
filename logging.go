package keyhaven

import "regexp"

// Logging sends the access records of a bucket to another bucket of the same
// account and region (spec/bucket-semantics.md §9).
type Logging struct {
	Target      string `json:"target"`
	Prefix      string `json:"prefix,omitempty"`
	Partitioned bool   `json:"partitioned,omitempty"` // S3's PartitionedPrefix
	EventTime   bool   `json:"eventTime,omitempty"`   // partitioned by when it happened, not by when it is delivered
}

var lightsailLogPrefix = regexp.MustCompile(`^[\w/!.*')(-]{1,100}$`)

// ValidLightsailLogPrefix applies Lightsail's rule for the prefix of access
// logs: 1 to 100 of letters, digits and _ / ! . * ' ) ( -.
func ValidLightsailLogPrefix(s string) bool { return lightsailLogPrefix.MatchString(s) }

// MaxLogPrefix is the longest prefix of the keys of access logs, in bytes, so
// that what is added to it still makes a valid key.
const MaxLogPrefix = 512
