package access

import (
	"context"
	"fmt"
	"hash/maphash"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/policy"
)

// subject is whom credentials stand for: the root of an account, a user, a role
// or a machine, with what its policies say. It is immutable; a change makes the
// cache forget it (A2).
type subject struct {
	principal keyhaven.Principal // without the key
	policies  *Policies          // nil for a root
	login     time.Time          // since when its password is this one; zero for none
	since     time.Time          // its sessions from before are over
	found     bool               // false: it is not there, or its account is closed
}

// subjectCache holds subjects by unique id; a root is under the number of its
// account. gen grows with every forget, so that a look-up which read before a
// change cannot store after it (A2).
type subjectCache struct {
	gen    atomic.Uint64
	seed   maphash.Seed
	shards [cacheShards]subjectShard
}

type subjectShard struct {
	mu sync.RWMutex
	m  map[string]*subject
}

// maxSubjectsPerShard bounds the cache: about 130 000 subjects of half a
// kilobyte.
const maxSubjectsPerShard = 4096

func newSubjectCache() *subjectCache {
	c := &subjectCache{seed: maphash.MakeSeed()}
	for i := range c.shards {
		c.shards[i].m = map[string]*subject{}
	}
	return c
}

func (c *subjectCache) shard(id string) *subjectShard {
	return &c.shards[maphash.String(c.seed, id)%cacheShards]
}

func (c *subjectCache) get(id string) *subject {
	sh := c.shard(id)
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	return sh.m[id]
}

func (c *subjectCache) put(id string, s *subject, gen uint64) {
	sh := c.shard(id)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if c.gen.Load() != gen {
		return
	}
	if len(sh.m) >= maxSubjectsPerShard {
		for old := range sh.m {
			delete(sh.m, old)
			break
		}
	}
	sh.m[id] = s
}

// forget drops a subject, or all of an account.
func (c *subjectCache) forget(p meta.Principal) {
	c.gen.Add(1)
	if p.ID != "" {
		c.shard(p.ID).drop(func(id string, _ *subject) bool { return id == p.ID })
		return
	}
	for i := range c.shards {
		c.shards[i].drop(func(_ string, s *subject) bool { return s.principal.Account == p.Account })
	}
}

func (sh *subjectShard) drop(is func(string, *subject) bool) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for id, s := range sh.m {
		if is(id, s) {
			delete(sh.m, id)
		}
	}
}

// subject returns the subject of a unique id, or of the number of an account,
// from the cache or by one read transaction. One that is gone is returned with
// found unset.
func (s *Service) subject(ctx context.Context, account keyhaven.AccountID, id string) (*subject, error) {
	gen := s.subjects.gen.Load()
	sub := s.subjects.get(id)
	if sub != nil {
		return sub, nil
	}
	err := s.meta.View(ctx, func(r *meta.Reader) (err error) {
		sub, err = readSubject(r, account, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.subjects.put(id, sub, gen)
	return sub, nil
}

func readSubject(r *meta.Reader, account keyhaven.AccountID, id string) (*subject, error) {
	gone := &subject{principal: keyhaven.Principal{Account: account}}
	a, err := r.Account(account)
	switch {
	case err == nil && a.Closed(), keyhaven.Is(err, keyhaven.NotFound, keyhaven.NounAccount):
		return gone, nil
	case err != nil:
		return nil, err
	}
	var sub *subject
	switch {
	case id == string(account):
		sub = rootSubject(a)
	case len(id) > 4 && id[:4] == "AIDA":
		sub, err = userSubject(r, a, id)
	case len(id) > 4 && id[:4] == "AROA":
		sub, err = roleSubject(r, a, id)
	default:
		sub, err = instanceSubject(r, a, id)
	}
	if err != nil && keyhaven.KindOf(err) == keyhaven.NotFound {
		return gone, nil
	}
	return sub, err
}

func rootSubject(a *keyhaven.Account) *subject {
	sub := &subject{found: true, principal: keyhaven.Principal{Kind: keyhaven.Root, Account: a.ID, CanonicalID: a.CanonicalID}}
	if a.Login != nil {
		sub.login = a.Login.Since
	}
	return sub
}

func userSubject(r *meta.Reader, a *keyhaven.Account, id string) (*subject, error) {
	u, err := r.UserByID(id)
	if err != nil {
		return nil, err
	}
	p := &Policies{Tags: u.Tags}
	if p.Identity, err = grantDocuments(r, a.ID, &u.Grants, "user", nil); err != nil {
		return nil, err
	}
	for _, id := range u.Groups {
		g, err := r.GroupByID(id)
		if err != nil {
			return nil, err
		}
		if p.Identity, err = grantDocuments(r, a.ID, &g.Grants, "group", p.Identity); err != nil {
			return nil, err
		}
	}
	if p.Boundary, err = boundary(r, u.Boundary); err != nil {
		return nil, err
	}
	sub := &subject{found: true, policies: p, principal: keyhaven.Principal{
		Kind: keyhaven.UserPrincipal, Account: a.ID, CanonicalID: a.CanonicalID, ID: u.ID, Name: u.Name, Arn: u.ARN(),
	}}
	if u.Login != nil {
		sub.login = u.Login.Since
	}
	return sub, nil
}

func roleSubject(r *meta.Reader, a *keyhaven.Account, id string) (*subject, error) {
	role, err := r.RoleByID(id)
	if err != nil {
		return nil, err
	}
	p := &Policies{Tags: role.Tags}
	if p.Identity, err = grantDocuments(r, a.ID, &role.Grants, "role", nil); err != nil {
		return nil, err
	}
	if p.Boundary, err = boundary(r, role.Boundary); err != nil {
		return nil, err
	}
	return &subject{found: true, policies: p, since: role.Since, principal: keyhaven.Principal{
		Kind: keyhaven.RoleSession, Account: a.ID, CanonicalID: a.CanonicalID, ID: role.ID, Name: role.Name, RoleARN: role.ARN(),
	}}, nil
}

// instanceRole is the role of Lightsail's machines (spec/access-keys.md §6).
const instanceRole = "AmazonLightsailInstanceRole"

func instanceSubject(r *meta.Reader, a *keyhaven.Account, id string) (*subject, error) {
	i, err := r.InstanceByID(id)
	if err != nil {
		return nil, err
	}
	running := i.State == keyhaven.InstanceRunning // else its sessions are refused, until it is
	p := MachinePrincipal(i)
	p.CanonicalID = a.CanonicalID
	return &subject{found: running, policies: &Policies{}, since: i.Since, principal: p}, nil
}

// MachinePrincipal is who a registered machine is.
func MachinePrincipal(i *keyhaven.Instance) keyhaven.Principal {
	return keyhaven.Principal{
		Kind: keyhaven.InstanceSession, Account: i.Account, ID: i.ID, Name: i.Name,
		Arn:     "arn:aws:sts::" + string(i.Account) + ":assumed-role/" + instanceRole + "/" + i.ID,
		RoleARN: "arn:aws:iam::" + string(i.Account) + ":role/" + instanceRole,
	}
}

// grantDocuments appends the documents of a user, a group or a role.
func grantDocuments(r *meta.Reader, account keyhaven.AccountID, g *keyhaven.Grants, typ string, to []policy.Policy) ([]policy.Policy, error) {
	for _, in := range g.Inline {
		doc, err := parse(in.Name, in.Document)
		if err != nil {
			return nil, err
		}
		to = append(to, policy.Policy{Document: doc, ID: typ + "_" + in.Name, Type: typ})
	}
	for _, arn := range g.Attached {
		doc, err := managed(r, arn)
		if err != nil {
			return nil, err
		}
		to = append(to, policy.Policy{Document: doc, ID: arn, Type: "IAM Policy"})
	}
	return to, nil
}

func boundary(r *meta.Reader, arn string) ([]policy.Policy, error) {
	if arn == "" {
		return nil, nil
	}
	doc, err := managed(r, arn)
	if err != nil {
		return nil, err
	}
	return []policy.Policy{{Document: doc, ID: arn, Type: "IAM Policy"}}, nil
}

// managed returns the version in force of a managed policy. One that is named
// and not there is damage: to go on without it could allow what it denies.
func managed(r *meta.Reader, arn string) (*policy.Document, error) {
	text, err := r.PolicyInForce(arn)
	if err != nil {
		return nil, fmt.Errorf("access: policy %s: %w", arn, err)
	}
	return parse(arn, text)
}

// parse compiles a document that was valid when it was stored.
func parse(name, text string) (*policy.Document, error) {
	doc, err := policy.Parse(policy.Identity, []byte(text))
	if err != nil {
		return nil, fmt.Errorf("access: policy %s: %w", name, err)
	}
	return doc, nil
}

// PoliciesOf returns the policies of a user, a group or a role of the account by
// its ARN, and whom they make the principal of a request. Errors: Invalid;
// NotFound user, group, role.
func (s *Service) PoliciesOf(ctx context.Context, account keyhaven.AccountID, arn string) (p *keyhaven.Principal, ps *Policies, err error) {
	rest, ok := strings.CutPrefix(arn, "arn:aws:iam::"+string(account)+":")
	typ, path, slash := strings.Cut(rest, "/")
	name := path[strings.LastIndexByte(path, '/')+1:]
	if !ok || !slash || name == "" {
		return nil, nil, &keyhaven.Error{Kind: keyhaven.Invalid, Msg: "Invalid Entity Arn: " + arn + " does not clearly define entity type and name."}
	}
	err = s.meta.View(ctx, func(r *meta.Reader) error {
		a, err := r.Account(account)
		if err != nil {
			return err
		}
		var sub *subject
		switch typ {
		case "user":
			u, err := r.User(account, name)
			if err != nil {
				return err
			}
			sub, err = userSubject(r, a, u.ID)
			if err != nil {
				return err
			}
		case "role":
			role, err := r.Role(account, name)
			if err != nil {
				return err
			}
			sub, err = roleSubject(r, a, role.ID)
			if err != nil {
				return err
			}
		case "group":
			g, err := r.Group(account, name)
			if err != nil {
				return err
			}
			docs, err := grantDocuments(r, account, &g.Grants, "group", nil)
			if err != nil {
				return err
			}
			sub = &subject{principal: keyhaven.Principal{Kind: keyhaven.UserPrincipal, Account: account, Arn: arn}, policies: &Policies{Identity: docs}}
		default:
			return &keyhaven.Error{Kind: keyhaven.Invalid, Msg: "Invalid Entity Arn: " + arn + " does not clearly define entity type and name."}
		}
		p, ps = &sub.principal, sub.policies
		return nil
	})
	return p, ps, err
}
