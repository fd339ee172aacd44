package awsjson

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"
)

func setScalar(tok json.Token, v reflect.Value) error {
	switch v.Kind() {
	case reflect.String:
		s, ok := tok.(string)
		if !ok {
			return expected("a string", tok)
		}
		v.SetString(s)
	case reflect.Bool:
		b, ok := tok.(bool)
		if !ok {
			return expected("true or false", tok)
		}
		v.SetBool(b)
	case reflect.Int32, reflect.Int64:
		n, ok := tok.(json.Number)
		if !ok {
			return expected("a whole number", tok)
		}
		i, ok := parseInt(string(n), v.Type().Bits())
		if !ok {
			return fault("expected a whole number of " + strconv.Itoa(v.Type().Bits()) + " bits")
		}
		v.SetInt(i)
	case reflect.Float32, reflect.Float64:
		f, ok := parseFloat(tok, v.Type().Bits())
		if !ok {
			return expected("a number", tok)
		}
		v.SetFloat(f)
	default:
		return fmt.Errorf("awsjson: unsupported type %s", v.Type())
	}
	return nil
}

// parseInt also takes 5.0 and 5e0, which languages without integers send.
func parseInt(s string, bits int) (int64, bool) {
	if i, err := strconv.ParseInt(s, 10, bits); err == nil {
		return i, true
	}
	const exact = 1 << 53 // above it a float64 is no longer any one integer
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) >= exact {
		return 0, false
	}
	i := int64(f)
	return i, bits == 64 || int64(int32(i)) == i
}

// parseFloat also takes the three strings by which the protocol writes what
// JSON has no numbers for.
func parseFloat(tok json.Token, bits int) (float64, bool) {
	switch t := tok.(type) {
	case json.Number:
		f, err := strconv.ParseFloat(string(t), bits)
		return f, err == nil
	case string:
		switch t {
		case "NaN":
			return math.NaN(), true
		case "Infinity":
			return math.Inf(1), true
		case "-Infinity":
			return math.Inf(-1), true
		}
	}
	return 0, false
}

// The times that can be given: the years 1 to 9999, in milliseconds since 1970.
const (
	minTime = -62135596800_000
	maxTime = 253402300799_999
)

// setTime takes seconds since 1970, whole or with a fraction, which is rounded
// to milliseconds. The protocol has numbers only; strings of the same numbers
// and of ISO 8601 are taken for the sake of hand-written callers.
func setTime(tok json.Token, v reflect.Value) error {
	var ms float64
	var err error
	switch t := tok.(type) {
	case json.Number:
		ms, err = milliseconds(string(t))
	case string:
		if at, e := time.Parse(time.RFC3339, t); e == nil {
			ms = float64(at.UnixMilli())
		} else {
			ms, err = milliseconds(t)
		}
	default:
		return expected("a time in seconds since 1970", tok)
	}
	if err != nil || !(ms >= minTime && ms <= maxTime) {
		return fault("expected a time in seconds since 1970")
	}
	v.Set(reflect.ValueOf(time.UnixMilli(int64(ms)).UTC()))
	return nil
}

func milliseconds(seconds string) (float64, error) {
	f, err := strconv.ParseFloat(seconds, 64)
	return math.Round(f * 1000), err
}

func expected(want string, tok json.Token) error {
	return fault("expected " + want + ", got " + describe(tok))
}

func describe(tok json.Token) string {
	switch t := tok.(type) {
	case nil:
		return "null"
	case bool:
		return "true or false"
	case json.Number:
		return "a number"
	case string:
		return "a string"
	case json.Delim:
		if t == '{' {
			return "an object"
		}
	}
	return "a list"
}
