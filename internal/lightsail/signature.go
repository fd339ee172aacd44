package lightsail

import (
	"cmp"

	"github.com/keyhaven/keyhaven/internal/sigv4"
)

const (
	incompleteSignature = "IncompleteSignatureException"
	invalidSignature    = "InvalidSignatureException"
	missingToken        = "MissingAuthenticationTokenException"
)

// signatureTypes has a row for every reason of a signature in a header or a
// query. The reasons of streamed bodies are none of this door's; they and all
// others are an invalid signature.
var signatureTypes = map[sigv4.Reason]string{
	sigv4.Missing:              missingToken,
	sigv4.Malformed:            incompleteSignature,
	sigv4.MalformedQuery:       incompleteSignature,
	sigv4.BothHeaderAndQuery:   incompleteSignature,
	sigv4.UnsupportedAlgorithm: incompleteSignature,
	sigv4.SignatureV2:          incompleteSignature,
	sigv4.MissingDate:          incompleteSignature,
	sigv4.BadDate:              incompleteSignature,
	sigv4.InvalidExpires:       incompleteSignature,
}

// maxCanonical bounds, in bytes, how much of the canonical request an answer
// repeats.
const maxCanonical = 8 << 10

func signatureAnswer(e *sigv4.Error) *answer {
	a := &answer{typ: cmp.Or(signatureTypes[e.Reason], invalidSignature), status: 400}
	switch a.typ {
	case missingToken:
		return errNoToken
	case incompleteSignature:
		a.code = "IncompleteSignature"
	default:
		a.code = "InvalidSignature"
	}
	a.message = cmp.Or(e.Detail, "The signature is not valid: "+e.Reason.String()+".")
	if e.Reason == sigv4.SkewedClock {
		a.tip = "Set the clock of the client: a signature is good for 15 minutes."
	}
	if e.CanonicalRequest != "" {
		a.message += "\n\nThe Canonical String for this request should have been\n'" + shorten(e.CanonicalRequest, maxCanonical) +
			"'\n\nThe String-to-Sign should have been\n'" + e.StringToSign + "'\n"
		a.tip = "A line that differs from the client's shows what was changed on the way; if none does, the secret is wrong."
	}
	return a
}
