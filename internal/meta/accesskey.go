package meta

import (
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

// LastUsed returns the recorded last use of a key; zero for never.
func (r *Reader) LastUsed(id string) (u keyhaven.LastUsed, err error) {
	rec, err := r.get(key1(kindLastUsed, id))
	if err != nil || rec == nil {
		return u, err
	}
	err = decode("last used", rec, func(n protowire.Number, f field) error {
		switch n {
		case 1:
			u.Time = f.time()
		case 2:
			u.Region = f.str()
		case 3:
			u.Service = f.str()
		}
		return nil
	})
	return u, err
}

// PutLastUsed records the last use of a key that still exists.
func (t *Txn) PutLastUsed(id string, u keyhaven.LastUsed) error {
	if rec, err := t.get(key1(kindAccessKey, id)); err != nil || rec == nil {
		return err
	}
	e := newRecord(40)
	e.time(1, u.Time)
	e.string(2, u.Region)
	e.string(3, u.Service)
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
	return e.b
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
		}
		return nil
	})
	return k, err
}
