package alarm

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// testLasts is how long a tested state is shown.
const testLasts = 10 * time.Second

// Options are the settings of the service.
type Options struct {
	Mail     bool   // mail can be sent
	Webhooks bool   // messages to webhooks can be signed
	URL      string // where the links in mails lead: the address of the API
	Log      *slog.Logger
	// Warned is called when a warning of a key that expires was given; nil for nobody.
	Warned func(context.Context, *Expiry)
}

// Service is the service of alarms and contacts.
type Service struct {
	meta *meta.Store
	opts Options
}

// New returns the service.
func New(m *meta.Store, opts Options) *Service {
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	return &Service{meta: m, opts: opts}
}

// Put makes an alarm, or replaces all but the state of one of the same name.
// Errors: NotFound bucket; LimitExceeded alarm.
func (s *Service) Put(ctx context.Context, a keyhaven.Alarm) (op keyhaven.Operation, err error) {
	err = s.meta.Update(ctx, func(tx *meta.Txn) error {
		b, err := tx.Bucket(a.BucketName)
		if err != nil {
			return err
		}
		if b.Account != a.Account || b.Region != a.Region {
			return &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounBucket, ID: a.BucketName}
		}
		a.Bucket = b.ID
		same := 0
		err = tx.Alarms(a.Account, a.Region, func(o *keyhaven.Alarm) bool {
			if o.Bucket == a.Bucket && o.Metric == a.Metric && o.Name != a.Name {
				same++
			}
			return true
		})
		if err != nil {
			return err
		}
		if same >= keyhaven.MaxAlarmsPerMetric {
			return &keyhaven.Error{Kind: keyhaven.LimitExceeded, Noun: keyhaven.NounAlarm, ID: a.Name}
		}
		old, err := tx.Alarm(a.Account, a.Region, a.Name)
		if err != nil {
			return err
		}
		now := time.Now().UTC()
		if old != nil {
			a.ID, a.CreatedAt, a.State, a.Since, a.Tags = old.ID, old.CreatedAt, old.State, old.Since, old.Tags
		} else {
			a.ID, a.CreatedAt, a.State, a.Since = newID(), now, keyhaven.AlarmInsufficientData, now
		}
		if err := tx.PutAlarm(&a); err != nil {
			return err
		}
		op, err = record(tx, a.Account, a.Region, a.Name, "Alarm", "PutAlarm")
		return err
	})
	return op, err
}

func newID() (id keyhaven.BucketID) {
	rand.Read(id[:]) // never fails
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id
}

// record writes the operation of a change.
func record(tx *meta.Txn, account keyhaven.AccountID, region, name, resource, typ string) (keyhaven.Operation, error) {
	op := keyhaven.Operation{
		Account: account, Region: region, ResourceName: name, ResourceType: resource, Type: typ, CreatedAt: time.Now().UTC(),
	}
	err := tx.PutOperation(&op)
	return op, err
}

// List returns the alarms of a region: the one of a name, or those of a bucket, or
// all. Errors: NotFound alarm.
func (s *Service) List(ctx context.Context, account keyhaven.AccountID, region, name, bucket string) (alarms []*keyhaven.Alarm, err error) {
	err = s.meta.View(ctx, func(r *meta.Reader) error {
		alarms = nil
		return r.Alarms(account, region, func(a *keyhaven.Alarm) bool {
			if (name == "" || a.Name == name) && (bucket == "" || a.BucketName == bucket) {
				alarms = append(alarms, a)
			}
			return true
		})
	})
	if err == nil && len(alarms) == 0 && name != "" {
		err = noAlarm(name)
	}
	return alarms, err
}

func noAlarm(name string) error {
	return &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounAlarm, ID: name}
}

// change runs fn over an alarm and records the operation.
func (s *Service) change(ctx context.Context, account keyhaven.AccountID, region, name, typ string, fn func(*meta.Txn, *keyhaven.Alarm) error) (op keyhaven.Operation, err error) {
	err = s.meta.Update(ctx, func(tx *meta.Txn) error {
		a, err := tx.Alarm(account, region, name)
		if err != nil {
			return err
		}
		if a == nil {
			return noAlarm(name)
		}
		if err := fn(tx, a); err != nil {
			return err
		}
		op, err = record(tx, account, region, name, "Alarm", typ)
		return err
	})
	return op, err
}

// Delete removes an alarm. Errors: NotFound alarm.
func (s *Service) Delete(ctx context.Context, account keyhaven.AccountID, region, name string) (keyhaven.Operation, error) {
	return s.change(ctx, account, region, name, "DeleteAlarm", func(tx *meta.Txn, a *keyhaven.Alarm) error { return tx.DeleteAlarm(a) })
}

// Test shows a state for some seconds and tells the contacts of it as if it were
// true. Errors: NotFound alarm.
func (s *Service) Test(ctx context.Context, account keyhaven.AccountID, region, name string, state keyhaven.AlarmState) (keyhaven.Operation, error) {
	return s.change(ctx, account, region, name, "TestAlarm", func(tx *meta.Txn, a *keyhaven.Alarm) error {
		a.Test, a.TestUntil = state, time.Now().UTC().Add(testLasts)
		if err := tell(tx, a, state, true); err != nil {
			return err
		}
		return tx.PutAlarm(a)
	})
}

// Run evaluates all alarms at every step of the clock until ctx ends, a little
// after the points of the step are stored.
func (s *Service) Run(ctx context.Context) {
	const after = 15 * time.Second
	for {
		now := time.Now()
		next := now.Add(-after).Truncate(keyhaven.AlarmPeriod).Add(keyhaven.AlarmPeriod + after)
		timer := time.NewTimer(next.Sub(now))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		if err := s.Evaluate(ctx); err != nil && ctx.Err() == nil {
			s.opts.Log.ErrorContext(ctx, "alarms", "err", err)
		}
	}
}

// Evaluate evaluates all alarms. One that fails does not hold up the others; the
// first failure comes back.
func (s *Service) Evaluate(ctx context.Context) (first error) {
	var alarms []*keyhaven.Alarm
	err := s.meta.View(ctx, func(r *meta.Reader) error {
		alarms = nil
		return r.AllAlarms(func(a *keyhaven.Alarm) bool { alarms = append(alarms, a); return true })
	})
	if err != nil {
		return err
	}
	for _, a := range alarms {
		if err := s.evaluate(ctx, a, time.Now()); err != nil && first == nil {
			first = fmt.Errorf("alarm %q: %w", a.Name, err)
		}
	}
	return first
}

// wider is how many points more than N are looked at, so that older ones can
// stand in for missing ones.
const wider = 2

func (s *Service) evaluate(ctx context.Context, a *keyhaven.Alarm, now time.Time) error {
	var state keyhaven.AlarmState
	gone := false
	err := s.meta.View(ctx, func(r *meta.Reader) error {
		b, err := r.Bucket(a.BucketName)
		if gone = keyhaven.KindOf(err) == keyhaven.NotFound || err == nil && b.ID != a.Bucket; gone {
			return nil
		}
		if err != nil {
			return err
		}
		points, err := points(r, a, now)
		state = a.Evaluate(points)
		return err
	})
	if err != nil || !gone && (state == "" || state == a.State) {
		return err
	}
	return s.meta.Update(ctx, func(tx *meta.Txn) error {
		current, err := tx.Alarm(a.Account, a.Region, a.Name)
		// Somebody has changed or removed it: it is looked at again next time.
		if err != nil || current == nil || current.ID != a.ID || current.State != a.State {
			return err
		}
		if gone {
			return tx.DeleteAlarm(current)
		}
		current.State, current.Since = state, now.UTC()
		if err := tell(tx, current, state, false); err != nil {
			return err
		}
		return tx.PutAlarm(current)
	})
}

// points are those of the steps that have ended, the newest last.
func points(r *meta.Reader, a *keyhaven.Alarm, now time.Time) ([]*float64, error) {
	n := a.Periods + wider
	to := now.Truncate(keyhaven.AlarmPeriod)
	from := to.Add(-time.Duration(n) * keyhaven.AlarmPeriod)
	out := make([]*float64, n)
	first := meta.FiveMinutes.Slot(from)
	err := r.Points(meta.Series{Bucket: a.Bucket}, a.Metric, from, to, func(p meta.Point) {
		v := float64(p.Sum)
		switch Statistic(a.Metric) {
		case "Maximum":
			v = float64(p.Max)
		case "Average":
			v /= float64(p.N)
		}
		out[p.Slot-first] = new(v / a.Metric.Scale())
	})
	return out, err
}

// Statistic is the one that an alarm on the metric looks at.
func Statistic(m keyhaven.Metric) string {
	switch m {
	case keyhaven.MetricBucketSizeBytes:
		return "Maximum"
	case keyhaven.MetricNumberOfObjects, keyhaven.MetricFirstByteLatency, keyhaven.MetricTotalRequestLatency:
		return "Average"
	}
	return "Sum"
}

// message is what a webhook is told of an alarm.
type message struct {
	Type      string              `json:"type"`
	Alarm     string              `json:"alarmName"`
	ARN       string              `json:"alarmArn"`
	Account   keyhaven.AccountID  `json:"account"`
	Region    string              `json:"region"`
	Bucket    string              `json:"bucketName"`
	Metric    string              `json:"metricName"`
	Condition keyhaven.Comparison `json:"comparisonOperator"`
	Threshold float64             `json:"threshold"`
	State     keyhaven.AlarmState `json:"state"`
	Test      bool                `json:"test"`
	Time      time.Time           `json:"timestamp"`
}

// tell queues the messages about a state for the contacts that the alarm names.
func tell(tx *meta.Txn, a *keyhaven.Alarm, state keyhaven.AlarmState, test bool) error {
	if !a.Tells(state) {
		return nil
	}
	at := time.Now().UTC()
	m := message{
		"alarm", a.Name, a.ARN(), a.Account, a.Region, a.BucketName, a.Metric.String(), a.Comparison, a.Threshold, state, test, at,
	}
	for _, p := range a.Protocols {
		c, err := tx.Contact(a.Account, a.Region, p)
		if err != nil {
			return err
		}
		if c == nil || c.Status(at) != keyhaven.ContactValid {
			continue
		}
		if err := send(tx, c, at, m); err != nil {
			return err
		}
	}
	return nil
}

func send(tx *meta.Txn, c *keyhaven.Contact, at time.Time, m message) error {
	if c.Protocol == keyhaven.ContactWebhook {
		body, err := json.Marshal(m)
		if err != nil {
			return err
		}
		return tx.PutEvent(&meta.Event{Webhook: "=" + c.Endpoint, At: at, Body: body})
	}
	subject := string(m.State) + `: "` + m.Alarm + `" of bucket ` + m.Bucket
	if m.Test {
		subject = "Test of " + subject
	}
	return putMail(tx, c.Endpoint, at, subject,
		"The alarm "+m.Alarm+" of the bucket "+m.Bucket+" in "+m.Region+" is in the state "+string(m.State)+".\n\n"+
			"It watches "+m.Metric+" "+string(m.Condition)+" "+strconv.FormatFloat(m.Threshold, 'f', -1, 64)+".\n"+
			"Time: "+at.Format(time.RFC1123)+"\n")
}

// Mail is a message to an address.
type Mail struct {
	To      string `json:"to"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
}

// putMail queues a mail; package notify sends it.
func putMail(tx *meta.Txn, to string, at time.Time, subject, text string) error {
	body, err := json.Marshal(Mail{to, subject, text})
	if err != nil {
		return err
	}
	return tx.PutEvent(&meta.Event{Webhook: "=mailto:" + to, At: at, Body: body})
}
