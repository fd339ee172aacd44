//go:build e2e

package clients

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lightsail"
	"github.com/aws/aws-sdk-go-v2/service/lightsail/types"
)

// TestREADME runs the blocks of the README as they are written, each walk
// against a server of its own.
func TestREADME(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../README.md")
	check(t, err)
	type row struct {
		walk, bucket string
		shell        func(t *testing.T, s *server, block string) string
		want         []string
	}
	rows := []row{
		{"aws-cli", "photos", shellWalk("/usr/bin"), []string{"hello.txt", "hello\n", "X-Amz-Signature", `"serviceName": "s3"`}},
		{"curl", "invoices", shellWalk("/usr/bin"), []string{"<Key>2026/1.txt</Key>", "invoice 1", `"serviceName":"s3"`}},
		{"sdk", "backups", goWalk, []string{"backup of monday", "Active s3 us-east-1"}},
	}
	if hasCurrent() {
		c := rows[0]
		c.shell = shellWalk(filepath.Dir(venv("aws")))
		rows = append(rows, c)
	}
	for _, c := range rows {
		t.Run(c.walk, func(t *testing.T) {
			block := blocks(string(raw), c.walk)
			if block == "" {
				t.Fatalf("the README has no block with walk=%s", c.walk)
			}
			s := startServer(t)
			wantText(t, "the walk by "+c.walk, c.shell(t, s, block), c.want...)
			out, err := s.lightsail(s.root).GetBucketAccessKeys(t.Context(), &lightsail.GetBucketAccessKeysInput{BucketName: aws.String(c.bucket)})
			check(t, err)
			if k := out.AccessKeys; len(k) != 1 || k[0].Status != types.StatusTypeActive || *k[0].LastUsed.ServiceName != "s3" {
				t.Errorf("after the walk by %s the bucket has the keys %+v, want the second alone, used", c.walk, k)
			}
		})
	}
}

// blocks returns the fenced blocks of one walk, one after the other.
func blocks(markdown, walk string) string {
	fence := regexp.MustCompile("(?ms)^```\\w+ walk=" + regexp.QuoteMeta(walk) + "\n(.*?)^```$")
	var all strings.Builder
	for _, m := range fence.FindAllStringSubmatch(markdown, -1) {
		all.WriteString(m[1])
	}
	return all.String()
}

// shellWalk runs a block as a shell does in which the README's exports were typed.
func shellWalk(tools string) func(*testing.T, *server, string) string {
	return func(t *testing.T, s *server, block string) string {
		t.Helper()
		sh := installed(t, "sh")
		sh = sh.with("PATH="+tools+":"+os.Getenv("PATH"), "AWS_PAGER=", "AWS_EC2_METADATA_DISABLED=true", "ENDPOINT="+s.endpoint,
			"AWS_DEFAULT_REGION="+region, "AWS_ACCESS_KEY_ID="+s.root.id, "AWS_SECRET_ACCESS_KEY="+s.root.secret).with(s.awsEnv()...)
		return sh.run(t, "-eu", sh.write(t, "walk.sh", block))
	}
}

// goWalk runs a block as a program of this module.
func goWalk(t *testing.T, s *server, block string) string {
	t.Helper()
	p := goProgram(t).with("ENDPOINT="+s.endpoint, "AWS_ACCESS_KEY_ID="+s.root.id, "AWS_SECRET_ACCESS_KEY="+s.root.secret)
	file := p.write(t, "main.go", block)
	p.dir = "../.."
	return p.run(t, "run", file)
}

// goProgram is the go command, with the caches that the tests themselves use.
func goProgram(t testing.TB) program {
	t.Helper()
	p := installed(t, "go")
	p.env = append(os.Environ(), "AWS_EC2_METADATA_DISABLED=true")
	return p
}

// TestExamples runs the programs of examples/ as they are.
func TestExamples(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	for name, c := range map[string]struct {
		program func(t *testing.T) (program, []string)
		want    string
	}{
		"Go": {func(t *testing.T) (program, []string) {
			p := goProgram(t)
			p.dir = "../.."
			return p, []string{"run", "./examples/go"}
		}, "hello from Go"},
		"Python": {func(t *testing.T) (program, []string) {
			return installed(t, "/usr/bin/python3"), []string{example(t, "python/main.py")}
		}, "hello from Python"},
		"JavaScript": {func(t *testing.T) (program, []string) {
			p := installed(t, "node")
			raw, err := os.ReadFile(example(t, "javascript/main.mjs"))
			check(t, err)
			modules, err := filepath.Abs("js/node_modules")
			check(t, err)
			check(t, os.Symlink(modules, filepath.Join(p.dir, "node_modules")))
			return p, []string{p.write(t, "main.mjs", string(raw))}
		}, "hello from JavaScript"},
	} {
		t.Run(name, func(t *testing.T) {
			bucket := "example-" + strings.ToLower(name)
			key := s.newBucket(t, bucket)
			p, args := c.program(t)
			p = p.with("ENDPOINT="+s.endpoint, "BUCKET="+bucket, "AWS_ACCESS_KEY_ID="+key.id, "AWS_SECRET_ACCESS_KEY="+key.secret).with(s.awsEnv()...)
			wantText(t, name, p.run(t, args...), c.want)
		})
	}
}

func example(t testing.TB, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("../../examples", name))
	check(t, err)
	return path
}
