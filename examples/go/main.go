// The example stores an object and reads it back, by the AWS SDK for Go v2.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func main() {
	ctx, bucket := context.Background(), os.Getenv("BUCKET")
	client := s3.New(s3.Options{
		BaseEndpoint: aws.String(os.Getenv("ENDPOINT")), Region: "us-east-1", UsePathStyle: true,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY")}, nil
		}),
	})
	_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("hello.txt"), Body: strings.NewReader("hello from Go")})
	if err != nil {
		log.Fatal(err)
	}
	got, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("hello.txt")})
	if err != nil {
		log.Fatal(err)
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(body))
}
