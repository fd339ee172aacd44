package webidentity

import (
	"encoding/json"
	"regexp"
)

// claims are what a token says beside who it is of and for.
type claims struct {
	Nonce         text  `json:"nonce"`
	Party         text  `json:"azp"`
	Email         text  `json:"email"`
	EmailVerified truth `json:"email_verified"`
	PreferredName text  `json:"preferred_username"`
	Groups        texts `json:"groups"`
	AMR           texts `json:"amr"`
}

// The forms of claims. One of another form than expected says nothing, as a
// provider may mean something else by its name.
type (
	text  string
	truth bool
	texts []string
)

func (t *text) UnmarshalJSON(raw []byte) error {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		*t = text(s)
	}
	return nil
}

func (t *truth) UnmarshalJSON(raw []byte) error {
	*t = string(raw) == "true" || string(raw) == `"true"`
	return nil
}

func (t *texts) UnmarshalJSON(raw []byte) error {
	var all []string
	if json.Unmarshal(raw, &all) == nil {
		*t = all
	}
	return nil
}

// email is the address of whoever the token is of, unless the provider does not
// vouch for it.
func (c *claims) email() []string {
	if c.Email == "" || !c.EmailVerified {
		return nil
	}
	return []string{string(c.Email)}
}

var notInName = regexp.MustCompile(`[^\w+=,.@-]+`)

const maxName = 64 // of a session ("AssumeRole": RoleSessionName)

// SessionName is what a session of whoever the token is of is called: the e-mail
// address, the name they go by at the provider, or the subject, without what a
// name of a session can't have. Who a person is, is told by the subject alone.
func (id *Identity) SessionName() string {
	for _, name := range append(id.claims.email(), string(id.claims.PreferredName), id.Subject) {
		name = notInName.ReplaceAllString(name, "-")
		if len(name) >= 2 {
			return name[:min(len(name), maxName)]
		}
	}
	return "id-" + notInName.ReplaceAllString(id.Subject, "-")
}
