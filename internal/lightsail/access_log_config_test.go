package lightsail_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lightsail"
	"github.com/aws/aws-sdk-go-v2/service/lightsail/types"
)

func setLog(t *testing.T, c *sdk.Client, cfg *types.BucketAccessLogConfig) (*types.Bucket, error) {
	t.Helper()
	out, err := c.UpdateBucket(t.Context(), &sdk.UpdateBucketInput{BucketName: aws.String("photos"), AccessLogConfig: cfg})
	if err != nil {
		return nil, err
	}
	return out.Bucket, nil
}

func TestLOG01_Enable(t *testing.T) {
	s := newServer(t)
	c := s.client(root, "us-east-2")
	createBucket(t, c, "photos")
	createBucket(t, c, "logs")
	createBucket(t, s.client(root, "eu-west-1"), "elsewhere")
	createBucket(t, s.client(otherRoot, "us-east-2"), "foreign")
	b, err := setLog(t, c, &types.BucketAccessLogConfig{Enabled: aws.Bool(true), Destination: aws.String("logs"), Prefix: aws.String("logs/")})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []types.Bucket{*b, getBucket(t, c, "photos")} {
		if l := b.AccessLogConfig; !aws.ToBool(l.Enabled) || aws.ToString(l.Destination) != "logs" || aws.ToString(l.Prefix) != "logs/" {
			t.Errorf("accessLogConfig = %+v", l)
		}
	}
	// A bucket may keep its own log.
	if _, err := setLog(t, c, &types.BucketAccessLogConfig{Enabled: aws.Bool(true), Destination: aws.String("photos")}); err != nil {
		t.Error(err)
	}
	for name, cfg := range map[string]*types.BucketAccessLogConfig{
		"no destination":   {Enabled: aws.Bool(true)},
		"not there":        {Enabled: aws.Bool(true), Destination: aws.String("nowhere")},
		"another Region":   {Enabled: aws.Bool(true), Destination: aws.String("elsewhere")},
		"another account":  {Enabled: aws.Bool(true), Destination: aws.String("foreign")},
		"no name":          {Enabled: aws.Bool(true), Destination: aws.String("-")},
		"long prefix":      {Enabled: aws.Bool(true), Destination: aws.String("logs"), Prefix: aws.String(strings.Repeat("p", 101))},
		"prefix of spaces": {Enabled: aws.Bool(true), Destination: aws.String("logs"), Prefix: aws.String("a b")},
	} {
		_, err := setLog(t, c, cfg)
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		wantError(t, err, "InvalidInputException")
	}
	if l := getBucket(t, c, "photos").AccessLogConfig; aws.ToString(l.Destination) != "photos" || l.Prefix != nil {
		t.Errorf("after refusals: %+v", l)
	}
}

func TestLOG02_Disable(t *testing.T) {
	c := newServer(t).client(root, "us-east-2")
	createBucket(t, c, "photos")
	for _, cfg := range []*types.BucketAccessLogConfig{
		{Enabled: aws.Bool(true), Destination: aws.String("photos")},
		{Enabled: aws.Bool(false)},
	} {
		if _, err := setLog(t, c, cfg); err != nil {
			t.Fatal(err)
		}
	}
	if l := getBucket(t, c, "photos").AccessLogConfig; aws.ToBool(l.Enabled) || l.Destination != nil {
		t.Errorf("accessLogConfig = %+v", l)
	}
}
