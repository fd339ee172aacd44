package access

import (
	"strconv"
	"strings"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/edge"
	"github.com/keyhaven/keyhaven/internal/policy"
)

// facts is the context of a decision. Most decisions ask for none of it, so each
// value is made when it is asked for. What the server knows comes first: nothing
// that a client sends can stand in for it (S5).
type facts struct {
	id  *Identity
	res Resource
}

// Lookup implements policy.Context.
func (f *facts) Lookup(key string) []string {
	service, name, _ := strings.Cut(key, ":")
	switch service {
	case "aws":
		if v, known := f.global(name); known {
			return v
		}
	case "s3":
		if name == "resourceaccount" {
			return some(string(f.res.owner(f.id)))
		}
	}
	if p := f.id.Policies; p != nil {
		if v := p.Keys[key]; v != nil {
			return v
		}
	}
	if f.res.Context != nil {
		return f.res.Context.Lookup(key)
	}
	return nil
}

// global looks up a key that is about every request. known is false for those
// that come with the session or the request's own parameters.
func (f *facts) global(name string) (v []string, known bool) {
	p := &f.id.Principal
	switch name {
	case "currenttime":
		return some(time.Now().UTC().Format(time.RFC3339)), true
	case "epochtime":
		return some(strconv.FormatInt(time.Now().Unix(), 10)), true
	case "principalarn":
		if p.RoleARN != "" {
			return some(p.RoleARN), true
		}
		return some(p.ARN()), true
	case "principalaccount":
		return some(string(p.Account)), true
	case "principaltype":
		return some(principalTypeName(p.Kind)), true
	case "userid":
		return some(p.UserID()), true
	case "username":
		if p.Kind == keyhaven.UserPrincipal {
			return some(p.Name), true
		}
		return nil, true
	case "requestedregion":
		return some(f.id.Region), true
	case "resourceaccount":
		return some(string(f.res.owner(f.id))), true
	case "multifactorauthpresent":
		// As AWS: requests with long-term keys do not have it.
		if p.Temporary || !p.MFA.IsZero() {
			return some(strconv.FormatBool(!p.MFA.IsZero())), true
		}
		return nil, true
	case "multifactorauthage":
		if p.MFA.IsZero() {
			return nil, true
		}
		return some(strconv.FormatInt(max(0, int64(time.Since(p.MFA)/time.Second)), 10)), true
	case "viaawsservice", "principalisawsservice":
		return some("false"), true
	case "sourceip", "securetransport", "useragent", "referer":
		return f.http(name), true
	}
	if tag, ok := strings.CutPrefix(name, "principaltag/"); ok {
		if f.id.Policies == nil {
			return nil, true
		}
		return TagValue(f.id.Policies.Tags, tag), true
	}
	if tag, ok := strings.CutPrefix(name, "resourcetag/"); ok {
		return TagValue(f.res.tags(), tag), true
	}
	return nil, false
}

// PrincipalFacts are the condition keys that a user or a role brings to each of
// its requests, for a simulation of them. A group brings none, and a role no
// aws:userid, which is of its sessions.
func PrincipalFacts(p *keyhaven.Principal, ps *Policies) policy.Values {
	out := policy.Values{}
	if p.ID == "" {
		return out
	}
	f := &facts{id: &Identity{Principal: *p, Policies: ps}}
	names := []string{"principalarn", "principalaccount", "principaltype"}
	if p.Kind == keyhaven.UserPrincipal {
		names = append(names, "userid", "username")
	}
	for _, t := range ps.Tags {
		names = append(names, "principaltag/"+strings.ToLower(t.Key))
	}
	for _, name := range names {
		if v, _ := f.global(name); v != nil {
			out["aws:"+name] = v
		}
	}
	return out
}

func (f *facts) http(name string) []string {
	r := f.id.HTTP
	if r == nil {
		return nil
	}
	switch name {
	case "sourceip":
		return some(edge.ClientAddress(r))
	case "securetransport":
		return some(strconv.FormatBool(r.TLS != nil))
	case "useragent":
		return some(r.UserAgent())
	default:
		return some(r.Referer())
	}
}

// principalTypeName is the value of aws:PrincipalType.
func principalTypeName(k keyhaven.PrincipalKind) string {
	switch k {
	case keyhaven.Anonymous:
		return "Anonymous"
	case keyhaven.Root:
		return "Account"
	case keyhaven.RoleSession, keyhaven.InstanceSession:
		return "AssumedRole"
	case keyhaven.FederatedUser:
		return "FederatedUser"
	default:
		return "User"
	}
}

// some is the value of a key; an empty one is none.
func some(v string) []string {
	if v == "" {
		return nil
	}
	return []string{v}
}

// TagValue is the value of a tag for a condition key, whose tag key is in lower
// case: condition keys do not distinguish case.
func TagValue(tags []keyhaven.Tag, lower string) []string {
	for _, t := range tags {
		if strings.EqualFold(t.Key, lower) {
			return []string{t.Value}
		}
	}
	return nil
}

// TagKeys is the value of aws:TagKeys.
func TagKeys(tags []keyhaven.Tag) []string {
	keys := make([]string, len(tags))
	for i, t := range tags {
		keys[i] = t.Key
	}
	return keys
}

var _ policy.Context = (*facts)(nil)
