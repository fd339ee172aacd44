package edge

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"
)

// DefaultRequestMemory is the memory that requests may take at the same time, in
// bytes, where Options does not say.
const DefaultRequestMemory = 96 << 20

// What a request is counted with, in bytes: what the connection, its goroutine
// and the record of the request take, and the buffers of its body. These are
// the sizes of the buffers of package object.
const (
	requestCost = 24 << 10
	answerCost  = 64 << 10  // bytes on the way to the client
	streamCost  = 400 << 10 // a body that goes to a blob
)

var bodyCosts = [...]int64{0, 16 << 10, 64 << 10, 128 << 10}

// cost returns what a request is counted with.
func cost(r *http.Request) int64 {
	switch r.Method {
	case http.MethodGet:
		return requestCost + answerCost
	case http.MethodPut, http.MethodPost:
		if r.ContentLength >= 0 {
			for _, n := range bodyCosts {
				if r.ContentLength <= n {
					return requestCost + n
				}
			}
		}
		return requestCost + streamCost
	}
	return requestCost
}

const (
	maxWaiting    = 1024             // requests
	admissionWait = 10 * time.Second // at most
)

// admission bounds the memory of the requests that run at the same time. The
// rest waits, for a while and in bounds; who waits longer or finds no place is
// refused, and should come back.
//
// It is fair among clients: one gets no more than half of all, three quarters
// when it is alone, and of those that wait each client's first comes before any
// client's second. A client is an address and the access key that the request names: this
// comes before the signature is verified.
type admission struct {
	most int64

	mu      sync.Mutex
	used    int64
	clients map[string]*client
	turn    []*client // clients with requests that wait, next first
	waiting int
}

type client struct {
	name    string
	used    int64
	waiting []*waiter
}

type waiter struct {
	cost    int64
	outcome chan bool // admitted or turned away; has room for one
}

func newAdmission(most int64) *admission {
	return &admission{most: most, clients: map[string]*client{}}
}

// clientName returns whom a request is counted for.
func clientName(r *http.Request) string {
	return ClientAddress(r) + " " + claimedKey(r)
}

// admit waits for the request's turn and returns what to call at its end, or nil
// when it is refused.
func (a *admission) admit(ctx context.Context, name string, cost int64) (release func()) {
	cost = min(cost, a.most/2) // or it would never be admitted
	a.mu.Lock()
	c := a.clients[name]
	if c == nil {
		c = &client{name: name}
		a.clients[name] = c
	}
	if a.waiting == 0 && a.used+cost <= a.most && !a.greedy(c, cost) {
		a.take(c, cost)
		a.mu.Unlock()
		return func() { a.release(c, cost) }
	}
	w := &waiter{cost: cost, outcome: make(chan bool, 1)}
	if !a.enqueue(c, w) {
		a.forget(c)
		a.mu.Unlock()
		return nil
	}
	a.grant() // others may wait for more than there is, this one not
	a.mu.Unlock()
	if !a.wait(ctx, c, w) {
		return nil
	}
	return func() { a.release(c, cost) }
}

// greedy reports whether the client would get more than its share.
func (a *admission) greedy(c *client, cost int64) bool {
	share := a.most / 2
	if len(a.clients) == 1 {
		share = a.most * 3 / 4
	}
	return c.used+cost > share
}

func (a *admission) take(c *client, cost int64) {
	a.used += cost
	c.used += cost
}

func (a *admission) release(c *client, cost int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.used -= cost
	c.used -= cost
	a.forget(c)
	a.grant()
}

func (a *admission) forget(c *client) {
	if c.used == 0 && len(c.waiting) == 0 {
		delete(a.clients, c.name)
	}
}

// enqueue lets w wait. When there is no place the client that has most requests
// waiting loses its last one.
func (a *admission) enqueue(c *client, w *waiter) bool {
	if a.waiting >= maxWaiting {
		longest := c
		for _, other := range a.turn {
			if len(other.waiting) > len(longest.waiting)+1 {
				longest = other
			}
		}
		if longest == c {
			return false
		}
		last := longest.waiting[len(longest.waiting)-1]
		a.dequeue(longest, last)
		last.outcome <- false
	}
	if len(c.waiting) == 0 {
		a.turn = append(a.turn, c)
	}
	c.waiting = append(c.waiting, w)
	a.waiting++
	return true
}

// dequeue removes w and reports whether it was still waiting.
func (a *admission) dequeue(c *client, w *waiter) bool {
	i := slices.Index(c.waiting, w)
	if i < 0 {
		return false
	}
	c.waiting = slices.Delete(c.waiting, i, i+1)
	a.waiting--
	if len(c.waiting) == 0 {
		j := slices.Index(a.turn, c)
		a.turn = slices.Delete(a.turn, j, j+1)
	}
	return true
}

// grant admits those whose turn it is. A client that has its share is passed
// over.
func (a *admission) grant() {
	for passed := 0; passed < len(a.turn); {
		c := a.turn[0]
		w := c.waiting[0]
		if a.greedy(c, w.cost) {
			a.turn = append(slices.Delete(a.turn, 0, 1), c)
			passed++
			continue
		}
		if a.used+w.cost > a.most {
			return // it is next: what is smaller does not overtake it
		}
		a.dequeue(c, w)
		if len(c.waiting) > 0 { // to the end of the turn
			a.turn = append(slices.Delete(a.turn, 0, 1), c)
		}
		a.take(c, w.cost)
		w.outcome <- true
		passed = 0
	}
}

// wait returns whether w was admitted.
func (a *admission) wait(ctx context.Context, c *client, w *waiter) bool {
	timer := time.NewTimer(admissionWait)
	defer timer.Stop()
	select {
	case ok := <-w.outcome:
		return ok
	case <-timer.C:
	case <-ctx.Done():
	}
	a.mu.Lock()
	if a.dequeue(c, w) {
		a.forget(c)
		a.grant()
		a.mu.Unlock()
		return false
	}
	a.mu.Unlock()
	return <-w.outcome
}
