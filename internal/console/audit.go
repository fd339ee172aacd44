package console

import (
	"context"
	"encoding/json"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/audit"
	"github.com/keyhaven/keyhaven/internal/edge"
)

// Audit keeps the records of sign-ins. Implemented by audit.Recorder.
type Audit interface {
	Append(ctx context.Context, e *audit.Event)
}

// The events (CloudTrail User Guide, "AWS Management Console sign-in events").
const (
	consoleLogin    = "ConsoleLogin"
	logout          = "Logout"
	passwordUpdated = "PasswordUpdated" // of a root
)

const hidden = "HIDDEN_DUE_TO_SECURITY_REASONS"

// record records what a person did at the console.
func (d *Door) record(c *call, event string, who audit.Identity, failure string, additional map[string]any) {
	if d.opts.Audit == nil {
		return
	}
	e := &audit.Event{
		UserIdentity: who, EventSource: "signin.amazonaws.com", EventName: event, EventType: audit.ConsoleSignIn,
		AWSRegion: d.opts.Region, SourceIPAddress: edge.ClientAddress(c.r), UserAgent: c.r.UserAgent(),
		RequestID: c.w.Header().Get("X-Request-Id"), RecipientAccountID: who.AccountID,
	}
	result := "Success"
	if failure != "" {
		result, e.ErrorMessage = "Failure", failure
	}
	e.ResponseElements, _ = json.Marshal(map[string]string{event: result})
	if additional != nil {
		e.AdditionalData, _ = json.Marshal(additional)
	}
	d.opts.Audit.Append(context.WithoutCancel(c.r.Context()), e)
}

// recordSignIn records that a person is signed in.
func (d *Door) recordSignIn(c *call, s *access.SignIn, by string) {
	d.record(c, consoleLogin, audit.IdentityOf(&s.Principal), "", map[string]any{"MFAUsed": yesNo(!s.Principal.MFA.IsZero()), "SignInBy": by})
}

func yesNo(is bool) string {
	if is {
		return "Yes"
	}
	return "No"
}

// recordFailure records that somebody is not, for the account that they named if
// there is one. A name that nobody may have is not repeated: it may be a password
// that was typed into the wrong field.
func (d *Door) recordFailure(c *call, in *signInInput) {
	skipped, ok := d.failures.Take(time.Now(), "")
	if !ok {
		return
	}
	account := d.opts.Account
	if in.Account != "" && in.Kind != "key" {
		if a, err := d.opts.People.FindAccount(c.r.Context(), in.Account); err == nil {
			account = a.ID
		}
	}
	who := audit.Identity{Type: "IAMUser", AccountID: string(account), UserName: hidden}
	switch in.Kind {
	case "root":
		who.Type, who.UserName = "Root", ""
	case "key":
		if keyhaven.ValidAccessKeyID(in.AccessKeyID) {
			who.AccessKeyID = in.AccessKeyID
		}
	case "user":
		if _, err := d.opts.People.User(c.r.Context(), account, in.UserName); err == nil {
			who.UserName = in.UserName
		}
	}
	more := map[string]any{"MFAUsed": yesNo(in.MFACode != ""), "SignInBy": in.Kind}
	if skipped > 0 {
		more["FailuresNotRecorded"] = skipped
	}
	d.record(c, consoleLogin, who, "Failed authentication", more)
}
