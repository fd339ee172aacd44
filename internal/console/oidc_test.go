package console_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/console"
	"github.com/keyhaven/keyhaven/internal/identity"
	"github.com/keyhaven/keyhaven/internal/seal"
	"github.com/keyhaven/keyhaven/internal/webidentity"
	"github.com/keyhaven/keyhaven/internal/webidentity/oidctest"
)

const origin = "http://127.0.0.1:9001"

// ssoRig is a door with a provider, which the account trusts, and a role for the
// group ops.
type ssoRig struct {
	*rig
	*oidctest.Issuer
	trail trail
	role  *keyhaven.Role
	sso   *console.SingleSignOn
}

func newSSORig(t *testing.T) *ssoRig {
	t.Helper()
	s := &ssoRig{Issuer: oidctest.New(t)}
	s.Secret = "client secret"
	s.Person = map[string]any{"sub": "7", "email": "ann@haven.test", "email_verified": true, "groups": []string{"ops"}}
	ring, err := seal.LoadOrCreate(t.TempDir() + "/sso")
	check(t, err)
	s.rig = newRig(t, func(o *console.Options) {
		s.sso = &console.SingleSignOn{
			Name: "Acme", Roles: []string{"gone", "admins", "ops"}, Sealer: ring,
			Client: &webidentity.Client{Issuer: s.URL, ID: "haven", Secret: keyhaven.NewSecret(s.Secret), Scopes: []string{"openid"}},
			Tokens: webidentity.New(o.People.(*identity.Service), s.Client()),
			Origin: func(_ *http.Request, o string) bool { return o == origin },
		}
		o.SingleSignOn, o.Audit = s.sso, &s.trail
	})
	ctx := context.Background()
	p, err := s.people.CreateProvider(ctx, account, s.URL, []string{"haven"}, nil, nil)
	check(t, err)
	trust := func(key, value string) string {
		doc, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
			"Effect": "Allow", "Principal": map[string]string{"Federated": p.ARN()}, "Action": "sts:AssumeRoleWithWebIdentity",
			"Condition": map[string]any{"ForAnyValue:StringEquals": map[string]string{p.Name + key: value}},
		}}})
		check(t, err)
		return string(doc)
	}
	_, err = s.people.CreateRole(ctx, account, identity.NewRole{Name: "admins", Trust: trust(":sub", "1")})
	check(t, err)
	s.role, err = s.people.CreateRole(ctx, account, identity.NewRole{Name: "ops", Trust: trust(":groups", "ops")})
	check(t, err)
	return s
}

// begin begins a sign-in, and returns where the page goes.
func (s *ssoRig) begin(page string) *url.URL {
	s.t.Helper()
	res := s.send("POST", "/console/oidc", `{"page":"`+page+`"}`, "Origin: "+origin)
	var out struct{ URL string }
	if body := text(s.t, res); res.StatusCode != 200 || json.Unmarshal([]byte(body), &out) != nil {
		s.t.Fatalf("POST /console/oidc = %d %s", res.StatusCode, body)
	}
	s.jar = res.Cookies()
	if c := s.jar[0]; len(s.jar) != 1 || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/console/oidc/callback" {
		s.t.Errorf("the cookie of the attempt is %+v", s.jar)
	}
	to, err := url.Parse(out.URL)
	check(s.t, err)
	return to
}

// provider is what a browser does that goes there: it returns where it is sent
// back to.
func (s *ssoRig) provider(to *url.URL) *url.URL {
	s.t.Helper()
	client := *s.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := client.Get(to.String())
	check(s.t, err)
	defer res.Body.Close()
	back, err := res.Location()
	check(s.t, err)
	if !strings.HasPrefix(back.String(), origin+"/console/oidc/callback?") {
		s.t.Fatalf("the provider sends the browser to %s", back)
	}
	return back
}

// callback brings the browser back, and returns the page that it is sent to and
// the cookie of the session, nil for none.
func (s *ssoRig) callback(back *url.URL) (string, *http.Cookie) {
	s.t.Helper()
	res := s.send("GET", back.RequestURI(), "", "Sec-Fetch-Site: cross-site")
	if res.StatusCode != http.StatusSeeOther {
		s.t.Fatalf("the callback answers %d %s", res.StatusCode, text(s.t, res))
	}
	var session *http.Cookie
	for _, c := range res.Cookies() {
		if c.Name == "keyhaven_session" {
			session = c
		} else if c.MaxAge >= 0 {
			s.t.Errorf("the cookie of the attempt stays: %+v", c)
		}
	}
	return res.Header.Get("Location"), session
}

func TestSingleSignOn(t *testing.T) {
	s := newSSORig(t)
	if got := text(t, s.send("GET", "/console/settings", "")); !strings.Contains(got, `"singleSignOn":"Acme"`) {
		t.Errorf("the settings are %s", got)
	}
	to := s.begin("/storage/b?tab=objects")
	if q := to.Query(); q.Get("scope") != "openid" || q.Get("client_id") != "haven" || len(q.Get("nonce")) < 32 || len(q.Get("state")) < 32 {
		t.Errorf("the page goes to %s", to)
	}
	page, session := s.callback(s.provider(to))
	if page != "/storage/b?tab=objects" || session == nil || session.SameSite != http.SameSiteStrictMode || !session.HttpOnly {
		t.Fatalf("the browser is sent to %s with %+v", page, session)
	}
	s.jar = []*http.Cookie{session}
	res := s.send("POST", "/console/credentials", "{}")
	var out struct {
		Person struct {
			ARN, Name  string
			Root, Role bool
		}
		Credentials struct{ AccessKeyID string }
	}
	check(t, json.Unmarshal([]byte(text(t, res)), &out))
	if p := out.Person; p.ARN != "arn:aws:sts::111122223333:assumed-role/ops/ann@haven.test" || p.Name != "ann@haven.test" || p.Root || !p.Role || out.Credentials.AccessKeyID == "" {
		t.Errorf("the session is of %+v", out)
	}
	e := s.trail[len(s.trail)-1]
	if e.EventName != "ConsoleLogin" || e.UserIdentity.Type != "AssumedRole" || !strings.Contains(string(e.AdditionalData), `"Subject":"7"`) {
		t.Errorf("the audit log has %+v, %s", e, e.AdditionalData)
	}
	// S11: the session ends with the role.
	check(t, s.people.DeleteRole(context.Background(), account, "ops"))
	if res := s.send("POST", "/console/credentials", "{}"); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("credentials of a role that is gone: %d", res.StatusCode)
	}
}

// TestS8_SingleSignOnRefuses: nobody is signed in but who was proved now, for this
// client, in the browser that began, and whom a role admits.
func TestS8_SingleSignOnRefuses(t *testing.T) {
	person := func(change map[string]any) func(*ssoRig, *url.URL) {
		return func(s *ssoRig, _ *url.URL) {
			for k, v := range change {
				s.Person[k] = v
			}
		}
	}
	set := func(key, value string) func(*ssoRig, *url.URL) {
		return func(_ *ssoRig, back *url.URL) {
			q := back.Query()
			q.Set(key, value)
			back.RawQuery = q.Encode()
		}
	}
	for what, try := range map[string]struct {
		change func(*ssoRig, *url.URL)
		code   string
	}{
		"another state":            {set("state", "x"), "InvalidIdentity"},
		"no state":                 {set("state", ""), "InvalidIdentity"},
		"another code":             {set("code", "x"), "IdentityProviderFailed"},
		"another issuer":           {set("iss", "https://elsewhere.test"), "SignInExpired"},
		"the person said no":       {set("error", "access_denied"), "SignInCancelled"},
		"another browser":          {func(s *ssoRig, _ *url.URL) { s.jar = nil }, "SignInExpired"},
		"a cookie that is changed": {func(s *ssoRig, _ *url.URL) { s.jar[0].Value = "AAAA" + s.jar[0].Value[4:] }, "SignInExpired"},
		"another nonce":            {person(map[string]any{"nonce": "x"}), "InvalidIdentity"},
		"no nonce":                 {person(map[string]any{"nonce": nil}), "InvalidIdentity"},
		"another client":           {person(map[string]any{"aud": "other"}), "InvalidIdentity"},
		"another party":            {person(map[string]any{"aud": []string{"haven", "other"}, "azp": "other"}), "InvalidIdentity"},
		"another token's issuer":   {person(map[string]any{"iss": "https://elsewhere.test"}), "InvalidIdentity"},
		"another group":            {person(map[string]any{"groups": []string{"dev"}}), "NoRole"},
		"groups of another form":   {person(map[string]any{"groups": "ops"}), "NoRole"},
		"another client secret":    {func(s *ssoRig, _ *url.URL) { s.Secret = "another" }, "IdentityProviderFailed"},
		"the account trusts it no more": {func(s *ssoRig, _ *url.URL) {
			check(s.t, s.people.DeleteProvider(context.Background(), account, identity.ProviderName(s.URL)))
		}, "InvalidIdentity"},
		"the provider is trusted with the client no more": {func(s *ssoRig, _ *url.URL) {
			check(s.t, s.people.ChangeClientID(context.Background(), account, identity.ProviderName(s.URL), "haven", false))
		}, "InvalidIdentity"},
	} {
		t.Run(what, func(t *testing.T) {
			s := newSSORig(t)
			back := s.provider(s.begin("/iam"))
			try.change(s, back)
			page, session := s.callback(back)
			u, err := url.Parse(page)
			check(t, err)
			if session != nil || u.Path != "/" || u.Query().Get("signInError") != try.code || u.Query().Get("requestId") == "" {
				t.Errorf("the browser is sent to %s with %v, want %s", page, session, try.code)
			}
			for _, e := range s.trail {
				if !strings.Contains(string(e.ResponseElements), "Failure") {
					t.Errorf("the audit log has %s", e.ResponseElements)
				}
			}
		})
	}
	t.Run("twice", func(t *testing.T) {
		s := newSSORig(t)
		back := s.provider(s.begin("/"))
		if page, session := s.callback(back); session == nil {
			t.Fatalf("the first time: %s", page)
		}
		if page, session := s.callback(back); session != nil {
			t.Errorf("the second time: %s", page)
		}
	})
}

func TestSingleSignOnBegins(t *testing.T) {
	s := newSSORig(t)
	for what, try := range map[string]struct {
		header string
		status int
		code   string
	}{
		"another origin": {"Origin: http://evil.test", http.StatusForbidden, "CrossOrigin"},
		"another site":   {"Sec-Fetch-Site: cross-site", http.StatusForbidden, "CrossOrigin"},
		"no origin":      {"Accept: */*", http.StatusForbidden, "CrossOrigin"},
	} {
		res := s.send("POST", "/console/oidc", `{"page":"/"}`, try.header)
		if body := text(t, res); res.StatusCode != try.status || !strings.Contains(body, try.code) || len(res.Cookies()) != 0 {
			t.Errorf("%s: %d %s", what, res.StatusCode, body)
		}
	}
	for page, want := range map[string]string{
		"/storage/b": "/storage/b", "": "/", "//evil.test": "/", "https://evil.test/": "/", "/\\\\evil.test": "/", "/nothing": "/",
		"/storage//x": "/storage//x", "/iam?x=1": "/iam?x=1", "/console/sign-out": "/", "javascript:alert(1)": "/",
	} {
		if to, session := s.callback(s.provider(s.begin(page))); to != want || session == nil {
			t.Errorf("page %q: the browser is sent to %q, want %q", page, to, want)
		}
	}
	s.Close()
	s.sso.Tokens = webidentity.New(s.people, s.Client())
	res := s.send("POST", "/console/oidc", `{"page":"/"}`, "Origin: "+origin)
	if body := text(t, res); res.StatusCode != http.StatusBadGateway || !strings.Contains(body, "IdentityProviderFailed") {
		t.Errorf("a provider that is down: %d %s", res.StatusCode, body)
	}
	none := newRig(t, nil)
	for _, target := range []string{"POST /console/oidc", "GET /console/oidc/callback"} {
		method, path, _ := strings.Cut(target, " ")
		body := ""
		if method == "POST" {
			body = "{}"
		}
		if res := none.send(method, path, body); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s without a provider: %d", target, res.StatusCode)
		}
	}
}
