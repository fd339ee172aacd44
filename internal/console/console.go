package console

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"mime"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/audit"
)

// Access is what the door needs of the service of access.
type Access interface {
	SignInWithKey(ctx context.Context, id string, secret keyhaven.Secret, second access.SecondFactor) (*access.SignIn, error)
	SignInAs(ctx context.Context, who *keyhaven.Principal) (*access.SignIn, error)
	SignInAsRole(ctx context.Context, who access.RoleSignIn) (*access.SignIn, error)
	SignedIn(ctx context.Context, token keyhaven.Secret) (*access.SignIn, error)
	SignOut(ctx context.Context, token keyhaven.Secret) error
	SessionCredentials(ctx context.Context, token keyhaven.Secret) (*access.TemporaryCredentials, error)
}

// Options are what a Door stands on.
type Options struct {
	Access Access
	People People
	// Audit keeps the records of sign-ins; nil for nobody.
	Audit Audit
	// Account is the one that the installation began with. It signs in where nobody
	// names another.
	Account keyhaven.AccountID
	// SingleSignOn is the identity provider that people can sign in by; nil for none.
	SingleSignOn *SingleSignOn
	// Endpoint is the address of the API, with the host that listens: where that
	// is every address, pages are told the host under which they reach the console.
	Endpoint string
	Region   string
	Version  string
	// Operations are what the server has built, as "s3:PutObject": pages offer
	// nothing else.
	Operations []string
	App        fs.FS  // the built pages; nil when there are none
	NoApp      string // the template of the page that says so
	Log        *slog.Logger
}

// maxBody is the largest body of a request to the door itself, in bytes.
const maxBody = 16 << 10

// Door is the handler of the console's port.
type Door struct {
	opts     Options
	files    *files
	throttle *throttle
	failures *audit.Budget
	routes   map[string]func(*Door, *call) (any, error)
}

// New returns the door.
func New(o Options) *Door {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &Door{
		opts: o, files: newFiles(o.App, o.NoApp), throttle: newThrottle(), failures: audit.NewBudget(audit.UnprovenPerMinute),
		routes: map[string]func(*Door, *call) (any, error){
			"GET /console/settings":     (*Door).settings,
			"POST /console/sign-in":     (*Door).signIn,
			"POST /console/credentials": (*Door).credentials,
			"POST /console/sign-out":    (*Door).signOut,
			"POST /console/first-start": (*Door).firstStart,
			"POST /console/password":    (*Door).changePassword,
			"POST /console/oidc":        (*Door).beginSingleSignOn,
			"GET " + callbackPath:       (*Door).finishSingleSignOn,
		},
	}
}

// call is one request to the door itself.
type call struct {
	w    http.ResponseWriter
	r    *http.Request
	body []byte
}

// decode reads the body; a field that nobody knows is an error.
func (c *call) decode(into any) error {
	d := json.NewDecoder(strings.NewReader(string(c.body)))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return &refusal{http.StatusBadRequest, "InvalidRequest", "The body is not the JSON that this request takes."}
	}
	return nil
}

// ServeHTTP answers one request.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := uuid.NewString()
	endpoint := d.endpoint(r)
	h := w.Header()
	h.Set("X-Request-Id", id)
	h.Set("Content-Security-Policy", contentPolicy(endpoint))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
	if !strings.HasPrefix(r.URL.Path, "/console/") {
		d.files.serve(w, r, endpoint)
		return
	}
	h.Set("Cache-Control", "no-store")
	out, err := d.answer(w, r)
	if err != nil {
		d.writeError(w, r, id, err)
		return
	}
	if to, ok := out.(redirect); ok {
		h.Set("Location", string(to)) // as it is: http.Redirect would clean the path
		w.WriteHeader(http.StatusSeeOther)
		return
	}
	// What is got holds no secret, which a compressed answer could tell of.
	if r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		defer z.Close()
		h.Set("Content-Type", "application/json")
		_ = json.NewEncoder(z).Encode(out) // the client is gone: there is nobody to tell
		return
	}
	writeJSON(w, http.StatusOK, out)
}

// contentPolicy is what a page may do (C4). Objects come from the API's origin: by
// scripts, and as pictures, media and framed documents of a preview.
func contentPolicy(endpoint string) string {
	return "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; connect-src 'self' " + endpoint +
		"; img-src 'self' blob: " + endpoint + "; media-src " + endpoint + "; frame-src " + endpoint +
		"; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// answer runs the handler of a request (C2).
func (d *Door) answer(w http.ResponseWriter, r *http.Request) (any, error) {
	handle := d.routes[r.Method+" "+r.URL.Path]
	if handle == nil {
		return nil, &refusal{http.StatusNotFound, "NotFound", "There is no such request."}
	}
	c := &call{w: w, r: r}
	if r.Method == http.MethodPost {
		if err := http.NewCrossOriginProtection().Check(r); err != nil {
			return nil, &refusal{http.StatusForbidden, "CrossOrigin", "The request does not come from a page of the console."}
		}
		if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
			return nil, &refusal{http.StatusUnsupportedMediaType, "InvalidRequest", "The body must be application/json."}
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			return nil, &refusal{http.StatusRequestEntityTooLarge, "InvalidRequest", "The body is too large or was cut off."}
		}
		c.body = body
	}
	return handle(d, c)
}

// refusal is an error as the page hears it.
type refusal struct {
	status        int
	code, message string
}

func (e *refusal) Error() string { return e.code + ": " + e.message }

var errSignedOut = &refusal{http.StatusUnauthorized, "SignedOut", "You are signed out. Sign in again."}

func (d *Door) writeError(w http.ResponseWriter, r *http.Request, id string, err error) {
	e, ok := errors.AsType[*refusal](err)
	if !ok {
		d.opts.Log.ErrorContext(r.Context(), "console request failed", "request_id", id, "op", r.URL.Path, "err", err)
		e = &refusal{http.StatusInternalServerError, "InternalError", "The server failed. Its log says why, under the id of this request."}
	}
	writeJSON(w, e.status, map[string]string{"code": e.code, "message": e.message})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client is gone: there is nobody to tell
}
