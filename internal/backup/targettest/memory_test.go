package targettest_test

import (
	"testing"

	"github.com/keyhaven/keyhaven/internal/backup"
	"github.com/keyhaven/keyhaven/internal/backup/targettest"
)

func TestMemoryKeepsTheContract(t *testing.T) {
	targettest.Run(t, func(*testing.T) func() backup.Target {
		m := targettest.NewMemory()
		return func() backup.Target { return m }
	})
}

func TestFaultyKeepsTheContract(t *testing.T) {
	targettest.Run(t, func(*testing.T) func() backup.Target {
		f := targettest.NewFaulty(targettest.NewMemory(), func(targettest.Call) error { return nil })
		return func() backup.Target { return f }
	})
}
