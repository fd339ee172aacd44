package webidentity

import (
	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/policy"
)

// Keys are the condition keys that a session of the identity keeps.
func (id *Identity) Keys() policy.Values {
	return policy.WebIdentityKeys(id.Provider.ARN(), id.Subject, id.Audience)
}

// MayAssume reports whether the trust policy of a role lets the identity assume it
// under the name of the session. Beside sub, aud and amr, which AWS has, the policy
// may ask for email, where the provider has verified it, and groups.
func (id *Identity) MayAssume(r *keyhaven.Role, trust *policy.Document, session string) bool {
	p := policy.ProviderKeys(id.Provider.ARN())
	facts := id.Keys()
	facts["sts:rolesessionname"] = []string{session}
	facts["aws:principalisawsservice"] = []string{"false"}
	facts["aws:resourceaccount"] = []string{string(r.Account)}
	for key, values := range map[string][]string{":amr": id.claims.AMR, ":groups": id.claims.Groups, ":email": id.claims.email()} {
		if len(values) > 0 {
			facts[p+key] = values
		}
	}
	return policy.Evaluate(&policy.Request{
		Principal: &policy.Principal{Type: policy.WebIdentity, Provider: id.Provider.ARN()},
		Action:    "sts:AssumeRoleWithWebIdentity", Resource: r.ARN(), Owner: r.Account, Context: facts,
	}, &policy.Sources{Resource: []policy.Policy{{Document: trust}}, MustResource: true}).Outcome == policy.Allowed
}
