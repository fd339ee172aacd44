package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/webhook"
)

// webhookSecret names the variable that holds the secret which signs what is
// sent. It is no flag, as others can read those.
const webhookSecret = "KEYHAVEN_WEBHOOK_SECRET"

var webhookName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// webhooks are the addresses that buckets may report to, by name, and what sends
// to them; nil without a secret.
type webhooks struct {
	addresses map[string]string
	sender    *webhook.Sender
}

func (c *settings) webhooks(getenv func(string) (string, bool)) (*webhooks, error) {
	w := &webhooks{addresses: map[string]string{}}
	for one := range listed(c.Webhooks) {
		name, address, ok := strings.Cut(one, "=")
		if !ok || !webhookName.MatchString(name) {
			return nil, fmt.Errorf("--webhooks: %q is not NAME=URL", one)
		}
		if err := webhook.ValidURL(address); err != nil {
			return nil, fmt.Errorf("--webhooks: %s: %w", name, err)
		}
		if w.addresses[name] != "" {
			return nil, fmt.Errorf("--webhooks: two are named %s", name)
		}
		w.addresses[name] = address
	}
	var allow []netip.Prefix
	for one := range listed(c.WebhookAllow) {
		p, err := netip.ParsePrefix(one)
		if err != nil {
			return nil, fmt.Errorf("--webhook-allow: %q is no network: write it as 10.0.0.0/8", one)
		}
		allow = append(allow, p)
	}
	secret, ok := getenv(webhookSecret)
	switch {
	case ok && len(secret) < webhook.MinSecret:
		return nil, errors.New(webhookSecret + " must have 16 bytes or more")
	case ok:
		w.sender = webhook.New(webhook.Options{Secret: keyhaven.NewSecret(secret), Allow: allow})
	case len(w.addresses) > 0:
		return nil, errors.New("--webhooks needs a secret in " + webhookSecret + ", which signs what is sent")
	}
	return w, nil
}

// send sends to an address, if there is a secret to sign with.
func (w *webhooks) send(ctx context.Context, address, id string, body []byte) error {
	if w.sender == nil {
		return errors.New("the server has no " + webhookSecret + " to sign with")
	}
	return w.sender.Send(ctx, address, id, body)
}

// listed are the elements of a list with commas.
func listed(s string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for one := range strings.SplitSeq(s, ",") {
			if one = strings.TrimSpace(one); one != "" && !yield(one) {
				return
			}
		}
	}
}
