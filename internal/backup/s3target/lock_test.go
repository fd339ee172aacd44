package s3target_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/keyhaven/keyhaven/internal/backup"
)

// ahead lets the server's clock be d ahead.
func (s *server) ahead(d time.Duration) {
	s.setIntercept(func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Date", time.Now().Add(d).UTC().Format(http.TimeFormat))
		return false
	})
}

func TestStaleLock(t *testing.T) {
	s := newServer(t)
	first, err := s.open(t, "x").Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.ahead(4 * time.Minute)
	if _, err := s.open(t, "x").Lock(t.Context()); !errors.Is(err, backup.ErrLocked) {
		t.Errorf("Lock four minutes after the last renewal = %v, want ErrLocked", err)
	}
	s.ahead(6 * time.Minute)
	second, err := s.open(t, "x").Lock(t.Context())
	if err != nil {
		t.Fatalf("Lock six minutes after the last renewal = %v", err)
	}
	if err := first.Check(t.Context()); !errors.Is(err, backup.ErrLost) {
		t.Errorf("Check of the lock that was taken over = %v, want ErrLost", err)
	}
	if err := first.Release(); !errors.Is(err, backup.ErrLost) {
		t.Errorf("Release of the lock that was taken over = %v, want ErrLost", err)
	}
	if err := second.Check(t.Context()); err != nil {
		t.Errorf("Check of the new lock = %v", err)
	}
	if err := second.Release(); err != nil {
		t.Errorf("Release of the new lock = %v", err)
	}
}

// TestLockAnswerLost loses the answer of the request that took the lock; the
// second try meets the first.
func TestLockAnswerLost(t *testing.T) {
	s := newServer(t)
	lost := false
	s.setIntercept(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPut || lost {
			return false
		}
		lost = true
		s.setIntercept(nil)
		s.forward(r)
		panic(http.ErrAbortHandler)
	})
	l, err := s.open(t, "x").Lock(t.Context())
	if err != nil {
		t.Fatalf("Lock = %v", err)
	}
	if !lost {
		t.Fatal("no answer was lost")
	}
	if err := l.Check(t.Context()); err != nil {
		t.Errorf("Check = %v", err)
	}
	if err := l.Release(); err != nil {
		t.Errorf("Release = %v", err)
	}
}
