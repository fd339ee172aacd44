package s3

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/keyhaven/keyhaven"
)

const (
	xmlHeader = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"
	namespace = ` xmlns="http://s3.amazonaws.com/doc/2006-03-01/"`
)

// document is an XML answer in the making. It is written by hand: listings are
// hot, and no client needs anything but elements and text.
type document struct{ b []byte }

var documents = sync.Pool{New: func() any { return &document{b: make([]byte, 0, 8<<10)} }}

func newDocument() *document {
	x := documents.Get().(*document)
	x.b = append(x.b[:0], xmlHeader...)
	return x
}

// root opens the outermost element, with S3's namespace.
func (x *document) root(name string) {
	x.b = append(append(append(append(x.b, '<'), name...), namespace...), '>')
}

func (x *document) open(name string) {
	x.b = append(append(append(x.b, '<'), name...), '>')
}

func (x *document) close(name string) {
	x.b = append(append(append(x.b, "</"...), name...), '>')
}

func (x *document) element(name, value string) {
	x.open(name)
	x.b = appendText(x.b, value)
	x.close(name)
}

// optional leaves the element out when it is empty.
func (x *document) optional(name, value string) {
	if value != "" {
		x.element(name, value)
	}
}

func (x *document) int(name string, n int64) {
	x.open(name)
	x.b = strconv.AppendInt(x.b, n, 10)
	x.close(name)
}

func (x *document) bool(name string, v bool) {
	x.open(name)
	x.b = strconv.AppendBool(x.b, v)
	x.close(name)
}

func (x *document) time(name string, t time.Time) {
	x.open(name)
	x.b = t.UTC().AppendFormat(x.b, "2006-01-02T15:04:05.000Z")
	x.close(name)
}

func (x *document) etag(e keyhaven.ETag) {
	x.open("ETag")
	x.b = append(e.Append(append(x.b, "&quot;"...)), "&quot;"...)
	x.close("ETag")
}

// write sends the document and gives it back.
func (x *document) write(w http.ResponseWriter, status int) {
	h := w.Header()
	h.Set("Content-Type", "application/xml")
	h.Set("Content-Length", strconv.Itoa(len(x.b)))
	w.WriteHeader(status)
	_, _ = w.Write(x.b) // the client is gone: there is nobody to tell
	if cap(x.b) <= 1<<20 {
		documents.Put(x)
	}
}

// appendText escapes markup, and writes the characters that would not survive a
// round trip through XML 1.0 as references, as S3 does: CR and the like come
// back whole, and other control characters at least unambiguous.
func appendText(b []byte, s string) []byte {
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			i++
			switch {
			case c == '&':
				b = append(b, "&amp;"...)
			case c == '<':
				b = append(b, "&lt;"...)
			case c == '>':
				b = append(b, "&gt;"...)
			case c == '"':
				b = append(b, "&quot;"...)
			case c < 0x20 || c == 0x7f:
				b = append(b, "&#x"...)
				b = strconv.AppendUint(b, uint64(c), 16)
				b = append(b, ';')
			default:
				b = append(b, c)
			}
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 || r == 0xfffe || r == 0xffff {
			b = append(b, "\ufffd"...)
		} else {
			b = append(b, s[i:i+n]...)
		}
		i += n
	}
	return b
}

// maxXML bounds a request document: a part list of ten thousand with checksums
// takes about two MiB, a thousand keys of a kilobyte with references six.
const maxXML = 8 << 20

// readXML reads the body of the request into v.
func (c *call) readXML(v any) error {
	b, err := c.body()
	if err != nil {
		return err
	}
	return b.readXML(v)
}

func (b *body) readXML(v any) error {
	raw, err := b.readAll(maxXML, errMalformedXML)
	if err != nil {
		return err
	}
	return parseXML(raw, v)
}

// readAll reads a whole body and verifies it. tooLarge is the error for one of
// more bytes than most.
func (b *body) readAll(most int64, tooLarge error) ([]byte, error) {
	if b.size > most {
		return nil, tooLarge
	}
	raw, err := io.ReadAll(io.LimitReader(b, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(raw)) > most {
		return nil, tooLarge
	}
	return raw, b.verify(raw)
}

// appendElement reads one element of a list that may have so many.
func appendElement[T any](d *xml.Decoder, start xml.StartElement, list *[]T, most int) error {
	if len(*list) == most {
		return errMalformedXML
	}
	var v T
	if err := d.DecodeElement(&v, &start); err != nil {
		return err
	}
	*list = append(*list, v)
	return nil
}

// parseXML reads one document and nothing after it. Directives, and with them
// entity definitions, are refused.
func parseXML(raw []byte, v any) error {
	d := xml.NewDecoder(bytes.NewReader(raw))
	if err := d.Decode(v); err != nil {
		return errMalformedXML
	}
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return errMalformedXML
		}
		switch t := t.(type) {
		case xml.CharData:
			for _, b := range t {
				if b != ' ' && b != '\t' && b != '\n' && b != '\r' {
					return errMalformedXML
				}
			}
		case xml.Comment, xml.ProcInst:
		default:
			return errMalformedXML
		}
	}
}
