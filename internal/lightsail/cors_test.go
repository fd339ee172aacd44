package lightsail_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lightsail"
	"github.com/aws/aws-sdk-go-v2/service/lightsail/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var oneCORSRule = []types.BucketCorsRule{{
	Id: aws.String("app"), AllowedOrigins: []string{"https://app.example.com"}, AllowedMethods: []string{"GET", "PUT"},
	AllowedHeaders: []string{"*"}, ExposeHeaders: []string{"ETag"}, MaxAgeSeconds: aws.Int32(3000),
}}

func sameRules(want, got []types.BucketCorsRule) string {
	return cmp.Diff(want, got, cmpopts.IgnoreUnexported(types.BucketCorsRule{}), cmpopts.EquateEmpty())
}

// rules reads the rules back.
func rules(t *testing.T, c *sdk.Client, name string) *types.BucketCorsConfig {
	t.Helper()
	out := must(c.GetBuckets(t.Context(), &sdk.GetBucketsInput{BucketName: &name, IncludeCors: aws.Bool(true)}))(t)
	return out.Buckets[0].Cors
}

func TestCORS01_Set(t *testing.T) {
	c := newServer(t).client(root, "us-east-2")
	createBucket(t, c, "abc-def")
	out := must(c.UpdateBucket(t.Context(), &sdk.UpdateBucketInput{
		BucketName: aws.String("abc-def"), Cors: &types.BucketCorsConfig{Rules: oneCORSRule},
	}))(t)
	if d := sameRules(oneCORSRule, out.Bucket.Cors.Rules); d != "" {
		t.Errorf("the answer (-want +got):\n%s", d)
	}
	// Another change leaves them, and does not show them.
	out = must(c.UpdateBucket(t.Context(), &sdk.UpdateBucketInput{BucketName: aws.String("abc-def"), Versioning: aws.String("Enabled")}))(t)
	if out.Bucket.Cors != nil {
		t.Errorf("cors = %+v, want none in the answer", out.Bucket.Cors)
	}
	if d := sameRules(oneCORSRule, rules(t, c, "abc-def").Rules); d != "" {
		t.Errorf("rules (-want +got):\n%s", d)
	}
}

func TestCORS02_Read(t *testing.T) {
	c := newServer(t).client(root, "us-east-2")
	createBucket(t, c, "abc-def")
	if got := rules(t, c, "abc-def"); got == nil || got.Rules == nil || len(got.Rules) != 0 {
		t.Errorf("rules of a new bucket = %+v, want an empty list", got)
	}
	if b := getBucket(t, c, "abc-def"); b.Cors != nil {
		t.Errorf("cors = %+v without includeCors", b.Cors)
	}
	_, err := c.GetBuckets(t.Context(), &sdk.GetBucketsInput{IncludeCors: aws.Bool(true)})
	wantError(t, err, "InvalidInputException")
}

func TestCORS03_Remove(t *testing.T) {
	c := newServer(t).client(root, "us-east-2")
	createBucket(t, c, "abc-def")
	for _, rulesOf := range [][]types.BucketCorsRule{oneCORSRule, {}} {
		must(c.UpdateBucket(t.Context(), &sdk.UpdateBucketInput{BucketName: aws.String("abc-def"), Cors: &types.BucketCorsConfig{Rules: rulesOf}}))(t)
	}
	if got := rules(t, c, "abc-def"); len(got.Rules) != 0 {
		t.Errorf("rules = %+v after their removal", got.Rules)
	}
}

func TestCORS05_Limits(t *testing.T) {
	c := newServer(t).client(root, "us-east-2")
	createBucket(t, c, "abc-def")
	many := func(n int, change func(*types.BucketCorsRule)) (out []types.BucketCorsRule) {
		for range n {
			r := types.BucketCorsRule{AllowedOrigins: []string{"*"}, AllowedMethods: []string{"GET"}}
			change(&r)
			out = append(out, r)
		}
		return out
	}
	same := func(*types.BucketCorsRule) {}
	for name, try := range map[string]struct {
		rules []types.BucketCorsRule
		ok    bool
	}{
		"20 rules":  {many(20, same), true},
		"21 rules":  {many(21, same), false},
		"64 KB":     {many(1, func(r *types.BucketCorsRule) { r.AllowedHeaders = []string{strings.Repeat("h", 64<<10)} }), false},
		"long id":   {many(1, func(r *types.BucketCorsRule) { r.Id = aws.String(strings.Repeat("i", 256)) }), false},
		"255 id":    {many(1, func(r *types.BucketCorsRule) { r.Id = aws.String(strings.Repeat("i", 255)) }), true},
		"no origin": {many(1, func(r *types.BucketCorsRule) { r.AllowedOrigins = []string{} }), false},
		"no method": {many(1, func(r *types.BucketCorsRule) { r.AllowedMethods = []string{} }), false},
		"PATCH":     {many(1, func(r *types.BucketCorsRule) { r.AllowedMethods = []string{"PATCH"} }), false},
		"get":       {many(1, func(r *types.BucketCorsRule) { r.AllowedMethods = []string{"get"} }), false},
		"negative":  {many(1, func(r *types.BucketCorsRule) { r.MaxAgeSeconds = aws.Int32(-1) }), false},
	} {
		_, err := c.UpdateBucket(t.Context(), &sdk.UpdateBucketInput{BucketName: aws.String("abc-def"), Cors: &types.BucketCorsConfig{Rules: try.rules}})
		if try.ok && err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !try.ok {
			wantError(t, err, "InvalidInputException")
		}
	}
}
