//go:build e2e

package clients

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// otherSettings is a value for each setting that is not its default.
var otherSettings = map[string]string{
	"data": "/tmp/elsewhere", "listen": "127.0.0.1:1234", "console-listen": "127.0.0.1:1235", "region": "eu-west-1", "domain": domain,
	"tls-cert": "/tmp/cert.pem", "tls-key": "/tmp/key.pem", "must-exist": "true", "upload-expiry": "36h0m0s", "max-buckets": "7",
	"drain-timeout": "5s", "log-format": "json", "log-level": "warn", "access-log": "errors",
	"pprof-listen": "127.0.0.1:1236", "acme-ca": "https://ca.test/dir", "acme-ca-root": "/tmp/ca.pem", "acme-domain": "acme.test",
	"acme-email": "ann@haven.test", "audit-bucket": "trail", "audit-retention": "240h0m0s", "bundles": "team_1_0:10:1000:2000",
	"console-origin": "https://console.test", "http-listen": "127.0.0.1:1237", "kms-keys": "/tmp/kms", "log-delivery": "1m0s",
	"log-rate": "7", "oidc-private": "true", "oidc-issuer": "https://id.test", "oidc-client-id": "haven", "oidc-name": "Acme",
	"oidc-roles": "ops", "oidc-scopes": "groups", "public-url": "https://api.test", "request-memory": "33", "smtp-from": "haven@haven.test",
	"smtp-server": "smtp://mail.test:587", "trusted-proxies": "10.0.0.0/8", "webhook-allow": "192.168.0.0/16",
	"webhooks": "hook=https://hook.test/", "website-domain": "sites.test",
}

// TestEverySettingEveryWay sets each setting by flag, by environment and by file.
func TestEverySettingEveryWay(t *testing.T) {
	t.Parallel()
	kh := keyhaven(t)
	usual := settings(kh.run(t, "config", "print"))
	for name := range usual {
		if _, ok := otherSettings[name]; !ok {
			t.Errorf("setting %s has no value here: add one", name)
		}
	}
	var flags, env []string
	file := ""
	for _, name := range slices.Sorted(maps.Keys(usual)) {
		value := otherSettings[name]
		if usual[name] == value {
			t.Errorf("%s = %s is the default: nothing is shown by it", name, value)
		}
		flags = append(flags, "--"+name+"="+value)
		env = append(env, "KEYHAVEN_"+strings.ToUpper(strings.ReplaceAll(name, "-", "_"))+"="+value)
		if !regexp.MustCompile(`^(true|\d+)$`).MatchString(value) {
			value = `"` + value + `"`
		}
		file += name + " = " + value + "\n"
	}
	path := kh.write(t, "keyhaven.toml", file)
	for way, got := range map[string]string{
		"flags":            kh.run(t, append([]string{"config", "print"}, flags...)...),
		"environment":      kh.with(env...).run(t, "config", "print"),
		"file":             kh.run(t, "config", "print", "--config", path),
		"file of the env":  kh.with("KEYHAVEN_CONFIG="+path).run(t, "config", "print"),
		"flags over wrong": kh.with("KEYHAVEN_REGION=us-west-2", "KEYHAVEN_MAX_BUCKETS=3").run(t, append([]string{"config", "print"}, flags...)...),
	} {
		for name, value := range settings(got) {
			if value != otherSettings[name] {
				t.Errorf("by %s: %s = %s, want %s", way, name, value, otherSettings[name])
			}
		}
	}
	if got := settings(kh.with("KEYHAVEN_REGION=us-west-2").run(t, "config", "print", "--config", path))["region"]; got != "us-west-2" {
		t.Errorf("the environment and the file disagree on the region: %s, want the environment's us-west-2", got)
	}
	printed := kh.run(t, "config", "print", "--config", path)
	again := kh.write(t, "printed.toml", printed)
	if got := kh.run(t, "config", "print", "--config", again); got != printed {
		t.Errorf("what config print prints is not the same configuration:\n%s", got)
	}
}

// settings reads what config print prints.
func settings(printed string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(printed) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " = ")
		out[name] = strings.Trim(value, `'"`)
	}
	return out
}

// TestWrongSettingsAreRefused covers what an operator gets wrong before anything
// runs.
func TestWrongSettingsAreRefused(t *testing.T) {
	t.Parallel()
	kh := keyhaven(t)
	unknown := kh.write(t, "unknown.toml", "listne = \"127.0.0.1:9000\"\n")
	broken := kh.write(t, "broken.toml", "listen = [\n")
	table := kh.write(t, "table.toml", "[region]\nname = 1\n")
	certificate := newCertificate(t)
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"unknown flag":     {[]string{"--listne", "x"}, "listne"},
		"unknown setting":  {[]string{"--config", unknown}, `"listne"`},
		"broken file":      {[]string{"--config", broken}, "broken.toml"},
		"a table":          {[]string{"--config", table}, "region"},
		"no file":          {[]string{"--config", "/no/such/file"}, "/no/such/file"},
		"region":           {[]string{"--region", "Mars"}, "region"},
		"domain":           {[]string{"--domain", "http://x"}, "domain"},
		"half of TLS":      {[]string{"--tls-cert", certificate.certFile}, "tls-key"},
		"no certificate":   {[]string{"--tls-cert", "/no/such/cert", "--tls-key", certificate.keyFile}, "/no/such/cert"},
		"upload expiry":    {[]string{"--upload-expiry", "1s"}, "upload-expiry"},
		"no buckets":       {[]string{"--max-buckets", "0"}, "max-buckets"},
		"log format":       {[]string{"--log-format", "xml"}, "log-format"},
		"address":          {[]string{"--listen", "127.0.0.1:99999"}, "99999"},
		"an argument more": {[]string{"now"}, "now"},
	} {
		t.Run(name, func(t *testing.T) {
			data := t.TempDir()
			args := append([]string{"serve", "--data", data, "--listen", "127.0.0.1:0", "--console-listen", ""}, c.args...)
			wantText(t, "keyhaven serve "+strings.Join(c.args, " "), kh.fails(t, args...), c.want)
		})
	}
}

// TestVersionAndHelp covers the commands that need nothing.
func TestVersionAndHelp(t *testing.T) {
	t.Parallel()
	kh := keyhaven(t)
	if got := kh.run(t, "version"); !regexp.MustCompile(`^keyhaven \d+\.\d+\.\S+ .*linux/\w+ go1\.\S+\n$`).MatchString(got) {
		t.Errorf("keyhaven version printed %q", got)
	}
	wantText(t, "keyhaven --help", kh.run(t, "--help"), "serve", "root create-access-key", "config print", "version")
	if r := kh.try(t, "", "nonsense"); r.code != 2 {
		t.Errorf("keyhaven nonsense: exit status %d, want 2", r.code)
	}
}

// TestServeFromTheEnvironmentAlone starts a server as a container would.
func TestServeFromTheEnvironmentAlone(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.direct = true
	s.env = []string{"KEYHAVEN_REGION=eu-west-1", "KEYHAVEN_LOG_FORMAT=json", "KEYHAVEN_MAX_BUCKETS=1"}
	s.start()
	wantText(t, "the start", s.out.text(), "eu-west-1")
	s.newBucket(t, "only-one")
	root := newAWSCLI(t, s, "current").as(s.root)
	root.refused(t, "InvalidInputException", "CreateBucket", "lightsail create-bucket --bucket-name second --bundle-id small_1_0")
	s.stop()
	wantText(t, "the log", s.log(), `"msg":"request"`, `"op":"CreateBucket"`)
}
