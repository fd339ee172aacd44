package meta

import (
	"bytes"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/kv"
)

// Account returns the account, closed or not, or NotFound.
func (r *Reader) Account(id keyhaven.AccountID) (*keyhaven.Account, error) {
	rec, err := r.get(key1(kindAccount, string(id)))
	if err != nil {
		return nil, err
	}
	if rec == nil {
		return nil, &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounAccount, ID: string(id)}
	}
	return decodeAccount(id, rec)
}

// Accounts calls fn for the accounts in order of id, from the first that is at or
// after from, until it returns false.
func (r *Reader) Accounts(from keyhaven.AccountID, fn func(*keyhaven.Account) bool) error {
	span := kv.Prefix([]byte{kindAccount})
	span.From = key1(kindAccount, string(from))
	return r.scan(span, func(k, rec []byte) (bool, error) {
		a, err := decodeAccount(keyhaven.AccountID(k[1:]), rec)
		return err == nil && fn(a), err
	})
}

// AccountByAlias returns the account that has the alias, or NotFound.
func (r *Reader) AccountByAlias(alias string) (*keyhaven.Account, error) {
	id, err := r.get(index(indexAlias, alias))
	if err != nil {
		return nil, err
	}
	if id == nil {
		return nil, &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounAccount, ID: alias}
	}
	return r.Account(keyhaven.AccountID(id))
}

// PutAccount writes the account and the index of its alias. The caller has seen
// to it that the alias is free.
func (t *Txn) PutAccount(a keyhaven.Account) error {
	old, err := t.Account(a.ID)
	switch {
	case keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounAccount):
	case err != nil:
		return err
	case old.Alias != "" && old.Alias != a.Alias:
		if err := t.t.Delete(index(indexAlias, old.Alias)); err != nil {
			return err
		}
	}
	t.touched.principals = append(t.touched.principals, Principal{Account: a.ID})
	t.touched.accounts = append(t.touched.accounts, a.ID)
	for _, n := range accountNeeds(&a) {
		if err := t.PutNeed(n); err != nil {
			return err
		}
	}
	return t.t.Set(key1(kindAccount, string(a.ID)), encodeAccount(&a))
}

func accountNeeds(a *keyhaven.Account) []Need {
	if a.Alias == "" {
		return nil
	}
	return []Need{indexNeed(index(indexAlias, a.Alias), []byte(a.ID))}
}

func encodeAccount(a *keyhaven.Account) []byte {
	e := newRecord(96)
	e.string(1, a.CanonicalID)
	e.time(2, a.CreatedAt)
	e.string(3, a.Name)
	e.time(4, a.ClosedAt)
	e.string(5, a.Alias)
	if l := a.Login; l != nil {
		e.string(6, l.Hash)
		e.time(7, l.CreatedAt)
		e.time(8, l.Since)
	}
	e.time(9, a.LoginUsed)
	e.uint(10, uint64(a.PublicAccessBlock))
	if i := a.Invitation; i != nil {
		e.bytes(11, i.Digest)
		e.time(12, i.ExpiresAt)
	}
	return e.b
}

func decodeAccount(id keyhaven.AccountID, rec []byte) (*keyhaven.Account, error) {
	a := &keyhaven.Account{ID: id}
	var l keyhaven.Login
	var i keyhaven.Invitation
	err := decode("account", rec, func(n protowire.Number, f field) error {
		switch n {
		case 1:
			a.CanonicalID = f.str()
		case 2:
			a.CreatedAt = f.time()
		case 3:
			a.Name = f.str()
		case 4:
			a.ClosedAt = f.time()
		case 5:
			a.Alias = f.str()
		case 6:
			l.Hash = f.str()
			a.Login = &l
		case 7:
			l.CreatedAt = f.time()
		case 8:
			l.Since = f.time()
		case 9:
			a.LoginUsed = f.time()
		case 10:
			a.PublicAccessBlock = keyhaven.PublicAccessBlock(f.num)
		case 11:
			i.Digest = bytes.Clone(f.bytes)
			a.Invitation = &i
		case 12:
			i.ExpiresAt = f.time()
		}
		return nil
	})
	return a, err
}

// DropAccount deletes up to limit records of a closed account: the entities of
// IAM and the access keys. It reports whether nothing is left. Buckets must have
// gone before.
func (t *Txn) DropAccount(id keyhaven.AccountID, limit int) (done bool, err error) {
	roots, err := t.RootKeys(id)
	if err != nil {
		return false, err
	}
	for _, k := range roots {
		if err := t.DeleteAccessKey(k); err != nil {
			return false, err
		}
	}
	for kind := range entityKinds {
		var doomed []entity
		err := t.scanEntities(id, kind, "", func(e entity) (bool, error) {
			doomed = append(doomed, e)
			return len(doomed) < limit, nil
		})
		if err != nil {
			return false, err
		}
		for _, e := range doomed {
			if err := t.dropOwned(e); err != nil {
				return false, err
			}
		}
		if limit -= len(doomed); limit <= 0 {
			return false, nil
		}
	}
	return true, nil
}

// dropOwned deletes an entity and the keys that it has.
func (t *Txn) dropOwned(e entity) error {
	if u, ok := e.(*keyhaven.User); ok {
		keys, err := t.UserKeys(u.ID)
		if err != nil {
			return err
		}
		for _, k := range keys {
			if err := t.DeleteAccessKey(k); err != nil {
				return err
			}
		}
	}
	return t.DeleteEntity(e)
}
