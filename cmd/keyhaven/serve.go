package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/accesslog"
	"github.com/keyhaven/keyhaven/internal/audit"
	"github.com/keyhaven/keyhaven/internal/bucket"
	"github.com/keyhaven/keyhaven/internal/cloudtrail"
	"github.com/keyhaven/keyhaven/internal/console"
	"github.com/keyhaven/keyhaven/internal/control"
	"github.com/keyhaven/keyhaven/internal/edge"
	"github.com/keyhaven/keyhaven/internal/iam"
	"github.com/keyhaven/keyhaven/internal/identity"
	"github.com/keyhaven/keyhaven/internal/keycare"
	"github.com/keyhaven/keyhaven/internal/kv/pebblekv"
	"github.com/keyhaven/keyhaven/internal/lightsail"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/notify"
	"github.com/keyhaven/keyhaven/internal/object"
	"github.com/keyhaven/keyhaven/internal/s3"
	"github.com/keyhaven/keyhaven/internal/sse"
	"github.com/keyhaven/keyhaven/internal/sts"
	"github.com/keyhaven/keyhaven/internal/sweep"
	"github.com/keyhaven/keyhaven/internal/usage"
	"github.com/keyhaven/keyhaven/internal/webidentity"
	"github.com/keyhaven/keyhaven/web"
)

type serveCmd struct {
	settings
}

// maxHeader bounds the head of a request: a presigned URL with a session token
// and two KiB of metadata take less than a quarter of it.
const maxHeader = 64 << 10

// Run runs the server until the context ends, then drains and returns nil.
func (c *serveCmd) Run(sys *system) (err error) {
	if err := errors.Join(c.tlsSettings.check(), c.check()); err != nil {
		return err
	}
	log, flush := newLog(sys.stderr, c.LogFormat, c.LogLevel, c.LogRate)
	defer flush()
	tuneMemory(sys.getenv, log)
	d, err := openDataDir(sys.ctx, c.Data, c.settings, pebblekv.Options{Logger: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	keys := access.New(d.meta, d.ring, access.Options{Log: log})
	defer func() { err = errors.Join(err, keys.Close()) }()
	first, err := c.rootKey(sys, d, keys)
	if err != nil {
		return err
	}

	api, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return err
	}
	defer api.Close()
	tr, err := c.transport(c.Data, api.Addr(), log)
	if err != nil {
		return err
	}
	endpoint := c.publicURL(api.Addr())
	out, err := c.outside(sys, d, endpoint)
	if err != nil {
		return err
	}
	trail, err := audit.Open(filepath.Join(c.Data, auditDir), audit.Options{Retention: c.AuditRetention, Log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, trail.Close()) }()
	house := c.wire(d, keys, trail, log, out)
	house.closers = append(house.closers, out.ins.close)
	defer func() { err = errors.Join(err, house.close()) }()
	load := &load{}
	handler := load.count(out.ins.wrap(house.handler))
	servers := []*server{{listener: api, http: newServer(handler, log), tls: tr.config}}
	house.background = append(house.background, tr.job, newTrimmer().run)
	if c.HTTPListen != "" {
		l, err := net.Listen("tcp", c.HTTPListen)
		if err != nil {
			return err
		}
		defer l.Close()
		_, port, _ := net.SplitHostPort(api.Addr().String()) // of a listener: it has one
		servers = append(servers, &server{listener: l, http: newServer(tr.challenge(redirect(port)), log)})
	}
	consoleURL := ""
	var firstStart keyhaven.Secret
	if c.ConsoleListen != "" {
		l, err := net.Listen("tcp", c.ConsoleListen)
		if err != nil {
			return err
		}
		defer l.Close()
		consoleURL = c.scheme() + "://" + l.Addr().String()
		out.origins.listen(c.scheme(), l.Addr())
		if first != nil {
			if firstStart, err = house.people.InviteFirst(sys.ctx); err != nil {
				return err
			}
		}
		pages := c.proxies().Handler(strictTransport(c.console(d, keys, house.people, trail, log, out)))
		servers = append(servers, &server{listener: l, http: newServer(pages, log), tls: tr.config})
	}
	if c.PprofListen != "" {
		l, err := net.Listen("tcp", c.PprofListen)
		if err != nil {
			return err
		}
		defer l.Close()
		servers = append(servers, &server{listener: l, http: newServer(newProfiler(), log)})
	}
	ctl, err := control.Listen(filepath.Join(c.Data, controlSocket))
	if err != nil {
		return err
	}
	servers = append(servers, &server{listener: ctl, http: control.New(c.commands(d, keys, trail, load, out.ins.started))})
	if d.needsKey() {
		if err := d.finish(); err != nil {
			return err
		}
	}
	banner(sys.stdout, endpoint, consoleURL, c.Region, first, firstStart)
	return c.serve(sys.ctx, log, servers, house.background)
}

// check refuses settings that cannot work together.
func (c *serveCmd) check() error {
	switch {
	case !keyhaven.ValidRegionName(c.Region):
		return fmt.Errorf("--region %q is no region name", c.Region)
	case strings.ContainsAny(c.Domain, "/: "):
		return fmt.Errorf("--domain %q is no domain name", c.Domain)
	case c.badProxies() != nil:
		return c.badProxies()
	case c.checkPublicURL() != nil:
		return c.checkPublicURL()
	case c.UploadExpiry < time.Minute:
		return errors.New("--upload-expiry must be a minute or more")
	case strings.ContainsAny(c.WebsiteDomain, "/: "):
		return fmt.Errorf("--website-domain %q is no domain name", c.WebsiteDomain)
	case c.WebsiteDomain != "" && strings.EqualFold(c.WebsiteDomain, c.Domain):
		return errors.New("--website-domain must not be --domain: a host is a website or a bucket of the API")
	case c.LogDelivery < time.Second:
		return errors.New("--log-delivery must be a second or more")
	case c.AuditRetention < 0:
		return errors.New("--audit-retention must not be negative")
	case c.RequestMemory < 16:
		return errors.New("--request-memory must be 16 (MiB) or more")
	case c.MaxBuckets < 1:
		return errors.New("--max-buckets must be 1 or more")
	case c.PprofListen != "":
		return checkLoopback(c.PprofListen)
	}
	return nil
}

func (c *serveCmd) badProxies() error {
	if _, err := edge.ParseProxies(c.TrustedProxies); err != nil {
		return fmt.Errorf("--trusted-proxies: %w", err)
	}
	return nil
}

// rootKey sees to it that the root has a key: the one of the environment, or at
// the first start a new one, which is returned to be shown.
func (c *serveCmd) rootKey(sys *system, d *dataDir, keys *access.Service) (*keyhaven.AccessKey, error) {
	id, hasID := sys.getenv("KEYHAVEN_ROOT_ACCESS_KEY_ID")
	secret, hasSecret := sys.getenv("KEYHAVEN_ROOT_SECRET_ACCESS_KEY")
	switch {
	case hasID != hasSecret:
		return nil, errors.New("KEYHAVEN_ROOT_ACCESS_KEY_ID and KEYHAVEN_ROOT_SECRET_ACCESS_KEY belong together")
	case hasID:
		return nil, keys.SetEnvironmentKey(sys.ctx, d.account, id, keyhaven.NewSecret(secret))
	case d.needsKey():
		return keys.CreateRootKey(sys.ctx, d.account)
	}
	return nil, nil
}

// house is the services and doors, put together.
type house struct {
	handler    http.Handler
	people     *identity.Service
	background []func(context.Context) // each runs until its context ends
	closers    []func() error          // when all requests have ended
}

func (h *house) close() error {
	var errs []error
	for _, fn := range h.closers {
		errs = append(errs, fn())
	}
	return errors.Join(errs...)
}

// catalog is the plans, the ones of --bundles among them.
func (c *serveCmd) catalog() (keyhaven.Catalog, error) {
	var own []keyhaven.Bundle
	for one := range listed(c.Bundles) {
		b, err := keyhaven.ParseBundle(one)
		if err != nil {
			return nil, fmt.Errorf("--bundles: %q: %w", one, err)
		}
		own = append(own, b)
	}
	return keyhaven.NewCatalog(own...), nil
}

// localKeys reads the keys that aws:kms can name; nil for none.
func (c *serveCmd) localKeys() (*sse.LocalKeys, error) {
	if c.KMSKeys == "" {
		return nil, nil
	}
	return sse.LoadKeys(c.KMSKeys)
}

// wire puts the house together.
func (c *serveCmd) wire(d *dataDir, keys *access.Service, trail *audit.Log, log *slog.Logger, out outside) *house {
	records := audit.NewRecorder(trail)
	buckets := bucket.New(d.meta, bucket.Options{MaxPerAccount: c.MaxBuckets, Bundles: out.bundles})
	objects := object.New(d.meta, d.blobs, d.pins, object.Options{
		UploadLifetime: c.UploadExpiry, Quota: out.bundles.EnforcedQuota, Log: log, Ring: d.ring, LocalKeys: out.keys,
	})
	logs := accesslog.New(d.meta, accesslog.Options{DeliverEvery: c.LogDelivery, Log: log, Store: storeLog(buckets, objects)})
	notifier := notify.New(d.meta, notify.Options{Webhooks: out.hooks.addresses, Send: out.send, Log: log})
	s3Door := s3.New(keys, buckets, objects, s3.Options{Domain: c.Domain, Region: c.Region, Logs: logs, Webhook: notifier.Known})
	measured := usage.New(d.meta, usage.Options{Bundles: out.bundles, Log: log})
	ids := identity.New(d.meta, d.ring, identity.Options{})
	tokens := webidentity.New(ids, webidentity.NewClient(c.OIDCPrivate))
	if out.sso != nil {
		out.sso.Tokens, out.sso.Sealer, out.sso.Origin = tokens, d.ring, out.origins.allow
	}
	stsDoor := sts.New(keys, ids, sts.Options{Tokens: tokens, Account: d.account})
	alarms := c.alarms(d, records, log, out)
	lightsailDoor := lightsail.New(lightsail.Options{Access: keys, Buckets: buckets, Metrics: measured, Alarms: alarms, Machines: ids, URL: bucketURL(out.endpoint, c.Domain)})
	website := s3.NewWebsite(s3Door, c.WebsiteDomain)
	handler := edge.New(edge.Options{
		RequestMemory: c.RequestMemory << 20,
		S3:            s3Door,
		BucketHost:    s3Door.BucketHost,
		Proxies:       c.proxies(),
		Services: map[string]http.Handler{
			"s3": s3Door, "lightsail": lightsailDoor, keycare.Service: keycare.New(keycare.Options{Access: keys, Buckets: buckets, Accounts: ids, Console: out.origins.console}), cloudtrail.Service: cloudtrail.New(keys, trail), "iam": iam.New(keys, ids), "sts": stsDoor,
		},
		Targets:       map[string]http.Handler{"Lightsail_20161128": lightsailDoor},
		Forms:         stsDoor,
		Credentials:   stsDoor.Machines(),
		ConsoleOrigin: out.origins.allow,
		Hosts:         []edge.HostHandler{{Host: website.Host, Handler: website}},
		Ready: func(ctx context.Context) error {
			return d.meta.View(ctx, func(r *meta.Reader) error {
				_, err := r.Installation()
				return err
			})
		},
		Audit: records.Record,
		Observe: func(ctx context.Context, rec *edge.Record, o edge.Outcome) {
			measured.Observe(rec, o)
			out.ins.observe(ctx, rec, o)
		},
		Own: ownPaths(out.ins, alarms),
		Log: accessLog(log, c.AccessLog),
	})
	refused := recordRefusals(records, d.account)
	sweeper := sweep.New(d.meta, d.blobs, d.pins, sweep.Options{Log: log})
	return &house{
		handler: handler,
		people:  ids,
		background: []func(context.Context){sweeper.Run, c.auditRun(d, trail, buckets, objects), logs.Run, objects.RunLifecycles, notifier.Run, measured.Run, alarms.Run, alarms.RunExpiry,
			func(ctx context.Context) { keys.RunRefusals(ctx, refused) }},
		closers: []func() error{
			func() error { return logs.Flush(context.Background()) },
			func() error { return measured.Sample(context.Background()) },
			func() error {
				for _, n := range keys.LastRefusals() {
					refused(n)
				}
				return nil
			},
		},
	}
}

// storeLog returns what stores a log object in a bucket.
func storeLog(buckets *bucket.Service, objects *object.Service) func(context.Context, keyhaven.AccountID, string, string, []byte) error {
	return func(ctx context.Context, account keyhaven.AccountID, name, key string, lines []byte) error {
		b, err := buckets.Get(ctx, name)
		if err != nil {
			return err
		}
		if b.Account != account {
			return &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounBucket, ID: name}
		}
		_, err = objects.Put(ctx, object.PutInput{
			Bucket: b, Key: key, Body: bytes.NewReader(lines), Size: int64(len(lines)),
			Attributes: object.Attributes{Header: keyhaven.ObjectHeader{ContentType: "text/plain"}},
		})
		return err
	}
}

// console is the door of the console's port.
func (c *serveCmd) console(d *dataDir, keys *access.Service, people *identity.Service, trail *audit.Log, log *slog.Logger, out outside) http.Handler {
	var built []string
	for _, name := range lightsail.New(lightsail.Options{}).Operations() {
		built = append(built, "lightsail:"+name)
	}
	for _, name := range iam.New(nil, nil).Operations() {
		built = append(built, "iam:"+name)
	}
	for _, name := range s3.Built() {
		built = append(built, "s3:"+name)
	}
	for _, name := range keycare.New(keycare.Options{}).Operations() {
		built = append(built, keycare.Service+":"+name)
	}
	built = append(built, cloudtrail.Service+":LookupEvents")
	return console.New(console.Options{
		Access: keys, People: people, Audit: audit.NewRecorder(trail), Account: d.account, SingleSignOn: out.sso,
		Endpoint: out.endpoint, Region: c.Region, Version: version, Operations: built,
		App: web.App(), NoApp: web.Placeholder, Log: log,
	})
}

// commands are what an operator can ask of the running server.
func (c *serveCmd) commands(d *dataDir, keys *access.Service, trail *audit.Log, load *load, started time.Time) map[string]control.Command {
	ids := identity.New(d.meta, d.ring, identity.Options{})
	return map[string]control.Command{
		"account": serverCommand("account", func(ctx context.Context, args accountArgs, each func(accountLine) error) error {
			return runAccount(ctx, ids, keys, trail, args, each)
		}),
		"scrub":  scrubCommand(d, load),
		"backup": backupCommand(d),
		"status": statusCommand(d, load, started),
		"instance": serverCommand("instance", func(ctx context.Context, args instanceArgs, each func(instanceLine) error) error {
			return runInstance(ctx, d, trail, args, each)
		}),
	}
}

type server struct {
	listener net.Listener
	http     *http.Server
	tls      *tls.Config // nil for none
}

func newServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		TLSConfig:         &tls.Config{MinVersion: tls.VersionTLS12},
	}
}

func (s *server) serve() error {
	var err error
	if s.tls != nil {
		s.http.TLSConfig = s.tls
		err = s.http.ServeTLS(s.listener, "", "")
	} else {
		err = s.http.Serve(s.listener)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// serve runs the servers and what is in the background until ctx ends, then lets running
// requests end within the drain timeout.
func (c *serveCmd) serve(ctx context.Context, log *slog.Logger, servers []*server, background []func(context.Context)) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, s := range servers {
		g.Go(s.serve)
	}
	for _, run := range background {
		g.Go(func() error {
			run(ctx)
			return nil
		})
	}
	g.Go(func() error {
		<-ctx.Done()
		log.Info("stopping", "drain_timeout", c.DrainTimeout)
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.DrainTimeout)
		defer cancel()
		for _, s := range servers {
			if err := s.http.Shutdown(drain); err != nil {
				log.Warn("requests were cut off", "err", err)
				_ = s.http.Close()
			}
		}
		return nil
	})
	return g.Wait()
}
