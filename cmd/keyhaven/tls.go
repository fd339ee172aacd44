package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/keyhaven/keyhaven/internal/certs"
)

// tlsSettings say how the API gets its certificate.
type tlsSettings struct {
	TLSCert    string `help:"Certificate file (PEM); the API then speaks HTTPS. It is read again when it changes." placeholder:"FILE" type:"path"`
	TLSKey     string `help:"Key file of the certificate (PEM)." placeholder:"FILE" type:"path"`
	ACMEDomain string `help:"Get certificates for these domains by ACME (Let's Encrypt); several with commas. The API must be reachable on port 443, or --http-listen on port 80." placeholder:"DOMAIN" name:"acme-domain"`
	ACMEEmail  string `help:"Address that the ACME authority may write to." placeholder:"ADDRESS" name:"acme-email"`
	ACMECA     string `help:"Directory of another ACME authority." placeholder:"URL" name:"acme-ca"`
	ACMECARoot string `help:"Root certificate (PEM) of that authority, where it is no public one." placeholder:"FILE" type:"path" name:"acme-ca-root"`
	HTTPListen string `help:"Address that sends HTTP requests on to HTTPS, and answers ACME's; empty for none." placeholder:"ADDR" name:"http-listen"`
}

func (s *tlsSettings) check() error {
	switch {
	case (s.TLSCert == "") != (s.TLSKey == ""):
		return errors.New("--tls-cert and --tls-key belong together")
	case s.TLSCert != "" && s.ACMEDomain != "":
		return errors.New("--tls-cert and --acme-domain are two ways to get a certificate: use one")
	case s.ACMEDomain == "" && (s.ACMECA != "" || s.ACMEEmail != "" || s.ACMECARoot != ""):
		return errors.New("--acme-ca, --acme-ca-root and --acme-email need --acme-domain")
	case s.HTTPListen != "" && !s.secure():
		return errors.New("--http-listen sends requests on to HTTPS: it needs --tls-cert or --acme-domain")
	case strings.Contains(s.ACMEDomain, "*"):
		return errors.New("--acme-domain cannot be a wildcard: that needs access to the name server; get such a certificate by other means and use --tls-cert")
	}
	return nil
}

// secure reports whether the API speaks HTTPS.
func (s *tlsSettings) secure() bool { return s.TLSCert != "" || s.ACMEDomain != "" }

func (s *tlsSettings) scheme() string {
	if s.secure() {
		return "https"
	}
	return "http"
}

func (s *tlsSettings) domains() (domains []string) {
	for d := range strings.SplitSeq(s.ACMEDomain, ",") {
		if d = strings.TrimSpace(d); d != "" {
			domains = append(domains, d)
		}
	}
	return domains
}

// transport is what TLS adds to the server: nothing when it is off.
type transport struct {
	config    *tls.Config
	challenge func(http.Handler) http.Handler
	job       func(context.Context) // gets and renews certificates
}

// transport prepares the certificates of a listener.
func (s *tlsSettings) transport(data string, listener net.Addr, log *slog.Logger) (*transport, error) {
	t := &transport{challenge: func(h http.Handler) http.Handler { return h }, job: func(context.Context) {}}
	switch {
	case s.TLSCert != "":
		files, err := certs.NewFiles(s.TLSCert, s.TLSKey, log)
		if err != nil {
			return nil, err
		}
		t.config = files.Config()
	case s.ACMEDomain != "":
		opts := certs.ACMEOptions{
			Domains: s.domains(), Email: s.ACMEEmail, CA: s.ACMECA, CARoot: s.ACMECARoot, Dir: filepath.Join(data, "acme"),
			HTTP: s.HTTPListen != "", Log: log,
		}
		if tcp, ok := listener.(*net.TCPAddr); ok {
			opts.Port = tcp.Port
		}
		acme, err := certs.NewACME(opts)
		if err != nil {
			return nil, err
		}
		t.config, t.challenge = acme.Config(), acme.Challenge
		t.job = func(ctx context.Context) {
			if err := acme.Manage(ctx, opts.Domains); err != nil {
				log.Error("certificates", "err", err)
			}
			<-ctx.Done()
			acme.Close()
		}
	}
	return t, nil
}

// redirect sends plain requests on to the HTTPS listener. One with credentials
// is refused: it has shown them to everybody, and its client should be told and
// not helped.
func redirect(port string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		signed := r.Header.Get("Authorization") != "" || strings.Contains(r.URL.RawQuery, "X-Amz-Signature=")
		if signed || r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Content-Type", "application/xml")
			w.Header().Set("Connection", "close")
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" +
				"<Error><Code>AccessDenied</Code><Message>This server speaks HTTPS alone: use https:// in the endpoint.</Message></Error>")) // the client is gone
			return
		}
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		if port != "443" {
			host = net.JoinHostPort(strings.Trim(host, "[]"), port)
		}
		w.Header().Set("Location", "https://"+host+r.URL.RequestURI())
		w.WriteHeader(http.StatusPermanentRedirect)
	})
}

type tlsCmd struct {
	Dev tlsDevCmd `cmd:"" help:"Make a certificate for development, and the authority that signs it."`
}

type tlsDevCmd struct {
	Dir    string   `help:"Directory for the files." default:"tls" placeholder:"DIR" type:"path"`
	Domain string   `help:"The server's --domain: its buckets are among the hosts." placeholder:"DOMAIN"`
	Region string   `help:"The server's --region." default:"us-east-1"`
	Host   []string `help:"Another host name or address; may be repeated." placeholder:"HOST"`
}

// Run makes the files and says how to use them.
func (c *tlsDevCmd) Run(sys *system) error {
	hosts := []string{"localhost", "127.0.0.1", "::1"}
	if name, err := os.Hostname(); err == nil && name != "localhost" {
		hosts = append(hosts, name)
	}
	if c.Domain != "" {
		hosts = append(hosts, c.Domain, "*."+c.Domain, "*.s3."+c.Domain, "*.s3."+c.Region+"."+c.Domain)
	}
	hosts = append(hosts, c.Host...)
	if err := certs.Dev(c.Dir, hosts); err != nil {
		return err
	}
	file := func(name string) string { return filepath.Join(c.Dir, name) }
	_, err := fmt.Fprintf(sys.stdout, `A certificate for %s.

Start the server:

  keyhaven serve --tls-cert %s --tls-key %s

Let clients trust its authority:

  export AWS_CA_BUNDLE=%s

Never give the authority's key away: who has it can be any server to whoever trusts it.
`, strings.Join(hosts, ", "), file(certs.DevCert), file(certs.DevKey), file(certs.DevCA))
	return err
}
