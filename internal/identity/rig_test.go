package identity_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/identity"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/seal"
)

const (
	account = keyhaven.AccountID("111122223333")
	other   = keyhaven.AccountID("444455556666")
)

// rig is the service over a store with two accounts, of which the installation
// began with the first.
type rig struct {
	*identity.Service
	t    testing.TB
	ctx  context.Context
	meta *meta.Store
	now  time.Time
}

func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{t: t, ctx: t.Context(), meta: meta.New(memkv.NewRerunning()), now: time.Date(2026, 11, 26, 1, 2, 3, 0, time.UTC)}
	ring, err := seal.LoadOrCreate(filepath.Join(t.TempDir(), "ring"))
	r.must("key ring", err)
	r.Service = identity.New(r.meta, ring, identity.Options{Now: func() time.Time { return r.now }})
	r.must("accounts", r.meta.Update(r.ctx, func(tx *meta.Txn) error {
		return errors.Join(
			tx.PutAccount(keyhaven.Account{ID: account, CanonicalID: "canonical"}),
			tx.PutAccount(keyhaven.Account{ID: other, CanonicalID: "other"}),
			tx.PutInstallation(meta.Installation{ID: "x", Account: account}),
		)
	}))
	return r
}

func (r *rig) must(what string, err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatalf("%s: %v", what, err)
	}
}

// fails checks that err is of this kind and noun.
func (r *rig) fails(what string, err error, k keyhaven.Kind, n keyhaven.Noun) {
	r.t.Helper()
	if !keyhaven.Is(err, k, n) {
		r.t.Errorf("%s: error = %v, want %v of %v", what, err, k, n)
	}
}
