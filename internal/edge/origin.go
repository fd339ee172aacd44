package edge

import (
	"net/http"
	"strings"
)

// exposed are the headers of answers that the console's page may read. "*"
// stands for all, the user metadata of objects too, as its requests carry no
// cookies; the others are named for browsers that do not know it.
const exposed = "*, ETag, Date, Content-Range, Last-Modified, x-amz-request-id, x-amz-id-2, x-amz-version-id, " +
	"x-amz-delete-marker, x-amz-bucket-region, x-amzn-requestid, x-amzn-errortype"

// console lets a page of the console's origin use every door from a browser, and
// reports whether the request was the browser's question about it, which is
// answered then. It grants no access: each request is signed like any other. No
// cookie takes part, so credentials of the browser's are never allowed (S10).
func (e *Edge) console(w http.ResponseWriter, r *http.Request) (answered bool) {
	origin := r.Header.Get("Origin")
	if origin == "" || e.opts.ConsoleOrigin == nil || !e.opts.ConsoleOrigin(r, origin) {
		return false
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method")
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		h.Set("Access-Control-Expose-Headers", exposed)
		return false
	}
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, PUT, POST, DELETE")
	if asked := r.Header.Values("Access-Control-Request-Headers"); len(asked) > 0 {
		h.Set("Access-Control-Allow-Headers", strings.Join(asked, ", "))
	}
	h.Set("Access-Control-Max-Age", "600")
	h.Set("Content-Length", "0")
	w.WriteHeader(http.StatusOK)
	return true
}
