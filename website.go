package keyhaven

import (
	"regexp"
	"strconv"
	"strings"
)

// Website makes the objects of a bucket the pages of a static website ("Hosting
// a static website using Amazon S3").
type Website struct {
	Index    string         `json:"index,omitempty"` // suffix of the address of a directory
	Error    string         `json:"error,omitempty"` // key of the page for errors
	Redirect *WebsiteTarget `json:"redirect,omitempty"`
	Rules    []WebsiteRule  `json:"rules,omitempty"`
}

// WebsiteRule redirects requests by their key, by the error that they meet, or
// by both.
type WebsiteRule struct {
	KeyPrefix string        `json:"prefix,omitempty"`
	ErrorCode int           `json:"code,omitempty"` // 0 for none: the rule acts before the object is looked for
	Redirect  WebsiteTarget `json:"to"`
}

// WebsiteTarget is where a redirect leads; what is empty stays as it was.
type WebsiteTarget struct {
	Protocol      string  `json:"protocol,omitempty"` // http or https
	Host          string  `json:"host,omitempty"`
	Code          int     `json:"status,omitempty"` // 301 when 0
	ReplaceKey    string  `json:"key,omitempty"`
	ReplacePrefix *string `json:"replacePrefix,omitempty"` // replaces the prefix of the rule
}

// Limits of websites.
const (
	MaxWebsiteRules     = 50
	MaxWebsiteSize      = 128 << 10 // bytes of the whole configuration
	MaxRedirectLocation = 2 << 10   // bytes of x-amz-website-redirect-location
)

// ValidWebsiteIndex reports whether s may be the suffix of the address of a
// directory: a name without a slash.
func ValidWebsiteIndex(s string) bool {
	return !strings.Contains(s, "/") && ValidObjectKey(s) == nil
}

var redirectHost = regexp.MustCompile(`^[A-Za-z0-9._-]{1,255}(:[0-9]{1,5})?$`)

// Validate checks the configuration. Errors: Invalid configuration, with a Msg.
func (w *Website) Validate() error {
	if w.Redirect != nil {
		if w.Index != "" || w.Error != "" || len(w.Rules) > 0 {
			return invalidConfiguration("RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.")
		}
		if w.Redirect.Host == "" {
			return invalidConfiguration("A redirect of all requests needs a host name.")
		}
		return w.Redirect.validate()
	}
	switch {
	case w.Index == "":
		return invalidConfiguration("A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty")
	case !ValidWebsiteIndex(w.Index):
		return invalidConfiguration("The IndexDocument Suffix is not well formed")
	case w.Error != "" && ValidObjectKey(w.Error) != nil:
		return invalidConfiguration("The ErrorDocument Key is not well formed")
	case len(w.Rules) > MaxWebsiteRules:
		return invalidConfiguration(strconv.Itoa(len(w.Rules)) + " routing rules provided, the number of routing rules in a website configuration is limited to 50.")
	}
	for i := range w.Rules {
		if err := w.Rules[i].validate(); err != nil {
			return err
		}
	}
	return nil
}

func (r *WebsiteRule) validate() error {
	if c := r.ErrorCode; c != 0 && (c < 400 || c > 417 && c < 500 || c > 505) { // those of RFC 2616
		return invalidConfiguration("The provided HTTP error code (" + strconv.Itoa(c) + ") is not valid. Valid codes are 4XX or 5XX.")
	}
	t := &r.Redirect
	if t.ReplaceKey != "" && t.ReplacePrefix != nil {
		return invalidConfiguration("You can only define ReplaceKeyPrefix or ReplaceKey but not both.")
	}
	if *t == (WebsiteTarget{}) {
		return invalidConfiguration("The redirect of a routing rule is empty.")
	}
	return t.validate()
}

func (t *WebsiteTarget) validate() error {
	switch {
	case t.Protocol != "" && t.Protocol != "http" && t.Protocol != "https":
		return invalidConfiguration("Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically.")
	case t.Code != 0 && (t.Code < 301 || t.Code > 308 || t.Code == 306):
		return invalidConfiguration("The provided HTTP redirect code (" + strconv.Itoa(t.Code) + ") is not valid. Valid codes are 3XX except 300.")
	case t.Host != "" && !redirectHost.MatchString(t.Host):
		return invalidConfiguration("The host name of a redirect is not valid.")
	case len(t.ReplaceKey) > MaxObjectKey || t.ReplacePrefix != nil && len(*t.ReplacePrefix) > MaxObjectKey:
		return invalidConfiguration("The key of a redirect is too long.")
	}
	return nil
}

// Rule returns the first rule for a key that met an error, or that is only about
// to be looked for when code is 0; nil when there is none.
func (w *Website) Rule(key string, code int) *WebsiteRule {
	for i := range w.Rules {
		if r := &w.Rules[i]; r.ErrorCode == code && strings.HasPrefix(key, r.KeyPrefix) {
			return r
		}
	}
	return nil
}

// Key is the key that the rule leads to.
func (r *WebsiteRule) Key(key string) string {
	switch t := &r.Redirect; {
	case t.ReplaceKey != "":
		return t.ReplaceKey
	case t.ReplacePrefix != nil:
		return *t.ReplacePrefix + strings.TrimPrefix(key, r.KeyPrefix)
	}
	return key
}

// ValidRedirectLocation reports whether s may be the address to which a website
// redirects the requests for an object: a path, or an address of HTTP.
func ValidRedirectLocation(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return len(s) <= MaxRedirectLocation &&
		(strings.HasPrefix(s, "/") || strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://"))
}
