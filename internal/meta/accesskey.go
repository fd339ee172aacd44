package meta

import (
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/kv"
)

// KeyRecord is an access key at rest: the key without its secret, the sealed
// secret, and whether the key came from the server's environment.
type KeyRecord struct {
	keyhaven.AccessKey
	Sealed          []byte
	FromEnvironment bool
}

// AccessKey returns the key with this id and its last use, or NotFound.
func (r *Reader) AccessKey(id string) (*KeyRecord, error) {
	rec, err := r.get(key1(kindAccessKey, id))
	if err != nil {
		return nil, err
	}
	if rec == nil {
		return nil, &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounAccessKey, ID: id}
	}
	k, err := decodeAccessKey(id, rec)
	if err != nil {
		return nil, err
	}
	k.LastUsed, err = r.LastUsed(id)
	return k, err
}

// RootKeys returns the keys of the account's root; BucketKeys those of a
// bucket. Both in order of id.
func (r *Reader) RootKeys(account keyhaven.AccountID) ([]*KeyRecord, error) {
	return r.ownerKeys(ownerPrefix(&keyhaven.AccessKey{Owner: keyhaven.OwnerRoot, Account: account}))
}

// BucketKeys returns the keys of a bucket.
func (r *Reader) BucketKeys(id keyhaven.BucketID) ([]*KeyRecord, error) {
	return r.ownerKeys(ownerPrefix(&keyhaven.AccessKey{Owner: keyhaven.OwnerBucket, BucketID: id}))
}

// UserKeys returns the keys of a user by its unique id.
func (r *Reader) UserKeys(id string) ([]*KeyRecord, error) {
	return r.ownerKeys(ownerPrefix(&keyhaven.AccessKey{Owner: keyhaven.OwnerUser, UserID: id}))
}

func (r *Reader) ownerKeys(prefix []byte) (keys []*KeyRecord, err error) {
	err = r.scan(kv.Prefix(prefix), func(k, _ []byte) (bool, error) {
		rec, err := r.AccessKey(string(k[len(prefix):]))
		if err != nil {
			return false, err
		}
		keys = append(keys, rec)
		return true, nil
	})
	return keys, err
}

// PutAccessKey writes the key and its index; it does not write the last use.
func (t *Txn) PutAccessKey(k *KeyRecord) error {
	t.touched.keys = append(t.touched.keys, k.ID)
	if err := t.t.Set(key1(kindAccessKey, k.ID), encodeAccessKey(k)); err != nil {
		return err
	}
	return t.t.Set(ownerKey(&k.AccessKey), nil)
}

// DeleteAccessKey removes the key, its index and its last use.
func (t *Txn) DeleteAccessKey(k *KeyRecord) error {
	t.touched.keys = append(t.touched.keys, k.ID)
	for _, key := range [][]byte{
		key1(kindAccessKey, k.ID),
		ownerKey(&k.AccessKey),
		key1(kindLastUsed, k.ID),
	} {
		if err := t.t.Delete(key); err != nil {
			return err
		}
	}
	return nil
}

// LastUsed returns the recorded last use of a key or a role; zero for never.
func (r *Reader) LastUsed(id string) (u keyhaven.LastUsed, err error) {
	rec, err := r.get(key1(kindLastUsed, id))
	if err != nil || rec == nil {
		return u, err
	}
	err = decodeKeyUse(rec, &u, &keyhaven.KeyActivity{})
	return u, err
}

// KeyActivity returns what is recorded of the use of a key beside its last use.
func (r *Reader) KeyActivity(id string) (a keyhaven.KeyActivity, err error) {
	rec, err := r.get(key1(kindLastUsed, id))
	if err != nil || rec == nil {
		return a, err
	}
	err = decodeKeyUse(rec, &keyhaven.LastUsed{}, &a)
	return a, err
}

func decodeKeyUse(rec []byte, u *keyhaven.LastUsed, a *keyhaven.KeyActivity) error {
	return decode("last used", rec, func(n protowire.Number, f field) error {
		switch n {
		case 1:
			u.Time = f.time()
		case 2:
			u.Region = f.str()
		case 3:
			u.Service = f.str()
		case 4:
			a.FirstUsed = f.time()
		case 5:
			a.Requests = f.num
		case 6:
			a.Address = f.str()
		case 7:
			a.UserAgent = f.str()
		case 8:
			a.Action = f.str()
		}
		return nil
	})
}

// HasUses reports whether the id is that of a key or a role, which have a last
// use.
func (r *Reader) HasUses(id string) (bool, error) {
	if rec, err := r.get(key1(kindAccessKey, id)); err != nil || rec != nil {
		return rec != nil, err
	}
	_, err := r.RoleByID(id)
	if keyhaven.KindOf(err) == keyhaven.NotFound {
		return false, nil
	}
	return err == nil, err
}

// PutLastUsed records the last use of a key or a role that still exists, and
// what is known of its use beside that.
func (t *Txn) PutLastUsed(id string, u keyhaven.LastUsed, a keyhaven.KeyActivity) error {
	if there, err := t.HasUses(id); err != nil || !there {
		return err
	}
	e := newRecord(120)
	e.time(1, u.Time)
	e.string(2, u.Region)
	e.string(3, u.Service)
	e.time(4, a.FirstUsed)
	e.uint(5, a.Requests)
	e.string(6, a.Address)
	e.string(7, a.UserAgent)
	e.string(8, a.Action)
	return t.t.Set(key1(kindLastUsed, id), e.b)
}

func encodeAccessKey(k *KeyRecord) []byte {
	e := newRecord(192)
	e.bytes(1, k.Sealed)
	e.bool(2, k.Status == keyhaven.KeyInactive)
	e.time(3, k.CreatedAt)
	e.uint(4, uint64(k.Owner))
	e.string(5, string(k.Account))
	if k.Owner == keyhaven.OwnerBucket {
		e.bytes(6, k.BucketID[:])
		e.string(7, k.BucketName)
	}
	e.bool(8, k.FromEnvironment)
	e.string(10, k.UserID)
	encodeKeyCare(e, &k.Care)
	return e.b
}

func encodeKeyCare(e *encoder, c *keyhaven.KeyCare) {
	e.string(20, c.Name)
	e.string(21, c.Note)
	e.time(22, c.ExpiresAt)
	e.bool(23, c.Scope.ReadOnly)
	for _, p := range c.Scope.Prefixes {
		e.string(24, p)
	}
	for _, n := range c.Scope.Networks {
		e.string(25, n)
	}
	e.string(26, c.Replaces)
	e.bool(27, c.Imported)
	e.uint(28, uint64(c.Warned/time.Second))
	e.time(29, c.WarnedAt)
}

func decodeKeyCare(n protowire.Number, f field, c *keyhaven.KeyCare) {
	switch n {
	case 20:
		c.Name = f.str()
	case 21:
		c.Note = f.str()
	case 22:
		c.ExpiresAt = f.time()
	case 23:
		c.Scope.ReadOnly = f.num != 0
	case 24:
		c.Scope.Prefixes = append(c.Scope.Prefixes, f.str())
	case 25:
		c.Scope.Networks = append(c.Scope.Networks, f.str())
	case 26:
		c.Replaces = f.str()
	case 27:
		c.Imported = f.num != 0
	case 28:
		c.Warned = time.Duration(min(f.num, 1<<32)) * time.Second
	case 29:
		c.WarnedAt = f.time()
	}
}

func decodeAccessKey(id string, rec []byte) (*KeyRecord, error) {
	k := &KeyRecord{AccessKey: keyhaven.AccessKey{ID: id, Status: keyhaven.KeyActive}}
	err := decode("access key", rec, func(n protowire.Number, f field) error {
		switch n {
		case 1:
			k.Sealed = append([]byte(nil), f.bytes...)
		case 2:
			k.Status = keyhaven.KeyInactive
		case 3:
			k.CreatedAt = f.time()
		case 4:
			k.Owner = keyhaven.KeyOwner(f.num)
		case 5:
			k.Account = keyhaven.AccountID(f.str())
		case 6:
			return fill("access key", k.BucketID[:], f.bytes)
		case 7:
			k.BucketName = f.str()
		case 8:
			k.FromEnvironment = f.num != 0
		case 10:
			k.UserID = f.str()
		default:
			decodeKeyCare(n, f, &k.Care)
		}
		return nil
	})
	return k, err
}
