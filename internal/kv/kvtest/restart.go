package kvtest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyhaven/keyhaven/internal/kv"
)

// testRestart closes and opens a store many times and compares its whole
// inventory with what was written.
func (s *suite) testRestart(t *testing.T) {
	dir := t.TempDir()
	inventory := func(store kv.Store) (got []string) {
		view(t, store, func(r kv.Reader) (err error) {
			got, err = pairs(r, kv.Prefix([]byte("key/")))
			return err
		})
		return got
	}
	var wanted []string
	const restarts = 8
	for i := range restarts {
		store := s.open(t, dir)
		if diff := cmp.Diff(wanted, inventory(store)); diff != "" {
			t.Fatalf("after restart %d (-want +got):\n%s", i, diff)
		}
		wantCounter(t, store, "n", int64(i))
		want(t, store, "gone", missing)
		key, value := fmt.Sprintf("key/%d", i), strings.Repeat(fmt.Sprint(i), 1+i*1000)
		update(t, store, func(x kv.Txn) error {
			return errors.Join(x.Set([]byte(key), []byte(value)), x.Add([]byte("n"), 1), x.Set([]byte("gone"), nil))
		})
		update(t, store, func(x kv.Txn) error { return x.Delete([]byte("gone")) })
		wanted = append(wanted, key+"="+value)
		closeStore(t, store)
	}
}
