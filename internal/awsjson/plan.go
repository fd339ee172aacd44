package awsjson

import (
	"reflect"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// plan is what there is to know about a struct type: its members in order of
// declaration, and by name.
type plan struct {
	members []member
	byName  map[string]int
}

type member struct {
	name  string
	index int
	omit  bool // leave out when zero: enums, which have no pointer
}

var timeType = reflect.TypeFor[time.Time]()

// plans caches a *plan per reflect.Type. It is derived from the types alone,
// so it never changes what the package does.
var plans sync.Map

func planOf(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	p, _ := plans.LoadOrStore(t, newPlan(t))
	return p.(*plan)
}

func newPlan(t reflect.Type) *plan {
	p := &plan{byName: make(map[string]int)}
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() || f.Name == "ResultMetadata" {
			continue
		}
		name := lowerFirst(f.Name)
		p.byName[name] = len(p.members)
		p.members = append(p.members, member{name: name, index: i, omit: f.Type.Kind() == reflect.String})
	}
	return p
}

func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}
