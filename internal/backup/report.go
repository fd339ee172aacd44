package backup

import (
	"sync"
	"time"
)

// Progress says how far a backup or a restore is.
type Progress struct {
	Step  string `json:"step"`  // what it does: "metadata", "small objects", "blobs", …
	Items int64  `json:"items"` // done in this step
	Bytes int64  `json:"bytes"` // copied in this step
	Done  bool   `json:"done"`  // this step is over
	Note  string `json:"note"`  // something that the operator should read
}

const reportEvery = time.Second

// reporter counts what is done and passes it on now and then.
type reporter struct {
	mu   sync.Mutex
	to   func(Progress)
	at   Progress
	last time.Time
}

func newReporter(to func(Progress)) *reporter {
	if to == nil {
		to = func(Progress) {}
	}
	return &reporter{to: to}
}

// step ends the step before and begins another; "" only ends.
func (r *reporter) step(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at.Step != "" {
		r.at.Done = true
		r.to(r.at)
	}
	r.at = Progress{Step: name}
	r.last = time.Now()
}

func (r *reporter) add(items, bytes int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at.Items += items
	r.at.Bytes += bytes
	if now := time.Now(); now.Sub(r.last) >= reportEvery {
		r.last = now
		r.to(r.at)
	}
}

func (r *reporter) note(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.to(Progress{Step: r.at.Step, Note: text})
}
