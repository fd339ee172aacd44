package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"slices"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// ACMEOptions say whose certificates, and from whom.
type ACMEOptions struct {
	Domains []string // at least one; wildcards need what a server cannot do
	Email   string   // where the authority writes to; may be empty
	CA      string   // address of the authority's directory; Let's Encrypt when empty
	CARoot  string   // PEM file of the authority's own root, where it is not a public one
	Dir     string   // where accounts, keys and certificates are kept
	Port    int      // of the API's listener, which answers TLS-ALPN challenges
	HTTP    bool     // a listener on port 80 answers HTTP challenges, see Challenge
	Log     *slog.Logger
}

// ACME gets certificates and renews them.
type ACME struct {
	config *certmagic.Config
	issuer *certmagic.ACMEIssuer
	cache  *certmagic.Cache
}

// NewACME prepares certificates for the domains. Manage gets them.
func NewACME(opts ACMEOptions) (*ACME, error) {
	if len(opts.Domains) == 0 {
		return nil, errors.New("certs: no domain is given")
	}
	if err := os.MkdirAll(opts.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("certs: %w", err)
	}
	roots, err := loadRoots(opts.CARoot)
	if err != nil {
		return nil, err
	}
	log := zap.New(&slogCore{log: opts.Log})
	a := &ACME{}
	a.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return a.config, nil },
		Logger:           log,
	})
	a.config = certmagic.New(a.cache, certmagic.Config{
		Storage: &certmagic.FileStorage{Path: opts.Dir}, Logger: log, DefaultServerName: opts.Domains[0],
	})
	ca := opts.CA
	if ca == "" {
		ca = certmagic.LetsEncryptProductionCA
	}
	a.issuer = certmagic.NewACMEIssuer(a.config, certmagic.ACMEIssuer{
		CA: ca, TestCA: ca, Email: opts.Email, Agreed: true, TrustedRoots: roots,
		DisableHTTPChallenge: !opts.HTTP, AltTLSALPNPort: opts.Port, Logger: log,
	})
	a.config.Issuers = []certmagic.Issuer{a.issuer}
	return a, nil
}

func loadRoots(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("certs: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(raw) {
		return nil, fmt.Errorf("certs: %s holds no certificate", path)
	}
	return pool, nil
}

// Manage gets the certificates that are missing, once the listener is there, and
// renews them until the context ends. Failures are logged and tried again.
func (a *ACME) Manage(ctx context.Context, domains []string) error {
	return a.config.ManageAsync(ctx, domains)
}

// Close ends the renewals.
func (a *ACME) Close() { a.cache.Stop() }

// Config returns the configuration of a listener.
func (a *ACME) Config() *tls.Config {
	c := a.config.TLSConfig()
	c.MinVersion = tls.VersionTLS12
	c.NextProtos = slices.Concat([]string{"h2", "http/1.1"}, c.NextProtos)
	return c
}

// Challenge answers HTTP challenges and passes on everything else.
func (a *ACME) Challenge(next http.Handler) http.Handler { return a.issuer.HTTPChallengeHandler(next) }

// slogCore writes what zap is told to a slog.Logger.
type slogCore struct {
	log    *slog.Logger
	fields []zapcore.Field
}

func level(l zapcore.Level) slog.Level {
	switch {
	case l >= zapcore.ErrorLevel:
		return slog.LevelError
	case l == zapcore.WarnLevel:
		return slog.LevelWarn
	case l == zapcore.InfoLevel:
		return slog.LevelInfo
	}
	return slog.LevelDebug
}

// Enabled reports whether the level is logged.
func (c *slogCore) Enabled(l zapcore.Level) bool {
	return c.log.Enabled(context.Background(), level(l))
}

// With returns the core with more fields.
func (c *slogCore) With(f []zapcore.Field) zapcore.Core {
	return &slogCore{log: c.log, fields: slices.Concat(c.fields, f)}
}

// Check adds the core when it logs the entry.
func (c *slogCore) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return ce.AddCore(e, c)
	}
	return ce
}

// Write logs an entry.
func (c *slogCore) Write(e zapcore.Entry, f []zapcore.Field) error {
	enc := zapcore.NewMapObjectEncoder()
	for _, x := range slices.Concat(c.fields, f) {
		x.AddTo(enc)
	}
	args := make([]any, 0, 2*len(enc.Fields)+2)
	args = append(args, "what", e.Message)
	for k, v := range enc.Fields {
		args = append(args, k, v)
	}
	c.log.Log(context.Background(), level(e.Level), "certificate", args...)
	return nil
}

// Sync does nothing: slog keeps nothing back.
func (c *slogCore) Sync() error { return nil }
