package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"github.com/keyhaven/keyhaven"
)

// MinSecret is the least length of a secret, in bytes.
const MinSecret = 16

// Options are the settings of a Sender.
type Options struct {
	Secret  keyhaven.Secret // MinSecret bytes or more
	Allow   []netip.Prefix  // networks that may be reached though they are not public
	Timeout time.Duration   // of one message; ten seconds when zero
}

// Sender sends messages.
type Sender struct {
	secret []byte
	client *http.Client
}

// ErrPrivate says that an address is not public and not allowed.
var ErrPrivate = errors.New("webhook: the address is not public and not allowed")

// New returns a sender.
func New(o Options) *Sender {
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	dialer := &net.Dialer{
		Timeout: o.Timeout,
		Control: func(_, address string, _ syscall.RawConn) error { return check(address, o.Allow) },
	}
	return &Sender{
		secret: []byte(o.Secret.Reveal()),
		client: &http.Client{
			Timeout: o.Timeout,
			Transport: &http.Transport{
				DialContext: dialer.DialContext, TLSHandshakeTimeout: o.Timeout, ResponseHeaderTimeout: o.Timeout,
				MaxIdleConns: 16, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// check refuses to dial an address that is not public and not allowed.
func check(address string, allow []netip.Prefix) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	ip := at.Addr().Unmap().WithZone("")
	for _, p := range allow {
		if p.Contains(ip) {
			return nil
		}
	}
	if !Public(ip) {
		return fmt.Errorf("%w: %s", ErrPrivate, ip)
	}
	return nil
}

// special are networks that are not the public internet and that netip does not
// tell (IANA special-purpose address registries), and those that embed others.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("100::/64"), netip.MustParsePrefix("2001::/23"),
	netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("::/96"),
	netip.MustParsePrefix("fec0::/10"),
}

// Public reports whether an address is one of the public internet.
func Public(ip netip.Addr) bool {
	ip = ip.Unmap()
	if !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return false
	}
	for _, p := range special {
		if p.Contains(ip) {
			return false
		}
	}
	return true
}

// ValidURL reports what is wrong with the address of a webhook.
func ValidURL(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil || len(s) > 2048:
		return errors.New("webhook: not an address")
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Fragment != "":
		return errors.New("webhook: an address begins with http:// or https:// and has no fragment")
	case u.User != nil:
		return errors.New("webhook: an address must not hold a password")
	}
	return nil
}

// Send sends a message of JSON once; any answer but 2xx is an error. id is the
// same each time that a message is sent, so that its receiver can tell.
func (s *Sender) Send(ctx context.Context, address, id string, body []byte) error {
	if err := ValidURL(address); err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	at := strconv.FormatInt(time.Now().Unix(), 10)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Keyhaven")
	r.Header.Set("Webhook-Id", id)
	r.Header.Set("Webhook-Timestamp", at)
	r.Header.Set("Webhook-Signature", s.sign(id, at, body))
	w, err := s.client.Do(r)
	if err != nil {
		return err
	}
	defer w.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(w.Body, 64<<10)) // so that the connection can be used again
	if w.StatusCode/100 != 2 {
		return fmt.Errorf("webhook: the receiver answers %s", w.Status)
	}
	return nil
}

func (s *Sender) sign(id, at string, body []byte) string {
	m := hmac.New(sha256.New, s.secret)
	m.Write([]byte(id + "." + at + "."))
	m.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(m.Sum(nil))
}
