package usage

import (
	"context"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// MaxDatapoints is the most that one question may be answered with, as in
// CloudWatch.
const MaxDatapoints = 1440

// Query asks for the points of a metric.
type Query struct {
	Bucket    *keyhaven.Bucket
	AccessKey string // empty for all
	Metric    keyhaven.Metric
	From, To  time.Time
	Period    time.Duration // a multiple of a minute
}

// Datapoint is what was measured in one period.
type Datapoint struct {
	Time                  time.Time // when the period begins
	SampleCount           float64
	Sum, Minimum, Maximum float64
}

// Average is the mean of the samples.
func (d Datapoint) Average() float64 { return d.Sum / d.SampleCount }

// Data returns the points whose time is in [From, To), in order of time, one for
// each period that has samples. What is in the bucket now is the point of the
// step that has not ended yet. Errors: Invalid metric query.
func (s *Service) Data(ctx context.Context, q Query) (out []Datapoint, err error) {
	switch {
	case !q.From.Before(q.To):
		return nil, invalidQuery("The start time must be before the end time.")
	case q.Period < time.Minute || q.Period > 24*time.Hour || q.Period%time.Minute != 0:
		return nil, invalidQuery("The period must be 60 to 86400 seconds, and a multiple of 60.")
	case q.To.Sub(q.From)/q.Period > MaxDatapoints:
		return nil, invalidQuery("You have requested more datapoints than the limit of 1440. Shorten the time or lengthen the period.")
	}
	var last time.Time
	add := func(at time.Time, p meta.Point) {
		begins := at.Truncate(q.Period)
		if n := len(out); n == 0 || out[n-1].Time != begins {
			out = append(out, Datapoint{Time: begins, Minimum: float64(p.Min), Maximum: float64(p.Max)})
		}
		d := &out[len(out)-1]
		d.SampleCount += float64(p.N)
		d.Sum += float64(p.Sum)
		d.Minimum, d.Maximum = min(d.Minimum, float64(p.Min)), max(d.Maximum, float64(p.Max))
		last = at
	}
	err = s.meta.View(ctx, func(r *meta.Reader) error {
		out = nil
		return read(r, q, time.Now(), &last, add)
	})
	for i := range out {
		d, scale := &out[i], q.Metric.Scale()
		d.Sum, d.Minimum, d.Maximum = d.Sum/scale, d.Minimum/scale, d.Maximum/scale
	}
	return out, err
}

// read reads the points of hours where those of minutes are gone, then those,
// then what is in the bucket now.
func read(r *meta.Reader, q Query, now time.Time, last *time.Time, add func(time.Time, meta.Point)) error {
	from := latest(q.From, now.Add(-meta.Hourly.Keep()))
	fine := now.Add(-meta.FiveMinutes.Keep()).Truncate(time.Hour).Add(time.Hour)
	s := meta.Series{Bucket: q.Bucket.ID, AccessKey: q.AccessKey}
	if coarse := earliest(q.To, fine); from.Before(coarse) {
		if err := r.Hours(s, q.Metric, from, coarse, func(p meta.Point) { add(meta.Hourly.Time(p.Slot), p) }); err != nil {
			return err
		}
		from = coarse
	}
	if err := r.Points(s, q.Metric, from, q.To, func(p meta.Point) { add(meta.FiveMinutes.Time(p.Slot), p) }); err != nil {
		return err
	}
	slot := now.UTC().Truncate(step)
	if q.AccessKey != "" || slot.Before(q.From) || !slot.Before(q.To) || !last.Before(slot) {
		return nil
	}
	u, err := r.Usage(q.Bucket.ID)
	if err != nil {
		return err
	}
	if p, ok := Gauges(u)[q.Metric]; ok {
		add(slot, p)
	}
	return nil
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func invalidQuery(msg string) error { return &keyhaven.Error{Kind: keyhaven.Invalid, Msg: msg} }
