package awsjson_test

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lightsail"
	"github.com/google/go-cmp/cmp"

	"github.com/keyhaven/keyhaven/internal/awsjson"
)

// transport answers every request with one body and keeps what was sent.
type transport struct {
	target string
	sent   []byte
	answer []byte
}

func (t *transport) Do(r *http.Request) (*http.Response, error) {
	t.target = r.Header.Get("X-Amz-Target")
	t.sent, _ = io.ReadAll(r.Body)
	return &http.Response{
		StatusCode: 200,
		Header:     http.Header{"Content-Type": {"application/x-amz-json-1.1"}},
		Body:       io.NopCloser(bytes.NewReader(t.answer)),
		Request:    r,
	}, nil
}

func newClient(t *transport) *lightsail.Client {
	return lightsail.New(lightsail.Options{
		Region:       "us-east-2",
		BaseEndpoint: aws.String("http://localhost"),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "secret"}, nil
		}),
		HTTPClient: t,
		Retryer:    aws.NopRetryer{},
	})
}

// operations yields every operation of the SDK's client as its method.
func operations(client *lightsail.Client) map[string]reflect.Value {
	ops := make(map[string]reflect.Value)
	v := reflect.ValueOf(client)
	for i := range v.NumMethod() {
		name, m := v.Type().Method(i).Name, v.Method(i)
		if m.Type().NumIn() == 3 && strings.HasSuffix(m.Type().In(1).String(), "."+name+"Input") {
			ops[name] = m
		}
	}
	return ops
}

// TestSDKAgrees calls every operation of the real client, filled with random
// values: what the client sends decodes to the input that it was given, and the
// client reads what Append writes as the output that it was given.
func TestSDKAgrees(t *testing.T) {
	var wire transport
	ops := operations(newClient(&wire))
	if len(ops) < 161 {
		t.Fatalf("the client has %d operations, want the 161 of the model and more", len(ops))
	}
	all := cmp.Exporter(func(reflect.Type) bool { return true })
	for name, call := range ops {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(4) {
				rnd := rand.New(rand.NewPCG(seed, 1))
				in := reflect.New(call.Type().In(1).Elem())
				want := reflect.New(call.Type().Out(0).Elem())
				fill(rnd, in.Elem())
				fill(rnd, want.Elem())

				body, err := awsjson.Append([]byte("x"), want.Interface())
				if err != nil || body[0] != 'x' {
					t.Fatalf("Append = %q, %v", body, err)
				}
				wire.answer = body[1:]
				res := call.Call([]reflect.Value{reflect.ValueOf(t.Context()), in})
				if err, _ := res[1].Interface().(error); err != nil {
					t.Fatalf("the SDK refuses %s: %v", wire.answer, err)
				}
				out := res[0]
				out.Elem().FieldByName("ResultMetadata").SetZero()
				if d := cmp.Diff(want.Interface(), out.Interface(), all); d != "" {
					t.Errorf("the SDK reads %s as another output (-want +got):\n%s", wire.answer, d)
				}

				got := reflect.New(in.Type().Elem())
				if err := awsjson.Decode(wire.sent, got.Interface()); err != nil {
					t.Fatalf("Decode(%s) = %v", wire.sent, err)
				}
				if d := cmp.Diff(in.Interface(), got.Interface(), all); d != "" {
					t.Errorf("Decode(%s) (-want +got):\n%s", wire.sent, d)
				}
			}
		})
	}
}

// fill sets every exported field to a random value that is not the zero value.
func fill(r *rand.Rand, v reflect.Value) {
	if v.Type() == reflect.TypeFor[time.Time]() {
		// Eighths of a second: the SDK loses a millisecond of some others.
		v.Set(reflect.ValueOf(time.UnixMilli(r.Int64N(4e9) * 125).UTC()))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(r, v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && f.Name != "ResultMetadata" {
				fill(r, v.Field(i))
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), r.IntN(3), 3))
		for i := range v.Len() {
			fill(r, v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range r.IntN(3) {
			elem := reflect.New(v.Type().Elem()).Elem()
			fill(r, elem)
			v.SetMapIndex(reflect.ValueOf("k"+strconv.Itoa(r.IntN(9))), elem)
		}
	case reflect.String:
		v.SetString(string([]rune("a\"\\/<&>\u2028\x01é漢😀")[r.IntN(5):]))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int32:
		v.SetInt(int64(r.Int32()) + 1 - 1<<30)
	case reflect.Int64:
		v.SetInt(r.Int64())
	case reflect.Float32:
		v.SetFloat(float64(r.Float32() * 1e6))
	case reflect.Float64:
		v.SetFloat([]float64{3, 0.1, 1e300, -2.5e-9, 1 << 60}[r.IntN(5)])
	default:
		panic("no filler for " + v.Type().String())
	}
}
