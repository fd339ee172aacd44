package audit

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/edge"
)

// Recorder makes records of management calls.
type Recorder struct {
	log      *Log
	slog     *slog.Logger
	unproven *Budget
	sparse   *Budget // by what is recorded
}

// NewRecorder returns a recorder over a log.
func NewRecorder(l *Log) *Recorder {
	return &Recorder{log: l, slog: l.opts.Log, unproven: NewBudget(UnprovenPerMinute), sparse: NewBudget(1)}
}

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
	skipped, ok := r.within(rec)
	if !ok {
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
	if skipped > 0 {
		e.AdditionalData = notRecorded(skipped)
	}
	// The client may be gone; what it did is recorded all the same.
	r.Append(context.WithoutCancel(req.Context()), e)
}

// within reports whether a call is recorded that is bounded in number, and how many
// were not.
func (r *Recorder) within(rec *edge.Record) (skipped int, ok bool) {
	switch m := rec.Management; {
	case rec.Principal == nil && m.Unproven != "":
		return r.unproven.Take(r.log.opts.Now(), rec.Op)
	case m.Sparse != "":
		return r.sparse.Take(r.log.opts.Now(), m.Sparse)
	}
	return 0, true
}

// caller is who called, and the account that it is about. Whoever proved nothing is
// not recorded, but where the door asks for it.
func caller(rec *edge.Record) (id Identity, account keyhaven.AccountID, known bool) {
	if p := rec.Principal; p != nil && p.Kind != keyhaven.Anonymous {
		return IdentityOf(p), p.Account, true
	}
	f := rec.Management.Federated
	if f == nil {
		account = rec.Management.Unproven
		return Identity{Type: "Unknown", AccountID: string(account)}, account, account != ""
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

// AppendUnproven records an event that those bring about who prove nothing, within
// the bound for them.
func (r *Recorder) AppendUnproven(ctx context.Context, e *Event) {
	skipped, ok := r.unproven.Take(r.log.opts.Now(), e.EventName)
	if !ok {
		return
	}
	if skipped > 0 {
		e.AdditionalData = notRecorded(skipped)
	}
	r.Append(ctx, e)
}

func notRecorded(skipped int) json.RawMessage {
	return json.RawMessage(`{"CallsNotRecorded":` + strconv.Itoa(skipped) + `}`)
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
