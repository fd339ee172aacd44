package s3target

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	for raw, want := range map[string]Location{
		"s3://b":                       {Bucket: "b", Region: "us-east-1"},
		"s3://b/":                      {Bucket: "b", Region: "us-east-1"},
		"s3://b/p/q/?region=eu-west-1": {Bucket: "b", Prefix: "p/q/", Region: "eu-west-1"},
		"s3://b/p?endpoint=https://h:9000": {
			Bucket: "b", Prefix: "p/", Endpoint: "https://h:9000", Region: "us-east-1", PathStyle: true,
		},
		"s3://b.c/p?endpoint=http://h&path_style=false": {
			Bucket: "b.c", Prefix: "p/", Endpoint: "http://h", Region: "us-east-1",
		},
	} {
		got, err := Parse(raw)
		if err != nil {
			t.Errorf("Parse(%q) = %v", raw, err)
			continue
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("Parse(%q) (-want +got):\n%s", raw, d)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, raw := range []string{
		"", "b/p", "http://b/p", "s3://", "s3:///p", "s3://b#f", "s3://b?endpoint=h:9000", "s3://b?endpoint=ftp://h",
		"s3://b?path_style=maybe", "s3://b?acces_key=x", "s3://b?endpoint=https://AKIA:hunter2@h", "s3://AKIA:hunter2@b/p", "s3://b?%zz",
	} {
		l, err := Parse(raw)
		if err == nil {
			t.Errorf("Parse(%q) = %+v, want an error", raw, l)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Parse(%q): the error has the secret: %v", raw, err)
		}
	}
}
