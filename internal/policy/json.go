package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"
)

// maxDepth is deeper than any document needs: document, statements, statement,
// conditions, operator, values.
const maxDepth = 8

type jsonKind uint8

const (
	jsonNull jsonKind = iota
	jsonString
	jsonNumber
	jsonBool
	jsonArray
	jsonObject
)

// node is a JSON value that remembers where it stands. Unlike encoding/json's
// structs it tells every member that was there, in the order it came.
type node struct {
	kind       jsonKind
	text       string // of a string, a number or a boolean
	items      []node
	members    []member
	start, end int
}

type member struct {
	name  string
	value node
}

var errJSON = errors.New("not a JSON document")

// parseJSON reads one JSON object. Names that come twice in one object are
// refused: parsers differ on which counts.
func parseJSON(b []byte) (node, error) {
	if !utf8.Valid(b) || len(bytes.TrimLeft(b, " \t\r\n")) == 0 || bytes.TrimLeft(b, " \t\r\n")[0] != '{' {
		return node{}, errJSON
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	p := jsonReader{d: d, text: b}
	n, err := p.value(0)
	if err != nil {
		return node{}, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return node{}, errJSON
	}
	return n, nil
}

type jsonReader struct {
	d    *json.Decoder
	text []byte
}

func (p jsonReader) value(depth int) (n node, err error) {
	if depth > maxDepth {
		return n, errJSON
	}
	n.start = p.next()
	t, err := p.d.Token()
	if err != nil {
		return n, errJSON
	}
	switch t := t.(type) {
	case string:
		n.kind, n.text = jsonString, t
	case json.Number:
		n.kind, n.text = jsonNumber, t.String()
	case bool:
		n.kind, n.text = jsonBool, "false"
		if t {
			n.text = "true"
		}
	case json.Delim:
		if err := p.inside(&n, t, depth); err != nil {
			return n, err
		}
	}
	n.end = int(p.d.InputOffset())
	return n, nil
}

// inside reads what a bracket opens, and the bracket that closes it.
func (p jsonReader) inside(n *node, open json.Delim, depth int) error {
	n.kind = jsonArray
	if open == '{' {
		n.kind = jsonObject
	}
	seen := map[string]bool{}
	for p.d.More() {
		var name string
		if n.kind == jsonObject {
			t, err := p.d.Token()
			s, ok := t.(string)
			if err != nil || !ok || seen[s] {
				return errJSON
			}
			name, seen[s] = s, true
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return err
		}
		if n.kind == jsonObject {
			n.members = append(n.members, member{name, v})
		} else {
			n.items = append(n.items, v)
		}
	}
	if _, err := p.d.Token(); err != nil {
		return errJSON
	}
	return nil
}

// next is where the next value begins: behind spaces and separators.
func (p jsonReader) next() int {
	i := int(p.d.InputOffset())
	for i < len(p.text) && bytes.IndexByte([]byte(" \t\r\n,:"), p.text[i]) >= 0 {
		i++
	}
	return i
}

// strings returns the texts of a string or of an array of strings; scalars
// besides strings count when asked for.
func (n *node) strings(scalars bool) ([]string, bool) {
	one := func(n *node) bool {
		return n.kind == jsonString || scalars && (n.kind == jsonNumber || n.kind == jsonBool)
	}
	if one(n) {
		return []string{n.text}, true
	}
	if n.kind != jsonArray {
		return nil, false
	}
	out := make([]string, 0, len(n.items))
	for i := range n.items {
		if !one(&n.items[i]) {
			return nil, false
		}
		out = append(out, n.items[i].text)
	}
	return out, true
}
