package notify_test

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/notify"
)

// receiver keeps what it is sent, and fails for addresses that are broken.
type receiver struct {
	mu     sync.Mutex
	got    []string
	ids    map[string]int
	tries  int
	broken map[string]bool
}

func (r *receiver) send(_ context.Context, address, id string, body []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tries++
	if r.broken[address] {
		return errors.New("no answer")
	}
	r.got = append(r.got, address+" "+string(body))
	r.ids[id]++
	return nil
}

func (r *receiver) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.got, "\n")
}

func newReceiver() *receiver { return &receiver{ids: map[string]int{}, broken: map[string]bool{}} }

func queue(t *testing.T, m *meta.Store, webhook, body string) {
	t.Helper()
	err := m.Update(t.Context(), func(tx *meta.Txn) error {
		return tx.PutEvent(&meta.Event{Webhook: webhook, At: time.Now(), Body: []byte(body)})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func newService(m *meta.Store, r *receiver) *notify.Service {
	return notify.New(m, notify.Options{
		Webhooks: map[string]string{"a": "http://a", "b": "http://b"}, Send: r.send, Log: slog.New(slog.DiscardHandler),
	})
}

// TestRetries: a webhook that does not answer gets its reports later, in order,
// and holds up no other; the pauses grow.
func TestRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, r := meta.New(memkv.NewRerunning()), newReceiver()
		r.broken["http://a"] = true
		for i := range 3 {
			queue(t, m, "a", "a"+strconv.Itoa(i))
			queue(t, m, "b", "b"+strconv.Itoa(i))
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { newService(m, r).Run(ctx); close(done) }()
		time.Sleep(time.Hour)
		if got := r.text(); got != "http://b b0\nhttp://b b1\nhttp://b b2" {
			t.Errorf("sent:\n%s", got)
		}
		// 1, 2, 4 … 256 s, then every five minutes: about 20 tries in an hour.
		if tries := r.tries - 3; tries < 15 || tries > 25 {
			t.Errorf("%d tries in an hour", tries)
		}
		r.mu.Lock()
		r.broken["http://a"] = false
		r.mu.Unlock()
		time.Sleep(6 * time.Minute)
		if got := r.text(); !strings.HasSuffix(got, "http://a a0\nhttp://a a1\nhttp://a a2") {
			t.Errorf("sent:\n%s", got)
		}
		cancel()
		<-done
		for id, n := range r.ids {
			if n != 1 {
				t.Errorf("%s was sent %d times", id, n)
			}
		}
	})
}

// TestRestart: reports outlive the process.
func TestRestart(t *testing.T) {
	m, r := meta.New(memkv.New()), newReceiver()
	r.broken["http://a"] = true
	queue(t, m, "a", "x")
	if err := newService(m, r).Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.broken["http://a"] = false
	s := newService(m, r)
	for range 2 {
		if err := s.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if r.text() != "http://a x" {
		t.Errorf("sent %q", r.text())
	}
}

// TestGivenUp: what nobody takes for a week is dropped, also when its webhook is
// no longer configured.
func TestGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, r := meta.New(memkv.New()), newReceiver()
		r.broken["http://a"] = true
		queue(t, m, "a", "x")
		queue(t, m, "removed", "y")
		s := newService(m, r)
		waiting := func() (n int) {
			err := m.View(t.Context(), func(r *meta.Reader) error {
				names, err := r.EventWebhooks()
				n = len(names)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		for _, step := range []struct {
			pause time.Duration
			want  int
		}{{0, 2}, {6 * 24 * time.Hour, 2}, {25 * time.Hour, 0}} {
			time.Sleep(step.pause)
			if err := s.Once(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := waiting(); n != step.want {
				t.Errorf("after %v more reports wait for %d webhooks, want %d", step.pause, n, step.want)
			}
		}
	})
}
