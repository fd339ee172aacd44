package kvtest

import (
	"context"
	"errors"
	"testing"

	"github.com/keyhaven/keyhaven/internal/kv"
)

// Open opens the store in dir, or fails the test. It must not register a
// cleanup that closes the store: the suite closes what it opens.
type Open func(t *testing.T, dir string) kv.Store

// Option changes what the suite expects of an engine.
type Option func(*suite)

// Volatile is for engines that forget everything when they are closed.
func Volatile(s *suite) { s.volatile = true }

type suite struct {
	open     Open
	volatile bool
}

// Run runs the suite. Each test opens its own store in an empty directory.
func Run(t *testing.T, open func(t *testing.T, dir string) kv.Store, opts ...Option) {
	s := &suite{open: open}
	for _, opt := range opts {
		opt(s)
	}
	tests := []struct {
		name string
		run  func(*testing.T, kv.Store)
	}{
		{"K1_Order", testOrder},
		{"K1_Limits", testLimits},
		{"K1_ScanSpans", testScanSpans},
		{"K1_ScanSeek", testScanSeek},
		{"K1_IteratorAtNoKey", testIteratorAtNoKey},
		{"K2_ViewIsASnapshot", testViewIsASnapshot},
		{"K2_ViewsSeeConsistentSums", testViewsSeeConsistentSums},
		{"K2_UpdatesAreSeenOnceAcknowledged", testRealTime},
		{"K2_WriteSkew", testWriteSkew},
		{"K2_ScanConflictsWithInsert", testScanConflicts},
		{"K2_ScanConflictsWhereItStopped", testScanStopConflicts},
		{"K2_ScanDoesNotConflictOutside", testScanNoConflict},
		{"K2_MissingKeyConflicts", testMissingKeyConflicts},
		{"R9_NoLostUpdate", testNoLostUpdate},
		{"R9_OneCreatorWins", testOneCreatorWins},
		{"K3_RerunForgetsEarlierRun", testRerun},
		{"K3_ErrorLeavesNothing", testErrorLeavesNothing},
		{"K3_PanicLeavesNothing", testPanicLeavesNothing},
		{"K4_CanceledBefore", testCanceledBefore},
		{"K4_CanceledInside", testCanceledInside},
		{"K4_CancellationDoesNotLie", testCancellationDoesNotLie},
		{"K5_AddCommutes", testAddCommutes},
		{"K5_AddIsExact", testAddIsExact},
		{"K5_AddMixes", testAddMixes},
		{"K5_AddRefusesOtherValues", testAddRefuses},
		{"K6_ReadsOwnWrites", testReadsOwnWrites},
		{"K6_ScansOwnWrites", testScansOwnWrites},
		{"K6_WritesWhileScanning", testWritesWhileScanning},
		{"K7_SlicesLastUntilTheEnd", testSlicesLast},
		{"K7_ArgumentsMayBeReused", testArgumentsReused},
		{"ManyWritesInOneUpdate", testManyWrites},
		{"Closed", testClosed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			store := s.open(t, t.TempDir())
			defer closeStore(t, store)
			test.run(t, store)
		})
	}
	t.Run("Model", s.testModel)
	if !s.volatile {
		t.Run("R5_Restart", s.testRestart)
	}
}

func closeStore(t *testing.T, store kv.Store) {
	t.Helper()
	if err := store.Close(); err != nil {
		t.Errorf("Close() = %v", err)
	}
}

// update runs fn, which must succeed.
func update(t *testing.T, store kv.Store, fn func(kv.Txn) error) {
	t.Helper()
	if err := store.Update(context.Background(), fn); err != nil {
		t.Fatalf("Update() = %v", err)
	}
}

// view runs fn, which must succeed.
func view(t *testing.T, store kv.Store, fn func(kv.Reader) error) {
	t.Helper()
	if err := store.View(context.Background(), fn); err != nil {
		t.Fatalf("View() = %v", err)
	}
}

// set writes pairs: key, value, key, value ...
func set(t *testing.T, store kv.Store, pairs ...string) {
	t.Helper()
	update(t, store, func(x kv.Txn) error {
		for i := 0; i < len(pairs); i += 2 {
			if err := x.Set([]byte(pairs[i]), []byte(pairs[i+1])); err != nil {
				return err
			}
		}
		return nil
	})
}

const missing = "(missing)"

// get returns the value of key as a string, or missing.
func get(r kv.Reader, key string) (string, error) {
	v, err := r.Get([]byte(key))
	if errors.Is(err, kv.ErrNotFound) {
		return missing, nil
	}
	return string(v), err
}

// want checks the value of a key in a View.
func want(t *testing.T, store kv.Store, key, value string) {
	t.Helper()
	view(t, store, func(r kv.Reader) error {
		got, err := get(r, key)
		if got != value {
			t.Errorf("Get(%q) = %q, want %q", key, got, value)
		}
		return err
	})
}

// counter returns the value of the counter at key.
func counter(r kv.Reader, key string) (int64, error) {
	v, err := r.Get([]byte(key))
	if errors.Is(err, kv.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return kv.DecodeCounter(v)
}

func wantCounter(t *testing.T, store kv.Store, key string, n int64) {
	t.Helper()
	view(t, store, func(r kv.Reader) error {
		got, err := counter(r, key)
		if got != n {
			t.Errorf("counter %q = %d, want %d", key, got, n)
		}
		return err
	})
}

// pairs walks the span from its beginning and returns "key=value" strings.
func pairs(r kv.Reader, span kv.Span) ([]string, error) {
	it := r.Scan(span)
	got, err := rest(it)
	return got, errors.Join(err, it.Close())
}

// rest returns the pairs after the current one.
func rest(it kv.Iterator) ([]string, error) {
	var got []string
	for it.Next() {
		v, err := it.Value()
		if err != nil {
			return got, err
		}
		got = append(got, string(it.Key())+"="+string(v))
	}
	return got, nil
}
