// Package sigv4test is the client's side of Signature Version 4: a small signer
// for the tests of the doors, for golden transcripts and for presigned URLs. It
// shares no code with the verifier in package sigv4, so that the two check each
// other, and it is itself checked against the AWS SDK's signer.
//
//	s := sigv4test.Signer{AccessKeyID: id, Secret: secret, Region: "us-east-1", Service: "s3"}
//	r := httptest.NewRequest("PUT", "http://localhost/bucket/key", nil)
//	s.SignHeader(r, []byte("hello"))
//
// It changes the request in place and panics on a request that cannot be
// signed; it is not meant for untrusted input.
package sigv4test
