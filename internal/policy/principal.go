package policy

import (
	"slices"
	"strings"

	"github.com/keyhaven/keyhaven"
)

// PrincipalType says who asks.
type PrincipalType uint8

// The types. The zero value is nobody in particular.
const (
	Anonymous PrincipalType = iota
	Root
	User
	RoleSession
	FederatedUser // a session of GetFederationToken
	Service       // the server itself on behalf of a service
	WebIdentity   // a token of an identity provider, for trust policies
)

// Principal is who asks, as the Principal element of documents names it.
type Principal struct {
	Type        PrincipalType
	Account     keyhaven.AccountID
	ARN         string // of the root, the user or the session
	RoleARN     string // of a role session
	CanonicalID string // of the account
	Service     string // "logging.s3.amazonaws.com"
	Provider    string // of a WebIdentity: the provider's ARN or well-known name
}

// grant is how closely a statement names the principal. What only an account is
// granted, its own policies must pass on; what a role is granted, boundaries and
// session policies still narrow.
type grant uint8

const (
	noGrant grant = iota
	accountGrant
	roleGrant
	directGrant
)

// principals is the Principal element.
type principals struct {
	any       bool
	accounts  []string
	arns      []string // of users, roles and sessions
	canonical []string
	services  []string
	providers []string
}

func (ps *principals) match(p *Principal) grant {
	switch {
	case ps.any && (p.Type == RoleSession || p.Type == FederatedUser):
		return roleGrant
	case ps.any:
		return directGrant
	}
	switch p.Type {
	case Anonymous:
		return noGrant
	case Service:
		return when(slices.Contains(ps.services, p.Service), directGrant)
	case WebIdentity:
		return when(slices.Contains(ps.providers, p.Provider), directGrant)
	default:
	}
	ofAccount := slices.Contains(ps.accounts, string(p.Account)) || p.CanonicalID != "" && slices.Contains(ps.canonical, p.CanonicalID)
	switch {
	case p.Type == Root && ofAccount:
		return directGrant
	case p.ARN != "" && slices.Contains(ps.arns, p.ARN):
		return directGrant
	case p.Type == RoleSession && slices.Contains(ps.arns, p.RoleARN):
		return roleGrant
	}
	return when(ofAccount, accountGrant)
}

func when(is bool, g grant) grant {
	if is {
		return g
	}
	return noGrant
}

// excepts reports whether NotPrincipal leaves the principal out: each of its
// names must be listed, the account's too (IAM User Guide, "NotPrincipal").
func (ps *principals) excepts(p *Principal) bool {
	switch p.Type {
	case Anonymous:
		return ps.any
	case Service, WebIdentity:
		return ps.match(p) != noGrant
	default:
	}
	if ps.any {
		return true
	}
	if !slices.Contains(ps.accounts, string(p.Account)) && !slices.Contains(ps.canonical, p.CanonicalID) {
		return false
	}
	return p.Type == Root ||
		slices.Contains(ps.arns, p.ARN) && (p.Type != RoleSession || slices.Contains(ps.arns, p.RoleARN))
}

func (p *parser) principal(s *Statement, has elements) error {
	n := has["Principal"]
	if n == nil {
		n, s.notPrincipal = has["NotPrincipal"], has["NotPrincipal"] != nil
	}
	if p.kind == Identity {
		if n != nil {
			return wrong("Policy document should not specify a principal.")
		}
		return nil
	}
	if n == nil {
		return wrong("Missing required field Principal")
	}
	if s.notPrincipal && (s.Effect == Allow || p.kind == Trust) {
		// Whoever is not named would be allowed, strangers too.
		return p.kind.say("Has prohibited field NotPrincipal", "Allow with NotPrincipal is not allowed.")
	}
	s.principals = &principals{}
	if n.kind == jsonString && n.text == "*" {
		s.principals.any = true
		return nil
	}
	if n.kind != jsonObject || len(n.members) == 0 {
		return wrong("Invalid principal in policy")
	}
	for i := range n.members {
		m := &n.members[i]
		values, ok := m.value.strings(false)
		if !ok || len(values) == 0 {
			return wrong("Invalid principal in policy")
		}
		for _, v := range values {
			if !s.principals.add(m.name, v) {
				if p.kind == Resource {
					return wrong("Invalid principal in policy")
				}
				return wrong("Invalid principal in policy: \"%s\":\"%s\"", m.name, v)
			}
		}
	}
	return nil
}

func (ps *principals) add(typ, v string) bool {
	switch typ {
	case "AWS":
		return ps.addAWS(v)
	case "CanonicalUser":
		ps.canonical = append(ps.canonical, v)
		return len(v) == 64 && strings.Trim(v, "0123456789abcdef") == ""
	case "Service":
		ps.services = append(ps.services, v)
		return strings.Contains(v, ".") && onlyOf(v, ".-")
	case "Federated":
		ps.providers = append(ps.providers, v)
		return v != "" && !strings.ContainsAny(v, "*?")
	}
	return false
}

// addAWS takes "*", an account by its number or its root's ARN, and the ARNs of
// users, roles, role sessions and federated users. No other wildcards.
func (ps *principals) addAWS(v string) bool {
	if v == "*" {
		ps.any = true
		return true
	}
	if keyhaven.AccountID(v).Valid() {
		ps.accounts = append(ps.accounts, v)
		return true
	}
	parts := strings.SplitN(v, ":", arnParts)
	if len(parts) < arnParts || parts[0] != "arn" || parts[3] != "" || !keyhaven.AccountID(parts[4]).Valid() || strings.ContainsAny(v, "*?$") {
		return false
	}
	typ, name, _ := strings.Cut(parts[5], "/")
	switch {
	case parts[2] == "iam" && parts[5] == "root":
		ps.accounts = append(ps.accounts, parts[4])
		return true
	case parts[2] == "iam" && (typ == "user" || typ == "role"):
	case parts[2] == "sts" && (typ == "assumed-role" && strings.Count(name, "/") == 1 || typ == "federated-user"):
	default:
		return false
	}
	ps.arns = append(ps.arns, v)
	return name != "" && !strings.HasSuffix(name, "/")
}

// Principals returns the accounts, by number or canonical id, and the ARNs that
// the document names as principals.
func (d *Document) Principals() (accounts, canonical, arns []string) {
	for i := range d.Statements {
		if ps := d.Statements[i].principals; ps != nil {
			accounts, canonical, arns = append(accounts, ps.accounts...), append(canonical, ps.canonical...), append(arns, ps.arns...)
		}
	}
	return accounts, canonical, arns
}
