package awsquery

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"
)

// Answer is what surrounds the members of an answer.
type Answer struct {
	Namespace string // of the service, as https://iam.amazonaws.com/doc/2010-05-08/
	RequestID string
}

// EmptyResult is the output of an action whose answer has a Result element without
// members, which the SDKs' types do not tell from one without.
type EmptyResult struct{}

// Append appends the answer of an action. A nil out, or one without members, has
// no Result element.
func (a Answer) Append(dst []byte, action string, out any) ([]byte, error) {
	e := &encoder{b: dst}
	e.raw("<" + action + `Response xmlns="` + a.Namespace + `">`)
	if v := reflect.Indirect(reflect.ValueOf(out)); v.IsValid() && (len(planOf(v.Type())) > 0 || v.Type() == reflect.TypeFor[EmptyResult]()) {
		e.open(action + "Result")
		if err := e.members(v); err != nil {
			return nil, err
		}
		e.close(action + "Result")
	}
	e.open("ResponseMetadata")
	e.text("RequestId", a.RequestID)
	e.close("ResponseMetadata")
	e.close(action + "Response")
	return append(e.b, '\n'), nil
}

// Fault is an error as the wire shows it.
type Fault struct {
	Type    string // Sender or Receiver
	Code    string
	Message string
}

// AppendFault appends the answer that tells a fault.
func (a Answer) AppendFault(dst []byte, f Fault) []byte {
	e := &encoder{b: dst}
	e.raw(`<ErrorResponse xmlns="` + a.Namespace + `">`)
	e.open("Error")
	e.text("Type", f.Type)
	e.text("Code", f.Code)
	e.text("Message", f.Message)
	e.close("Error")
	e.text("RequestId", a.RequestID)
	e.close("ErrorResponse")
	return append(e.b, '\n')
}

type encoder struct{ b []byte }

func (e *encoder) raw(s string)      { e.b = append(e.b, s...) }
func (e *encoder) open(name string)  { e.raw("<" + name + ">") }
func (e *encoder) close(name string) { e.raw("</" + name + ">") }

func (e *encoder) text(name, value string) {
	e.open(name)
	var buf bytes.Buffer
	_ = xml.EscapeText(&buf, []byte(value)) // a Buffer takes everything
	e.b = append(e.b, buf.Bytes()...)
	e.close(name)
}

func (e *encoder) members(v reflect.Value) error {
	for _, m := range planOf(v.Type()) {
		if err := e.value(m.name, v.Field(m.index)); err != nil {
			return err
		}
	}
	return nil
}

// value writes an element, or nothing for what is absent: nil, or an enum
// without a value, since enums have no pointer.
func (e *encoder) value(name string, v reflect.Value) error {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		if v.Elem().Kind() == reflect.String { // an empty string that is there
			e.text(name, v.Elem().String())
			return nil
		}
		return e.value(name, v.Elem())
	case reflect.String:
		if v.Len() > 0 {
			e.text(name, v.String())
		}
	case reflect.Bool:
		e.text(name, strconv.FormatBool(v.Bool()))
	case reflect.Int32, reflect.Int64:
		e.text(name, strconv.FormatInt(v.Int(), 10))
	case reflect.Slice:
		return e.list(name, v)
	case reflect.Map:
		return e.entries(name, v)
	case reflect.Struct:
		if v.Type() == timeType {
			e.text(name, v.Interface().(time.Time).UTC().Format("2006-01-02T15:04:05Z"))
			return nil
		}
		e.open(name)
		if err := e.members(v); err != nil {
			return err
		}
		e.close(name)
	default:
		return fmt.Errorf("awsquery: unsupported type %s", v.Type())
	}
	return nil
}

func (e *encoder) list(name string, v reflect.Value) error {
	if v.IsNil() {
		return nil
	}
	if v.Type() == bytesType {
		e.text(name, base64.StdEncoding.EncodeToString(v.Bytes()))
		return nil
	}
	e.open(name)
	for i := range v.Len() {
		elem := v.Index(i)
		if elem.Kind() == reflect.String { // empty ones count
			e.text("member", elem.String())
		} else if err := e.value("member", elem); err != nil {
			return err
		}
	}
	e.close(name)
	return nil
}

func (e *encoder) entries(name string, v reflect.Value) error {
	if v.IsNil() {
		return nil
	}
	e.open(name)
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return bytes.Compare([]byte(a.String()), []byte(b.String())) })
	for _, k := range keys {
		e.open("entry")
		e.text("key", k.String())
		if err := e.value("value", v.MapIndex(k)); err != nil {
			return err
		}
		e.close("entry")
	}
	e.close(name)
	return nil
}
