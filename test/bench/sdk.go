package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// useSDK sends requests about single objects by the AWS SDK for Go, over a
// connection of its own: what most users have is no lighter.
func (c *client) useSDK() {
	c.sdk = s3.New(s3.Options{
		BaseEndpoint: aws.String("http://" + c.t.addr), Region: "us-east-1", UsePathStyle: true,
		HTTPClient:       &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1, WriteBufferSize: 64 << 10, ReadBufferSize: 64 << 10}},
		RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: c.id, SecretAccessKey: c.secret}, nil
		}),
	})
}

func (c *client) doSDK(method, path string, body []byte) error {
	bucket, key, ok := strings.Cut(path[1:], "/")
	if !ok {
		return fmt.Errorf("%s %s: not about an object", method, path)
	}
	ctx := context.Background()
	switch method {
	case "PUT":
		_, err := c.sdk.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body)})
		return err
	case "HEAD":
		out, err := c.sdk.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
		if err != nil {
			return err
		}
		c.length = aws.ToInt64(out.ContentLength)
		return nil
	case "GET":
		out, err := c.sdk.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
		if err != nil {
			return err
		}
		defer out.Body.Close()
		c.length, err = io.Copy(io.Discard, out.Body)
		return err
	case "DELETE":
		_, err := c.sdk.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: &key})
		return err
	}
	return fmt.Errorf("%s is not sent by the SDK", method)
}
