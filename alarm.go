package keyhaven

import "time"

// AlarmState is the state of an alarm, in Lightsail's words.
type AlarmState string

// The states.
const (
	AlarmOK               AlarmState = "OK"
	AlarmAlarm            AlarmState = "ALARM"
	AlarmInsufficientData AlarmState = "INSUFFICIENT_DATA"
)

// MissingData says what stands for points that there are not.
type MissingData string

// The treatments.
const (
	MissingBreaching    MissingData = "breaching"
	MissingNotBreaching MissingData = "notBreaching"
	MissingIgnore       MissingData = "ignore"
	MissingMissing      MissingData = "missing"
)

// Comparison compares a point, on the left, with the threshold.
type Comparison string

// The comparisons.
const (
	GreaterThanOrEqual Comparison = "GreaterThanOrEqualToThreshold"
	GreaterThan        Comparison = "GreaterThanThreshold"
	LessThan           Comparison = "LessThanThreshold"
	LessThanOrEqual    Comparison = "LessThanOrEqualToThreshold"
)

// Breaches reports whether a value breaches the threshold.
func (c Comparison) Breaches(v, threshold float64) bool {
	switch c {
	case GreaterThanOrEqual:
		return v >= threshold
	case GreaterThan:
		return v > threshold
	case LessThan:
		return v < threshold
	case LessThanOrEqual:
		return v <= threshold
	}
	return false
}

// AlarmPeriod is how far apart the points of an alarm are.
const AlarmPeriod = 5 * time.Minute

// Limits of alarms.
const (
	MaxAlarmPeriods    = 288
	MaxAlarmsPerMetric = 2 // of one bucket
)

// Alarm watches a metric of a bucket (spec/bucket-semantics.md §11).
type Alarm struct {
	ID         BucketID `json:"id"`
	Account    AccountID
	Region     string
	Name       string
	CreatedAt  time.Time
	Bucket     BucketID
	BucketName string
	Metric     Metric
	Comparison Comparison
	Threshold  float64
	Periods    int // N: how many points are looked at
	Datapoints int // M: how many of them must breach
	Missing    MissingData
	Protocols  []ContactProtocol
	Triggers   []AlarmState
	Disabled   bool // notifies nobody
	Tags       []Tag

	State     AlarmState
	Since     time.Time  // when the state began
	Test      AlarmState // shown until TestUntil
	TestUntil time.Time
}

// ARN is the alarm's Lightsail ARN.
func (a *Alarm) ARN() string {
	return "arn:aws:lightsail:" + a.Region + ":" + string(a.Account) + ":Alarm/" + a.ID.UUID()
}

// Shown is the state that is shown now.
func (a *Alarm) Shown(now time.Time) AlarmState {
	if a.Test != "" && now.Before(a.TestUntil) {
		return a.Test
	}
	return a.State
}

// Evaluate returns the state that the points call for, the newest last, nil for
// one that is missing; "" keeps the state. There may be more points than Periods:
// then older ones stand in for missing ones.
func (a *Alarm) Evaluate(points []*float64) AlarmState {
	var real []bool // newest first: does it breach
	for i := len(points) - 1; i >= 0 && len(real) < a.Periods; i-- {
		if p := points[i]; p != nil {
			real = append(real, a.Comparison.Breaches(*p, a.Threshold))
		}
	}
	breaching := 0
	for _, b := range real {
		if b {
			breaching++
		}
	}
	missing := a.Periods - len(real)
	if a.Missing == MissingBreaching {
		breaching += missing
	}
	switch {
	case breaching >= a.Datapoints:
		return AlarmAlarm
	case missing == 0 || a.Missing == MissingBreaching || a.Missing == MissingNotBreaching:
		return AlarmOK
	case len(real) == 0 && a.Missing == MissingIgnore, breaching == len(real) && a.Missing == MissingIgnore:
		return ""
	case len(real) == 0:
		return AlarmInsufficientData
	case breaching == len(real): // all that there is breaches
		return AlarmAlarm
	}
	return AlarmOK
}

// ContactProtocol is a way to reach somebody.
type ContactProtocol string

// The protocols. Webhook is ours.
const (
	ContactEmail   ContactProtocol = "Email"
	ContactSMS     ContactProtocol = "SMS"
	ContactWebhook ContactProtocol = "Webhook"
)

// ContactStatus says whether a contact is reached.
type ContactStatus string

// The states of a contact.
const (
	ContactPending ContactStatus = "PendingVerification"
	ContactValid   ContactStatus = "Valid"
	ContactInvalid ContactStatus = "Invalid"
)

// Contact is where an account is told of its alarms in a region, one for each
// protocol.
type Contact struct {
	ID        BucketID `json:"id"`
	Account   AccountID
	Region    string
	Protocol  ContactProtocol
	Endpoint  string // address, or URL of a webhook
	CreatedAt time.Time
	Verified  bool
	TokenHash []byte    // SHA-256 of the token in the link that verifies it
	Expires   time.Time // of that link
	Tags      []Tag
}

// Status is the state of the contact now.
func (c *Contact) Status(now time.Time) ContactStatus {
	switch {
	case c.Verified:
		return ContactValid
	case now.Before(c.Expires):
		return ContactPending
	}
	return ContactInvalid
}

// ARN is the contact's Lightsail ARN.
func (c *Contact) ARN() string {
	return "arn:aws:lightsail:" + c.Region + ":" + string(c.Account) + ":ContactMethod/" + c.ID.UUID()
}

// Tells reports whether contacts are told when the alarm comes into a state. Of
// a lack of data they are told only where missing data is treated as missing.
func (a *Alarm) Tells(state AlarmState) bool {
	if a.Disabled || state == AlarmInsufficientData && a.Missing != MissingMissing {
		return false
	}
	for _, t := range a.Triggers {
		if t == state {
			return true
		}
	}
	return false
}
