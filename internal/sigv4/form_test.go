package sigv4

import (
	"errors"
	"testing"
	"time"

	"github.com/keyhaven/keyhaven"
)

// documented is the form of the S3 API reference, "POST Object Signature
// Version 4 example".
func documented() Form {
	return Form{
		Algorithm: "AWS4-HMAC-SHA256", Credential: "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request", Date: "20151229T000000Z",
		Signature: "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e",
		Policy:    "eyAiZXhwaXJhdGlvbiI6ICIyMDE1LTEyLTMwVDEyOjAwOjAwLjAwMFoiLA0KICAiY29uZGl0aW9ucyI6IFsNCiAgICB7ImJ1Y2tldCI6ICJzaWd2NGV4YW1wbGVidWNrZXQifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRrZXkiLCAidXNlci91c2VyMS8iXSwNCiAgICB7ImFjbCI6ICJwdWJsaWMtcmVhZCJ9LA0KICAgIHsic3VjY2Vzc19hY3Rpb25fcmVkaXJlY3QiOiAiaHR0cDovL3NpZ3Y0ZXhhbXBsZWJ1Y2tldC5zMy5hbWF6b25hd3MuY29tL3N1Y2Nlc3NmdWxfdXBsb2FkLmh0bWwifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRDb250ZW50LVR5cGUiLCAiaW1hZ2UvIl0sDQogICAgeyJ4LWFtei1tZXRhLXV1aWQiOiAiMTQzNjUxMjM2NTEyNzQifSwNCiAgICB7IngtYW16LXNlcnZlci1zaWRlLWVuY3J5cHRpb24iOiAiQUVTMjU2In0sDQogICAgWyJzdGFydHMtd2l0aCIsICIkeC1hbXotbWV0YS10YWciLCAiIl0sDQoNCiAgICB7IngtYW16LWNyZWRlbnRpYWwiOiAiQUtJQUlPU0ZPRE5ON0VYQU1QTEUvMjAxNTEyMjkvdXMtZWFzdC0xL3MzL2F3czRfcmVxdWVzdCJ9LA0KICAgIHsieC1hbXotYWxnb3JpdGhtIjogIkFXUzQtSE1BQy1TSEEyNTYifSwNCiAgICB7IngtYW16LWRhdGUiOiAiMjAxNTEyMjlUMDAwMDAwWiIgfQ0KICBdDQp9",
	}
}

func TestForm(t *testing.T) {
	now := time.Date(2015, 12, 29, 12, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		change func(*Form)
		want   Reason // zero for success
	}{
		"documented":        {func(*Form) {}, 0},
		"version 2":         {func(f *Form) { f.Version2 = true }, SignatureV2},
		"no algorithm":      {func(f *Form) { f.Algorithm = "" }, UnsupportedAlgorithm},
		"credential":        {func(f *Form) { f.Credential = "AKIA/20151229/us-east-1/s3" }, Malformed},
		"date":              {func(f *Form) { f.Date = "20151229" }, BadDate},
		"another day":       {func(f *Form) { f.Date = "20151228T000000Z" }, DateScopeMismatch},
		"the future":        {func(f *Form) { f.Date = "20151229T230000Z" }, NotYetValidPresign},
		"signature":         {func(f *Form) { f.Signature = f.Signature[:63] + "f" }, SignatureMismatch},
		"no signature":      {func(f *Form) { f.Signature = "" }, SignatureMismatch},
		"upper case":        {func(f *Form) { f.Signature = "8AFDBF4008C03F22C2CD3CDB72E4AFBB1F6A588F3255AC628749A66D7F09699E" }, SignatureMismatch},
		"policy":            {func(f *Form) { f.Policy = "e30=" }, SignatureMismatch},
		"another region":    {func(f *Form) { f.Credential = "AKIAIOSFODNN7EXAMPLE/20151229/us-east-2/s3/aws4_request" }, SignatureMismatch},
		"empty form":        {func(f *Form) { *f = Form{} }, UnsupportedAlgorithm},
		"a long credential": {func(f *Form) { f.Credential += "/x" }, Malformed},
	} {
		f := documented()
		tt.change(&f)
		s, err := ParseForm(f)
		if err == nil {
			key := DeriveKey(keyhaven.NewSecret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), s.Scope)
			err = s.Verify(nil, key, now, "")
		}
		var got Reason
		if e, ok := errors.AsType[*Error](err); ok {
			got = e.Reason
		}
		if got != tt.want || (err == nil) != (tt.want == 0) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}
