package keyhaven

import (
	"strings"
	"time"
)

// Entity is what all records of IAM have: a name that is unique in its account,
// without regard to case, among the entities of its kind, and a unique id that is
// never used again ("IAM identifiers").
type Entity struct {
	ID        string    `json:"id"` // AIDA…, AGPA…, AROA…, ANPA…, AIPA…
	Account   AccountID `json:"account"`
	Name      string    `json:"name"`
	Path      string    `json:"path,omitempty"` // "/" or "/…/"
	CreatedAt time.Time `json:"created"`
	Tags      []Tag     `json:"tags,omitempty"`
}

// Base returns the entity itself, for code that is about every kind.
func (e *Entity) Base() *Entity { return e }

// arn is arn:aws:iam::ACCOUNT:type/path/name.
func (e *Entity) arn(typ string) string {
	path := e.Path
	if path == "" {
		path = "/"
	}
	return "arn:aws:iam::" + string(e.Account) + ":" + typ + path + e.Name
}

// InlinePolicy is a policy that is part of a user, a group or a role.
type InlinePolicy struct {
	Name     string `json:"name"`
	Document string `json:"document"`
}

// Grants are the policies of a user, a group or a role.
type Grants struct {
	Inline   []InlinePolicy `json:"inline,omitempty"`
	Attached []string       `json:"attached,omitempty"` // ARNs of managed policies
	Boundary string         `json:"boundary,omitempty"` // the ARN of one; not of groups
}

// Policies returns the grants themselves, for code that is about every kind.
func (g *Grants) Policies() *Grants { return g }

// InlineDocument returns the inline policy of this name; ok is false when there
// is none.
func (g *Grants) InlineDocument(name string) (doc string, ok bool) {
	for _, p := range g.Inline {
		if p.Name == name {
			return p.Document, true
		}
	}
	return "", false
}

// User is an IAM user.
type User struct {
	Entity
	Grants
	Groups           []string  `json:"groups,omitempty"` // ids, in the order of joining
	Login            *Login    `json:"login,omitempty"`
	PasswordLastUsed time.Time `json:"passwordLastUsed,omitzero"`
}

// ARN names the user.
func (u *User) ARN() string { return u.arn("user") }

// Login is a password, hashed, and since when it is this one: sessions of an
// older one are over.
type Login struct {
	Hash          string    `json:"hash"`
	CreatedAt     time.Time `json:"created"`
	Since         time.Time `json:"since"`
	ResetRequired bool      `json:"resetRequired,omitempty"`
}

// Group is a group of users.
type Group struct {
	Entity
	Grants
}

// ARN names the group.
func (g *Group) ARN() string { return g.arn("group") }

// Role is an identity that others assume.
type Role struct {
	Entity
	Grants
	Description string    `json:"description,omitempty"`
	Trust       string    `json:"trust"`      // the document that says who may assume it
	MaxSession  int       `json:"maxSession"` // seconds
	LastUsed    LastUsed  `json:"lastUsed,omitzero"`
	Since       time.Time `json:"since,omitzero"` // sessions from before it are over
}

// ARN names the role.
func (r *Role) ARN() string { return r.arn("role") }

// ManagedPolicy is a policy of its own, with versions.
type ManagedPolicy struct {
	Entity
	Description string          `json:"description,omitempty"`
	Default     string          `json:"default"` // id of the version in force
	Versions    []PolicyVersion `json:"versions"`
	LastVersion int             `json:"lastVersion"` // the number of the newest there ever was
	UpdatedAt   time.Time       `json:"updated"`
}

// PolicyVersion is one text of a managed policy.
type PolicyVersion struct {
	ID        string    `json:"id"` // v1, v2, …
	Document  string    `json:"document"`
	CreatedAt time.Time `json:"created"`
}

// MaxPolicyVersions is how many versions a managed policy has at most.
const MaxPolicyVersions = 5

// ARN names the policy.
func (p *ManagedPolicy) ARN() string { return p.arn("policy") }

// Version returns the version of this id, or nil.
func (p *ManagedPolicy) Version(id string) *PolicyVersion {
	for i := range p.Versions {
		if p.Versions[i].ID == id {
			return &p.Versions[i]
		}
	}
	return nil
}

// InstanceProfile hands a role to a machine.
type InstanceProfile struct {
	Entity
	Role string `json:"role,omitempty"` // id; at most one
}

// ARN names the profile.
func (p *InstanceProfile) ARN() string { return p.arn("instance-profile") }

// MFADevice is a virtual device for multi-factor authentication: a seed of
// time-based one-time passwords (RFC 6238). It is nobody's until it is enabled.
type MFADevice struct {
	Entity
	Seed      []byte    `json:"seed"`            // sealed
	Owner     string    `json:"owner,omitempty"` // id of a user, or the account's of its root
	EnabledAt time.Time `json:"enabled,omitzero"`
	Step      int64     `json:"step,omitempty"`  // the last time step of which a code was used
	Drift     int64     `json:"drift,omitempty"` // how many time steps its clock is ahead
}

// ARN names the device: it is its serial number.
func (d *MFADevice) ARN() string { return d.arn("mfa") }

// SealContext is what the seed is sealed for.
func (d *MFADevice) SealContext() string { return "mfa/" + d.ID }

// IdentityProvider is an OpenID Connect provider whose tokens roles trust. Its
// name is its URL without the scheme.
type IdentityProvider struct {
	Entity
	URL         string   `json:"url"`
	ClientIDs   []string `json:"clientIds,omitempty"`
	Thumbprints []string `json:"thumbprints,omitempty"`
}

// ARN names the provider.
func (p *IdentityProvider) ARN() string {
	return "arn:aws:iam::" + string(p.Account) + ":oidc-provider/" + p.Name
}

// Instance is a machine that is registered under a name of Lightsail's and
// fetches its credentials itself.
type Instance struct {
	Entity
	Region    string `json:"region"`
	Zone      string `json:"zone,omitempty"`
	BundleID  string `json:"bundle,omitempty"`
	Blueprint string `json:"blueprint,omitempty"`
	KeyPair   string `json:"keyPair,omitempty"`
	UserData  string `json:"userData,omitempty"`
	State     string `json:"state"`           // InstancePending, InstanceRunning or InstanceStopped
	Token     string `json:"token,omitempty"` // SHA-256 of what the machine proves itself with, hex
	Enroll    string `json:"enroll,omitempty"`
	// EnrollUntil is when the enrolment token is good for nothing any more.
	EnrollUntil time.Time `json:"enrollUntil,omitzero"`
	Since       time.Time `json:"since,omitzero"` // sessions from before it are over
}

// The states of a machine: one that was made by the API and has no token yet, one
// whose credentials work, one whose credentials are refused.
const (
	InstancePending = "pending"
	InstanceRunning = "running"
	InstanceStopped = "stopped"
)

// MachineToken begins the tokens of registered machines.
const MachineToken = "khm1."

// ARN names the instance as Lightsail does.
func (i *Instance) ARN() string {
	return "arn:aws:lightsail:" + i.Region + ":" + string(i.Account) + ":Instance/" + i.ID
}

// ManagedPolicyARN splits the ARN of a managed policy into its account, which is
// "aws" for AWS's own, and its name; ok is false for anything else.
func ManagedPolicyARN(arn string) (account, name string, ok bool) {
	rest, ok := strings.CutPrefix(arn, "arn:aws:iam::")
	if !ok {
		return "", "", false
	}
	account, rest, _ = strings.Cut(rest, ":")
	rest, ok = strings.CutPrefix(rest, "policy/")
	name = rest[strings.LastIndexByte(rest, '/')+1:]
	if account != "aws" && !AccountID(account).Valid() {
		return "", "", false
	}
	return account, name, ok && name != ""
}
