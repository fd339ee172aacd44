package policy

import "strings"

// ProviderKeys is what the condition keys of an identity provider begin with, by
// the provider's ARN: "id.example.com" of "id.example.com:sub".
func ProviderKeys(arn string) string {
	_, name, _ := strings.Cut(arn, ":oidc-provider/")
	return strings.ToLower(name)
}

// WebIdentityKeys are the condition keys of whom a token of an identity provider
// proves, and of their session (IAM User Guide, "Available keys for AWS web
// identity federation").
func WebIdentityKeys(provider, subject, audience string) Values {
	p := ProviderKeys(provider)
	return Values{"aws:federatedprovider": {provider}, p + ":sub": {subject}, p + ":aud": {audience}}
}
