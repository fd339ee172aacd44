package awsjson_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keyhaven/keyhaven/internal/awsjson"
)

type colour string

type inner struct {
	Text *string
	Next *inner
}

type shape struct {
	Name           *string
	Colour         colour
	Flag           *bool
	Plain          bool
	Count          int32
	Small          *int32
	Big            *int64
	Ratio          *float32
	Price          *float64
	At             *time.Time
	List           []string
	Colours        []colour
	Inners         []inner
	Inner          *inner
	Labels         map[string]string
	Lists          map[string][]int32
	Inner2         map[string]inner
	ResultMetadata struct{ X *string }
	hidden         *string
}

var all = cmp.AllowUnexported(shape{}, inner{})

func TestDecode(t *testing.T) {
	at := time.UnixMilli(1571679872404).UTC() // 2019-10-21T17:44:32.404Z
	tests := []struct {
		body string
		want shape
	}{
		{``, shape{}},
		{" \r\n", shape{}},
		{`{}`, shape{}},
		{
			`{"name":"a","colour":"red","flag":false,"plain":true,"count":7}`,
			shape{Name: new("a"), Colour: "red", Flag: new(false), Plain: true, Count: 7},
		},
		{`{"name":null,"count":null,"list":null,"inner":null,"at":null}`, shape{}},
		{`{"Name":"a","hidden":"a","resultMetadata":{},"ResultMetadata":{},"new":[{"a":[1]},null,"x"]}`, shape{}},
		{
			`{"list":[],"labels":{},"inners":[{}]}`,
			shape{List: []string{}, Labels: map[string]string{}, Inners: []inner{{}}},
		},
		{
			`{"lists":{"a":[1,2],"b":[]},"inner2":{"":{"text":""}}}`,
			shape{Lists: map[string][]int32{"a": {1, 2}, "b": {}}, Inner2: map[string]inner{"": {Text: new("")}}},
		},
		{
			`{"small":5.0,"big":-9223372036854775808,"ratio":0.5,"price":"Infinity"}`,
			shape{Small: new(int32(5)), Big: new(int64(math.MinInt64)), Ratio: new(float32(0.5)), Price: new(math.Inf(1))},
		},
		{`{"at":1571679872.404}`, shape{At: &at}},
		{`{"at":1.571679872404e9}`, shape{At: &at}},
		{`{"at":"1571679872.404"}`, shape{At: &at}},
		{`{"at":"2019-10-21T20:44:32.404999+03:00"}`, shape{At: &at}},
		{`{"at":-1.5}`, shape{At: new(time.UnixMilli(-1500).UTC())}},
		{`{"at":1700000000}`, shape{At: new(time.Unix(1700000000, 0).UTC())}},
		{
			`{"colours":["a","b"],"inner":{"next":{"next":{"text":"\u00e9"}}}}`,
			shape{Colours: []colour{"a", "b"}, Inner: &inner{Next: &inner{Next: &inner{Text: new("é")}}}},
		},
	}
	for _, tt := range tests {
		var got shape
		if err := awsjson.Decode([]byte(tt.body), &got); err != nil {
			t.Errorf("Decode(%q) = %v", tt.body, err)
		} else if d := cmp.Diff(tt.want, got, all); d != "" {
			t.Errorf("Decode(%q) (-want +got):\n%s", tt.body, d)
		}
	}
}

func TestDecodeFaults(t *testing.T) {
	deep := func(n int) string { return strings.Repeat(`{"next":`, n) + "{}" + strings.Repeat("}", n) }
	tests := []struct{ body, path, msg string }{
		{`{`, "", "not valid JSON"},
		{`{"name":"a",}`, "", "not valid JSON"},
		{`{1:2}`, "", "not valid JSON"},
		{`{"name" "a"}`, "", "not valid JSON"},
		{`{"list":["a",]}`, "list", "not valid JSON"},
		{`null`, "", "expected an object, got null"},
		{`[]`, "", "expected an object, got a list"},
		{`"x"`, "", "expected an object, got a string"},
		{`{}{}`, "", "data after the object"},
		{`{} x`, "", "data after the object"},
		{`{"name":1}`, "name", "expected a string, got a number"},
		{`{"colour":true}`, "colour", "expected a string, got true or false"},
		{`{"flag":"true"}`, "flag", "expected true or false, got a string"},
		{`{"flag":0}`, "flag", "expected true or false, got a number"},
		{`{"count":"1"}`, "count", "expected a whole number, got a string"},
		{`{"count":1.5}`, "count", "whole number of 32 bits"},
		{`{"count":2147483648}`, "count", "whole number of 32 bits"},
		{`{"count":2147483648.0}`, "count", "whole number of 32 bits"},
		{`{"big":9223372036854775808}`, "big", "whole number of 64 bits"},
		{`{"price":"1"}`, "price", "expected a number, got a string"},
		{`{"price":1e999}`, "price", "expected a number"},
		{`{"at":true}`, "at", "expected a time"},
		{`{"at":"yesterday"}`, "at", "expected a time"},
		{`{"at":"NaN"}`, "at", "expected a time"},
		{`{"at":1e18}`, "at", "expected a time"},
		{`{"at":-1e18}`, "at", "expected a time"},
		{`{"at":"0000-01-01T00:00:00Z"}`, "at", "expected a time"},
		{`{"list":{}}`, "list", "expected a list, got an object"},
		{`{"list":["a",null]}`, "list[1]", "no null"},
		{`{"inners":[{},{"next":{"text":[]}}]}`, "inners[1].next.text", "expected a string, got a list"},
		{`{"inners":{"text":"a"}}`, "inners", "expected a list"},
		{`{"labels":{"a":1}}`, "labels.{}", "expected a string, got a number"},
		{`{"labels":{"a":null}}`, "labels.{}", "no null"},
		{`{"labels":{"a":"1","a":"2"}}`, "labels.{}", "given twice"},
		{`{"labels":[]}`, "labels", "expected an object, got a list"},
		{`{"name":"a","name":"b"}`, "name", "given twice"},
		{`{"name":null,"name":"b"}`, "name", "given twice"},
		{`{"inner":` + deep(32) + `}`, "inner" + strings.Repeat(".next", 31), "more than 32 levels"},
		{`{"other":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + `}`, "", "more than 32 levels"},
		{`{"other":[` + strings.Repeat("0,", 20000) + `0]}`, "", "more than 20000 values"},
		{`{"list":[` + strings.Repeat(`"",`, 20000) + `""]}`, "list", "more than 20000 values"},
	}
	for _, tt := range tests {
		err := awsjson.Decode([]byte(tt.body), new(shape))
		e, ok := errors.AsType[*awsjson.Error](err)
		if !ok {
			t.Errorf("Decode(%.80q) = %v, want an *Error", tt.body, err)
		} else if e.Path != tt.path || !strings.Contains(e.Msg, tt.msg) {
			t.Errorf("Decode(%.80q) = %q at %q, want %q at %q", tt.body, e.Msg, e.Path, tt.msg, tt.path)
		}
	}
	if err := awsjson.Decode([]byte(`{"inner":`+deep(30)+`}`), new(shape)); err != nil {
		t.Errorf("32 levels: %v", err)
	}
}

func TestFaultsRepeatNoValue(t *testing.T) {
	const canary = "c4n4ry"
	for _, body := range []string{
		`{"name":"c4n4ry`, `{"count":"c4n4ry"}`, `{"at":"c4n4ry"}`, `{"labels":{"c4n4ry":1}}`,
		`{"name":c4n4ry}`, `{} c4n4ry`, `{"c4n4ry":{]}`,
	} {
		err := awsjson.Decode([]byte(body), new(shape))
		if err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("Decode(%q) = %v, want an error without the value", body, err)
		}
	}
}

func TestUnusableTypes(t *testing.T) {
	var s shape
	type odd struct{ Any any }
	for _, into := range []any{nil, s, (*shape)(nil), new(map[string]string)} {
		if err := awsjson.Decode([]byte("{}"), into); err == nil {
			t.Errorf("Decode into %T succeeded", into)
		}
	}
	if err := awsjson.Decode([]byte(`{"any":1}`), new(odd)); err == nil {
		t.Error("Decode into an interface succeeded")
	}
	for _, v := range []any{nil, 1, (*shape)(nil), odd{Any: 1}, struct{ P []*string }{[]*string{nil}}} {
		if _, err := awsjson.Append(nil, v); err == nil {
			t.Errorf("Append(%#v) succeeded", v)
		}
	}
}

func TestAppend(t *testing.T) {
	tests := []struct {
		v    shape
		want string
	}{
		{shape{}, `{"plain":false,"count":0}`},
		{shape{List: []string{}, Labels: map[string]string{}}, `{"plain":false,"count":0,"list":[],"labels":{}}`},
		{shape{Labels: map[string]string{"b": "2", "a": "1"}}, `{"plain":false,"count":0,"labels":{"a":"1","b":"2"}}`},
		{shape{Price: new(3.0), Ratio: new(float32(0.1))}, `{"plain":false,"count":0,"ratio":0.1,"price":3.0}`},
		{shape{Price: new(math.NaN()), Ratio: new(float32(math.Inf(-1)))}, `{"plain":false,"count":0,"ratio":"-Infinity","price":"NaN"}`},
		{shape{At: new(time.Unix(1571679872, 404999999))}, `{"plain":false,"count":0,"at":1571679872.404}`},
		{shape{At: new(time.Unix(1700000000, 0))}, `{"plain":false,"count":0,"at":1700000000}`},
		{shape{Name: new("\xff<\n"), hidden: new("x")}, `{"name":"\ufffd<\n","plain":false,"count":0}`},
	}
	for _, tt := range tests {
		got, err := awsjson.Append(nil, &tt.v)
		if err != nil || string(got) != tt.want {
			t.Errorf("Append(%+v) = %s, %v, want %s", tt.v, got, err, tt.want)
		}
	}
}
