package awsquery

import (
	"net/url"
	"strconv"
	"strings"
)

// The bounds of a request. They are far above what any operation needs and keep
// a small body from costing much memory.
const (
	MaxParameters = 4000
	MaxDepth      = 16   // parts of a parameter's name
	MaxName       = 512  // bytes of a parameter's name
	MaxMembers    = 1000 // of one list or map
)

// Form is a parsed request: its action and version, and the tree of its
// parameters.
type Form struct {
	Action  string
	Version string
	root    node
}

// node is one part of a parameter's name. A parameter that is there twice, or
// under a name that is also the beginning of another, is a fault.
type node struct {
	value    string
	set      bool
	children map[string]*node
}

// Parse reads a form: the body of a POST, or the query of a GET.
func Parse(raw string) (*Form, error) {
	f := &Form{}
	for n := 0; raw != ""; {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		if pair == "" {
			continue
		}
		if n++; n > MaxParameters {
			return nil, fault("there are more than " + strconv.Itoa(MaxParameters) + " parameters")
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return nil, fault("a parameter's name is not URL-encoded")
		}
		value, err = url.QueryUnescape(value)
		if err != nil {
			return nil, &Error{Path: printable(name), Msg: "the value is not URL-encoded"}
		}
		if err := f.add(name, value); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func (f *Form) add(name, value string) error {
	switch {
	case len(name) > MaxName:
		return fault("a parameter's name is longer than " + strconv.Itoa(MaxName) + " bytes")
	case strings.Count(name, ".") >= MaxDepth:
		return &Error{Path: printable(name), Msg: "the name has more than " + strconv.Itoa(MaxDepth) + " parts"}
	}
	at := &f.root
	for part := range strings.SplitSeq(name, ".") {
		next := at.children[part]
		if next == nil {
			if at.children == nil {
				at.children = map[string]*node{}
			}
			next = &node{}
			at.children[part] = next
		}
		at = next
	}
	if at.set {
		return &Error{Path: printable(name), Msg: "the parameter is given twice"}
	}
	at.value, at.set = value, true
	switch name {
	case "Action":
		f.Action = value
	case "Version":
		f.Version = value
	}
	return nil
}

// printable bounds what an error repeats of a parameter's name.
func printable(name string) string {
	const most = 100
	if len(name) > most {
		name = name[:most] + "…"
	}
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r == 0xfffd {
			return '?'
		}
		return r
	}, name)
}
