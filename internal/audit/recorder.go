package audit

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/edge"
)

// Recorder makes records of management calls.
type Recorder struct {
	log  *Log
	slog *slog.Logger
}

// NewRecorder returns a recorder over a log.
func NewRecorder(l *Log) *Recorder { return &Recorder{log: l, slog: l.opts.Log} }

// Record records one call. A record that cannot be written is told of in the
// server's own log: the change has been made, and its caller must hear so.
func (r *Recorder) Record(req *http.Request, rec *edge.Record) {
	m := rec.Management
	if m == nil {
		return
	}
	who, account, known := caller(rec)
	if !known {
		return
	}
	e := &Event{
		UserIdentity:    who,
		EventSource:     m.Source,
		EventName:       rec.Op,
		AWSRegion:       m.Region,
		SourceIPAddress: edge.ClientAddress(req),
		UserAgent:       req.UserAgent(),
		ErrorCode:       rec.ErrorCode, ErrorMessage: rec.ErrorMessage,
		RequestParameters:  Mask(m.Parameters),
		ResponseElements:   Mask(m.Response),
		RequestID:          rec.RequestID,
		ReadOnly:           m.ReadOnly,
		RecipientAccountID: string(account),
	}
	for _, arn := range m.Resources {
		e.Resources = append(e.Resources, Resource{ARN: arn, AccountID: string(account), Type: typeOf(arn)})
	}
	// The client may be gone; what it did is recorded all the same.
	r.Append(context.WithoutCancel(req.Context()), e)
}

// caller is who called, and the account that it is about. Whoever proved nothing is
// not recorded: anybody could fill the log.
func caller(rec *edge.Record) (id Identity, account keyhaven.AccountID, known bool) {
	if p := rec.Principal; p != nil && p.Kind != keyhaven.Anonymous {
		return IdentityOf(p), p.Account, true
	}
	f := rec.Management.Federated
	if f == nil {
		return Identity{}, "", false
	}
	return WebIdentityUser(f.Provider, f.Audience, f.Subject), f.Account, true
}

// WebIdentityUser is whom a token of an identity provider proves.
func WebIdentityUser(provider, audience, subject string) Identity {
	return Identity{
		Type: "WebIdentityUser", PrincipalID: cut(provider + ":" + audience + ":" + subject), UserName: cut(subject), IdentityProvider: provider,
	}
}

// Append records an event that is no call of an API, such as a sign-in.
func (r *Recorder) Append(ctx context.Context, e *Event) {
	if err := r.log.Append(ctx, e); err != nil {
		r.slog.ErrorContext(ctx, "audit: an event could not be recorded", "event", e.EventName, "request_id", e.RequestID, "err", err)
	}
}

// IdentityOf is the userIdentity element of a principal (CloudTrail User Guide,
// "CloudTrail userIdentity element"). The type of bucket keys is ours: AWS records
// none of their calls.
func IdentityOf(p *keyhaven.Principal) Identity {
	id := Identity{PrincipalID: p.UserID(), ARN: p.ARN(), AccountID: string(p.Account), AccessKeyID: p.AccessKeyID}
	switch p.Kind {
	case keyhaven.Root:
		id.Type = "Root"
	case keyhaven.UserPrincipal:
		id.Type, id.UserName = "IAMUser", p.Name
	case keyhaven.RoleSession, keyhaven.InstanceSession:
		id.Type = "AssumedRole"
	case keyhaven.FederatedUser:
		id.Type = "FederatedUser"
	case keyhaven.BucketKey:
		id.Type = "BucketAccessKey"
	default:
		id.Type = "Unknown"
	}
	if p.Temporary {
		id.SessionContext = &SessionContext{SessionAttributes{strconv.FormatBool(!p.MFA.IsZero())}}
	}
	return id
}

// typeOf is the type of a resource, as CloudTrail writes it.
func typeOf(arn string) string {
	const s3 = "arn:aws:s3:::"
	if len(arn) > len(s3) && arn[:len(s3)] == s3 {
		return "AWS::S3::Bucket"
	}
	return ""
}
