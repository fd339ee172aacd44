package keyhaven

import "time"

// LockMode says who may shorten the retention of a version (S3 user guide,
// "Locking objects with Object Lock"). The values are stored: only append.
type LockMode uint8

// The modes. The zero value is no retention.
const (
	LockNone       LockMode = iota
	LockGovernance          // who has s3:BypassGovernanceRetention
	LockCompliance          // nobody
)

var lockModeNames = [...]string{"", "GOVERNANCE", "COMPLIANCE"}

func (m LockMode) String() string {
	if int(m) < len(lockModeNames) {
		return lockModeNames[m]
	}
	return "unknown mode"
}

// ParseLockMode reads GOVERNANCE or COMPLIANCE.
func ParseLockMode(s string) (LockMode, bool) {
	switch s {
	case "GOVERNANCE":
		return LockGovernance, true
	case "COMPLIANCE":
		return LockCompliance, true
	}
	return LockNone, false
}

// Retention protects a version until a time.
type Retention struct {
	Mode  LockMode
	Until time.Time
}

// IsZero reports whether there is no retention.
func (r Retention) IsZero() bool { return r.Mode == LockNone }

// LegalHold protects a version for as long as it is on. The values are stored.
type LegalHold uint8

// The states of a legal hold: never set, on, and off again.
const (
	HoldUnset LegalHold = iota
	HoldOn
	HoldOff
)

// ObjectLock is what protects a version from being deleted or overwritten.
type ObjectLock struct {
	Retention Retention
	Hold      LegalHold
}

// IsZero reports whether the version was never locked.
func (l ObjectLock) IsZero() bool { return l == ObjectLock{} }

// Holds reports whether the version may not be deleted now. A bypass overcomes
// a retention in governance mode and nothing else; a mode that this release does
// not know counts as compliance.
func (l ObjectLock) Holds(now time.Time, bypass bool) bool {
	if l.Hold != HoldUnset && l.Hold != HoldOff {
		return true
	}
	if l.Retention.Mode == LockNone || !now.Before(l.Retention.Until) {
		return false
	}
	return l.Retention.Mode != LockGovernance || !bypass
}

// The limits of a bucket's default retention ("Object Lock considerations").
const (
	MaxLockDays  = 36500
	MaxLockYears = 100
)

// LockConfig is the object lock document of a bucket, which is there when
// object lock is on. The mode is LockNone when new versions get no retention by
// default; else one of Days and Years is set.
type LockConfig struct {
	Mode  LockMode `json:"mode,omitempty"`
	Days  int      `json:"days,omitempty"`
	Years int      `json:"years,omitempty"`
}

// Default returns the retention of a version that is made now without one of
// its own.
func (c *LockConfig) Default(now time.Time) Retention {
	if c.Mode == LockNone {
		return Retention{}
	}
	return Retention{Mode: c.Mode, Until: now.AddDate(c.Years, 0, c.Days)}
}
