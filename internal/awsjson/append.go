package awsjson

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	smithyjson "github.com/aws/smithy-go/encoding/json"
)

// Append appends the body for v, a struct or a pointer to one, to dst. It
// fails only for a type that the protocol has no form for.
func Append(dst []byte, v any) ([]byte, error) {
	rv := reflect.Indirect(reflect.ValueOf(v))
	if rv.Kind() != reflect.Struct {
		return dst, fmt.Errorf("awsjson: cannot encode %T", v)
	}
	enc := smithyjson.NewEncoder()
	if err := write(enc.Value, rv); err != nil {
		return dst, err
	}
	return append(dst, enc.Bytes()...), nil
}

func write(to smithyjson.Value, v reflect.Value) error {
	if v.Type() == timeType {
		to.Double(float64(v.Interface().(time.Time).UnixMilli()) / 1000)
		return nil
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return fmt.Errorf("awsjson: a list or a map holds a nil %s", v.Type())
		}
		return write(to, v.Elem())
	case reflect.Struct:
		return writeStruct(to, v)
	case reflect.Map:
		return writeMap(to, v)
	case reflect.Slice:
		list := to.Array()
		defer list.Close()
		for i := range v.Len() {
			if err := write(list.Value(), v.Index(i)); err != nil {
				return err
			}
		}
	case reflect.String:
		to.String(v.String())
	case reflect.Bool:
		to.Boolean(v.Bool())
	case reflect.Int32, reflect.Int64:
		to.Long(v.Int())
	case reflect.Float32, reflect.Float64:
		writeFloat(to, v)
	default:
		return fmt.Errorf("awsjson: unsupported type %s", v.Type())
	}
	return nil
}

func writeStruct(to smithyjson.Value, v reflect.Value) error {
	object := to.Object()
	defer object.Close()
	for _, m := range planOf(v.Type()).members {
		f := v.Field(m.index)
		switch f.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			if f.IsNil() {
				continue
			}
		}
		if m.omit && f.IsZero() {
			continue
		}
		if err := write(object.Key(m.name), f); err != nil {
			return err
		}
	}
	return nil
}

// writeMap writes the names in order, so that equal values give equal bytes.
func writeMap(to smithyjson.Value, v reflect.Value) error {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	object := to.Object()
	defer object.Close()
	for _, k := range keys {
		if err := write(object.Key(k.String()), v.MapIndex(k)); err != nil {
			return err
		}
	}
	return nil
}

// writeFloat writes 3 as 3.0, which AWS does and the CLI shows.
func writeFloat(to smithyjson.Value, v reflect.Value) {
	const exact = 1 << 53
	switch f := v.Float(); {
	case math.IsNaN(f):
		to.String("NaN")
	case math.IsInf(f, 1):
		to.String("Infinity")
	case math.IsInf(f, -1):
		to.String("-Infinity")
	case f == math.Trunc(f) && math.Abs(f) < exact:
		to.Write(fmt.Appendf(nil, "%.1f", f))
	case v.Kind() == reflect.Float32:
		to.Float(float32(f))
	default:
		to.Double(f)
	}
}
