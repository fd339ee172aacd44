package console

import (
	"bytes"
	"compress/gzip"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

// files are the built pages, each compressed once.
type files struct {
	app   fs.FS
	noApp *template.Template

	mu    sync.Mutex
	ready map[string]*file
}

type file struct {
	contentType string
	plain       []byte
	zipped      []byte // nil where it saves nothing
}

func newFiles(app fs.FS, noApp string) *files {
	return &files{app: app, noApp: template.Must(template.New("page").Parse(noApp)), ready: map[string]*file{}}
}

// pages are what the addresses of pages begin with. Every page is index.html,
// which reads the address itself.
var pages = map[string]bool{"": true, "start": true, "storage": true, "account": true, "accounts": true, "iam": true, "audit": true}

// serve answers with a file of the application.
func (f *files) serve(w http.ResponseWriter, r *http.Request, endpoint string) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	if f.app == nil {
		f.servePlaceholder(w, r, endpoint)
		return
	}
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	asset := strings.HasPrefix(name, "assets/")
	if first, _, _ := strings.Cut(name, "/"); pages[first] {
		name = "index.html"
	} else if !asset && name != "favicon.svg" {
		http.NotFound(w, r)
		return
	}
	got, err := f.load(name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "no-cache")
	if asset { // its name changes with its content
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	h.Set("Content-Type", got.contentType)
	h.Set("Vary", "Accept-Encoding")
	body := got.plain
	if got.zipped != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = got.zipped
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // the client is gone: there is nobody to tell
	}
}

func (f *files) load(name string) (*file, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if got := f.ready[name]; got != nil {
		return got, nil
	}
	plain, err := fs.ReadFile(f.app, name)
	if err != nil {
		return nil, err
	}
	got := &file{contentType: mime.TypeByExtension(path.Ext(name)), plain: plain}
	if got.contentType == "" {
		got.contentType = "application/octet-stream"
	}
	var zipped bytes.Buffer
	z, err := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(plain); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	if zipped.Len() < len(plain)*9/10 {
		got.zipped = zipped.Bytes()
	}
	f.ready[name] = got
	return got, nil
}

func (f *files) servePlaceholder(w http.ResponseWriter, r *http.Request, endpoint string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if r.URL.Path != "/" {
		w.WriteHeader(http.StatusNotFound)
	}
	_ = f.noApp.Execute(w, endpoint) // the client is gone: there is nobody to tell
}
