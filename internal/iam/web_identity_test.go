package iam_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamsdk "github.com/aws/aws-sdk-go-v2/service/iam"
	stssdk "github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/keyhaven/keyhaven/internal/edge"
	"github.com/keyhaven/keyhaven/internal/sts"
	"github.com/keyhaven/keyhaven/internal/webidentity"
	"github.com/keyhaven/keyhaven/internal/webidentity/oidctest"
)

// webRig has STS over a client that trusts the issuer.
func webRig(t *testing.T) (*rig, *oidctest.Issuer) {
	r, i := newRig(t), oidctest.New(t)
	door := sts.New(r.access, r.ids, sts.Options{Tokens: webidentity.New(r.ids, i.Client())})
	old := r.edge
	r.edge = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if strings.Contains(req.Header.Get("Authorization"), "/aws4_request") {
			old.ServeHTTP(w, req)
			return
		}
		edge.New(edge.Options{S3: http.NotFoundHandler(), Forms: door, Log: slog.New(slog.DiscardHandler), Audit: func(_ *http.Request, rec *edge.Record) {
			if f := rec.Management.Federated; f != nil {
				r.federated = append(r.federated, *f)
			}
		}}).ServeHTTP(w, req)
	})
	return r, i
}

// TestS8_AssumeRoleWithWebIdentity: only a fresh token, signed by the
// provider, for the right audience and subject, opens the role.
func TestS8_AssumeRoleWithWebIdentity(t *testing.T) {
	r, i := webRig(t)
	c := r.iam(r.root)
	p, err := c.CreateOpenIDConnectProvider(r.ctx, &iamsdk.CreateOpenIDConnectProviderInput{Url: &i.URL, ClientIDList: []string{"sts.test"}})
	check(t, err)
	host := strings.TrimPrefix(i.URL, "https://")
	if *p.OpenIDConnectProviderArn != "arn:aws:iam::111122223333:oidc-provider/"+host {
		t.Errorf("the provider is %s", *p.OpenIDConnectProviderArn)
	}
	arn := r.role("ci", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"`+*p.OpenIDConnectProviderArn+`"},`+
		`"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringLike":{"`+host+`:sub":"repo:acme/*"},"StringEquals":{"`+host+`:aud":"sts.test"}}}]}`, allow("lightsail:*", "*"))
	assume := func(token string) (*stssdk.AssumeRoleWithWebIdentityOutput, error) {
		return r.sts(keys{}).AssumeRoleWithWebIdentity(r.ctx, &stssdk.AssumeRoleWithWebIdentityInput{RoleArn: &arn, RoleSessionName: aws.String("ci"), WebIdentityToken: &token})
	}
	out, err := assume(i.Token(i.Key, nil))
	check(t, err)
	if *out.SubjectFromWebIdentityToken != "repo:acme/app" || *out.Audience != "sts.test" || *out.AssumedRoleUser.Arn != "arn:aws:sts::111122223333:assumed-role/ci/ci" {
		t.Errorf("AssumeRoleWithWebIdentity() = %+v", out)
	}
	s := of(out.Credentials)
	check(t, r.buckets(s))
	if want := (edge.Federated{Provider: *p.OpenIDConnectProviderArn, Audience: "sts.test", Subject: "repo:acme/app", Account: account}); len(r.federated) != 1 || r.federated[0] != want {
		t.Errorf("the audit log hears of %+v", r.federated)
	}
	wrong := oidctest.NewKey(t)
	good := i.Token(i.Key, nil)
	parts := strings.Split(good, ".")
	for what, try := range map[string]struct{ token, code string }{
		"S8: signed by another":   {i.Token(wrong, nil), "InvalidIdentityToken"},
		"S8: alg none":            {oidctest.B64([]byte(`{"alg":"none"}`)) + "." + parts[1] + ".", "InvalidIdentityToken"},
		"S8: not signed":          {parts[0] + "." + parts[1] + ".", "InvalidIdentityToken"},
		"S8: changed":             {parts[0] + "." + oidctest.B64([]byte(`{"iss":"`+i.URL+`","sub":"x","aud":"sts.test"}`)) + "." + parts[2], "InvalidIdentityToken"},
		"S8: another audience":    {i.Token(i.Key, map[string]any{"aud": "other"}), "InvalidIdentityToken"},
		"S8: no expiry":           {i.Token(i.Key, map[string]any{"exp": nil}), "ExpiredTokenException"},
		"S8: expired":             {i.Token(i.Key, map[string]any{"exp": time.Now().Add(-time.Hour).Unix()}), "ExpiredTokenException"},
		"S8: another issuer":      {i.Token(i.Key, map[string]any{"iss": "https://elsewhere.test"}), "InvalidIdentityToken"},
		"S8: an issuer over http": {i.Token(i.Key, map[string]any{"iss": "http://" + host}), "InvalidIdentityToken"},
		"no token":                {"x", "InvalidIdentityToken"},
		"another subject":         {i.Token(i.Key, map[string]any{"sub": "repo:evil/app"}), "AccessDenied"},
		"issued in the future":    {i.Token(i.Key, map[string]any{"iat": time.Now().Add(time.Hour).Unix()}), "InvalidIdentityToken"},
	} {
		_, err := assume(try.token)
		wantCode(t, what, err, try.code)
	}
	if len(r.federated) != 2 { // the other subject, whose token is good
		t.Errorf("the audit log hears of %+v", r.federated)
	}
	_, err = c.DeleteOpenIDConnectProvider(r.ctx, &iamsdk.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: p.OpenIDConnectProviderArn})
	check(t, err)
	_, err = assume(good)
	wantCode(t, "a provider that is gone", err, "InvalidIdentityToken")
	_, err = c.DeleteRolePolicy(r.ctx, &iamsdk.DeleteRolePolicyInput{RoleName: aws.String("ci"), PolicyName: aws.String("p0")})
	check(t, err)
	_, err = c.DeleteRole(r.ctx, &iamsdk.DeleteRoleInput{RoleName: aws.String("ci")})
	check(t, err)
	wantCode(t, "S11: the session of a role that is gone", r.buckets(s), "UnrecognizedClientException")
}

// TestS12_PrivateProviders: unless the operator says so, discovery connects to
// public addresses alone.
func TestS12_PrivateProviders(t *testing.T) {
	i := oidctest.New(t)
	_, err := webidentity.NewClient(false).Get(i.URL)
	if err == nil || !strings.Contains(err.Error(), "private") {
		t.Errorf("a loopback provider is asked: %v", err)
	}
}

func TestOpenIDConnectProviders(t *testing.T) {
	r := newRig(t)
	c := r.iam(r.root)
	for _, bad := range []string{"http://idp.test", "https://idp.test?x=1", "idp.test", "https://", "https://u@idp.test"} {
		_, err := c.CreateOpenIDConnectProvider(r.ctx, &iamsdk.CreateOpenIDConnectProviderInput{Url: &bad})
		wantCode(t, bad, err, "ValidationError")
	}
	p, err := c.CreateOpenIDConnectProvider(r.ctx, &iamsdk.CreateOpenIDConnectProviderInput{Url: aws.String("https://idp.test/realm")})
	check(t, err)
	arn := p.OpenIDConnectProviderArn
	_, err = c.CreateOpenIDConnectProvider(r.ctx, &iamsdk.CreateOpenIDConnectProviderInput{Url: aws.String("https://idp.test/realm/")})
	wantCode(t, "the same again", err, "EntityAlreadyExists")
	_, err = c.AddClientIDToOpenIDConnectProvider(r.ctx, &iamsdk.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: aws.String("app")})
	check(t, err)
	_, err = c.UpdateOpenIDConnectProviderThumbprint(r.ctx, &iamsdk.UpdateOpenIDConnectProviderThumbprintInput{OpenIDConnectProviderArn: arn, ThumbprintList: []string{strings.Repeat("a", 40)}})
	check(t, err)
	got, err := c.GetOpenIDConnectProvider(r.ctx, &iamsdk.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn})
	if err != nil || *got.Url != "idp.test/realm" || len(got.ClientIDList) != 1 || len(got.ThumbprintList) != 1 {
		t.Errorf("GetOpenIDConnectProvider() = %+v, %v", got, err)
	}
	list, err := c.ListOpenIDConnectProviders(r.ctx, nil)
	if err != nil || len(list.OpenIDConnectProviderList) != 1 || *list.OpenIDConnectProviderList[0].Arn != *arn {
		t.Errorf("ListOpenIDConnectProviders() = %+v, %v", list, err)
	}
	_, err = c.RemoveClientIDFromOpenIDConnectProvider(r.ctx, &iamsdk.RemoveClientIDFromOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: aws.String("app")})
	check(t, err)
	_, err = r.iam(r.other).GetOpenIDConnectProvider(r.ctx, &iamsdk.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn})
	wantCode(t, "another account", err, "NoSuchEntity")
}
