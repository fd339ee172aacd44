package sigv4

// Reason says what is wrong with a signature or a signed body. Doors map it to
// their codes; the names in the comments are S3's.
type Reason uint8

// The reasons.
const (
	Missing                Reason = iota + 1 // no signature at all: an anonymous request
	Malformed                                // AuthorizationHeaderMalformed; elsewhere IncompleteSignature
	MalformedQuery                           // AuthorizationQueryParametersError
	BothHeaderAndQuery                       // InvalidArgument
	UnsupportedAlgorithm                     // InvalidArgument: not AWS4-HMAC-SHA256
	SignatureV2                              // InvalidRequest: the mechanism is not supported
	MissingDate                              // AccessDenied
	BadDate                                  // AccessDenied
	SkewedClock                              // RequestTimeTooSkewed
	ExpiredPresign                           // AccessDenied "Request has expired"
	NotYetValidPresign                       // AccessDenied "Request is not yet valid"
	InvalidExpires                           // AuthorizationQueryParametersError
	DateScopeMismatch                        // AuthorizationHeaderMalformed, or the query's
	UnsignedHeader                           // AccessDenied with HeadersNotSigned
	SignatureMismatch                        // SignatureDoesNotMatch
	ContentHashMissing                       // InvalidRequest
	ContentHashInvalid                       // InvalidArgument
	ContentHashMismatch                      // XAmzContentSHA256Mismatch
	DecodedLengthMissing                     // MissingContentLength
	DecodedLengthInvalid                     // InvalidArgument
	ChunkMalformed                           // InvalidRequest: the framing is broken
	ChunkTooSmall                            // InvalidChunkSizeError
	ChunkSignatureMismatch                   // SignatureDoesNotMatch
	IncompleteBody                           // IncompleteBody: too few or too many bytes
	TrailerMalformed                         // MalformedTrailerError
	numReasons
)

var reasonNames = [numReasons]string{
	"no reason", "request is not signed", "malformed authorization header", "malformed query authorization",
	"two authorization mechanisms", "unsupported algorithm", "signature version 2", "missing date", "bad date",
	"clock skewed", "presigned request expired", "presigned request not yet valid", "invalid expires",
	"date and scope differ", "unsigned header", "signature does not match", "content hash missing",
	"content hash invalid", "content hash does not match", "decoded length missing", "decoded length invalid",
	"malformed chunk", "chunk too small", "chunk signature does not match", "incomplete body", "malformed trailer",
}

func (r Reason) String() string {
	if r < numReasons {
		return reasonNames[r]
	}
	return "unknown reason"
}

// Reasons returns every reason, for tests that range over them.
func Reasons() []Reason {
	rs := make([]Reason, 0, numReasons-1)
	for r := Missing; r < numReasons; r++ {
		rs = append(rs, r)
	}
	return rs
}

// Error is every refusal of this package. Detail is a sentence for the caller,
// in AWS's words where they are known.
type Error struct {
	Reason Reason
	Detail string

	Headers []string // UnsignedHeader: the names, lower case, sorted

	// SignatureMismatch: what the server computed from the request, secrets in
	// it replaced by REDACTED. Sent to the caller, not logged.
	CanonicalRequest string
	StringToSign     string

	Chunk     int   // ChunkTooSmall: the number of the chunk that came after the small one
	ChunkSize int64 // ChunkTooSmall: the size of the small one
}

func (e *Error) Error() string {
	if e.Detail == "" {
		return "sigv4: " + e.Reason.String()
	}
	return "sigv4: " + e.Reason.String() + ": " + e.Detail
}

// ErrUnsigned is what Parse returns for a request without any signature: an
// *Error whose Reason is Missing.
var ErrUnsigned error = &Error{Reason: Missing}

func refuse(r Reason, detail string) error { return &Error{Reason: r, Detail: detail} }
