package meta

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/kv"
)

// The kinds of IAM entities, as their keys name them.
const (
	EntityUser     = 'u'
	EntityGroup    = 'g'
	EntityRole     = 'r'
	EntityPolicy   = 'p'
	EntityProfile  = 'n'
	EntityProvider = 'o'
	EntityInstance = 'm'
	EntityMFA      = 'f'
)

// The kinds of index entries of IAM.
const (
	indexID      = 'i' // unique id → account, kind and name
	indexPolicy  = 'p' // who has a managed policy attached, or as a boundary
	indexMember  = 'g' // the users of a group
	indexProfile = 'r' // the instance profiles of a role
	indexAlias   = 'a' // alias → account
	indexMFA     = 'f' // the MFA devices of a user or a root
)

// entity is a record of IAM.
type entity interface{ Base() *keyhaven.Entity }

// Entity is a record of IAM, for code that is about every kind.
type Entity = entity

// entityTraits say what there is to know about a kind.
type entityTraits struct {
	noun keyhaven.Noun
	new  func() entity
}

var entityKinds = map[byte]entityTraits{
	EntityUser:     {keyhaven.NounUser, func() entity { return new(keyhaven.User) }},
	EntityGroup:    {keyhaven.NounGroup, func() entity { return new(keyhaven.Group) }},
	EntityRole:     {keyhaven.NounRole, func() entity { return new(keyhaven.Role) }},
	EntityPolicy:   {keyhaven.NounPolicy, func() entity { return new(keyhaven.ManagedPolicy) }},
	EntityProfile:  {keyhaven.NounInstanceProfile, func() entity { return new(keyhaven.InstanceProfile) }},
	EntityProvider: {keyhaven.NounIdentityProvider, func() entity { return new(keyhaven.IdentityProvider) }},
	EntityInstance: {keyhaven.NounInstance, func() entity { return new(keyhaven.Instance) }},
	EntityMFA:      {keyhaven.NounMFADevice, func() entity { return new(keyhaven.MFADevice) }},
}

func kindOf(e entity) byte {
	switch e.(type) {
	case *keyhaven.User:
		return EntityUser
	case *keyhaven.Group:
		return EntityGroup
	case *keyhaven.Role:
		return EntityRole
	case *keyhaven.ManagedPolicy:
		return EntityPolicy
	case *keyhaven.InstanceProfile:
		return EntityProfile
	case *keyhaven.IdentityProvider:
		return EntityProvider
	case *keyhaven.Instance:
		return EntityInstance
	case *keyhaven.MFADevice:
		return EntityMFA
	}
	return 0
}

// entityPrefix is what the keys of an account's entities of a kind begin with.
func entityPrefix(account keyhaven.AccountID, kind byte) []byte {
	k := append(make([]byte, 0, 64), kindEntity)
	return append(append(k, account...), kind)
}

// entityKey names an entity. Names are not distinguished by case.
func entityKey(account keyhaven.AccountID, kind byte, name string) []byte {
	return append(entityPrefix(account, kind), strings.ToLower(name)...)
}

func index(what byte, parts ...string) []byte {
	k := append(make([]byte, 0, 64), kindEntityIndex, what)
	for i, p := range parts {
		if i == len(parts)-1 {
			return append(k, p...)
		}
		k = appendEscaped(k, p)
	}
	return k
}

func decodeEntity(kind byte, rec []byte) (entity, error) {
	traits, ok := entityKinds[kind]
	if !ok || len(rec) == 0 || rec[0] != recordVersion {
		return nil, damaged("entity")
	}
	e := traits.new()
	if err := json.Unmarshal(rec[1:], e); err != nil {
		// The error may quote the record, and that may hold a hash.
		return nil, damaged(traits.noun.String())
	}
	return e, nil
}

// entityNeeds are the index entries that an entity needs.
func entityNeeds(e entity) []Need {
	b := e.Base()
	at := string(b.Account) + string(kindOf(e)) + strings.ToLower(b.Name)
	needs := []Need{indexNeed(index(indexID, b.ID), []byte(at))}
	if g, ok := e.(interface{ Policies() *keyhaven.Grants }); ok {
		for _, arn := range g.Policies().Attached {
			needs = append(needs, indexNeed(attachedKey(b.Account, arn, b.ID), nil))
		}
		if arn := g.Policies().Boundary; arn != "" {
			needs = append(needs, indexNeed(boundaryKey(b.Account, arn, b.ID), nil))
		}
	}
	switch e := e.(type) {
	case *keyhaven.User:
		for _, group := range e.Groups {
			needs = append(needs, indexNeed(index(indexMember, group, b.ID), nil))
		}
	case *keyhaven.InstanceProfile:
		if e.Role != "" {
			needs = append(needs, indexNeed(index(indexProfile, e.Role, b.ID), nil))
		}
	case *keyhaven.MFADevice:
		if e.Owner != "" {
			needs = append(needs, indexNeed(index(indexMFA, e.Owner, b.ID), nil))
		}
	}
	return needs
}

func attachedKey(account keyhaven.AccountID, arn, id string) []byte {
	return index(indexPolicy, string(account), arn, "a"+id)
}

func boundaryKey(account keyhaven.AccountID, arn, id string) []byte {
	return index(indexPolicy, string(account), arn, "b"+id)
}

func missingEntity(kind byte, name string) error {
	return &keyhaven.Error{Kind: keyhaven.NotFound, Noun: entityKinds[kind].noun, ID: name}
}

// entity returns the entity of this name, or NotFound. A name that differs in
// case is another name.
func (r *Reader) entity(account keyhaven.AccountID, kind byte, name string) (entity, error) {
	e, err := r.entityFold(account, kind, name)
	if err == nil && e.Base().Name != name {
		return nil, missingEntity(kind, name)
	}
	return e, err
}

func (r *Reader) entityFold(account keyhaven.AccountID, kind byte, name string) (entity, error) {
	rec, err := r.get(entityKey(account, kind, name))
	if err != nil {
		return nil, err
	}
	if rec == nil {
		return nil, missingEntity(kind, name)
	}
	return decodeEntity(kind, rec)
}

// entityByID returns the entity of this unique id and kind, or NotFound.
func (r *Reader) entityByID(kind byte, id string) (entity, error) {
	at, err := r.get(index(indexID, id))
	if err != nil {
		return nil, err
	}
	if len(at) < 14 || at[12] != kind {
		return nil, missingEntity(kind, id)
	}
	return r.entityFold(keyhaven.AccountID(at[:12]), kind, string(at[13:]))
}

func as[T entity](e entity, err error) (T, error) {
	if err != nil {
		return *new(T), err
	}
	return e.(T), nil
}

// Entity returns the entity of this kind and name, or NotFound.
func (r *Reader) Entity(a keyhaven.AccountID, kind byte, name string) (Entity, error) {
	return r.entity(a, kind, name)
}

// EntityByID returns the entity of this unique id, or NotFound.
func (r *Reader) EntityByID(id string) (Entity, error) {
	at, err := r.get(index(indexID, id))
	if err != nil {
		return nil, err
	}
	if len(at) < 14 {
		return nil, &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounResource, ID: id}
	}
	return r.entityFold(keyhaven.AccountID(at[:12]), at[12], string(at[13:]))
}

// User returns a user by name, UserByID by unique id; NotFound when there is
// none. The others likewise.
func (r *Reader) User(a keyhaven.AccountID, name string) (*keyhaven.User, error) {
	return as[*keyhaven.User](r.entity(a, EntityUser, name))
}

// UserByID returns a user.
func (r *Reader) UserByID(id string) (*keyhaven.User, error) {
	return as[*keyhaven.User](r.entityByID(EntityUser, id))
}

// Group returns a group.
func (r *Reader) Group(a keyhaven.AccountID, name string) (*keyhaven.Group, error) {
	return as[*keyhaven.Group](r.entity(a, EntityGroup, name))
}

// GroupByID returns a group.
func (r *Reader) GroupByID(id string) (*keyhaven.Group, error) {
	return as[*keyhaven.Group](r.entityByID(EntityGroup, id))
}

// Role returns a role.
func (r *Reader) Role(a keyhaven.AccountID, name string) (*keyhaven.Role, error) {
	return as[*keyhaven.Role](r.entity(a, EntityRole, name))
}

// RoleByID returns a role.
func (r *Reader) RoleByID(id string) (*keyhaven.Role, error) {
	return as[*keyhaven.Role](r.entityByID(EntityRole, id))
}

// ManagedPolicy returns a policy of the account by its name.
func (r *Reader) ManagedPolicy(a keyhaven.AccountID, name string) (*keyhaven.ManagedPolicy, error) {
	return as[*keyhaven.ManagedPolicy](r.entity(a, EntityPolicy, name))
}

// InstanceProfile returns an instance profile.
func (r *Reader) InstanceProfile(a keyhaven.AccountID, name string) (*keyhaven.InstanceProfile, error) {
	return as[*keyhaven.InstanceProfile](r.entity(a, EntityProfile, name))
}

// IdentityProvider returns a provider by its URL without the scheme.
func (r *Reader) IdentityProvider(a keyhaven.AccountID, name string) (*keyhaven.IdentityProvider, error) {
	return as[*keyhaven.IdentityProvider](r.entity(a, EntityProvider, name))
}

// Instance returns a registered machine.
func (r *Reader) Instance(a keyhaven.AccountID, name string) (*keyhaven.Instance, error) {
	return as[*keyhaven.Instance](r.entity(a, EntityInstance, name))
}

// InstanceByID returns a registered machine.
func (r *Reader) InstanceByID(id string) (*keyhaven.Instance, error) {
	return as[*keyhaven.Instance](r.entityByID(EntityInstance, id))
}

// EntityTaken reports whether an entity of this kind has the name, whatever its
// case.
func (r *Reader) EntityTaken(a keyhaven.AccountID, kind byte, name string) (bool, error) {
	rec, err := r.get(entityKey(a, kind, name))
	return rec != nil, err
}

// scanEntities calls fn for the entities of a kind after the one that after
// names, in order of their names in lower case, until it returns false.
func (r *Reader) scanEntities(a keyhaven.AccountID, kind byte, after string, fn func(entity) (bool, error)) error {
	span := kv.Prefix(entityPrefix(a, kind))
	if after != "" {
		span.From = append(entityKey(a, kind, after), 0)
	}
	return r.scan(span, func(_, v []byte) (bool, error) {
		e, err := decodeEntity(kind, v)
		if err != nil {
			return false, err
		}
		return fn(e)
	})
}

// Entities calls fn for the entities of one type after the one that after names,
// in order of their names in lower case, until it returns false.
func Entities[T entity](r *Reader, a keyhaven.AccountID, after string, fn func(T) (bool, error)) error {
	return r.scanEntities(a, kindOf(*new(T)), after, func(e entity) (bool, error) { return fn(e.(T)) })
}

// CountEntities returns how many entities of a kind an account has.
func (r *Reader) CountEntities(a keyhaven.AccountID, kind byte) (n int, err error) {
	it := r.r.Scan(kv.Prefix(entityPrefix(a, kind)))
	for it.Next() {
		n++
	}
	return n, it.Close()
}

// AttachedTo calls fn with the unique id of everybody in the account who has the
// managed policy attached, or as a boundary.
func (r *Reader) AttachedTo(a keyhaven.AccountID, arn string, fn func(id string, boundary bool) (bool, error)) error {
	prefix := index(indexPolicy, string(a), arn, "")
	return r.scan(kv.Prefix(prefix), func(k, _ []byte) (bool, error) {
		rest := k[len(prefix):]
		if len(rest) < 2 {
			return false, errKey
		}
		return fn(string(rest[1:]), rest[0] == 'b')
	})
}

// Members calls fn with the unique id of every user of a group after one.
func (r *Reader) Members(group, after string, fn func(id string) (bool, error)) error {
	return r.indexed(indexMember, group, after, fn)
}

// ProfilesOf calls fn with the unique id of every instance profile of a role.
func (r *Reader) ProfilesOf(role string, fn func(id string) (bool, error)) error {
	return r.indexed(indexProfile, role, "", fn)
}

func (r *Reader) indexed(what byte, of, after string, fn func(id string) (bool, error)) error {
	prefix := index(what, of, "")
	span := kv.Prefix(prefix)
	if after != "" {
		span.From = append(append(bytes.Clone(prefix), after...), 0)
	}
	return r.scan(span, func(k, _ []byte) (bool, error) { return fn(string(k[len(prefix):])) })
}

// PutEntity writes a record of IAM with its indexes, in place of the one with
// the same unique id. The caller has seen to it that the name is free.
func (t *Txn) PutEntity(e entity) error {
	kind, b := kindOf(e), e.Base()
	old, err := t.entityByID(kind, b.ID)
	switch {
	case err == nil:
		if err := t.dropEntity(old); err != nil {
			return err
		}
	case keyhaven.KindOf(err) != keyhaven.NotFound:
		return err
	}
	raw, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("meta: %s cannot be encoded", entityKinds[kind].noun)
	}
	t.touchEntity(e)
	for _, n := range entityNeeds(e) {
		if err := t.PutNeed(n); err != nil {
			return err
		}
	}
	return t.t.Set(entityKey(b.Account, kind, b.Name), append([]byte{recordVersion}, raw...))
}

// DeleteEntity removes a record of IAM and its indexes, and nothing of what
// belongs to it.
func (t *Txn) DeleteEntity(e entity) error {
	t.touchEntity(e)
	if kindOf(e) == EntityRole {
		if err := t.t.Delete(key1(kindLastUsed, e.Base().ID)); err != nil {
			return err
		}
	}
	return t.dropEntity(e)
}

func (t *Txn) dropEntity(e entity) error {
	b := e.Base()
	for _, n := range entityNeeds(e) {
		if err := t.t.Delete(n.Key); err != nil {
			return err
		}
	}
	return t.t.Delete(entityKey(b.Account, kindOf(e), b.Name))
}

// touchEntity notes whose rights a change concerns: those of one principal, or
// of everybody in the account.
func (t *Txn) touchEntity(e entity) {
	p := Principal{Account: e.Base().Account}
	switch kindOf(e) {
	case EntityUser, EntityRole, EntityInstance:
		p.ID = e.Base().ID
	case EntityProfile, EntityProvider, EntityMFA:
		return // nobody's rights follow from them
	}
	t.touched.principals = append(t.touched.principals, p)
}

// Principal names whose rights have changed: those of the unique id, or of
// everybody in the account when it is empty.
type Principal struct {
	Account keyhaven.AccountID
	ID      string
}

// ManagedByARN returns the account's managed policy of this ARN, which must be
// its exact one, path included. AWS's own are not in the store.
func (r *Reader) ManagedByARN(arn string) (*keyhaven.ManagedPolicy, error) {
	account, name, ok := keyhaven.ManagedPolicyARN(arn)
	if !ok || account == "aws" {
		return nil, missingEntity(EntityPolicy, arn)
	}
	p, err := r.ManagedPolicy(keyhaven.AccountID(account), name)
	if err == nil && p.ARN() != arn || err != nil && keyhaven.KindOf(err) == keyhaven.NotFound {
		return nil, missingEntity(EntityPolicy, arn)
	}
	return p, err
}

// PolicyInForce returns the document of a managed policy's default version, also
// of one of AWS's own. Errors: NotFound policy.
func (r *Reader) PolicyInForce(arn string) (string, error) {
	if p, ok := keyhaven.FindAWSPolicy(arn); ok {
		return p.Document, nil
	}
	p, err := r.ManagedByARN(arn)
	if err != nil {
		return "", err
	}
	v := p.Version(p.Default)
	if v == nil {
		return "", damaged("policy")
	}
	return v.Document, nil
}
