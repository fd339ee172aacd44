package s3

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/sigv4"
)

func TestEveryReasonHasACode(t *testing.T) {
	for _, r := range sigv4.Reasons() {
		if e := signatureErrors[r]; e == nil || e.code == "" || e.status < 400 {
			t.Errorf("%v: %+v", r, e)
		}
	}
}

// elsewhere are errors of the services that no S3 operation can cause.
var elsewhere = map[string]string{
	"NotFound AccessKey":      "the Lightsail API names keys",
	"Conflict AccessKey":      "Keyhaven's own API rotates keys",
	"AlreadyExists AccessKey": "the environment names a key",
	"Invalid AccessKey":       "the environment names a key",
	"LimitExceeded AccessKey": "the Lightsail API makes keys",
	"NotFound Resource":       "the Lightsail API names resources",
	"NotFound Operation":      "the Lightsail API names operations",
	"NotFound Account":        "a key without its account is our fault",
	"TooLarge Session":        "STS makes sessions",
	"LimitExceeded Bundle":    "the Lightsail API changes bundles",
}

// ofIAM are the nouns of IAM and STS, which no operation of S3 is about; "noun" is
// how the store writes whichever of them.
var ofIAM = map[string]bool{
	"noun": true, "NounUser": true, "NounGroup": true, "NounRole": true, "NounPolicy": true, "NounPolicyDocument": true, "NounLoginProfile": true,
	"NounPassword": true, "NounInstanceProfile": true, "NounIdentityProvider": true, "NounInstance": true,
}

// TestEveryErrorHasACode looks for the errors that the services make, and fails
// on one that the door would call an internal error.
func TestEveryErrorHasACode(t *testing.T) {
	kinds, nouns := map[string]keyhaven.Kind{}, map[string]keyhaven.Noun{}
	for _, k := range keyhaven.Kinds() {
		kinds[strings.ReplaceAll(k.String(), " ", "")] = k
	}
	for n := range keyhaven.Noun(100) {
		if n.String() != "unknown noun" {
			nouns["noun"+strings.ReplaceAll(n.String(), " ", "")] = n
		}
	}
	found := 0
	for _, dir := range []string{"../object", "../bucket", "../access", "../meta", "../.."} {
		for _, e := range errorsMadeIn(t, dir) {
			if ofIAM[e.noun] {
				continue
			}
			kind, okKind := kinds[strings.ToLower(e.kind)]
			noun, okNoun := nouns[strings.ToLower(e.noun)]
			if e.noun == "" || e.noun == "NounNone" {
				noun, okNoun = keyhaven.NounNone, true
			}
			if !okKind || !okNoun {
				t.Errorf("%s: cannot read %s %s", e.at, e.kind, e.noun)
				continue
			}
			found++
			name := e.kind + " " + strings.TrimPrefix(e.noun, "Noun")
			if domainErrors[kindNoun{kind, noun}] == nil && elsewhere[name] == "" {
				t.Errorf("%s: %s has no code", e.at, name)
			}
		}
	}
	if found < 20 {
		t.Errorf("found %d errors only: the search is broken", found)
	}
}

type madeError struct{ at, kind, noun string }

// errorsMadeIn finds the literals of keyhaven.Error in a package.
func errorsMadeIn(t *testing.T, dir string) (made []madeError) {
	t.Helper()
	files, err := filepath.Glob(dir + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			lit, ok := n.(*ast.CompositeLit)
			if !ok || nameOf(lit.Type) != "Error" {
				return true
			}
			e := madeError{at: fset.Position(lit.Pos()).String()}
			for _, elt := range lit.Elts {
				if kv, ok := elt.(*ast.KeyValueExpr); ok {
					switch nameOf(kv.Key) {
					case "Kind":
						e.kind = nameOf(kv.Value)
					case "Noun":
						e.noun = nameOf(kv.Value)
					}
				}
			}
			if e.kind != "" {
				made = append(made, e)
			}
			return true
		})
	}
	return made
}

// nameOf is the last name of x or pkg.x.
func nameOf(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.SelectorExpr:
		return x.Sel.Name
	}
	return ""
}
