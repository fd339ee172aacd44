package check

import (
	"context"
	"fmt"
	"slices"

	"github.com/keyhaven/keyhaven/internal/meta"
)

const (
	maxFixes = 100_000 // of one Run; more need another
	fixBatch = 500     // in one transaction
)

type fixes struct {
	list    []func(*meta.Txn) error
	skipped int
}

// repairable reports a finding that can be repaired and notes how.
func (c *checker) repairable(s subject, problem string, fix func(*meta.Txn) error) error {
	f := s.finding(problem, adviceRepair)
	f.Repairable = true
	if c.opts.Repair {
		f.Advice = "it is repaired"
		if len(c.fixes.list) == maxFixes {
			f.Advice = "run the repair again"
			c.fixes.skipped++
		} else {
			c.fixes.list = append(c.fixes.list, fix)
		}
	}
	return c.report(f)
}

// repair does what was noted.
func (c *checker) repair(ctx context.Context) error {
	for batch := range slices.Chunk(c.fixes.list, fixBatch) {
		err := c.meta.Update(ctx, func(tx *meta.Txn) error {
			for _, fix := range batch {
				if err := fix(tx); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("check: repair: %w", err)
		}
		c.sum.Repaired += int64(len(batch))
	}
	return nil
}
