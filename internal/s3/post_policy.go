package s3

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// postPolicy is what the signer of a form allows its user (S3 API reference,
// "POST Policy").
type postPolicy struct {
	expiration time.Time
	conditions []postCondition
	min, max   int64 // bytes of the file
}

// postCondition is one condition on a field: eq or starts-with.
type postCondition struct {
	prefix bool
	field  string // in lower case, without "$"
	value  string
}

func (c *postCondition) String() string {
	op := "eq"
	if c.prefix {
		op = "starts-with"
	}
	text, _ := json.Marshal([]string{op, "$" + c.field, c.value}) // strings never fail
	return string(text)
}

func errPolicy(format string, args ...any) error {
	return &wireError{code: "InvalidPolicyDocument", status: 400, message: "Invalid Policy: " + fmt.Sprintf(format, args...)}
}

func errByPolicy(format string, args ...any) error {
	return errAccessDenied.with("Invalid according to Policy: " + fmt.Sprintf(format, args...))
}

// parsePostPolicy reads the Base64 of a policy. What it does not know it
// refuses: a condition that is passed over would be one that does not hold.
func parsePostPolicy(encoded string) (*postPolicy, error) {
	if encoded == "" {
		return nil, errPolicy("Expecting '{' but found End-of-Input")
	}
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, errPolicy("invalid Base64 encoding.")
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil || members == nil {
		return nil, errPolicy("Invalid JSON.")
	}
	for name := range members {
		if name != "expiration" && name != "conditions" {
			return nil, errPolicy("Unexpected: %q", name)
		}
	}
	p := &postPolicy{max: math.MaxInt64}
	if p.expiration, err = policyExpiration(members["expiration"]); err != nil {
		return nil, err
	}
	if members["conditions"] == nil {
		return nil, errPolicy("Policy missing conditions.")
	}
	var list []json.RawMessage
	if err := json.Unmarshal(members["conditions"], &list); err != nil || list == nil {
		return nil, errPolicy("Invalid 'conditions' value: must be a List.")
	}
	for _, raw := range list {
		if err := p.addCondition(raw); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func policyExpiration(raw json.RawMessage) (time.Time, error) {
	if raw == nil {
		return time.Time{}, errPolicy("Policy missing expiration.")
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return time.Time{}, errPolicy("Invalid 'expiration' value: '%s'", raw)
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, errPolicy("Invalid 'expiration' value: '%s'", text)
	}
	return at, nil
}

func (p *postPolicy) addCondition(raw json.RawMessage) error {
	switch raw = bytes.TrimSpace(raw); raw[0] {
	case '{':
		return p.addSimple(raw)
	case '[':
		return p.addTest(raw)
	}
	return errPolicy("Invalid condition test: must be a List or Object.")
}

// addSimple reads {"field": "value"}.
func (p *postPolicy) addSimple(raw json.RawMessage) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil || len(members) != 1 {
		return errPolicy("Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.")
	}
	for name, raw := range members {
		value, ok := scalar(raw)
		if !ok {
			return errPolicy("Invalid Simple-Condition: value must be a string.")
		}
		p.conditions = append(p.conditions, postCondition{field: strings.ToLower(name), value: value})
	}
	return nil
}

// addTest reads ["eq", "$field", "value"], ["starts-with", …] and
// ["content-length-range", min, max].
func (p *postPolicy) addTest(raw json.RawMessage) error {
	var args []json.RawMessage
	if err := json.Unmarshal(raw, &args); err != nil || len(args) == 0 {
		return errPolicy("Invalid Condition: missing operation identifier.")
	}
	op, ok := scalar(args[0])
	if !ok {
		return errPolicy("Invalid Condition: missing operation identifier.")
	}
	name := strings.ToLower(op)
	if name != "eq" && name != "starts-with" && name != "content-length-range" {
		return errPolicy("Invalid Condition: unknown operation '%s'.", op)
	}
	if len(args) != 3 {
		return errPolicy("Invalid %s: wrong number of arguments.", op)
	}
	first, ok1 := scalar(args[1])
	second, ok2 := scalar(args[2])
	if !ok1 || !ok2 {
		return errPolicy("Invalid %s: wrong type of arguments.", op)
	}
	if name == "content-length-range" {
		return p.addRange(first, second)
	}
	field, ok := strings.CutPrefix(first, "$")
	if !ok {
		return errPolicy("Invalid %s: the field must begin with '$'.", op)
	}
	p.conditions = append(p.conditions, postCondition{prefix: name == "starts-with", field: strings.ToLower(field), value: second})
	return nil
}

func (p *postPolicy) addRange(first, last string) error {
	low, ok1 := parseNumber(first)
	high, ok2 := parseNumber(last)
	if !ok1 || !ok2 || first == "" || last == "" {
		return errPolicy("Invalid content-length-range: the limits must be numbers.")
	}
	p.min, p.max = max(p.min, low), min(p.max, high)
	return nil
}

// scalar reads a string or a whole number.
func scalar(raw json.RawMessage) (string, bool) {
	var text string
	if json.Unmarshal(raw, &text) == nil && len(raw) > 0 && raw[0] == '"' {
		return text, true
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	return strconv.FormatInt(n, 10), err == nil
}

// check holds a form against the policy: it must not have expired, every
// condition must hold, and every field must have one.
func (p *postPolicy) check(f *postForm, bucketName string, now time.Time) error {
	if !now.Before(p.expiration) {
		return errByPolicy("Policy expired.")
	}
	covered := map[string]bool{}
	for i := range p.conditions {
		cond := &p.conditions[i]
		covered[cond.field] = true
		value := f.get(cond.field)
		if cond.field == "bucket" {
			value = bucketName
		}
		if !cond.holds(value) {
			return errByPolicy("Policy Condition failed: %s", cond)
		}
	}
	if !covered["bucket"] {
		return errByPolicy("Extra input fields: bucket")
	}
	for _, field := range f.fields {
		if !covered[field.name] && !uncovered(field.name) {
			return errByPolicy("Extra input fields: %s", field.name)
		}
	}
	return nil
}

func (c *postCondition) holds(value string) bool {
	if !c.prefix {
		return value == c.value
	}
	if c.field != "content-type" {
		return strings.HasPrefix(value, c.value)
	}
	// It is a list, each member of which must have the prefix.
	for item := range strings.SplitSeq(value, ",") {
		if !strings.HasPrefix(strings.TrimSpace(item), c.value) {
			return false
		}
	}
	return true
}

// uncovered are the fields that need no condition.
func uncovered(name string) bool {
	switch name {
	case "policy", "x-amz-signature", "file", "bucket":
		return true
	}
	return strings.HasPrefix(name, "x-ignore-")
}
