package meta

import (
	"encoding/hex"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/kv"
)

// OperationRetention is how long the record of an operation is kept.
const OperationRetention = 90 * 24 * time.Hour

// operationID turns the uuid of an operation into its id and back.
func operationID(uuid string) (id ID, ok bool) {
	h := strings.ReplaceAll(uuid, "-", "")
	if len(uuid) != 36 || len(h) != 32 {
		return id, false
	}
	_, err := hex.Decode(id[:], []byte(h))
	return id, err == nil && keyhaven.BucketID(id).UUID() == uuid
}

// Operation returns the account's operation with this id, or NotFound.
func (r *Reader) Operation(account keyhaven.AccountID, uuid string) (*keyhaven.Operation, error) {
	missing := &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounOperation, ID: uuid}
	id, ok := operationID(uuid)
	if !ok {
		return nil, missing
	}
	op, err := r.operation(id)
	if err == nil && (op == nil || op.Account != account) {
		return nil, missing
	}
	return op, err
}

func (r *Reader) operation(id ID) (*keyhaven.Operation, error) {
	rec, err := r.get(keyID(kindOperation, id))
	if err != nil || rec == nil {
		return nil, err
	}
	op := &keyhaven.Operation{ID: keyhaven.BucketID(id).UUID()}
	err = decode("operation", rec, func(n protowire.Number, f field) error {
		switch n {
		case 1:
			op.Account = keyhaven.AccountID(f.str())
		case 2:
			op.Region = f.str()
		case 3:
			op.ResourceName = f.str()
		case 4:
			op.ResourceType = f.str()
		case 5:
			op.Type = f.str()
		case 6:
			op.Details = f.str()
		case 7:
			op.CreatedAt = f.time()
		}
		return nil
	})
	return op, err
}

// PutOperation gives the operation an id and writes it with its indexes.
func (t *Txn) PutOperation(op *keyhaven.Operation) error {
	id := t.s.NewID()
	op.ID = keyhaven.BucketID(id).UUID()
	e := newRecord(160)
	e.string(1, string(op.Account))
	e.string(2, op.Region)
	e.string(3, op.ResourceName)
	e.string(4, op.ResourceType)
	e.string(5, op.Type)
	e.string(6, op.Details)
	e.time(7, op.CreatedAt)
	if err := t.t.Set(keyID(kindOperation, id), e.b); err != nil {
		return err
	}
	for _, k := range operationIndexes(op, id) {
		if err := t.t.Set(k, nil); err != nil {
			return err
		}
	}
	return t.t.Set(dueKey(op.CreatedAt.Add(OperationRetention).UnixNano(), dueOperation, id[:]), nil)
}

func operationIndexes(op *keyhaven.Operation, id ID) [2][]byte {
	return [2][]byte{
		append(operationsPrefix(op.Account, op.Region, ""), id[:]...),
		append(operationsPrefix(op.Account, op.Region, op.ResourceName), id[:]...),
	}
}

// operationsPrefix is the index of all operations of a region, or of those of
// one resource.
func operationsPrefix(account keyhaven.AccountID, region, resource string) []byte {
	kind := byte(kindOpsByTime)
	if resource != "" {
		kind = kindOpsByName
	}
	k := appendEscaped(append([]byte{kind}, account...), region)
	if resource != "" {
		k = appendEscaped(k, resource)
	}
	return k
}

func (t *Txn) dropOperation(rawID []byte) error {
	var id ID
	if err := fill("operation", id[:], rawID); err != nil {
		return err
	}
	op, err := t.operation(id)
	if err != nil || op == nil {
		return err
	}
	for _, k := range operationIndexes(op, id) {
		if err := t.t.Delete(k); err != nil {
			return err
		}
	}
	return t.t.Delete(keyID(kindOperation, id))
}

// Operations calls fn for the operations of an account in a region, of one
// resource unless resource is empty, newest first, from the one after the uuid
// before, until it returns false. An unknown before is Invalid.
func (r *Reader) Operations(account keyhaven.AccountID, region, resource, before string, fn func(*keyhaven.Operation) bool) error {
	prefix := operationsPrefix(account, region, resource)
	span := kv.Prefix(prefix)
	span.Reverse = true
	if before != "" {
		id, ok := operationID(before)
		if !ok {
			return &keyhaven.Error{Kind: keyhaven.Invalid, Noun: keyhaven.NounPageToken, ID: before}
		}
		span.To = append(append([]byte(nil), prefix...), id[:]...)
	}
	return r.scan(span, func(k, _ []byte) (bool, error) {
		op, err := r.operation(ID(k[len(prefix):]))
		if err != nil {
			return false, err
		}
		return op == nil || fn(op), nil
	})
}
