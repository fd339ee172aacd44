package keyhaven

import (
	"strings"
	"time"
)

// The limits of lifecycle rules ("Lifecycle configuration elements").
const (
	MaxLifecycleRules  = 1000
	MaxLifecycleID     = 255 // characters
	MaxNewerNoncurrent = 100
)

// Lifecycle is the lifecycle document of a bucket.
type Lifecycle struct {
	Rules []LifecycleRule
	// MinimumSize is the default minimum size for transitions, which are not
	// built, as the client wrote it; it is kept for the answer.
	MinimumSize string
}

// LifecycleRule is one rule. Of what expires it says how long after, in days.
type LifecycleRule struct {
	ID      string
	Enabled bool
	Filter  LifecycleFilter

	Days           int       // of the current version; 0 for none
	Date           time.Time // when all current versions expire; zero for none
	ExpiredMarkers bool      // delete markers without anything under them go

	NoncurrentDays  int // of a version since it is noncurrent; 0 for none
	NewerNoncurrent int // noncurrent versions that stay in any case

	AbortDays int // of an unfinished upload; 0 for none
}

// LifecycleFilter says which objects a rule is for.
type LifecycleFilter struct {
	Prefix *string `json:",omitempty"`
	Tags   []Tag   `json:",omitempty"`
	Above  *int64  `json:",omitempty"` // bytes; larger objects alone
	Below  *int64  `json:",omitempty"` // bytes; smaller objects alone

	// How the client wrote it, for the answer.
	Bare bool `json:",omitempty"` // a prefix outside of a filter
	And  bool `json:",omitempty"`
}

// prefix reports whether the key begins as the filter asks.
func (f *LifecycleFilter) prefix(key string) bool {
	return f.Prefix == nil || strings.HasPrefix(key, *f.Prefix)
}

// Plain reports whether the filter asks for no more than a prefix, which delete
// markers and uploads have too.
func (f *LifecycleFilter) Plain() bool { return len(f.Tags) == 0 && f.Above == nil && f.Below == nil }

// Matches reports whether the rule is in force for the version or the delete
// marker.
func (r *LifecycleRule) Matches(o *Object) bool {
	f := &r.Filter
	if !r.Enabled || !f.prefix(o.Key) {
		return false
	}
	if o.DeleteMarker {
		return f.Plain()
	}
	if f.Above != nil && o.Size <= *f.Above || f.Below != nil && o.Size >= *f.Below {
		return false
	}
	for _, want := range f.Tags {
		if !hasTag(o.Tags, want) {
			return false
		}
	}
	return true
}

func hasTag(tags []Tag, want Tag) bool {
	for _, t := range tags {
		if t.Key == want.Key && t.Value == want.Value {
			return true
		}
	}
	return false
}

// Expiry returns when the object expires as the current version, and the rule
// that says so; the zero time for never.
func (l *Lifecycle) Expiry(o *Object) (at time.Time, rule *LifecycleRule) {
	for i := range l.Rules {
		r := &l.Rules[i]
		t := r.Date
		if r.Days > 0 {
			t = dayAfter(o.ModTime, r.Days)
		}
		if !t.IsZero() && (at.IsZero() || t.Before(at)) && r.Matches(o) {
			at, rule = t, r
		}
	}
	return at, rule
}

// NoncurrentExpired reports whether a noncurrent version goes, which is so since
// a time and has so many newer noncurrent ones above it.
func (l *Lifecycle) NoncurrentExpired(o *Object, since time.Time, newer int, now time.Time) bool {
	for i := range l.Rules {
		r := &l.Rules[i]
		if r.NoncurrentDays > 0 && newer >= r.NewerNoncurrent && !now.Before(dayAfter(since, r.NoncurrentDays)) && r.Matches(o) {
			return true
		}
	}
	return false
}

// MarkerExpired reports whether a delete marker goes that has nothing under it.
func (l *Lifecycle) MarkerExpired(o *Object, now time.Time) bool {
	for i := range l.Rules {
		if r := &l.Rules[i]; r.ExpiredMarkers && r.Matches(o) {
			return true
		}
	}
	at, _ := l.Expiry(o)
	return !at.IsZero() && !now.Before(at)
}

// Abort returns when an unfinished upload of the key is aborted, and the rule
// that says so; the zero time for never.
func (l *Lifecycle) Abort(key string, initiated time.Time) (at time.Time, rule *LifecycleRule) {
	for i := range l.Rules {
		r := &l.Rules[i]
		if !r.Enabled || r.AbortDays == 0 || !r.Filter.prefix(key) {
			continue
		}
		if t := dayAfter(initiated, r.AbortDays); at.IsZero() || t.Before(at) {
			at, rule = t, r
		}
	}
	return at, rule
}

// maxDays are two hundred years: no number of days leads to a time that records
// cannot hold.
const maxDays = 73000

// dayAfter adds days and rounds up to midnight UTC ("How S3 calculates how long
// an object has been noncurrent").
func dayAfter(t time.Time, days int) time.Time {
	t = t.UTC().AddDate(0, 0, min(days, maxDays))
	if day := t.Truncate(24 * time.Hour); day.Before(t) {
		return day.AddDate(0, 0, 1)
	}
	return t
}

// NextMidnight is when the next day begins, UTC: nothing expires before.
func NextMidnight(t time.Time) time.Time { return t.UTC().Truncate(24*time.Hour).AddDate(0, 0, 1) }
