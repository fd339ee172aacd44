//go:build e2e

package clients

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// guideBlock is what is known of a block of the guide, which is told by a part of
// it.
type guideBlock struct {
	has     string
	stopped bool     // the block wants a server that does not run; it may start its own
	want    []string // what it prints
	leaves  []string // files that are there afterwards
	skip    string   // why it is not run
}

// The blocks in their order.
var operationsGuide = []guideBlock{
	{has: "make release  ", skip: "four builds; make release compares them, and CI would wait for minutes"},
	{has: "keyhaven completion", leaves: []string{"keyhaven.bash", "keyhaven.1"}},
	{has: "systemctl", skip: "needs systemd; TestUnit holds the unit"},
	{has: "docker compose", skip: "needs Docker; TestCompose holds the file"},
	{has: "keyhaven tls dev", stopped: true, leaves: []string{"tls/ca.pem", "tls/cert.pem"}},
	{has: "--acme-domain", skip: "needs a public name; internal/certs speaks ACME with a double"},
	{has: "/-/metrics", stopped: true, want: []string{"keyhaven_disk_free_bytes "}},
	{has: "keyhaven status", want: []string{"running ", "the server answers at "}},
	{has: "put-bucket-encryption"},
	{has: "--kms-keys kms-keys", stopped: true, leaves: []string{"kms-keys/main.key"}},
	{has: "keyhaven import s3", leaves: []string{"export/my-bucket/manifest.jsonl", "export/my-bucket/files/hello.txt"}},
	{has: "keyhaven import minio", skip: "needs mc; TestImportMinIO runs the command"},
	{has: "keyhaven scrub", want: []string{"scrubbed"}},
	{has: "keyhaven fsck", stopped: true, want: []string{"checked"}},
}

// serves makes the command serve go on in the background until the shell ends.
const serves = `keyhaven() {
	if [ "$1" != serve ]; then command keyhaven "$@"; return; fi
	rm -f banner
	command keyhaven "$@" > banner & server=$!
	trap 'kill $server; wait $server' EXIT
	until grep -q 'is ready' banner; do kill -0 $server; sleep 0.05; done
}
`

// TestOperationsGuide runs the blocks of docs/operations.md as they are written, but
// for the port, in the directory where the server's data is.
func TestOperationsGuide(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../docs/operations.md")
	check(t, err)
	blocks := regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllStringSubmatch(string(raw), -1)
	if len(blocks) != len(operationsGuide) {
		t.Fatalf("the guide has %d blocks, the test knows %d", len(blocks), len(operationsGuide))
	}
	old, s := startServer(t), startDirect(t)
	for _, server := range []*server{old, s} {
		server.newBucket(t, map[bool]string{true: "my-bucket", false: "another"}[server == old])
	}
	_, err = old.s3(old.root).PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("my-bucket"), Key: aws.String("hello.txt"), Body: strings.NewReader("hello")})
	check(t, err)
	s.newBucket(t, "my-bucket")
	bin := t.TempDir()
	check(t, os.Symlink(s.bin, filepath.Join(bin, "keyhaven")))
	sh := installed(t, "bash").with("PATH="+bin+":"+os.Getenv("PATH"), "AWS_PAGER=", "AWS_EC2_METADATA_DISABLED=true",
		"AWS_DEFAULT_REGION="+region, "AWS_ACCESS_KEY_ID="+s.root.id, "AWS_SECRET_ACCESS_KEY="+s.root.secret, "KEYHAVEN_CONSOLE_LISTEN=")
	sh.dir = filepath.Dir(s.data)
	for i, g := range operationsGuide {
		block := blocks[i][1]
		if !strings.Contains(block, g.has) {
			t.Fatalf("block %d of the guide is\n%s\nwant in it %q", i+1, block, g.has)
		}
		if g.skip != "" {
			continue
		}
		if g.stopped && s.cmd != nil {
			s.stop()
		} else if !g.stopped && s.cmd == nil {
			s.start()
		}
		at := s.listen
		if g.stopped {
			at = freeAddress(t)
		}
		script := strings.NewReplacer("127.0.0.1:9000", at, "https://old.example.com", old.endpoint, "serve &", "serve",
			"SOURCE_ACCESS_KEY_ID=...", "SOURCE_ACCESS_KEY_ID="+old.root.id, "SOURCE_SECRET_ACCESS_KEY=...", "SOURCE_SECRET_ACCESS_KEY="+old.root.secret,
			" AWS_ACCESS_KEY_ID=...", " AWS_ACCESS_KEY_ID="+s.root.id, " AWS_SECRET_ACCESS_KEY=...", " AWS_SECRET_ACCESS_KEY="+s.root.secret).Replace(block)
		out := sh.with("KEYHAVEN_LISTEN="+at).run(t, "-eu", sh.write(t, "block.sh", serves+script))
		wantText(t, block, out, g.want...)
		for _, name := range g.leaves {
			if info, err := os.Stat(filepath.Join(sh.dir, name)); err != nil || info.Size() == 0 {
				t.Errorf("the block\n%s\nleaves no %s: %v", block, name, err)
			}
		}
	}
}

// TestProgressOnATerminal: long commands show how far they are in a line that is
// wiped, on a terminal; what goes into a file has no such bytes.
func TestProgressOnATerminal(t *testing.T) {
	t.Parallel()
	s := startDirect(t)
	s.newBucket(t, "films")
	for _, name := range []string{"a", "b"} {
		_, err := s.s3(s.root).PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("films"), Key: &name, Body: strings.NewReader("film")})
		check(t, err)
	}
	kh := keyhaven(t)
	credentials := []string{"AWS_ACCESS_KEY_ID=" + s.root.id, "AWS_SECRET_ACCESS_KEY=" + s.root.secret}
	const wipe = "\r\x1b[K"
	for _, c := range []struct {
		args    string
		stopped bool
	}{
		{"export --endpoint " + s.endpoint + " --to " + filepath.Join(kh.dir, "out"), false},
		{"scrub --data " + s.data, true},
		{"fsck --data " + s.data, true},
		{"backup create --data " + s.data + " --to " + filepath.Join(kh.dir, "backup"), true},
	} {
		if c.stopped && s.cmd != nil {
			s.stop()
		}
		plain := kh.with(credentials...).try(t, "", strings.Fields(c.args)...)
		if plain.code != 0 || strings.ContainsAny(plain.stdout+plain.stderr, "\r\x1b") {
			t.Errorf("%s without a terminal: %d, %q", c.args, plain.code, plain.stdout+plain.stderr)
		}
		shown := installed(t, "script").with(credentials...).run(t, "-qec", kh.path+" "+strings.ReplaceAll(c.args, "/out", "/out2"), "/dev/null")
		if n := strings.Count(shown, wipe); n < 2 && !strings.HasPrefix(c.args, "backup") { // whose steps are lines
			t.Errorf("%s on a terminal: %q", c.args, shown)
		}
	}
}

// TestUnit holds the systemd unit against systemd's own judgement, where there is
// one, and against what the guide says of it.
func TestUnit(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../deploy/keyhaven.service")
	check(t, err)
	unit := string(raw)
	wantText(t, "the unit", unit, "DynamicUser=yes", "ProtectSystem=strict", "NoNewPrivileges=yes", "StateDirectory=keyhaven",
		"EnvironmentFile=-/etc/keyhaven/environment", "AmbientCapabilities=CAP_NET_BIND_SERVICE", "MemoryDenyWriteExecute=yes")
	line := regexp.MustCompile(`(?m)^ExecStart=/usr/local/bin/keyhaven (.*)$`).FindStringSubmatch(unit)
	if line == nil {
		t.Fatalf("the unit starts something else:\n%s", unit)
	}
	keyhaven(t).run(t, append(strings.Fields(line[1]), "--help")...)
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is not here")
	}
	p := installed(t, "systemd-analyze")
	path := p.write(t, "keyhaven.service", strings.Replace(unit, "/usr/local/bin/keyhaven", binary(t), 1))
	if r := p.try(t, "", "verify", "--man=no", path); r.code != 0 || strings.Contains(r.stderr, "keyhaven.service:") {
		t.Errorf("systemd-analyze verify: %d\n%s%s", r.code, r.stdout, r.stderr)
	}
}

// TestCompose holds what the Compose file and the image pass on against the
// program: its commands, settings and the user.
func TestCompose(t *testing.T) {
	t.Parallel()
	read := func(name string) string {
		raw, err := os.ReadFile(filepath.Join("../..", name))
		check(t, err)
		return string(raw)
	}
	image, compose := read("Dockerfile"), read("deploy/compose.yaml")
	user := regexp.MustCompile(`(?m)^USER (\d+:\d+)$`).FindStringSubmatch(image)
	if user == nil || !strings.Contains(compose, `"chown", "`+user[1]+`"`) {
		t.Errorf("the image runs as %q, and the Compose file gives the volume to somebody else", user)
	}
	wantText(t, "the image", image, "FROM scratch", `ENTRYPOINT ["/keyhaven"]`, `CMD ["serve"]`, `CMD ["/keyhaven", "status"]`)
	wantText(t, "the Compose file", compose, "read_only: true", "no-new-privileges:true", ":/data")
	help := keyhaven(t).run(t, "serve", "--help")
	env := regexp.MustCompile(`(KEYHAVEN_\w+)=(\S+)`).FindAllStringSubmatch(image, -1)
	if len(env) == 0 {
		t.Error("the image has no settings")
	}
	for _, m := range env {
		flag := "--" + strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(m[1], "KEYHAVEN_")), "_", "-")
		if !strings.Contains(help, flag+"=") {
			t.Errorf("the image sets %s: the program has no %s", m[1], flag)
		}
	}
	for _, port := range regexp.MustCompile(`"127\.0\.0\.1:(\d+):(\d+)"`).FindAllStringSubmatch(compose, -1) {
		if !strings.Contains(image, ":"+port[2]) || !strings.Contains(image, "EXPOSE") {
			t.Errorf("the Compose file publishes port %s: the image does not listen there", port[2])
		}
	}
}
