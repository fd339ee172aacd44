package awsquery

import (
	"reflect"
	"strings"
	"sync"
)

type member struct {
	name  string
	lower string // the name with its first letter lowered
	index int
}

// plans caches the members of a struct type. It is derived from the types
// alone, so it never changes what the package does.
var plans sync.Map

func planOf(t reflect.Type) []member {
	if p, ok := plans.Load(t); ok {
		return p.([]member)
	}
	var p []member
	for i := range t.NumField() {
		if f := t.Field(i); f.IsExported() && f.Name != "ResultMetadata" {
			p = append(p, member{f.Name, strings.ToLower(f.Name[:1]) + f.Name[1:], i})
		}
	}
	plans.Store(t, p)
	return p
}
