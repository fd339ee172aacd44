package s3

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"

	"github.com/keyhaven/keyhaven"
)

// maxFormFields bounds the names and values before the file (S3 API reference,
// "POST Object").
const maxFormFields = 20 << 10

var (
	errNoForm = &wireError{
		code: "PreconditionFailed", status: 412, message: "At least one of the pre-conditions you specified did not hold",
		detail: []element{{"Condition", "Bucket POST must be of the enclosure-type multipart/form-data"}},
	}
	errMalformedForm = &wireError{code: "MalformedPOSTRequest", status: 400, message: "The body of your POST request is not well-formed multipart/form-data."}
	errFormTooLarge  = &wireError{code: "MaxPostPreDataLengthExceeded", status: 400, message: "Your POST request fields preceding the upload file were too large."}
	errNoFile        = errInvalidArgument.with("POST requires exactly one file upload per request.").and("ArgumentName", "file").and("ArgumentValue", "0")
)

func errMissingField(name string) error {
	return errInvalidArgument.with("Bucket POST must contain a field named '"+name+"'.  If it is specified, please check the order of the fields.").
		and("ArgumentName", name).and("ArgumentValue", "")
}

// postForm is an HTML form up to its file.
type postForm struct {
	fields []formField // in order; no name twice
	file   io.Reader
	parsed *postPolicy // nil when the form has none
}

// formField is a field by its name in lower case: S3 does not tell them apart.
type formField struct{ name, value string }

func (f *postForm) lookup(name string) (string, bool) {
	for i := range f.fields {
		if f.fields[i].name == name {
			return f.fields[i].value, true
		}
	}
	return "", false
}

func (f *postForm) get(name string) string {
	v, _ := f.lookup(name)
	return v
}

// readForm reads the fields and stops at the file. What comes after the file
// does not count.
func (c *call) readForm() (*postForm, error) {
	kind, params, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil && kind == "" || kind != "multipart/form-data" {
		return nil, errNoForm
	}
	if params["boundary"] == "" {
		return nil, errMalformedForm
	}
	if c.r.ContentLength < 0 {
		return nil, errMissingContentLength
	}
	parts := multipart.NewReader(c.r.Body, params["boundary"])
	f := &postForm{}
	for left := maxFormFields; ; {
		p, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil, errNoFile
		}
		if err != nil {
			return nil, formError(err)
		}
		name, filename := partNames(p.Header)
		switch name {
		case "":
			return nil, errMalformedForm
		case "file":
			f.file = &formFile{p}
			return f, f.expand(filename)
		}
		value, err := io.ReadAll(io.LimitReader(p, int64(left)+1))
		if err != nil {
			return nil, formError(err)
		}
		if left -= len(name) + len(value); left < 0 {
			return nil, errFormTooLarge
		}
		if _, twice := f.lookup(name); twice {
			return nil, errMalformedForm
		}
		f.fields = append(f.fields, formField{name, string(value)})
	}
}

// partNames reads the name of a part, in lower case, and of its file.
func partNames(h textproto.MIMEHeader) (name, filename string) {
	_, params, err := mime.ParseMediaType(h.Get("Content-Disposition"))
	if err != nil {
		return "", ""
	}
	return strings.ToLower(params["name"]), params["filename"]
}

// formError tells a body that broke off from one that is no form.
func formError(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return errIncompleteBody
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return errEntityTooLarge
	}
	if strings.HasPrefix(err.Error(), "multipart: ") || strings.HasPrefix(err.Error(), "malformed MIME") {
		return errMalformedForm
	}
	return err
}

// formFile reads the file of a form.
type formFile struct{ p *multipart.Part }

func (f *formFile) Read(b []byte) (int, error) {
	n, err := f.p.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		err = formError(err)
	}
	return n, err
}

// expand puts the name of the file, without its directory, where the key has
// ${filename}. The policy is held against what comes of it.
func (f *postForm) expand(filename string) error {
	for i := range f.fields {
		if f.fields[i].name != "key" {
			continue
		}
		if f.fields[i].value == "" {
			return errInvalidArgument.with("User key must have a length greater than 0.").and("ArgumentName", "key").and("ArgumentValue", "")
		}
		filename = filename[strings.LastIndexAny(filename, `/\`)+1:]
		f.fields[i].value = strings.ReplaceAll(f.fields[i].value, "${filename}", filename)
		return keyhaven.ValidObjectKey(f.fields[i].value)
	}
	return errMissingField("key")
}

// formHeaders are the fields beside x-amz-* that mean what the header of their
// name does for PutObject.
var formHeaders = map[string]bool{
	"cache-control": true, "content-type": true, "content-disposition": true, "content-encoding": true,
	"content-language": true, "content-md5": true, "expires": true,
}

// asHeaders makes the fields the headers of the request, in place of those that
// it came with, so that they are read as those of a PutObject are.
func (f *postForm) asHeaders(h http.Header) error {
	for name := range h {
		if lower := strings.ToLower(name); formHeaders[lower] || strings.HasPrefix(lower, amzPrefix) {
			delete(h, name)
		}
	}
	for _, field := range f.fields {
		name := field.name
		switch {
		case name == "acl":
			name = "x-amz-acl"
		case name == "tagging":
			tags, err := formTags(field.value)
			if err != nil {
				return err
			}
			h.Set("X-Amz-Tagging", tags)
			continue
		case name == "x-amz-copy-source" || name == "x-amz-content-sha256" || name == "x-amz-trailer" || signing[name]:
			continue
		}
		if formHeaders[name] || strings.HasPrefix(name, amzPrefix) {
			h.Set(name, field.value)
		}
	}
	return nil
}
