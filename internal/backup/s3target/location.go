package s3target

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/keyhaven/keyhaven"
)

// Location says where a target is.
type Location struct {
	Bucket    string
	Prefix    string // empty, or ending in a slash
	Endpoint  string // URL of the server; empty for AWS
	Region    string
	PathStyle bool // the bucket is in the path and not in the host
}

// Credentials sign the requests to a target.
type Credentials struct {
	AccessKeyID  string
	Secret       keyhaven.Secret
	SessionToken keyhaven.Secret // zero for long-term keys
}

// IsURL reports whether a target is one of S3.
func IsURL(raw string) bool { return strings.HasPrefix(raw, "s3://") }

const defaultRegion = "us-east-1"

// Parse reads s3://BUCKET/PREFIX?endpoint=URL&region=NAME&path_style=BOOL. The
// region is us-east-1 and, with an endpoint, the style that of paths when
// nothing else is said.
func Parse(raw string) (Location, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Scheme != "s3":
		return Location{}, errors.New("s3target: not a URL of the form s3://BUCKET/PREFIX?endpoint=URL&region=NAME")
	case u.User != nil:
		return Location{}, errors.New("s3target: credentials belong in the environment (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY), not in the URL")
	case u.Host == "" || u.Fragment != "":
		return Location{}, errors.New("s3target: the URL names no bucket, or has a fragment")
	}
	l := Location{Bucket: u.Host, Prefix: strings.Trim(u.Path, "/"), Region: defaultRegion}
	if l.Prefix != "" {
		l.Prefix += "/"
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Location{}, errors.New("s3target: the URL's query cannot be read")
	}
	l.PathStyle = query.Get("endpoint") != ""
	for name, values := range query {
		switch value := values[len(values)-1]; name {
		case "endpoint":
			l.Endpoint, err = checkEndpoint(value)
		case "region":
			l.Region = value
		case "path_style":
			l.PathStyle, err = strconv.ParseBool(value)
		default:
			err = fmt.Errorf("s3target: the URL has an unknown setting %q", name)
		}
		if err != nil {
			return Location{}, err
		}
	}
	return l, nil
}

func checkEndpoint(raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return "", errors.New("s3target: the endpoint is not a URL of the form https://HOST")
	}
	return raw, nil
}
