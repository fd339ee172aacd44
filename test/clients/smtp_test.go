//go:build e2e

package clients

import (
	"encoding/json"
	"errors"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lightsail"
	"github.com/aws/aws-sdk-go-v2/service/lightsail/types"
)

// mail is one that the SMTP server took.
type mail struct {
	From string
	To   []string
	TLS  bool
	User string
	Text string
}

// startSMTP starts a real SMTP server and returns its port and what it takes.
func startSMTP(t *testing.T, c *certificate, password string) (port string, mails *lines) {
	t.Helper()
	script, err := filepath.Abs("testdata/smtpd.py")
	check(t, err)
	cmd := exec.Command("/usr/bin/python3", script, c.certFile, c.keyFile)
	cmd.Env = append(cleanEnv(t), "SMTP_PASSWORD="+password)
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // "signal: killed"
	})
	mails = readLines(out)
	first, ok := mails.next()
	var at struct{ Port json.Number }
	if err := json.Unmarshal([]byte(first), &at); !ok || err != nil {
		t.Fatalf("the SMTP server does not start (is python3-aiosmtpd there? run make deps): %q, %v", first, err)
	}
	return at.Port.String(), mails
}

// next is the next mail.
func nextMail(t *testing.T, mails *lines) (m mail) {
	t.Helper()
	select {
	case line, ok := <-mails.feed:
		if !ok {
			t.Fatal("the SMTP server has ended")
		}
		check(t, json.Unmarshal([]byte(line), &m))
	case <-time.After(patience):
		t.Fatal("no mail comes")
	}
	return m
}

// TestNOT01_RealSMTPServer: an address is verified by the link of a mail that went
// through a server which insists on STARTTLS and a password; asked again there is
// another link, and the older one is void; another address takes its place (NOT-01,
// NOT-02, NOT-03, NOT-04).
func TestNOT01_RealSMTPServer(t *testing.T) {
	t.Parallel()
	const password = "mails-for-the-haven"
	c := newCertificate(t)
	port, mails := startSMTP(t, c, password)
	s := newServer(t, "--smtp-server", "smtp://haven@127.0.0.1:"+port, "--smtp-from", "haven@haven.test")
	s.direct = true
	s.env = []string{"KEYHAVEN_SMTP_PASSWORD=" + password, "SSL_CERT_FILE=" + c.certFile}
	s.start()
	s.remember(password)
	client, ctx := s.lightsail(s.root), t.Context()
	status := func() string {
		out, err := client.GetContactMethods(ctx, &lightsail.GetContactMethodsInput{Protocols: []types.ContactProtocol{types.ContactProtocolEmail}})
		check(t, err)
		if len(out.ContactMethods) == 0 {
			return ""
		}
		return *out.ContactMethods[0].ContactEndpoint + " " + string(out.ContactMethods[0].Status)
	}
	create := func(address string) {
		_, err := client.CreateContactMethod(ctx, &lightsail.CreateContactMethodInput{ContactEndpoint: &address, Protocol: types.ContactProtocolEmail})
		check(t, err)
	}
	link := func(m mail) string {
		t.Helper()
		text := strings.ReplaceAll(strings.ReplaceAll(m.Text, "=\r\n", ""), "=3D", "=") // quoted-printable
		found := regexp.MustCompile(`http\S+/-/contacts/verify\S+`).FindString(text)
		if found == "" {
			t.Fatalf("no link in %s", m.Text)
		}
		return found
	}
	create("ann@example.test")
	first := nextMail(t, mails)
	if !first.TLS || first.User != "haven" || first.From != "haven@haven.test" || strings.Join(first.To, " ") != "ann@example.test" {
		t.Errorf("the mail came %+v", first)
	}
	if got := status(); got != "ann@example.test PendingVerification" {
		t.Errorf("before the link: %s", got)
	}
	_, err := client.SendContactMethodVerification(ctx, &lightsail.SendContactMethodVerificationInput{Protocol: types.ContactMethodVerificationProtocolEmail})
	check(t, err)
	second := nextMail(t, mails)
	if status, body := fetch(t, s.httpClient(), link(first), nil); status != http.StatusForbidden {
		t.Errorf("the older link: %d %s", status, body)
	}
	if status, body := fetch(t, s.httpClient(), link(second), nil); status != http.StatusOK {
		t.Errorf("the link: %d %s", status, body)
	}
	if got := status(); got != "ann@example.test Valid" {
		t.Errorf("after the link: %s", got)
	}
	create("bob@example.test") // NOT-04: one address a region
	if m := nextMail(t, mails); strings.Join(m.To, " ") != "bob@example.test" || status() != "bob@example.test PendingVerification" {
		t.Errorf("the other address: %+v, %s", m, status())
	}
	_, err = client.DeleteContactMethod(ctx, &lightsail.DeleteContactMethodInput{Protocol: types.ContactProtocolEmail})
	check(t, err)
	if got := status(); got != "" {
		t.Errorf("after the deletion: %s", got)
	}
	_, err = client.DeleteContactMethod(ctx, &lightsail.DeleteContactMethodInput{Protocol: types.ContactProtocolEmail})
	if _, ok := errors.AsType[*types.NotFoundException](err); !ok {
		t.Errorf("the deletion again = %v", err)
	}
}
