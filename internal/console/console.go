package console

import (
	"html/template"
	"net/http"
)

var page = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Keyhaven</title></head>
<body>
<h1>Keyhaven</h1>
<p>The server is running. The console is not part of this release.</p>
<p>The API is at <code>{{.}}</code>.</p>
</body>
</html>
`))

// New returns the handler of the console's port. endpoint is the address of the
// API.
func New(endpoint string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		if r.URL.Path != "/" {
			w.WriteHeader(http.StatusNotFound)
		}
		_ = page.Execute(w, endpoint) // the client is gone: there is nobody to tell
	})
}
