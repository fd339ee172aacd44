package awsquery

import (
	"encoding/base64"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"
)

var (
	timeType  = reflect.TypeFor[time.Time]()
	bytesType = reflect.TypeFor[[]byte]()
)

// Decode stores the parameters in the struct that into points to. Every fault
// of the request is an *Error. What into holds after a fault is unspecified.
func (f *Form) Decode(into any) error {
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("awsquery: cannot decode into %T", into)
	}
	return setStruct(&f.root, v.Elem())
}

func setStruct(n *node, v reflect.Value) error {
	for _, m := range planOf(v.Type()) {
		child := n.children[m.name]
		if child == nil { // one member of STS, PolicyDescriptorType.arn, is written so
			child = n.children[m.lower]
		}
		if child == nil {
			continue
		}
		if err := set(child, v.Field(m.index)); err != nil {
			return within(m.name, err)
		}
	}
	return nil
}

func set(n *node, v reflect.Value) error {
	switch v.Kind() {
	case reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		v.Set(p)
		return set(n, p.Elem())
	case reflect.Struct:
		if v.Type() != timeType {
			return setStruct(n, v)
		}
	case reflect.Slice:
		if v.Type() != bytesType {
			return setList(n, v)
		}
	case reflect.Map:
		return setMap(n, v)
	}
	if !n.set || n.children != nil {
		return fault("expected one value")
	}
	return setScalar(n.value, v)
}

// members returns the numbered children of a list or a map in order. The SDKs
// write an empty list as a parameter without a value.
func members(n *node, under string) ([]*node, error) {
	if n.set && n.value != "" {
		return nil, fault("expected a list: " + under + ".1, " + under + ".2, …")
	}
	in := n.children[under]
	if in == nil {
		return nil, nil
	}
	if len(in.children) > MaxMembers {
		return nil, fault("the list has more than " + strconv.Itoa(MaxMembers) + " members")
	}
	numbers := make([]int, 0, len(in.children))
	for name := range in.children {
		i, err := strconv.Atoi(name)
		if err != nil || i < 1 || strconv.Itoa(i) != name {
			return nil, fault("a member of the list has no number")
		}
		numbers = append(numbers, i)
	}
	slices.Sort(numbers)
	out := make([]*node, len(numbers))
	for i, number := range numbers {
		out[i] = in.children[strconv.Itoa(number)]
	}
	return out, nil
}

func setList(n *node, v reflect.Value) error {
	list, err := members(n, "member")
	if err != nil {
		return err
	}
	v.Set(reflect.MakeSlice(v.Type(), len(list), len(list)))
	for i, m := range list {
		if err := set(m, v.Index(i)); err != nil {
			return within("member."+strconv.Itoa(i+1), err)
		}
	}
	return nil
}

func setMap(n *node, v reflect.Value) error {
	t := v.Type()
	if t.Key().Kind() != reflect.String {
		return fmt.Errorf("awsquery: unsupported type %s", t)
	}
	entries, err := members(n, "entry")
	if err != nil {
		return err
	}
	v.Set(reflect.MakeMapWithSize(t, len(entries)))
	for i, e := range entries {
		key, value := e.children["key"], e.children["value"]
		if key == nil || value == nil || !key.set {
			return within("entry."+strconv.Itoa(i+1), fault("expected a key and a value"))
		}
		k := reflect.ValueOf(key.value).Convert(t.Key())
		if v.MapIndex(k).IsValid() {
			return within("entry."+strconv.Itoa(i+1), fault("the key is given twice"))
		}
		elem := reflect.New(t.Elem()).Elem()
		if err := set(value, elem); err != nil {
			return within("entry."+strconv.Itoa(i+1)+".value", err)
		}
		v.SetMapIndex(k, elem)
	}
	return nil
}

func setScalar(s string, v reflect.Value) error {
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
	case reflect.Bool:
		switch s {
		case "true", "True", "TRUE":
			v.SetBool(true)
		case "false", "False", "FALSE":
			v.SetBool(false)
		default:
			return fault("expected true or false")
		}
	case reflect.Int32, reflect.Int64:
		i, err := strconv.ParseInt(s, 10, v.Type().Bits())
		if err != nil {
			return fault("expected a whole number of " + strconv.Itoa(v.Type().Bits()) + " bits")
		}
		v.SetInt(i)
	case reflect.Struct: // a time
		at, err := time.Parse(time.RFC3339, s)
		if err != nil {
			return fault("expected a time such as 2006-01-02T15:04:05Z")
		}
		v.Set(reflect.ValueOf(at.UTC()))
	case reflect.Slice: // bytes
		b, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			return fault("expected base64")
		}
		v.SetBytes(b)
	default:
		return fmt.Errorf("awsquery: unsupported type %s", v.Type())
	}
	return nil
}
