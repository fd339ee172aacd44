package main

import "testing"

func TestWebhooks(t *testing.T) {
	secret := func(s string) func(string) (string, bool) {
		return func(name string) (string, bool) { return s, s != "" && name == webhookSecret }
	}
	const good = "0123456789abcdef"
	for _, try := range []struct {
		hooks, allow, secret string
		ok                   bool
	}{
		{"", "", "", true},
		{"a=https://a.example/x?y=z, b_2=http://b", "10.0.0.0/8,::1/128", good, true},
		{"a=https://a.example", "", "", false},
		{"", "", "short", false},
		{"a", "", good, false},
		{"a b=http://a", "", good, false},
		{"a=ftp://a", "", good, false},
		{"a=http://a,a=http://b", "", good, false},
		{"a=http://a", "10.0.0.1", good, false},
	} {
		c := &settings{Webhooks: try.hooks, WebhookAllow: try.allow}
		w, err := c.webhooks(secret(try.secret))
		if (err == nil) != try.ok {
			t.Errorf("%+v: %v", try, err)
		}
		if try.ok && try.secret != "" && (w.sender == nil || w.addresses["b_2"] != "http://b" || w.addresses["a"] != "https://a.example/x?y=z") {
			t.Errorf("%+v: %+v", try, w)
		}
	}
}
