package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/keyhaven/keyhaven"

// The floors. A package may import what its row names, and packages of the
// standard library. "" is the root package of nouns.
var (
	nouns    = []string{""}
	leaves   = []string{"", "internal/sigv4", "internal/policy", "internal/seal", "internal/sse", "internal/awsjson", "internal/awsquery", "internal/checksum", "internal/edge", "internal/webhook"}
	services = []string{"internal/object", "internal/bucket", "internal/access", "internal/identity", "internal/accesslog", "internal/usage", "internal/alarm", "internal/webidentity"}
)

type row struct {
	imports []string // packages of this module
	vendor  []string // prefixes of other modules
}

var rows = map[string]row{
	"": {},

	"internal/sigv4":    {imports: nouns},
	"internal/policy":   {imports: nouns},
	"internal/seal":     {imports: nouns},
	"internal/sse":      {imports: nouns},
	"internal/checksum": {imports: nouns, vendor: []string{"github.com/cespare/xxhash/v2", "github.com/minio/crc64nvme", "github.com/zeebo/xxh3"}},
	"internal/edge":     {imports: nouns},
	"internal/awsjson":  {imports: nouns, vendor: []string{"github.com/aws/"}},
	"internal/awsquery": {imports: nouns},

	"internal/kv":   {imports: nouns},
	"internal/blob": {imports: nouns},

	"internal/kv/memkv":       {imports: []string{"", "internal/kv"}},
	"internal/kv/pebblekv":    {imports: []string{"", "internal/kv"}, vendor: []string{"github.com/cockroachdb/pebble/v2", "github.com/cockroachdb/errors", "golang.org/x/sys/unix"}},
	"internal/blob/memblob":   {imports: []string{"", "internal/blob"}},
	"internal/blob/fileblob":  {imports: []string{"", "internal/blob"}, vendor: []string{"golang.org/x/sys/unix"}},
	"internal/blob/faultblob": {imports: []string{"", "internal/blob"}},

	"internal/meta": {imports: []string{"", "internal/kv", "internal/blob"}, vendor: []string{"google.golang.org/protobuf/encoding/protowire"}},

	"internal/object":      {imports: slices.Concat(leaves, []string{"internal/meta", "internal/blob", "internal/md5lanes"})},
	"internal/bucket":      {imports: slices.Concat(leaves, []string{"internal/meta"})},
	"internal/access":      {imports: slices.Concat(leaves, []string{"internal/meta"})},
	"internal/identity":    {imports: slices.Concat(leaves, []string{"internal/meta"}), vendor: []string{"golang.org/x/crypto/argon2", "github.com/pquerna/otp"}},
	"internal/backup":      {imports: slices.Concat(leaves, []string{"internal/meta", "internal/blob"}), vendor: []string{"golang.org/x/sync/errgroup", "github.com/klauspost/compress/zstd"}},
	"internal/check":       {imports: slices.Concat(leaves, []string{"internal/meta", "internal/blob"})},
	"internal/sweep":       {imports: slices.Concat(leaves, []string{"internal/meta", "internal/blob"}), vendor: []string{"golang.org/x/sync/errgroup"}},
	"internal/webhook":     {imports: nouns},
	"internal/webidentity": {imports: []string{"", "internal/policy", "internal/identity"}, vendor: []string{"github.com/coreos/go-oidc/v3/oidc", "golang.org/x/oauth2"}},
	"internal/alarm":       {imports: slices.Concat(leaves, []string{"internal/meta"})},
	"internal/mail":        {imports: nouns, vendor: []string{"github.com/wneessen/go-mail"}},
	"internal/notify":      {imports: slices.Concat(leaves, []string{"internal/meta"})},
	"internal/usage":       {imports: slices.Concat(leaves, []string{"internal/meta"})},
	"internal/accesslog":   {imports: slices.Concat(leaves, []string{"internal/meta"})},

	"internal/backup/dirtarget": {imports: []string{"", "internal/backup"}, vendor: []string{"golang.org/x/sys/unix"}},
	"internal/backup/s3target":  {imports: []string{"", "internal/backup"}, vendor: []string{"golang.org/x/sync/errgroup", "github.com/aws/"}},

	"internal/s3":        {imports: slices.Concat(leaves, services)},
	"internal/lightsail": {imports: slices.Concat(leaves, services), vendor: []string{"github.com/aws/aws-sdk-go-v2/service/lightsail", "github.com/google/uuid"}},
	"internal/query":     {imports: slices.Concat(leaves, services), vendor: []string{"github.com/google/uuid"}},
	"internal/iam":       {imports: slices.Concat(leaves, services, []string{"internal/query"}), vendor: []string{"github.com/aws/aws-sdk-go-v2/service/iam"}},
	"internal/sts":       {imports: slices.Concat(leaves, services, []string{"internal/query"}), vendor: []string{"github.com/aws/aws-sdk-go-v2/service/sts"}},

	"internal/console":   {imports: slices.Concat(leaves, services, []string{"internal/audit"}), vendor: []string{"github.com/google/uuid"}},
	"internal/control":   {},
	"internal/certs":     {imports: nouns, vendor: []string{"github.com/caddyserver/certmagic", "go.uber.org/zap"}},
	"internal/telemetry": {imports: []string{"", "internal/edge"}, vendor: []string{"github.com/prometheus/client_golang", "go.opentelemetry.io/otel"}},
	"internal/transfer":  {imports: nouns, vendor: []string{"golang.org/x/sync/errgroup", "github.com/aws/"}},

	"internal/audit":      {imports: leaves, vendor: []string{"github.com/google/uuid"}},
	"internal/cloudtrail": {imports: slices.Concat(leaves, services, []string{"internal/audit", "internal/jsondoor"})},

	"internal/md5lanes": {vendor: []string{"golang.org/x/sys/cpu"}},

	"internal/keycare":  {imports: slices.Concat(leaves, services, []string{"internal/jsondoor"})},
	"internal/jsondoor": {imports: slices.Concat(leaves, services), vendor: []string{"github.com/google/uuid"}},

	"internal/arch": {},
}

// free are the packages that may import anything: the command, and what only
// tests use.
func free(pkg string) bool {
	return strings.HasPrefix(pkg, "cmd/") || strings.HasPrefix(pkg, "test/") || strings.HasPrefix(pkg, "examples/") ||
		strings.HasSuffix(pkg, "test") || strings.HasSuffix(pkg, "/crashfs")
}

type file struct {
	pkg  string // directory below the module, "" for the root
	path string
	ast  *ast.File
}

// sources parses every Go file of the module that is no test.
func sources(t *testing.T) (files []file, fset *token.FileSet) {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	fset = token.NewFileSet()
	err = filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if p != root && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "testdata" || name == "web" || name == "tools") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(fset, p, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, filepath.Dir(p))
		if err != nil {
			return err
		}
		if rel == "." {
			rel = ""
		}
		files = append(files, file{pkg: filepath.ToSlash(rel), path: p, ast: f})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 50 {
		t.Fatalf("found %d files only: the walk is broken", len(files))
	}
	return files, fset
}

func TestFloors(t *testing.T) {
	files, _ := sources(t)
	for _, f := range files {
		if free(f.pkg) {
			continue
		}
		r, ok := rows[f.pkg]
		if !ok {
			t.Errorf("package %s has no row in the table of floors", f.pkg)
			continue
		}
		for _, imp := range f.ast.Imports {
			p := strings.Trim(imp.Path.Value, `"`)
			if !r.allows(p) {
				t.Errorf("%s imports %s, which its floor does not allow", f.path, p)
			}
		}
	}
}

func (r row) allows(p string) bool {
	if own, ok := strings.CutPrefix(p, module); ok {
		return slices.Contains(r.imports, strings.TrimPrefix(own, "/"))
	}
	if first, _, _ := strings.Cut(p, "/"); !strings.Contains(first, ".") {
		return true
	}
	return slices.ContainsFunc(r.vendor, func(v string) bool { return strings.HasPrefix(p, v) })
}

// TestRowsExist fails on a row whose package is gone.
func TestRowsExist(t *testing.T) {
	for pkg := range rows {
		if _, err := os.Stat(filepath.Join("../..", pkg)); err != nil {
			t.Errorf("row %q: %v", pkg, err)
		}
	}
}

func TestPackageComments(t *testing.T) {
	files, _ := sources(t)
	comments := map[string]int{}
	for _, f := range files {
		if _, ok := comments[f.pkg]; !ok {
			comments[f.pkg] = 0
		}
		if f.ast.Doc != nil {
			comments[f.pkg]++
		}
	}
	for pkg, n := range comments {
		if n != 1 {
			t.Errorf("package %q has %d package comments, want 1", pkg, n)
		}
	}
}

func TestHouseRules(t *testing.T) {
	files, fset := sources(t)
	for _, f := range files {
		switch path.Base(f.pkg) {
		case "util", "utils", "common", "helpers", "misc":
			t.Errorf("package %s is named after nothing", f.pkg)
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Name.Name == "init" && n.Recv == nil {
					t.Errorf("%v: init function: wire it in cmd/keyhaven", fset.Position(n.Pos()))
				}
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Name == "fmt" && strings.HasPrefix(n.Sel.Name, "Print") && !strings.HasPrefix(f.pkg, "cmd/") && !strings.HasPrefix(f.pkg, "test/") && !strings.HasPrefix(f.pkg, "examples/") {
					t.Errorf("%v: fmt.%s: return an error or take a logger", fset.Position(n.Pos()), n.Sel.Name)
				}
			}
			return true
		})
	}
}
