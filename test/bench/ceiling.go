package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

const ceilingETag = `"9e107d9d372bb6826bd81d3542a419d6"`

// ceiling answers S3 calls as fast as net/http can: a PUT is drained, a GET sends
// as many bytes as were put, nothing is verified, nothing is hashed and nothing is
// stored. It must do no less than that, or the ratio would say nothing.
type ceiling struct {
	sizes sync.Map // path → int64
	zeros []byte
	page  []byte // of a listing
}

func serveCeiling(addr string) error {
	c := &ceiling{zeros: make([]byte, 64<<20), page: listPage()}
	server := &http.Server{Addr: addr, Handler: c, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	return server.ListenAndServe()
}

func (c *ceiling) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, query := r.URL.Path, r.URL.RawQuery
	bucketEnd := strings.IndexByte(path[1:], '/')
	object := bucketEnd >= 0 && bucketEnd+2 < len(path)
	switch {
	case r.Method == "PUT" && object && r.Header.Get("X-Amz-Copy-Source") == "":
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			return
		}
		if query == "" {
			c.sizes.Store(path, n)
		}
		w.Header().Set("ETag", ceilingETag)
	case (r.Method == "GET" || r.Method == "HEAD") && object:
		c.get(w, r)
	case r.Method == "POST" && query == "uploads":
		fmt.Fprint(w, `<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>`)
	case r.Method == "POST" && query == "delete":
		c.deleteMany(w, r)
	case r.Method == "POST":
		_, _ = io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, `<CompleteMultipartUploadResult></CompleteMultipartUploadResult>`)
	case r.Method == "DELETE":
		w.WriteHeader(http.StatusNoContent)
	case r.Method == "GET" && r.URL.Query().Get("list-type") == "2":
		w.Write(c.page)
	default:
		_, _ = io.Copy(io.Discard, r.Body)
	}
}

func (c *ceiling) get(w http.ResponseWriter, r *http.Request) {
	size, ok := c.sizes.Load(r.URL.Path)
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	n := size.(int64)
	h := w.Header()
	h.Set("ETag", ceilingETag)
	h.Set("Last-Modified", "Sun, 22 Nov 2026 08:00:00 GMT")
	h.Set("Content-Length", strconv.FormatInt(n, 10))
	if r.Method == "GET" {
		w.Write(c.zeros[:n])
	}
}

func (c *ceiling) deleteMany(w http.ResponseWriter, r *http.Request) {
	s := bufio.NewScanner(r.Body)
	s.Buffer(nil, 1<<20)
	s.Split(splitKeys)
	w.Write([]byte(`<DeleteResult>`))
	for s.Scan() {
		fmt.Fprintf(w, "<Deleted><Key>%s</Key></Deleted>", s.Bytes())
	}
	w.Write([]byte(`</DeleteResult>`))
}

// splitKeys yields the text of each Key element.
func splitKeys(data []byte, atEOF bool) (int, []byte, error) {
	i := bytes.Index(data, []byte("<Key>"))
	if i >= 0 {
		if j := bytes.Index(data[i:], []byte("</Key>")); j >= 0 {
			return i + j + 6, data[i+5 : i+j], nil
		}
	}
	if atEOF {
		return len(data), nil, nil
	}
	return 0, nil, nil
}

// listPage is a page of a thousand keys, the same each time.
func listPage() []byte {
	var b bytes.Buffer
	b.WriteString(`<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount>1000</KeyCount>`)
	for i := range 1000 {
		fmt.Fprintf(&b, `<Contents><Key>list/%010d</Key><LastModified>2026-11-22T08:00:00.000Z</LastModified><ETag>&quot;9e107d9d372bb6826bd81d3542a419d6&quot;</ETag><Size>1024</Size><StorageClass>STANDARD</StorageClass></Contents>`, i)
	}
	b.WriteString(`</ListBucketResult>`)
	return b.Bytes()
}
