package lightsail

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/sigv4"
)

// elsewhere are pairs that the packages below declare and this door never sees.
var elsewhere = map[string]string{
	"TooLarge NounSession":        "STS makes sessions",
	"Denied NounInstance":         "the address where machines fetch credentials",
	"NotFound NounAccount":        "a key without its account is our fault",
	"Invalid NounNotification":    "the S3 API sets notifications",
	"Invalid NounAccessKey":       "the key of the server's environment",
	"AlreadyExists NounAccessKey": "the key of the server's environment",
	"Conflict NounAccessKey":      "Keyhaven's own API rotates keys",
}

// objectNouns are what the door of objects is about.
var objectNouns = []string{"NounObject", "NounObjectKey", "NounVersion", "NounDeleteMarker", "NounUpload", "NounPart", "NounPartOrder", "NounPartSize", "NounRange", "NounDigest", "NounChecksum"}

// iamNouns are what the doors of IAM and STS are about; "noun" is how the store
// writes whichever of them.
var iamNouns = []string{"noun", "NounUser", "NounGroup", "NounRole", "NounPolicy", "NounPolicyDocument", "NounLoginProfile", "NounPassword", "NounInstanceProfile", "NounIdentityProvider"}

// TestEveryPairHasARow reads the source of the services and the store for the
// (Kind, Noun) pairs that they declare.
func TestEveryPairHasARow(t *testing.T) {
	kinds, nouns := map[string]keyhaven.Kind{}, map[string]keyhaven.Noun{}
	for _, k := range keyhaven.Kinds() {
		kinds[goName("", k.String())] = k
	}
	for n := keyhaven.NounNone + 1; n.String() != "unknown noun"; n++ {
		nouns[goName("Noun", n.String())] = n
	}
	nouns["NounNone"] = keyhaven.NounNone
	found := 0
next:
	for pair, at := range declaredPairs(t, "../../*.go", "../access/*.go", "../bucket/*.go", "../meta/*.go") {
		kind, noun, _ := strings.Cut(pair, " ")
		if slices.Contains(iamNouns, noun) {
			continue
		}
		k, okKind := kinds[kind]
		n, okNoun := nouns[noun]
		if !okKind || !okNoun {
			t.Fatalf("%s: unknown pair %q", at, pair)
		}
		for _, o := range objectNouns {
			if noun == o {
				continue next
			}
		}
		if _, ok := elsewhere[pair]; ok {
			continue
		}
		found++
		if _, ok := answers[about{k, n}]; !ok {
			t.Errorf("%s: (%s) has no row in errors.go", at, pair)
		}
	}
	if found < 12 {
		t.Errorf("found %d pairs only: does the search still see them?", found)
	}
}

func goName(prefix, words string) string {
	for w := range strings.SplitSeq(words, " ") {
		prefix += strings.ToUpper(w[:1]) + w[1:]
	}
	return prefix
}

// declaredPairs returns "Kind Noun" of every literal of keyhaven.Error.
func declaredPairs(t *testing.T, globs ...string) map[string]string {
	pairs := map[string]string{}
	fset := token.NewFileSet()
	for _, glob := range globs {
		files, err := filepath.Glob(glob)
		if err != nil || len(files) == 0 {
			t.Fatalf("no files at %s: %v", glob, err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(fset, name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if lit, ok := n.(*ast.CompositeLit); ok && lastName(lit.Type) == "Error" {
					if kind, noun := member(lit, "Kind"), member(lit, "Noun"); kind != "" {
						pairs[kind+" "+noun] = fset.Position(lit.Pos()).String()
					}
				}
				return true
			})
		}
	}
	return pairs
}

func member(lit *ast.CompositeLit, name string) string {
	for _, e := range lit.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok && lastName(kv.Key) == name {
			return lastName(kv.Value)
		}
	}
	if name == "Noun" {
		return "NounNone"
	}
	return ""
}

func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// TestRowsAreSound checks what every row must have, and that the client's
// errors are the client's and ours are ours.
func TestRowsAreSound(t *testing.T) {
	for pair, a := range answers {
		ours := pair.kind == keyhaven.Unavailable
		if a.typ == "" || a.code == "" || a.message == "" || (a.status >= 500) != ours || (a.typ == service) != ours {
			t.Errorf("(%v, %v) = %+v", pair.kind, pair.noun, a)
		}
		got := answerTo(&keyhaven.Error{Kind: pair.kind, Noun: pair.noun, ID: "the-id", Err: errors.New("the cause")})
		if strings.Contains(got.message, "{id}") || strings.Contains(got.message, "the cause") {
			t.Errorf("(%v, %v) answers %q", pair.kind, pair.noun, got.message)
		}
	}
}

// TestEveryRowIsInATranscript leaves out what a healthy server never answers.
func TestEveryRowIsInATranscript(t *testing.T) {
	files, err := filepath.Glob("testdata/wire/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	for pair, a := range answers {
		if pair == (about{keyhaven.Unauthenticated, keyhaven.NounSession}) {
			continue // sessions end in the tests of STS
		}
		if pair.kind == keyhaven.Throttled || pair.kind == keyhaven.Unavailable || pair == (about{keyhaven.Invalid, keyhaven.NounNone}) {
			continue
		}
		// The words are the service's where it has some, so look for type, code and tip.
		if !strings.Contains(all.String(), `"__type":"`+a.typ+`","code":"`+a.code+`"`) || !strings.Contains(all.String(), `"tip":"`+a.tip+`"`) {
			t.Errorf("(%v, %v) is in no transcript", pair.kind, pair.noun)
		}
	}
}

// TestUnknownErrorsAreInternal covers what has no row.
func TestUnknownErrorsAreInternal(t *testing.T) {
	for _, err := range []error{
		errors.New("canary"),
		&keyhaven.Error{Kind: keyhaven.Internal, Msg: "canary"},
		&keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounAccount, ID: "canary"},
		&keyhaven.Error{Kind: keyhaven.NotImplemented, Noun: keyhaven.NounPart, Msg: "canary"},
	} {
		if a := answerTo(err); a.status != 500 || a.typ != service || strings.Contains(a.message, "canary") {
			t.Errorf("answerTo(%v) = %+v, want an internal error that tells nothing", err, a)
		}
	}
}

func TestSignatureErrors(t *testing.T) {
	for _, r := range sigv4.Reasons() {
		a := signatureAnswer(&sigv4.Error{Reason: r, CanonicalRequest: strings.Repeat("x", 1<<20)})
		if a.status != 400 || a.code == "" || a.message == "" || len(a.message) > 2*maxCanonical {
			t.Errorf("%v = %d %s %q, %d bytes", r, a.status, a.typ, a.code, len(a.message))
		}
	}
	for r, want := range map[sigv4.Reason]string{
		sigv4.Missing:           "MissingAuthenticationTokenException",
		sigv4.Malformed:         "IncompleteSignatureException",
		sigv4.SignatureMismatch: "InvalidSignatureException",
		sigv4.SkewedClock:       "InvalidSignatureException",
		sigv4.UnsignedHeader:    "InvalidSignatureException",
		sigv4.ExpiredPresign:    "InvalidSignatureException",
	} {
		if got := signatureAnswer(&sigv4.Error{Reason: r}).typ; got != want {
			t.Errorf("%v = %s, want %s", r, got, want)
		}
	}
}
