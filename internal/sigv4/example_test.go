package sigv4_test

import (
	"fmt"
	"net/http/httptest"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/sigv4"
)

// What a door does with a request that holds a body of its own.
func Example() {
	r := httptest.NewRequest("PUT", "http://localhost/bucket/key", nil)
	signer().SignHeader(r, []byte("hello"))

	sig, err := sigv4.Parse(r)
	if err != nil {
		fmt.Println(err)
		return
	}
	key := sigv4.DeriveKey(keyhaven.NewSecret(testSecret), sig.Scope)
	fmt.Println(sig.AccessKeyID, sig.Scope.Region, sig.Verify(r, key, testTime, ""))

	r.Header.Set("X-Amz-Acl", "public-read")
	fmt.Println(sig.Verify(r, key, testTime, ""))
	// Output:
	// AKIAIOSFODNN7EXAMPLE us-east-1 <nil>
	// sigv4: unsigned header: There were headers present in the request which were not signed
}
