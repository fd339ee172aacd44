package accesslog_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/accesslog"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// target keeps what is delivered, in order.
type target struct {
	keys  []string
	lines []string
	err   error
}

func (d *target) store(_ context.Context, _ keyhaven.AccountID, bucket, key string, lines []byte) error {
	if d.err != nil {
		return d.err
	}
	d.keys, d.lines = append(d.keys, bucket+"/"+key), append(d.lines, string(lines))
	return nil
}

func (d *target) all() string { return strings.Join(d.lines, "") }

var photos = &keyhaven.Bucket{Name: "photos", Account: "111122223333", Region: "us-east-2"}

func newService(m *meta.Store, d *target) *accesslog.Service {
	return accesslog.New(m, accesslog.Options{Store: d.store, Log: slog.New(slog.DiscardHandler)})
}

func deliver(t *testing.T, s *accesslog.Service) {
	t.Helper()
	if err := errors.Join(s.Flush(t.Context()), s.Deliver(t.Context())); err != nil {
		t.Fatal(err)
	}
}

// TestAtLeastOnce: what was flushed survives the process, and a delivery that
// fails is made again.
func TestAtLeastOnce(t *testing.T) {
	m, d := meta.New(memkv.NewRerunning()), &target{}
	to := &keyhaven.Logging{Target: "logs", Prefix: "p/"}
	first := newService(m, d)
	first.Note(photos, to, time.Now(), []byte("one"))
	first.Note(photos, to, time.Now(), []byte("two"))
	if err := first.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.err = errors.New("disk")
	second := newService(m, d)
	second.Note(photos, to, time.Now(), []byte("three"))
	if err := second.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := second.Deliver(t.Context()); !errors.Is(err, d.err) {
		t.Errorf("Deliver() = %v, want %v", err, d.err)
	}
	d.err = nil
	deliver(t, newService(m, d))
	if d.all() != "one\ntwo\nthree\n" || len(d.keys) != 1 || !strings.HasPrefix(d.keys[0], "logs/p/") {
		t.Errorf("delivered %q as %q", d.all(), d.keys)
	}
	deliver(t, second)
	if len(d.keys) != 1 {
		t.Errorf("delivered again: %q", d.keys)
	}
}

// TestFlushFails: lines stay in order until the store takes them.
func TestFlushFails(t *testing.T) {
	m, d := meta.New(memkv.New()), &target{}
	s := newService(m, d)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	to := &keyhaven.Logging{Target: "logs"}
	s.Note(photos, to, time.Now(), []byte("one"))
	if err := s.Flush(gone); err == nil {
		t.Fatal("a flush in an ended context succeeds")
	}
	s.Note(photos, to, time.Now(), []byte("two"))
	deliver(t, s)
	if d.all() != "one\ntwo\n" {
		t.Errorf("delivered %q", d.all())
	}
}

// TestTargetGone: nobody can ever get these records.
func TestTargetGone(t *testing.T) {
	d := &target{err: &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounBucket}}
	s := newService(meta.New(memkv.New()), d)
	s.Note(photos, &keyhaven.Logging{Target: "gone"}, time.Now(), []byte("one"))
	deliver(t, s)
	d.err = nil
	deliver(t, s)
	if len(d.keys) != 0 {
		t.Errorf("delivered %q", d.keys)
	}
}

// TestLarge: many lines become several objects, cut between lines.
func TestLarge(t *testing.T) {
	d := &target{}
	s := newService(meta.New(memkv.New()), d)
	line := bytes.Repeat([]byte("x"), 4<<10)
	for range 3 << 10 {
		s.Note(photos, &keyhaven.Logging{Target: "logs"}, time.Now(), line)
	}
	deliver(t, s)
	if len(d.keys) < 3 || len(d.all()) != 3<<10*(4<<10+1) {
		t.Errorf("%d objects of %d bytes", len(d.keys), len(d.all()))
	}
	for i, text := range d.lines {
		if !strings.HasSuffix(text, "\n") || len(text)%(4<<10+1) != 0 {
			t.Errorf("object %d is cut within a line", i)
		}
	}
}

func TestKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &target{}
		s := newService(meta.New(memkv.New()), d)
		yesterday := time.Now().Add(-24 * time.Hour)
		for _, l := range []keyhaven.Logging{
			{Target: "a", Prefix: "p-"}, {Target: "b", Prefix: "p/", Partitioned: true}, {Target: "c", Partitioned: true, EventTime: true},
		} {
			s.Note(photos, &l, yesterday, []byte("yesterday"))
			s.Note(photos, &l, time.Now(), []byte("today"))
		}
		time.Sleep(time.Hour + 2*time.Minute + 3*time.Second)
		deliver(t, s)
		for _, want := range []string{
			`a/p-2000-01-01-01-02-03-[0-9A-F]{16}`,
			`b/p/111122223333/us-east-2/photos/2000/01/01/2000-01-01-01-02-03-[0-9A-F]{16}`,
			`c/111122223333/us-east-2/photos/1999/12/31/1999-12-31-00-00-00-[0-9A-F]{16}`,
			`c/111122223333/us-east-2/photos/2000/01/01/2000-01-01-00-00-00-[0-9A-F]{16}`,
		} {
			found := 0
			for _, k := range d.keys {
				if regexp.MustCompile("^" + want + "$").MatchString(k) {
					found++
				}
			}
			if found != 1 {
				t.Errorf("%d keys match %s: %q", found, want, d.keys)
			}
		}
	})
}

// TestRun delivers by the clock, and keeps what is pending at the end.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, d := meta.New(memkv.New()), &target{}
		s := accesslog.New(m, accesslog.Options{Store: d.store, DeliverEvery: time.Minute})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { s.Run(ctx); close(done) }()
		to := &keyhaven.Logging{Target: "logs"}
		s.Note(photos, to, time.Now(), []byte("one"))
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if len(d.keys) != 0 {
			t.Errorf("delivered after half a minute: %q", d.keys)
		}
		time.Sleep(31 * time.Second)
		synctest.Wait()
		if d.all() != "one\n" {
			t.Errorf("delivered %q after a minute", d.all())
		}
		s.Note(photos, to, time.Now(), []byte("two"))
		cancel()
		<-done
		deliver(t, newService(m, d))
		if d.all() != "one\ntwo\n" {
			t.Errorf("delivered %q after a restart", d.all())
		}
	})
}
