package awsjson_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/keyhaven/keyhaven/internal/awsjson"
)

// FuzzDecode checks that Decode takes only JSON, that its faults are *Errors,
// and that what it took survives Append and Decode.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		"", "{}", `{"name":"a","at":1.5,"list":["x"],"labels":{"a":"b"},"inner":{"next":{}}}`,
		`{"big":1e3,"price":"NaN","at":"2019-10-21T20:44:32Z","lists":{"":[1]}}`, `{"a":[[]],"name":null}`, `[`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var got, again shape
		if err := awsjson.Decode(body, &got); err != nil {
			if _, ok := errors.AsType[*awsjson.Error](err); !ok {
				t.Fatalf("Decode(%q) = %v, want an *Error", body, err)
			}
			return
		}
		if len(bytes.Trim(body, " \t\r\n")) > 0 && !json.Valid(body) {
			t.Fatalf("Decode(%q) took what is not JSON", body)
		}
		out, err := awsjson.Append(nil, got)
		if err != nil || !json.Valid(out) {
			t.Fatalf("Append = %q, %v", out, err)
		}
		if err := awsjson.Decode(out, &again); err != nil {
			t.Fatalf("Decode(%q) of what Append wrote = %v", out, err)
		}
		if d := cmp.Diff(got, again, all, cmpopts.EquateNaNs()); d != "" {
			t.Fatalf("not the same after Append (-first +second):\n%s", d)
		}
	})
}
