package s3_test

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

var errSent = errors.New("sent")

// catcher keeps the request that the SDK would send.
type catcher struct{ r *http.Request }

func (c *catcher) Do(r *http.Request) (*http.Response, error) {
	c.r = r
	return nil, errSent
}

// TestSDKRequestsReachTheirRow builds a request of each operation with the
// SDK's client, and looks at which row it reaches.
func TestSDKRequestsReachTheirRow(t *testing.T) {
	s := newServer(t)
	s.newBucket(t, "photos")
	caught := &catcher{}
	client := sdk.New(sdk.Options{
		Region: region, BaseEndpoint: aws.String("http://localhost:9000"), UsePathStyle: true,
		Credentials: credentials(root), HTTPClient: caught, Retryer: aws.NopRetryer{},
		DisableS3ExpressSessionAuth: aws.Bool(true),
	})
	methods := reflect.TypeFor[*sdk.Client]()
	checked := 0
	for i := range methods.NumMethod() {
		m := methods.Method(i)
		if m.Type.NumIn() < 3 || !strings.HasSuffix(m.Type.In(2).String(), "."+m.Name+"Input") || exempt[m.Name] != "" {
			continue
		}
		in := reflect.New(m.Type.In(2).Elem())
		if err := send(m, client, in); !errors.Is(err, errSent) {
			t.Errorf("%s: %v", m.Name, err)
			continue
		}
		// Anonymous: nothing but the row is asked about, and nothing happens.
		r := s.request(t, caught.r.Method, caught.r.URL.RequestURI(), "")
		if source := caught.r.Header.Get("X-Amz-Copy-Source"); source != "" {
			r.Header.Set("X-Amz-Copy-Source", source)
		}
		s.serve(r)
		if got := s.log.last("op"); got != m.Name {
			t.Errorf("%s: %s %s reaches %q", m.Name, r.Method, r.RequestURI, got)
		}
		checked++
	}
	if checked < 90 {
		t.Errorf("checked %d operations only", checked)
	}
}

// send calls the method, and again with the members that it misses filled in.
func send(m reflect.Method, client *sdk.Client, in reflect.Value) error {
	for range 10 {
		out := m.Func.Call([]reflect.Value{reflect.ValueOf(client), reflect.ValueOf(context.Background()), in})
		err, _ := out[1].Interface().(error)
		missing, ok := errors.AsType[smithy.InvalidParamsError](err)
		if !ok {
			return err
		}
		for _, e := range missing.Errs() {
			param, ok := errors.AsType[smithy.InvalidParamError](e)
			if !ok {
				return err
			}
			_, path, _ := strings.Cut(param.Field(), ".")
			fillMember(in.Elem(), strings.Split(path, "."))
		}
	}
	return errors.New("members are still missing")
}

// fillMember gives the member at the path a value of its kind.
func fillMember(v reflect.Value, path []string) {
	name, indexed, _ := strings.Cut(path[0], "[")
	f := v.FieldByName(name)
	if !f.IsValid() { // a union
		return
	}
	if indexed != "" {
		fillMember(f.Index(0), path[1:])
		return
	}
	if len(path) > 1 {
		fillMember(reflect.Indirect(f), path[1:])
		return
	}
	switch f.Kind() {
	case reflect.Pointer:
		f.Set(reflect.New(f.Type().Elem()))
		switch name {
		case "Bucket":
			f.Elem().SetString("photos")
		case "Key":
			f.Elem().SetString("a.txt")
		case "CopySource":
			f.Elem().SetString("photos/b.txt")
		default:
			if f.Elem().Kind() == reflect.String {
				f.Elem().SetString("x")
			}
		}
	case reflect.Interface:
		switch name {
		case "AnnotationPayload":
			f.Set(reflect.ValueOf(strings.NewReader("x")))
		case "ObjectEncryption":
			f.Set(reflect.ValueOf(&types.ObjectEncryptionMemberSSEKMS{Value: types.SSEKMSEncryption{KMSKeyArn: aws.String("x")}}))
		}
	case reflect.Slice:
		f.Set(reflect.MakeSlice(f.Type(), 1, 1))
	case reflect.String:
		f.SetString("x")
	default:
	}
}

func credentials(k keyPair) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: k.id, SecretAccessKey: k.secret}, nil
	})
}
