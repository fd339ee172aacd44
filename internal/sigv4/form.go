package sigv4

import (
	"time"

	"github.com/keyhaven/keyhaven"
)

// Form is what an HTML form says about its signer. AWS: "Browser-Based Uploads
// Using POST" in the S3 API reference.
type Form struct {
	Algorithm    string // x-amz-algorithm
	Credential   string // x-amz-credential
	Date         string // x-amz-date
	Signature    string // x-amz-signature
	SessionToken string // x-amz-security-token
	Policy       string // the document as it was sent, which is what is signed
	Version2     bool   // the form has the fields of signature version 2 instead
}

// ParseForm reads the signature of a form without verifying it. The error is
// always an *Error: Malformed is about the credential.
func ParseForm(f Form) (*Signature, error) {
	switch {
	case f.Version2:
		return nil, errSignatureV2()
	case f.Algorithm != algorithm:
		return nil, refuse(UnsupportedAlgorithm, "Only "+algorithm+" is supported")
	}
	s := &Signature{
		signature: f.Signature, form: true, policy: f.Policy, Payload: PayloadUnsigned,
		SessionToken: keyhaven.NewSecret(f.SessionToken),
	}
	var ok bool
	if s.AccessKeyID, s.Scope, ok = parseCredential(f.Credential); !ok {
		return nil, refuse(Malformed, `the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".`)
	}
	return s, s.setStamp(f.Date)
}

// verifyPolicy verifies the signature of a form's policy: the HMAC of the
// document alone. When it may be used is the policy's own matter.
func (s *Signature) verifyPolicy(key SigningKey, now time.Time) error {
	if s.Time.Sub(now) > MaxSkew {
		return refuse(NotYetValidPresign, "Request is not yet valid")
	}
	if sum := hmacSum(key[:], s.policy); !equalHex(s.signature, sum[:]) {
		return &Error{
			Reason: SignatureMismatch, StringToSign: s.policy,
			Detail: "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
		}
	}
	return nil
}
