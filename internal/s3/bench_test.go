package s3

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keyhaven/keyhaven"
)

// BenchmarkRoute finds the operation of requests as clients send them.
func BenchmarkRoute(b *testing.B) {
	rt := newRoutes(operations)
	for _, r := range []struct{ name, method, url string }{
		{"PutObject", "PUT", "http://127.0.0.1:9000/bucket/a/key/of/some/length.txt"},
		{"GetObject", "GET", "http://127.0.0.1:9000/bucket/a/key/of/some/length.txt"},
		{"Escaped", "GET", "http://127.0.0.1:9000/bucket/a%20key/%C3%A4.txt?versionId=null"},
		{"ListObjectsV2", "GET", "http://127.0.0.1:9000/bucket?list-type=2&prefix=a%2Fkey%2F&delimiter=%2F&max-keys=1000"},
		{"UploadPart", "PUT", "http://127.0.0.1:9000/bucket/key?partNumber=12&uploadId=0123456789abcdef0123456789abcdef"},
	} {
		b.Run(r.name, func(b *testing.B) {
			req, err := http.NewRequestWithContext(b.Context(), r.method, r.url, nil)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				t, err := parseTarget(req, "")
				if err != nil {
					b.Fatal(err)
				}
				if _, err := rt.find(req.Method, t, req.Header); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkListXML writes the page of a thousand objects.
func BenchmarkListXML(b *testing.B) {
	objects := make([]keyhaven.Object, 1000)
	for i := range objects {
		objects[i] = keyhaven.Object{Key: fmt.Sprintf("photos/2026/%08d.jpg", i), Size: int64(i) << 10, ModTime: time.Unix(1.8e9, 0)}
	}
	b.ReportAllocs()
	for b.Loop() {
		x := newDocument()
		x.root("ListBucketResult")
		for i := range objects {
			x.object(&objects[i], nil, false)
		}
		x.close("ListBucketResult")
		b.SetBytes(int64(len(x.b)))
		documents.Put(x)
	}
}

// BenchmarkDeleteXML reads the names of a thousand keys.
func BenchmarkDeleteXML(b *testing.B) {
	var doc strings.Builder
	doc.WriteString(`<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Quiet>true</Quiet>`)
	for i := range 1000 {
		fmt.Fprintf(&doc, "<Object><Key>photos/2026/%08d.jpg</Key></Object>", i)
	}
	doc.WriteString("</Delete>")
	b.ReportAllocs()
	b.SetBytes(int64(doc.Len()))
	for b.Loop() {
		var req deleteRequest
		if err := xml.Unmarshal([]byte(doc.String()), &req); err != nil || len(req.Objects) != 1000 {
			b.Fatal(len(req.Objects), err)
		}
	}
}
