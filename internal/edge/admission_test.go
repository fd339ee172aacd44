package edge

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// held admits requests of one cost and remembers them.
type held struct {
	t        *testing.T
	a        *admission
	releases []func()
	refused  atomic.Int64
	mu       sync.Mutex
}

// ask asks for room in the background.
func (h *held) ask(name string, cost int64) {
	go func() {
		release := h.a.admit(context.Background(), name, cost)
		if release == nil {
			h.refused.Add(1)
			return
		}
		h.mu.Lock()
		h.releases = append(h.releases, release)
		h.mu.Unlock()
	}()
	synctest.Wait()
}

func (h *held) running() int {
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.releases)
}

func (h *held) end(n int) {
	h.mu.Lock()
	ended := h.releases[:n]
	h.releases = h.releases[n:]
	h.mu.Unlock()
	for _, release := range ended {
		release()
	}
	synctest.Wait()
}

// TestR17_AdmissionIsFair: one client gets three quarters when it is alone, so
// that another one finds room at once; what is beyond waits, in turn.
func TestR17_AdmissionIsFair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		greedy := &held{t: t, a: newAdmission(100)}
		for range 20 {
			greedy.ask("greedy", 10)
		}
		if n := greedy.running(); n != 7 {
			t.Errorf("%d requests of a client that is alone run, want 7 of 10", n)
		}
		other := &held{t: t, a: greedy.a}
		for range 8 {
			other.ask("other", 10)
		}
		if n := other.running(); n != 3 {
			t.Errorf("%d requests of the other client run, want the 3 that there is room for", n)
		}
		greedy.end(4)
		if g, o := greedy.running(), other.running(); g != 3+2 || o != 5 {
			t.Errorf("%d and %d requests run, want half each", g, o)
		}
		greedy.end(5)
		other.end(5)
		if g, o := greedy.running(), other.running(); g != 5 || o != 3 {
			t.Errorf("%d and %d requests run at the end, want 5 and 3", g, o)
		}
		time.Sleep(admissionWait + 1) // the rest waited too long
		synctest.Wait()
		if n := greedy.refused.Load(); n != 6 {
			t.Errorf("%d requests were refused after %v, want 6", n, admissionWait)
		}
		greedy.end(greedy.running())
		other.end(other.running())
		checkIdle(t, greedy.a)
	})
}

func checkIdle(t *testing.T, a *admission) {
	t.Helper()
	if a.used != 0 || a.waiting != 0 || len(a.clients) != 0 || len(a.turn) != 0 {
		t.Errorf("of an idle admission %d bytes are used, %d wait, %d clients are known, %d in turn", a.used, a.waiting, len(a.clients), len(a.turn))
	}
}

// TestR17_QueueIsBounded: who fills the queue loses places to others, and is
// refused at once.
func TestR17_QueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		greedy := &held{t: t, a: newAdmission(100)}
		for range 7 + maxWaiting + 50 {
			greedy.ask("greedy", 10)
		}
		if n := greedy.refused.Load(); n != 50 {
			t.Errorf("%d requests found no place, want 50", n)
		}
		other := &held{t: t, a: greedy.a}
		for range 3 + 20 {
			other.ask("other", 10)
		}
		if n := greedy.refused.Load(); other.refused.Load() != 0 || n != 50+20 {
			t.Errorf("%d requests of the other client were refused, and %d of who fills the queue, want 0 and 70", other.refused.Load(), n)
		}
		time.Sleep(admissionWait + 1)
		greedy.end(greedy.running())
		other.end(other.running())
		checkIdle(t, greedy.a)
	})
}

// TestR17_AdmissionAtRandom: whatever comes and goes, the bound holds, nobody is
// forgotten, and nothing is left.
func TestR17_AdmissionAtRandom(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			const most = 1 << 20
			a := newAdmission(most)
			var used atomic.Int64
			var answers sync.WaitGroup
			rnd := rand.New(rand.NewPCG(seed, 1))
			for i := range 400 {
				name, cost := fmt.Sprint("client ", rnd.IntN(5)), rnd.Int64N(most)
				work, patience := time.Duration(rnd.IntN(100))*time.Millisecond, time.Duration(rnd.IntN(20_000))*time.Millisecond
				answers.Go(func() {
					time.Sleep(time.Duration(i) * 10 * time.Millisecond)
					ctx, cancel := context.WithTimeout(t.Context(), patience)
					defer cancel()
					release := a.admit(ctx, name, cost)
					if release == nil {
						return
					}
					if n := used.Add(min(cost, most/2)); n > most {
						t.Errorf("%d of %d bytes are used", n, most)
					}
					time.Sleep(work)
					used.Add(-min(cost, most/2))
					release()
				})
			}
			answers.Wait()
			checkIdle(t, a)
		})
	}
}

// TestR17_RefusalsByProtocol: what finds no room is told so in the form of its
// API, and by when to come back.
func TestR17_RefusalsByProtocol(t *testing.T) {
	const scope = "AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/%s/aws4_request, SignedHeaders=host, Signature=0"
	tests := []struct {
		name, method, service, target string
		status                        int
		contentType, code             string
	}{
		{"S3", "GET", "s3", "", 503, "application/xml", "<Code>SlowDown</Code>"},
		{"unsigned", "GET", "", "", 503, "application/xml", "<Code>SlowDown</Code>"},
		{"HEAD", "HEAD", "s3", "", 503, "application/xml", ""},
		{"Lightsail", "POST", "lightsail", "Lightsail_20161128.GetBuckets", 429, "application/x-amz-json-1.1", `"__type":"ThrottlingException"`},
		{"IAM", "POST", "iam", "", 429, "text/xml", "<Code>Throttling</Code>"},
	}
	for _, test := range tests {
		e := New(Options{S3: http.NotFoundHandler(), RequestMemory: 1 << 20, Log: slog.New(slog.DiscardHandler)})
		e.room.used = e.room.most // somebody takes everything
		r := httptest.NewRequest(test.method, "http://host/", strings.NewReader(""))
		if test.service != "" {
			r.Header.Set("Authorization", fmt.Sprintf(scope, test.service))
		}
		if test.target != "" {
			r.Header.Set("X-Amz-Target", test.target)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // it does not wait
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r.WithContext(ctx))
		if w.Code != test.status || w.Header().Get("Content-Type") != test.contentType || !strings.Contains(w.Body.String(), test.code) {
			t.Errorf("%s: %d %s %s, want %d %s with %s", test.name, w.Code, w.Header().Get("Content-Type"), w.Body, test.status, test.contentType, test.code)
		}
		if w.Header().Get("Retry-After") == "" || test.code == "" && w.Body.Len() > 0 {
			t.Errorf("%s: headers %v and %d bytes", test.name, w.Header(), w.Body.Len())
		}
	}
}

func BenchmarkAdmission(b *testing.B) {
	a := newAdmission(DefaultRequestMemory)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			a.admit(context.Background(), "127.0.0.1 AKIA", requestCost)()
		}
	})
}
