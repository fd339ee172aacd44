package keyhaven

import (
	"testing"
	"time"
)

// TestALM05_MissingData is the table of spec/bucket-semantics.md §11.
func TestALM05_MissingData(t *testing.T) {
	const keep = AlarmState("")
	for _, row := range []struct {
		points string
		m      int
		want   [4]AlarmState // notBreaching, breaching, ignore, missing
	}{
		{"o-x-x", 3, [4]AlarmState{AlarmOK, AlarmOK, AlarmOK, AlarmOK}},
		{"o----", 3, [4]AlarmState{AlarmOK, AlarmOK, AlarmOK, AlarmOK}},
		{"-----", 3, [4]AlarmState{AlarmOK, AlarmAlarm, keep, AlarmInsufficientData}},
		{"oxx-x", 3, [4]AlarmState{AlarmAlarm, AlarmAlarm, AlarmAlarm, AlarmAlarm}},
		{"--x--", 3, [4]AlarmState{AlarmOK, AlarmAlarm, keep, AlarmAlarm}},
		{"o-x-x", 2, [4]AlarmState{AlarmAlarm, AlarmAlarm, AlarmAlarm, AlarmAlarm}},
		{"ooxox", 2, [4]AlarmState{AlarmAlarm, AlarmAlarm, AlarmAlarm, AlarmAlarm}},
		{"o-x--", 2, [4]AlarmState{AlarmOK, AlarmAlarm, AlarmOK, AlarmOK}},
		{"----o", 2, [4]AlarmState{AlarmOK, AlarmAlarm, AlarmOK, AlarmOK}},
		{"--x--", 2, [4]AlarmState{AlarmOK, AlarmAlarm, keep, AlarmAlarm}},
	} {
		for i, missing := range []MissingData{MissingNotBreaching, MissingBreaching, MissingIgnore, MissingMissing} {
			a := Alarm{Comparison: GreaterThan, Threshold: 10, Periods: 3, Datapoints: row.m, Missing: missing}
			var points []*float64
			for _, c := range row.points {
				switch c {
				case 'o':
					points = append(points, new(10.0))
				case 'x':
					points = append(points, new(11.0))
				default:
					points = append(points, nil)
				}
			}
			if got := a.Evaluate(points); got != row.want[i] {
				t.Errorf("%s, %d of 3, %s = %q, want %q", row.points, row.m, missing, got, row.want[i])
			}
		}
	}
}

func TestComparisons(t *testing.T) {
	for c, want := range map[Comparison][3]bool{
		GreaterThanOrEqual: {false, true, true}, GreaterThan: {false, false, true},
		LessThan: {true, false, false}, LessThanOrEqual: {true, true, false}, "": {},
	} {
		for i, v := range []float64{9, 10, 11} {
			if got := c.Breaches(v, 10); got != want[i] {
				t.Errorf("%v %s 10 = %v", v, c, got)
			}
		}
	}
}

func TestContactStatus(t *testing.T) {
	now := time.Now()
	c := Contact{Expires: now.Add(time.Hour)}
	if c.Status(now) != ContactPending || c.Status(now.Add(time.Hour)) != ContactInvalid {
		t.Errorf("states = %s, %s", c.Status(now), c.Status(now.Add(time.Hour)))
	}
	if c.Verified = true; c.Status(now.Add(time.Hour)) != ContactValid {
		t.Errorf("verified = %s", c.Status(now))
	}
}
