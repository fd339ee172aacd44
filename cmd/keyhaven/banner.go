package main

import (
	"fmt"
	"io"

	"github.com/keyhaven/keyhaven"
)

// banner says where the server is, and at the first start what to type next.
func banner(w io.Writer, endpoint, consoleURL, region string, first *keyhaven.AccessKey, firstStart keyhaven.Secret) {
	fmt.Fprintf(w, "\nKeyhaven is ready.\n\n  Endpoint            %s\n", endpoint)
	if consoleURL != "" {
		fmt.Fprintf(w, "  Console             %s\n", consoleURL)
		if !firstStart.IsZero() { // the fragment is in no request, so in no log of a proxy
			fmt.Fprintf(w, "  First sign-in       %s/start#%s\n", consoleURL, firstStart.Reveal())
		}
	}
	fmt.Fprintf(w, "  Region              %s\n", region)
	if first == nil {
		fmt.Fprintln(w)
		return
	}
	_ = printKey(w, first.ID, first.Secret) // a closed stdout must not stop the server
	fmt.Fprintf(w, `
This is the key of the account's root. Its secret is shown this once; keep it.
(All lost? Stop the server and run: keyhaven root create-access-key)

Next:

  export ENDPOINT=%s AWS_DEFAULT_REGION=%s
  export AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=<the secret above>

  aws --endpoint-url $ENDPOINT lightsail create-bucket --bucket-name my-bucket --bundle-id small_1_0
  aws --endpoint-url $ENDPOINT lightsail create-bucket-access-key --bucket-name my-bucket
  aws --endpoint-url $ENDPOINT s3 cp README.md s3://my-bucket/

`, endpoint, region, first.ID)
}
