// Command compat writes docs/compatibility.md from the operation rows of the
// doors.
//
//	go run ./test/compat docs/compatibility.md
package main

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	iamsdk "github.com/aws/aws-sdk-go-v2/service/iam"
	sdk "github.com/aws/aws-sdk-go-v2/service/lightsail"
	stssdk "github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/keyhaven/keyhaven/internal/iam"
	"github.com/keyhaven/keyhaven/internal/lightsail"
	"github.com/keyhaven/keyhaven/internal/s3"
	"github.com/keyhaven/keyhaven/internal/sts"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: compat FILE")
		os.Exit(2)
	}
	if err := os.WriteFile(os.Args[1], page(), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "compat:", err)
		os.Exit(1)
	}
}

// page renders the whole document.
func page() []byte {
	var b bytes.Buffer
	b.WriteString(`# Compatibility

Generated from the operation rows of the doors by ` + "`make compat`" + `; a test holds it against them. What behaves differently
from AWS is in [divergences](divergences.md).

`)
	writeS3(&b)
	writeLightsail(&b)
	writeQuery(&b, "IAM", iam.New(nil, nil).Operations(), reflect.TypeFor[*iamsdk.Client]())
	writeQuery(&b, "STS", sts.New(nil, nil, sts.Options{}).Operations(), reflect.TypeFor[*stssdk.Client]())
	return b.Bytes()
}

// writeQuery lists what a door of the Query protocol has, and what else the
// service has.
func writeQuery(b *bytes.Buffer, service string, built []string, client reflect.Type) {
	fmt.Fprintf(b, "## %s\n\n%d operations. Any other action answers `InvalidAction`.\n\n", service, len(built))
	for _, name := range built {
		fmt.Fprintf(b, "- %s\n", name)
	}
	var missing []string
	for i := range client.NumMethod() {
		if name := client.Method(i).Name; name != "Options" && !slices.Contains(built, name) {
			missing = append(missing, name)
		}
	}
	fmt.Fprintf(b, "\nNot built: %s.\n\n", strings.Join(missing, ", "))
}

func writeS3(b *bytes.Buffer) {
	rows := s3.Rows()
	slices.SortFunc(rows, func(a, b s3.Row) int { return strings.Compare(a.Name, b.Name) })
	built := 0
	for _, r := range rows {
		if r.Built {
			built++
		}
	}
	fmt.Fprintf(b, "## S3\n\n%d of %d operations. The others are known and answer `NotImplemented` (501) to a caller with the permission.\n\n", built, len(rows))
	b.WriteString("| operation | IAM action | |\n|---|---|---|\n")
	for _, r := range rows {
		state := "not built"
		if r.Built {
			state = "**yes**"
		} else if r.Reason != "" {
			state = "no: " + r.Reason
		}
		fmt.Fprintf(b, "| %s | `%s` | %s |\n", r.Name, r.Action, state)
	}
	b.WriteString(`
Not built within these operations, and refused with ` + "`NotImplemented`" + `: two-layer encryption and encryption contexts,
` + "`x-amz-website-redirect-location`" + `, appends by ` + "`x-amz-write-offset-bytes`" + `.

`)
}

func writeLightsail(b *bytes.Buffer) {
	ops := lightsail.New(lightsail.Options{}).Operations()
	fmt.Fprintf(b, "## Lightsail\n\n%d operations. Any other target answers `UnknownOperationException`.\n\n", len(ops))
	for _, name := range ops {
		fmt.Fprintf(b, "- %s\n", name)
	}
	b.WriteString("\nBucket operations of the API that are not built yet: ")
	client := reflect.TypeFor[*sdk.Client]()
	var missing []string
	for i := range client.NumMethod() {
		name := client.Method(i).Name
		if strings.Contains(name, "Bucket") && !slices.Contains(ops, name) {
			missing = append(missing, name)
		}
	}
	b.WriteString(strings.Join(missing, ", ") + ".\n\n")
}
