package transfer

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// A listing of versions has versions and delete markers in one order, the newest
// first within a key. The SDK gives them in two lists, and times do not put them
// together again: they have a resolution of a second. So the order is read from
// the answer itself.

// maxPage bounds the answer to a listing: a thousand keys of a kilobyte, escaped.
const maxPage = 16 << 20

type listedVersion struct {
	XMLName xml.Name
	Key     string `xml:"Key"`
	ID      string `xml:"VersionId"`
	ETag    string `xml:"ETag"`
	Size    int64  `xml:"Size"`
}

type versionPage struct {
	Entries []listedVersion `xml:",any"`
}

// keyedVersion is a version and its key.
type keyedVersion struct {
	version
	key string
}

// versionsOf lists one page of versions and delete markers in their order.
func versionsOf(ctx context.Context, c *s3.Client, in *s3.ListObjectVersionsInput) (all []keyedVersion, out *s3.ListObjectVersionsOutput, err error) {
	var raw []byte
	out, err = c.ListObjectVersions(ctx, in, s3.WithAPIOptions(func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("KeepBody", func(
			ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
		) (middleware.DeserializeOutput, middleware.Metadata, error) {
			out, md, err := next.HandleDeserialize(ctx, in)
			resp, ok := out.RawResponse.(*smithyhttp.Response)
			if err != nil || !ok {
				return out, md, err
			}
			body := resp.Body
			defer body.Close()
			if raw, err = io.ReadAll(io.LimitReader(body, maxPage)); err != nil {
				return out, md, err
			}
			resp.Body = io.NopCloser(bytes.NewReader(raw))
			return out, md, nil
		}), middleware.After)
	}))
	if err != nil {
		return nil, nil, err
	}
	var page versionPage
	if err := xml.Unmarshal(raw, &page); err != nil {
		return nil, nil, fmt.Errorf("the listing of versions: %w", err)
	}
	for _, v := range page.Entries {
		switch v.XMLName.Local {
		case "Version":
			all = append(all, keyedVersion{version{id: v.ID, etag: v.ETag, size: v.Size}, v.Key})
		case "DeleteMarker":
			all = append(all, keyedVersion{version{id: v.ID, marker: true}, v.Key})
		}
	}
	if want := len(out.Versions) + len(out.DeleteMarkers); len(all) != want {
		return nil, nil, fmt.Errorf("the listing of versions has %d entries, %d were read", want, len(all))
	}
	return all, out, nil
}

// nextVersions sets the markers of the next page and reports whether there is
// one.
func nextVersions(in *s3.ListObjectVersionsInput, out *s3.ListObjectVersionsOutput) bool {
	in.KeyMarker, in.VersionIdMarker = out.NextKeyMarker, out.NextVersionIdMarker
	return aws.ToBool(out.IsTruncated)
}
