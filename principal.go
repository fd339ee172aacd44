package keyhaven

import "time"

// PrincipalKind says who signed a request.
type PrincipalKind uint8

// The principals. The zero value is Anonymous: nobody gets more by forgetting.
const (
	Anonymous PrincipalKind = iota
	Root
	BucketKey
	UserPrincipal   // an IAM user
	RoleSession     // who has assumed a role
	FederatedUser   // a session of GetFederationToken
	InstanceSession // a registered machine
)

// Principal is the verified caller of a request.
type Principal struct {
	Kind        PrincipalKind
	Account     AccountID
	CanonicalID string
	AccessKeyID string
	BucketID    BucketID // the one bucket of a BucketKey
	BucketName  string

	// ID is the unique id: AIDA… of a user, AROA… of a session's role, that of an
	// instance; empty for the others.
	ID   string
	Name string // of the user, the session or the instance
	// Arn is set for what has a record: users and sessions.
	Arn     string
	RoleARN string // of a RoleSession
	// Temporary says that the credentials came with a session token.
	Temporary bool
	// MFA is when the session showed the code of an MFA device; zero for never.
	MFA time.Time
}

// ARN names the principal in denials and access records; "" for anonymous.
// The form for a bucket key is ours: AWS hides the principal behind it.
func (p *Principal) ARN() string {
	switch p.Kind {
	case Root:
		return "arn:aws:iam::" + string(p.Account) + ":root"
	case BucketKey:
		return "arn:aws:lightsail::" + string(p.Account) + ":bucket-access-key/" + p.BucketName + "/" + p.AccessKeyID
	}
	return p.Arn
}

// Owns reports whether the principal is the root of the installation's first
// account, who alone manages the accounts.
func (p *Principal) Owns(first AccountID) bool {
	return p.Kind == Root && p.Account == first
}

// UserID is the value of aws:userid and of GetCallerIdentity's UserId ("IAM
// policy elements: variables", table of principal values).
func (p *Principal) UserID() string {
	switch p.Kind {
	case Root:
		return string(p.Account)
	case UserPrincipal:
		return p.ID
	case RoleSession, InstanceSession:
		return p.ID + ":" + p.Name
	case FederatedUser:
		return string(p.Account) + ":" + p.Name
	case BucketKey:
		return p.AccessKeyID
	}
	return ""
}
