package awsjson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strconv"
)

// The bounds of a body. They are far above what any operation needs and keep
// a small body from costing much memory.
const (
	MaxDepth  = 32     // levels of objects and lists
	MaxValues = 20_000 // values and names in all
)

// Decode reads a body into the struct that into points to. An empty body is an
// empty object. Every fault of the body is an *Error: bad JSON, data after the
// object, a member of the wrong type, a member given twice, a null in a list
// or a map, a bound exceeded. A null member is an absent one. What into holds
// after a fault is unspecified.
func Decode(body []byte, into any) error {
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("awsjson: cannot decode into %T", into)
	}
	if len(bytes.Trim(body, " \t\r\n")) == 0 {
		return nil
	}
	d := &decoder{json: json.NewDecoder(bytes.NewReader(body))}
	d.json.UseNumber()
	tok, err := d.next()
	if err != nil {
		return err
	}
	if err := d.set(tok, v.Elem(), 0); err != nil {
		return err
	}
	if _, err := d.json.Token(); err != io.EOF {
		return fault("there is data after the object")
	}
	return nil
}

type decoder struct {
	json *json.Decoder
	read int // tokens so far
}

// next returns the next token. The syntax errors of encoding/json quote the
// body, so they are replaced.
func (d *decoder) next() (json.Token, error) {
	if d.read++; d.read > MaxValues {
		return nil, fault("the body has more than " + strconv.Itoa(MaxValues) + " values")
	}
	tok, err := d.json.Token()
	if err != nil {
		return nil, fault("the body is not valid JSON")
	}
	return tok, nil
}

// set stores the value that begins with tok in v, which is inside of depth
// objects and lists.
func (d *decoder) set(tok json.Token, v reflect.Value, depth int) error {
	if v.Type() == timeType {
		return setTime(tok, v)
	}
	switch v.Kind() {
	case reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		v.Set(p)
		return d.set(tok, p.Elem(), depth)
	case reflect.Struct, reflect.Map:
		if tok != json.Delim('{') {
			return expected("an object", tok)
		}
		if depth == MaxDepth {
			return tooDeep()
		}
		if v.Kind() == reflect.Map {
			return d.setMap(v, depth+1)
		}
		return d.setStruct(v, depth+1)
	case reflect.Slice:
		if tok != json.Delim('[') {
			return expected("a list", tok)
		}
		if depth == MaxDepth {
			return tooDeep()
		}
		return d.setSlice(v, depth+1)
	}
	return setScalar(tok, v)
}

func (d *decoder) setStruct(v reflect.Value, depth int) error {
	p := planOf(v.Type())
	seen := make([]bool, len(p.members))
	for {
		name, tok, err := d.pair()
		if err != nil || name == nil {
			return err
		}
		i, known := p.byName[*name]
		switch {
		case !known:
			err = d.skip(tok, depth)
			if err != nil {
				return err
			}
			continue
		case seen[i]:
			err = fault("the member is given twice")
		case tok != nil:
			err = d.set(tok, v.Field(p.members[i].index), depth)
		}
		if err != nil {
			return within(*name, err)
		}
		seen[i] = true
	}
}

func (d *decoder) setMap(v reflect.Value, depth int) error {
	t := v.Type()
	if t.Key().Kind() != reflect.String {
		return fmt.Errorf("awsjson: unsupported type %s", t)
	}
	v.Set(reflect.MakeMap(t))
	for {
		name, tok, err := d.pair()
		if err != nil || name == nil {
			return err
		}
		key := reflect.ValueOf(*name).Convert(t.Key())
		elem := reflect.New(t.Elem()).Elem()
		switch {
		case tok == nil:
			err = fault("a map holds no null")
		case v.MapIndex(key).IsValid():
			err = fault("a name is given twice")
		default:
			err = d.set(tok, elem, depth)
		}
		if err != nil {
			return within("{}", err) // names of a map are the caller's data
		}
		v.SetMapIndex(key, elem)
	}
}

// pair reads a name and the first token of its value; the name is nil at the
// end of the object.
func (d *decoder) pair() (*string, json.Token, error) {
	tok, err := d.next()
	if err != nil || tok == json.Delim('}') {
		return nil, nil, err
	}
	name := tok.(string) // encoding/json refuses any other name
	tok, err = d.next()
	return &name, tok, err
}

func (d *decoder) setSlice(v reflect.Value, depth int) error {
	v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	for i := 0; ; i++ {
		tok, err := d.next()
		if err != nil || tok == json.Delim(']') {
			return err
		}
		elem := reflect.New(v.Type().Elem()).Elem()
		if tok == nil {
			err = fault("a list holds no null")
		} else {
			err = d.set(tok, elem, depth)
		}
		if err != nil {
			return within("["+strconv.Itoa(i)+"]", err)
		}
		v.Set(reflect.Append(v, elem))
	}
}

// skip reads over the value that begins with tok.
func (d *decoder) skip(tok json.Token, depth int) error {
	for open := 0; ; {
		switch tok {
		case json.Delim('{'), json.Delim('['):
			if open++; depth+open > MaxDepth {
				return tooDeep()
			}
		case json.Delim('}'), json.Delim(']'):
			open--
		}
		if open == 0 {
			return nil
		}
		var err error
		if tok, err = d.next(); err != nil {
			return err
		}
	}
}

func tooDeep() error {
	return fault("the body has more than " + strconv.Itoa(MaxDepth) + " levels")
}
