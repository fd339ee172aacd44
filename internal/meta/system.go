package meta

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/kv"
)

// Installation is the record that ties the metadata to one data directory.
type Installation struct {
	ID      string // uuid
	Account keyhaven.AccountID
	KeyRing string // fingerprint of the key ring that sealed the secrets
}

const installationName = "installation"

// Installation returns the installation record, or nil in a fresh store.
func (r *Reader) Installation() (*Installation, error) {
	rec, err := r.get(key1(kindSystem, installationName))
	if err != nil || rec == nil {
		return nil, err
	}
	var in Installation
	err = decode("installation", rec, func(n protowire.Number, f field) error {
		switch n {
		case 1:
			in.ID = f.str()
		case 2:
			in.Account = keyhaven.AccountID(f.str())
		case 3:
			in.KeyRing = f.str()
		}
		return nil
	})
	return &in, err
}

// PutInstallation writes the installation record.
func (t *Txn) PutInstallation(in Installation) error {
	e := newRecord(96)
	e.string(1, in.ID)
	e.string(2, string(in.Account))
	e.string(3, in.KeyRing)
	return t.t.Set(key1(kindSystem, installationName), e.b)
}

// Empty reports whether the store holds nothing at all.
func (r *Reader) Empty() (bool, error) {
	ok, err := r.has(kv.Span{From: []byte{0}})
	return !ok, err
}
