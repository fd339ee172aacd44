package audit

import (
	"sync"
	"time"
)

// UnprovenPerMinute bounds the records that those who prove nothing can make, at each
// door that makes some: anybody could fill the log.
const UnprovenPerMinute = 60

// Budget bounds how many records are made in a minute. The next one that is made
// tells how many were left out.
type Budget struct {
	most int

	mu     sync.Mutex
	minute time.Time
	counts map[string]*budgetCount
}

type budgetCount struct{ taken, skipped int }

// NewBudget returns a budget of so many records a minute for each key.
func NewBudget(most int) *Budget { return &Budget{most: most, counts: map[string]*budgetCount{}} }

// Take reports whether one more may be made, and how many of the key were not since
// the last one that was.
func (b *Budget) Take(now time.Time, key string) (skipped int, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if m := now.Truncate(time.Minute); !m.Equal(b.minute) {
		b.minute = m
		for k, c := range b.counts {
			if c.taken = 0; c.skipped == 0 {
				delete(b.counts, k)
			}
		}
	}
	c := b.counts[key]
	if c == nil {
		c = &budgetCount{}
		b.counts[key] = c
	}
	if c.taken >= b.most {
		c.skipped++
		return 0, false
	}
	c.taken++
	skipped, c.skipped = c.skipped, 0
	return skipped, true
}
