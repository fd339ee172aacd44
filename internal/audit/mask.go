package audit

import (
	"bytes"
	"encoding/json"
	"strings"
)

// masked is what stands for a secret, as in CloudTrail's records.
const masked = "HIDDEN_DUE_TO_SECURITY_REASONS"

// secrets are the members that hold one, in lower case. A name that ends so is
// one too (newPassword).
var secrets = []string{
	"secret", "secretaccesskey", "sessiontoken", "password", "token", "tokencode", "samlassertion", "privatekey",
	"authenticationcode1", "authenticationcode2", "base32stringseed", "qrcodepng", "ssecustomerkey", "clientrequesttoken", "userdata", "signinlink",
}

// pageTokens are names that end like a secret and hold none.
var pageTokens = map[string]bool{"pagetoken": true, "nexttoken": true, "nextpagetoken": true, "continuationtoken": true}

func secret(name string) bool {
	name = strings.ToLower(name)
	if pageTokens[name] {
		return false
	}
	for _, s := range secrets {
		if strings.HasSuffix(name, s) {
			return true
		}
	}
	return false
}

// Mask returns a JSON text with every member masked that holds a secret by its
// name, or null for what is no JSON or longer than a record may be.
func Mask(text []byte) json.RawMessage {
	if len(text) > maxElements {
		return json.RawMessage(`{"omitted":"too long"}`)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil
	}
	out, err := json.Marshal(maskValue(v))
	if err != nil {
		return nil
	}
	return out
}

func maskValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if _, isText := member.(string); isText && secret(name) {
				v[name] = masked
				continue
			}
			v[name] = maskValue(member)
		}
	case []any:
		for i := range v {
			v[i] = maskValue(v[i])
		}
	}
	return v
}
