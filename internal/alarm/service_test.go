package alarm_test

import (
	"context"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/alarm"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/meta"
)

const (
	account = keyhaven.AccountID("111122223333")
	region  = "us-east-2"
	address = "somebody@example.org"
	hook    = "https://hooks.example.org/x"
)

var photos = &keyhaven.Bucket{ID: keyhaven.BucketID{1}, Name: "photos", Account: account, Region: region, Versioning: keyhaven.NeverEnabled}

type rig struct {
	*alarm.Service
	t    *testing.T
	meta *meta.Store

	warned []alarm.Expiry // that the hook was told of
}

func newRig(t *testing.T) *rig {
	m := meta.New(memkv.NewRerunning())
	r := &rig{t: t, meta: m}
	r.Service = alarm.New(m, alarm.Options{
		Mail: true, Webhooks: true, URL: "http://localhost:9000",
		Warned: func(_ context.Context, x *alarm.Expiry) { r.warned = append(r.warned, *x) },
	})
	r.change(func(tx *meta.Txn) error { return tx.PutBucket(photos) })
	return r
}

func (r *rig) change(fn func(tx *meta.Txn) error) {
	r.t.Helper()
	if err := r.meta.Update(r.t.Context(), fn); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) put(a keyhaven.Alarm) {
	r.t.Helper()
	a.Account, a.Region, a.BucketName, a.Metric = account, region, "photos", keyhaven.MetricBucketSizeBytes
	if a.Name == "" {
		a.Name = "full"
	}
	a.Comparison, a.Threshold = keyhaven.GreaterThanOrEqual, 100
	if a.Periods == 0 {
		a.Periods, a.Datapoints = 1, 1
	}
	if a.Missing == "" {
		a.Missing = keyhaven.MissingMissing
	}
	if _, err := r.Put(r.t.Context(), a); err != nil {
		r.t.Fatal(err)
	}
}

// step stores a point of the step that ends in five minutes, and evaluates then.
func (r *rig) step(value int64) {
	r.t.Helper()
	series := meta.Series{Bucket: photos.ID}
	r.change(func(tx *meta.Txn) error {
		_, err := tx.AddPoints(series, meta.FiveMinutes.Slot(time.Now()), meta.Measured{
			keyhaven.MetricBucketSizeBytes: {N: 1, Sum: value, Min: value, Max: value},
		})
		return err
	})
	r.wait()
}

// wait lets a step pass, and evaluates.
func (r *rig) wait() {
	r.t.Helper()
	time.Sleep(5 * time.Minute)
	if err := r.Evaluate(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) state() keyhaven.AlarmState {
	r.t.Helper()
	alarms, err := r.List(r.t.Context(), account, region, "full", "")
	if err != nil {
		r.t.Fatal(err)
	}
	return alarms[0].Shown(time.Now())
}

// sent takes what is queued for an address.
func (r *rig) sent(to string) (bodies []string) {
	r.t.Helper()
	r.change(func(tx *meta.Txn) error {
		bodies = nil
		events, err := tx.Events("="+to, 100)
		for _, e := range events {
			bodies = append(bodies, string(e.Body))
			if err := tx.DeleteEvent(e); err != nil {
				return err
			}
		}
		return err
	})
	return bodies
}

var link = regexp.MustCompile(`http://localhost:9000/-/contacts/verify\?(\S+?)\\n`)

// verify opens the link of a mail.
func (r *rig) verify(body string) bool {
	r.t.Helper()
	m := link.FindStringSubmatch(body)
	if m == nil {
		r.t.Fatalf("no link in %s", body)
	}
	q, err := url.ParseQuery(strings.ReplaceAll(m[1], `\u0026`, "&"))
	if err != nil {
		r.t.Fatal(err)
	}
	ok, err := r.Verify(r.t.Context(), keyhaven.AccountID(q.Get("account")), q.Get("region"), q.Get("token"))
	if err != nil {
		r.t.Fatal(err)
	}
	return ok
}

func (r *rig) contact(p keyhaven.ContactProtocol, endpoint string) error {
	_, err := r.CreateContact(r.t.Context(), keyhaven.Contact{Account: account, Region: region, Protocol: p, Endpoint: endpoint})
	return err
}

func (r *rig) status() keyhaven.ContactStatus {
	r.t.Helper()
	contacts, err := r.Contacts(r.t.Context(), account, region, []keyhaven.ContactProtocol{keyhaven.ContactEmail})
	if err != nil {
		r.t.Fatal(err)
	}
	if len(contacts) == 0 {
		return ""
	}
	return contacts[0].Status(time.Now())
}

// TestALM06_TellsOfChanges by mail and webhook: once for each change, whatever
// restarts in between, and of those only that are asked for.
func TestALM06_TellsOfChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		if err := r.contact(keyhaven.ContactEmail, address); err != nil {
			t.Fatal(err)
		}
		r.verify(r.sent("mailto:" + address)[0])
		if err := r.contact(keyhaven.ContactWebhook, hook); err != nil {
			t.Fatal(err)
		}
		r.put(keyhaven.Alarm{
			Protocols: []keyhaven.ContactProtocol{keyhaven.ContactEmail, keyhaven.ContactWebhook},
			Triggers:  []keyhaven.AlarmState{keyhaven.AlarmAlarm, keyhaven.AlarmOK},
		})
		if got := r.state(); got != keyhaven.AlarmInsufficientData {
			t.Errorf("a new alarm is %s", got)
		}
		for _, try := range []struct {
			value int64
			state keyhaven.AlarmState
			told  bool
		}{{50, keyhaven.AlarmOK, true}, {100, keyhaven.AlarmAlarm, true}, {200, keyhaven.AlarmAlarm, false}, {99, keyhaven.AlarmOK, true}} {
			r.step(try.value)
			r.Service = alarm.New(r.meta, alarm.Options{Mail: true}) // a restart
			if err := r.Evaluate(t.Context()); err != nil {
				t.Fatal(err)
			}
			mails, calls := r.sent("mailto:"+address), r.sent(hook)
			if want := map[bool]int{true: 1}[try.told]; r.state() != try.state || len(mails) != want || len(calls) != want {
				t.Errorf("at %d: %s, mails %q, calls %q; want %s, told: %v", try.value, r.state(), mails, calls, try.state, try.told)
				continue
			}
			if !try.told {
				continue
			}
			var m map[string]any
			if err := json.Unmarshal([]byte(calls[0]), &m); err != nil {
				t.Fatal(err)
			}
			if m["alarmName"] != "full" || m["state"] != string(try.state) || m["bucketName"] != "photos" || m["threshold"] != 100.0 || !strings.Contains(mails[0], string(try.state)) {
				t.Errorf("told %v, %s", m, mails[0])
			}
		}
	})
}

func TestALM04_States(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.put(keyhaven.Alarm{Periods: 3, Datapoints: 2})
		for i, try := range []struct {
			value int64 // -1 for none
			want  keyhaven.AlarmState
		}{
			{-1, keyhaven.AlarmInsufficientData},
			{1, keyhaven.AlarmOK},
			{100, keyhaven.AlarmOK},
			{100, keyhaven.AlarmAlarm},
			{1, keyhaven.AlarmAlarm},
			{1, keyhaven.AlarmOK},
			{-1, keyhaven.AlarmOK},
			{-1, keyhaven.AlarmOK},
			{-1, keyhaven.AlarmOK},
			{-1, keyhaven.AlarmOK},
			{-1, keyhaven.AlarmInsufficientData},
		} {
			if try.value < 0 {
				r.wait()
			} else {
				r.step(try.value)
			}
			if got := r.state(); got != try.want {
				t.Errorf("step %d: %s, want %s", i, got, try.want)
			}
		}
	})
}

// TestWhatIsNotTold: nothing where notifications are off or not asked for, nothing
// to contacts that are not verified, nothing of a lack of data unless it is
// treated as missing.
func TestWhatIsNotTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		if err := r.contact(keyhaven.ContactEmail, address); err != nil {
			t.Fatal(err)
		}
		invitation := r.sent("mailto:" + address)[0]
		mail := []keyhaven.ContactProtocol{keyhaven.ContactEmail}
		all := []keyhaven.AlarmState{keyhaven.AlarmAlarm, keyhaven.AlarmOK, keyhaven.AlarmInsufficientData}
		r.put(keyhaven.Alarm{Protocols: mail, Triggers: all})
		r.step(100)
		if got := r.sent("mailto:" + address); len(got) != 0 {
			t.Errorf("sent to an address that is not verified: %q", got)
		}
		r.verify(invitation)
		r.put(keyhaven.Alarm{Protocols: mail, Triggers: all, Disabled: true})
		r.step(1)
		r.put(keyhaven.Alarm{Protocols: mail, Triggers: all[:1]})
		r.step(100)
		if got := r.sent("mailto:" + address); len(got) != 1 || !strings.Contains(got[0], "ALARM") {
			t.Errorf("sent %q, want one of the last alarm", got)
		}
		r.step(1)
		r.put(keyhaven.Alarm{Protocols: mail, Triggers: all, Missing: keyhaven.MissingIgnore})
		for range 5 {
			r.wait()
		}
		if got := r.sent("mailto:" + address); len(got) != 0 || r.state() != keyhaven.AlarmOK {
			t.Errorf("missing data that is ignored: %s, sent %q", r.state(), got)
		}
		r.put(keyhaven.Alarm{Protocols: mail, Triggers: all})
		r.wait()
		if got := r.sent("mailto:" + address); len(got) != 1 || r.state() != keyhaven.AlarmInsufficientData {
			t.Errorf("missing data: %s, sent %q", r.state(), got)
		}
	})
}

func TestALM07_Test(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		if err := r.contact(keyhaven.ContactWebhook, hook); err != nil {
			t.Fatal(err)
		}
		r.put(keyhaven.Alarm{Protocols: []keyhaven.ContactProtocol{keyhaven.ContactWebhook}, Triggers: []keyhaven.AlarmState{keyhaven.AlarmAlarm}})
		r.step(1)
		for _, state := range []keyhaven.AlarmState{keyhaven.AlarmAlarm, keyhaven.AlarmOK} {
			if _, err := r.Test(t.Context(), account, region, "full", state); err != nil {
				t.Fatal(err)
			}
			if r.state() != state {
				t.Errorf("tested state = %s", r.state())
			}
		}
		if got := r.sent(hook); len(got) != 1 || !strings.Contains(got[0], `"test":true`) {
			t.Errorf("sent %q", got)
		}
		if _, err := r.Test(t.Context(), account, region, "full", keyhaven.AlarmAlarm); err != nil {
			t.Fatal(err)
		}
		time.Sleep(11 * time.Second)
		if r.state() != keyhaven.AlarmOK {
			t.Errorf("after some seconds = %s", r.state())
		}
	})
}

// TestDeletedBucket: its alarms go with it, also if another takes its name.
func TestDeletedBucket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.put(keyhaven.Alarm{})
		again := *photos
		again.ID = keyhaven.BucketID{2}
		r.change(func(tx *meta.Txn) error { return tx.PutBucket(&again) })
		r.wait()
		if alarms, err := r.List(t.Context(), account, region, "", ""); err != nil || len(alarms) != 0 {
			t.Errorf("alarms = %+v, %v", alarms, err)
		}
	})
}

// TestRun evaluates by the clock.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.put(keyhaven.Alarm{Missing: keyhaven.MissingBreaching})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { r.Run(ctx); close(done) }()
		time.Sleep(6 * time.Minute)
		synctest.Wait()
		if r.state() != keyhaven.AlarmAlarm {
			t.Errorf("state = %s", r.state())
		}
		cancel()
		<-done
	})
}

func TestNOT01_VerifyWithin24Hours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		if err := r.contact(keyhaven.ContactEmail, address); err != nil {
			t.Fatal(err)
		}
		invitation := r.sent("mailto:" + address)[0]
		if r.status() != keyhaven.ContactPending {
			t.Errorf("a new contact is %s", r.status())
		}
		if ok, err := r.Verify(t.Context(), account, region, "guess"); ok || err != nil {
			t.Errorf("a guess: %v, %v", ok, err)
		}
		time.Sleep(24 * time.Hour)
		if r.status() != keyhaven.ContactInvalid || r.verify(invitation) {
			t.Errorf("after a day the contact is %s", r.status())
		}
		if err := r.contact(keyhaven.ContactEmail, address); err != nil {
			t.Fatal(err)
		}
		invitation = r.sent("mailto:" + address)[0]
		time.Sleep(24*time.Hour - time.Second)
		if !r.verify(invitation) || r.status() != keyhaven.ContactValid || r.verify(invitation) {
			t.Errorf("a good link: %s", r.status())
		}
	})
}

func TestNOT02_Resend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		if _, err := r.Invite(t.Context(), account, region); !keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounContact) {
			t.Errorf("no contact: %v", err)
		}
		if err := r.contact(keyhaven.ContactEmail, address); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Invite(t.Context(), account, region); err != nil {
			t.Fatal(err)
		}
		mails := r.sent("mailto:" + address)
		if len(mails) != 2 || r.verify(mails[0]) || !r.verify(mails[1]) {
			t.Errorf("of %d mails the last must count alone", len(mails))
		}
		if _, err := r.Invite(t.Context(), account, region); !keyhaven.Is(err, keyhaven.Invalid, keyhaven.NounContact) {
			t.Errorf("verified already: %v", err)
		}
	})
}

func TestNOT04_OneOfEach(t *testing.T) {
	r := newRig(t)
	for _, endpoint := range []string{address, "other@example.org"} {
		if err := r.contact(keyhaven.ContactEmail, endpoint); err != nil {
			t.Fatal(err)
		}
	}
	contacts, err := r.Contacts(t.Context(), account, region, nil)
	if err != nil || len(contacts) != 1 || contacts[0].Endpoint != "other@example.org" {
		t.Errorf("contacts = %+v, %v", contacts, err)
	}
	for endpoint, p := range map[string]keyhaven.ContactProtocol{
		"no address": keyhaven.ContactEmail, "A <a@b.example>": keyhaven.ContactEmail, "a@b\r\nBcc: c@d": keyhaven.ContactEmail,
		"+15555550123": keyhaven.ContactSMS, "ftp://a": keyhaven.ContactWebhook, "http://u:p@a": keyhaven.ContactWebhook, "x": "Pigeon",
	} {
		if err := r.contact(p, endpoint); !keyhaven.Is(err, keyhaven.Invalid, keyhaven.NounContact) {
			t.Errorf("%s %q: %v", p, endpoint, err)
		}
	}
	deaf := alarm.New(r.meta, alarm.Options{})
	for endpoint, p := range map[string]keyhaven.ContactProtocol{address: keyhaven.ContactEmail, hook: keyhaven.ContactWebhook} {
		_, err := deaf.CreateContact(t.Context(), keyhaven.Contact{Account: account, Region: region, Protocol: p, Endpoint: endpoint})
		if !keyhaven.Is(err, keyhaven.Invalid, keyhaven.NounContact) {
			t.Errorf("%s without what it needs: %v", p, err)
		}
	}
}
