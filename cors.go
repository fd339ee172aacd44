package keyhaven

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Limits of cross-origin resource sharing.
const (
	MaxCORSRules          = 100      // S3 API
	MaxLightsailCORSRules = 20       // Lightsail API
	MaxCORSSize           = 64 << 10 // bytes of the whole configuration
	maxCORSRuleID         = 255
)

// CORS says which pages of other origins may use a bucket from a browser
// (spec/bucket-semantics.md §8). It never grants access to anything.
type CORS struct {
	Rules []CORSRule `json:"rules"`
}

// CORSRule is one rule; the first that matches a request counts.
type CORSRule struct {
	ID             string   `json:"id,omitempty"`
	AllowedOrigins []string `json:"origins"`
	AllowedMethods []string `json:"methods"`
	AllowedHeaders []string `json:"headers,omitempty"`
	ExposeHeaders  []string `json:"expose,omitempty"`
	MaxAge         *int32   `json:"maxAge,omitempty"` // seconds; S3 stores and sends a negative one too
}

// Validate checks the configuration against S3's rules and a limit of rules.
// Errors: Invalid configuration, with a Msg.
func (c *CORS) Validate(maxRules int) error {
	if len(c.Rules) > maxRules {
		return invalidConfiguration("A CORS configuration can have at most " + strconv.Itoa(maxRules) + " rules.")
	}
	for i := range c.Rules {
		if err := c.Rules[i].validate(); err != nil {
			return err
		}
	}
	raw, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if len(raw) > MaxCORSSize {
		return invalidConfiguration("A CORS configuration can have at most 64 KB.")
	}
	return nil
}

func (r *CORSRule) validate() error {
	switch {
	case len(r.ID) > maxCORSRuleID:
		return invalidConfiguration("The ID of a CORS rule can have at most 255 characters.")
	case len(r.AllowedOrigins) == 0:
		return invalidConfiguration("A CORS rule needs at least one allowed origin.")
	case len(r.AllowedMethods) == 0:
		return invalidConfiguration("A CORS rule needs at least one allowed method.")
	}
	for _, m := range r.AllowedMethods {
		switch m {
		case "GET", "PUT", "POST", "DELETE", "HEAD":
		default:
			return invalidConfiguration("Found unsupported HTTP method in CORS config. Unsupported method is " + m)
		}
	}
	for _, o := range r.AllowedOrigins {
		if o == "" || strings.ContainsFunc(o, func(c rune) bool { return c <= ' ' || c >= 0x7f }) {
			return invalidConfiguration("AllowedOrigin " + quote(o) + " is not an origin.")
		}
		if strings.Count(o, "*") > 1 {
			return invalidConfiguration("AllowedOrigin " + quote(o) + " can not have more than one wildcard.")
		}
	}
	for _, h := range r.AllowedHeaders {
		if strings.Count(h, "*") > 1 {
			return invalidConfiguration("AllowedHeader " + quote(h) + " can not have more than one wildcard.")
		}
		if !headerName(strings.Replace(h, "*", "x", 1)) {
			return invalidConfiguration("AllowedHeader " + quote(h) + " is not the name of a header.")
		}
	}
	for _, h := range r.ExposeHeaders {
		if strings.Contains(h, "*") {
			return invalidConfiguration("ExposeHeader " + quote(h) + " contains wildcard. We currently do not support wildcard for ExposeHeader.")
		}
		if !headerName(h) {
			return invalidConfiguration("ExposeHeader " + quote(h) + " is not the name of a header.")
		}
	}
	return nil
}

// headerName reports whether s is a token of RFC 9110.
func headerName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}

func invalidConfiguration(msg string) error {
	return &Error{Kind: Invalid, Noun: NounConfiguration, Msg: msg}
}

// Match returns the first rule for a request of this origin and method with
// these headers, or nil, and how the rule names the origin.
func (c *CORS) Match(origin, method string, headers []string) (*CORSRule, OriginMatch) {
	for i := range c.Rules {
		r := &c.Rules[i]
		m := r.matchOrigin(origin)
		if m == OriginNone || !r.allowsMethod(method) || !r.allowsHeaders(headers) {
			continue
		}
		return r, m
	}
	return nil, OriginNone
}

// OriginMatch says how a rule names an origin.
type OriginMatch uint8

// The ways, the vaguest that matches last.
const (
	OriginNone     OriginMatch = iota
	OriginExact                // it is named as it is
	OriginWildcard             // a pattern such as https://*.example.com
	OriginAny                  // "*"
)

func (r *CORSRule) matchOrigin(origin string) OriginMatch {
	for _, o := range r.AllowedOrigins {
		switch {
		case o == "*":
			return OriginAny
		case o == origin:
			return OriginExact
		case matchWildcard(o, origin):
			return OriginWildcard
		}
	}
	return OriginNone
}

func (r *CORSRule) allowsMethod(method string) bool {
	for _, m := range r.AllowedMethods {
		if m == method {
			return true
		}
	}
	return false
}

func (r *CORSRule) allowsHeaders(headers []string) bool {
	for _, h := range headers {
		allowed := false
		for _, a := range r.AllowedHeaders {
			allowed = allowed || matchWildcard(strings.ToLower(a), strings.ToLower(h))
		}
		if !allowed {
			return false
		}
	}
	return true
}

// matchWildcard matches a pattern with at most one "*".
func matchWildcard(pattern, s string) bool {
	before, after, wild := strings.Cut(pattern, "*")
	if !wild {
		return pattern == s
	}
	return len(s) >= len(before)+len(after) && strings.HasPrefix(s, before) && strings.HasSuffix(s, after)
}
