package check

import (
	"context"
	"time"
)

// yieldFactor is how much longer than a step took the scrub waits while the
// server is answering requests. It does not wait until there are none: a client
// that never ends must not stop it.
const yieldFactor = 4

// pacer spreads reading over time. A nil pacer does not wait.
type pacer struct {
	rate int64       // bytes a second; 0 for no bound
	busy func() bool // the server is answering requests; may be nil
	step time.Time   // when the present step began
	due  time.Time   // when what has been read should have been read
}

// took is called after n bytes were read.
func (p *pacer) took(ctx context.Context, n int64) error {
	if p == nil {
		return ctx.Err()
	}
	now := time.Now()
	if p.step.IsZero() {
		p.step, p.due = now, now
	}
	var wait time.Duration
	if p.busy != nil && p.busy() {
		wait = yieldFactor * now.Sub(p.step)
	}
	if p.rate > 0 {
		// What was not used in the past is not made up for.
		if p.due.Before(p.step) {
			p.due = p.step
		}
		p.due = p.due.Add(time.Duration(float64(n) / float64(p.rate) * float64(time.Second)))
		wait = max(wait, p.due.Sub(now))
	}
	err := sleep(ctx, wait)
	p.step = time.Now()
	return err
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
