package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"github.com/pelletier/go-toml/v2"
)

// cli is the command line. Every flag can also be set as KEYHAVEN_<NAME> in the
// environment and as <name> in the configuration file; the command line wins
// over the environment, and that over the file.
type cli struct {
	Serve      serveCmd      `cmd:"" help:"Run the server."`
	Root       rootCmd       `cmd:"" help:"Manage the access keys of the account's root, while the server is stopped."`
	Account    accountCmd    `cmd:"" help:"Manage the accounts of the installation, while the server runs or not."`
	Instance   instanceCmd   `cmd:"" help:"Manage the machines that use buckets without keys."`
	Fsck       fsckCmd       `cmd:"" help:"Check the data directory of a stopped server, and repair what can be."`
	Scrub      scrubCmd      `cmd:"" help:"Read all objects and compare them with their checksums."`
	Backup     backupCmd     `cmd:"" help:"Back up the data directory, while the server runs or not."`
	Restore    restoreCmd    `cmd:"" help:"Make a data directory from a backup."`
	Audit      auditCmd      `cmd:"" help:"Check the audit log."`
	Config     configCmd     `cmd:"" help:"Show the configuration."`
	Doctor     doctorCmd     `cmd:"" help:"Look for what could keep the server or its clients from working."`
	Status     statusCmd     `cmd:"" help:"Ask the running server how it is."`
	TLS        tlsCmd        `cmd:"" help:"Make certificates." name:"tls"`
	Completion completionCmd `cmd:"" help:"Print the completion script of a shell."`
	Man        manCmd        `cmd:"" hidden:"" help:"Print the manual page."`
	Version    versionCmd    `cmd:"" help:"Show the version."`

	Import importCmd `cmd:"" help:"Copy from other servers."`
	Export exportCmd `cmd:"" help:"Write buckets to a plain directory tree."`
}

// settings are the flags of the server.
type settings struct {
	Config         string        `help:"Read settings from this TOML file." placeholder:"FILE" type:"path"`
	Data           string        `help:"Directory that holds everything." default:"data" placeholder:"DIR" type:"path"`
	Listen         string        `help:"Address of the API: Lightsail and S3." default:"127.0.0.1:9000"`
	ConsoleListen  string        `help:"Address of the console; empty for none." default:"127.0.0.1:9001"`
	ConsoleOrigin  string        `help:"Origin of the console in browsers, where it is not that of --console-listen, as behind a proxy; several with commas." placeholder:"URL"`
	Region         string        `help:"Region of buckets that are made without one." default:"us-east-1"`
	Domain         string        `help:"Domain under which buckets are hosts (BUCKET.DOMAIN)." placeholder:"DOMAIN"`
	WebsiteDomain  string        `help:"Domain under which buckets are websites (BUCKET.DOMAIN); empty for none." placeholder:"DOMAIN"`
	SMTPServer     string        `help:"Server that mails are sent through, smtp://[USER@]HOST[:PORT] or smtps://; KEYHAVEN_SMTP_PASSWORD is the user's password." placeholder:"URL"`
	SMTPFrom       string        `help:"Sender of mails." placeholder:"ADDRESS"`
	PublicURL      string        `help:"Address of the API for clients, where it is not that of --listen, as behind a proxy: in the addresses of buckets, in mails, and for the console." placeholder:"URL"`
	Webhooks       string        `help:"Webhooks that buckets can report changes to: NAME=URL, several with commas; KEYHAVEN_WEBHOOK_SECRET signs what is sent." placeholder:"NAME=URL"`
	WebhookAllow   string        `help:"Networks that webhooks may reach though they are not public, such as 10.0.0.0/8; several with commas." placeholder:"CIDR"`
	KMSKeys        string        `help:"Directory of local keys that aws:kms can name: NAME.key, 32 bytes in base64." placeholder:"DIR" type:"path" name:"kms-keys"`
	TrustedProxies string        `help:"Networks of the proxies in front, such as 10.0.0.0/8; several with commas. X-Forwarded-For and X-Forwarded-Proto count from them alone." placeholder:"CIDR"`
	MustExist      bool          `help:"Refuse to start on an empty data directory, as when its disk is not mounted."`
	UploadExpiry   time.Duration `help:"Life of an unfinished multipart upload." default:"24h"`
	MaxBuckets     int           `help:"Buckets that an account may make through the Lightsail API." default:"20"`
	Bundles        string        `help:"Plans of one's own, ID:PRICE:STORAGE_GB:TRANSFER_GB, and :enforce for one whose storage quota binds; several with commas." placeholder:"BUNDLE"`
	LogDelivery    time.Duration `help:"Time between deliveries of the access logs of buckets." default:"5m"`
	AuditBucket    string        `help:"Bucket that the audit log is delivered to every five minutes; empty for none." placeholder:"BUCKET"`
	AuditRetention time.Duration `help:"Age from which files of the audit log are deleted; 0 for never." default:"9600h"`
	RequestMemory  int64         `help:"MiB of memory for requests that run at the same time; what is beyond waits, or is told to slow down." default:"96"`
	OIDCIssuer     string        `name:"oidc-issuer" help:"OpenID Connect provider by which people can sign in to the console; empty for none." placeholder:"URL"`
	OIDCClientID   string        `name:"oidc-client-id" help:"This server's client id at the provider; KEYHAVEN_OIDC_CLIENT_SECRET is its secret, if it has one." placeholder:"ID"`
	OIDCName       string        `name:"oidc-name" help:"Name of the provider on the sign-in page." default:"single sign-on"`
	OIDCRoles      string        `name:"oidc-roles" help:"Roles that people sign in as: each as the first whose trust policy admits them; several with commas." placeholder:"NAME"`
	OIDCScopes     string        `name:"oidc-scopes" help:"What the provider is asked to tell, beside openid; several with commas." default:"profile,email"`
	OIDCPrivate    bool          `name:"oidc-private" help:"Let OpenID Connect providers be at private and loopback addresses."`
	DrainTimeout   time.Duration `help:"Time that running requests get when the server stops." default:"30s"`
	LogFormat      string        `help:"Form of the log: text or json." enum:"text,json" default:"text"`
	LogLevel       string        `help:"Least level that is logged: debug, info, warn or error." enum:"debug,info,warn,error" default:"info"`
	PprofListen    string        `help:"Loopback address for Go's profiles; empty for none." placeholder:"ADDR"`
	AccessLog      string        `help:"Requests that are logged: all, errors (ours), or off." enum:"all,errors,off" default:"all"`
	LogRate        int           `help:"Log lines in a second at most, errors apart; what is left out is said. 0 for all." default:"1000"`

	tlsSettings
}

// system is what a command gets from its caller instead of the process.
type system struct {
	ctx            context.Context
	getenv         func(string) (string, bool)
	stdout, stderr io.Writer
}

// run runs one command and returns the exit status: 0, 1 for a failure, 2 for a
// command line that is wrong.
func run(ctx context.Context, args []string, getenv func(string) (string, bool), stdout, stderr io.Writer) int {
	sys := &system{ctx: ctx, getenv: getenv, stdout: stdout, stderr: stderr}
	var c cli
	exit := -1
	parser, err := kong.New(&c,
		kong.Name("keyhaven"),
		kong.Description("Object storage with Lightsail's bucket API and S3."),
		kong.UsageOnError(),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exit = code }),
		kong.Resolvers(environment(getenv), &configFile{args: args, getenv: getenv}),
		kong.Bind(sys),
	)
	if err != nil {
		fmt.Fprintln(stderr, "keyhaven:", err)
		return 2
	}
	command, err := parser.Parse(args)
	if exit >= 0 { // --help
		return exit
	}
	if err != nil {
		fmt.Fprintln(stderr, "keyhaven:", err)
		return 2
	}
	if err := command.Run(sys); err != nil {
		fmt.Fprintln(stderr, "keyhaven:", err)
		return 1
	}
	return 0
}

func envName(flag string) string {
	return "KEYHAVEN_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// environment resolves flags from the environment.
func environment(getenv func(string) (string, bool)) kong.Resolver {
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		if v, ok := getenv(envName(flag.Name)); ok {
			return v, nil
		}
		return nil, nil
	})
}

// configFile resolves flags from the file that --config or KEYHAVEN_CONFIG
// names. A key that is no flag is an error.
type configFile struct {
	args   []string
	getenv func(string) (string, bool)
	values map[string]any
	read   bool
}

// path finds the file before the flags are parsed, since it fills them.
func (f *configFile) path() string {
	for i, a := range f.args {
		if v, ok := strings.CutPrefix(a, "--config="); ok {
			return v
		}
		if a == "--config" && i+1 < len(f.args) {
			return f.args[i+1]
		}
	}
	path, _ := f.getenv(envName("config"))
	return path
}

func (f *configFile) load() error {
	path := f.path()
	if f.read || path == "" {
		return nil
	}
	f.read = true
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := toml.Unmarshal(raw, &f.values); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// Validate refuses keys that no flag has.
func (f *configFile) Validate(app *kong.Application) error {
	if err := f.load(); err != nil {
		return err
	}
	known := map[string]bool{}
	err := kong.Visit(app, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok {
			known[flag.Name] = true
		}
		return next(nil)
	})
	if err != nil {
		return err
	}
	for name := range f.values {
		if !known[name] || name == "help" || name == "config" {
			return fmt.Errorf("%s: unknown setting %q", f.path(), name)
		}
	}
	return nil
}

// Resolve returns the value of a flag that the environment does not set.
func (f *configFile) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if err := f.load(); err != nil {
		return nil, err
	}
	if _, ok := f.getenv(envName(flag.Name)); ok {
		return nil, nil
	}
	v, ok := f.values[flag.Name]
	if !ok {
		return nil, nil
	}
	switch v.(type) {
	case string, bool, int64, float64:
		return fmt.Sprint(v), nil
	}
	return nil, errors.New("setting " + flag.Name + " must be a string, a number or a boolean")
}
