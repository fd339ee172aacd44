package edge

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// claimedKey returns the access key that a request names, whoever sent it.
func claimedKey(r *http.Request) string {
	_, key, ok := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	if !ok {
		_, key, _ = strings.Cut(r.URL.RawQuery, "X-Amz-Credential=")
	}
	key, _, _ = strings.Cut(key, "/")
	key, _, _ = strings.Cut(key, "%2F")
	return key[:min(len(key), 128)]
}

// refusedStall is how long a client that is refused may keep its connection
// waiting, for the rest of a body or for taking the answer.
const refusedStall = 5 * time.Second

// refuse answers a request for which there is no room now, in the form of the
// API that it is for, and ends its connection.
func (x *exchange) refuse(r *http.Request) {
	x.rec.Door, x.rec.Op = "edge", "Admission"
	x.stall = min(x.stall, refusedStall)
	h := x.Header()
	h.Set("Retry-After", "1")
	h.Set("Connection", "close")
	service, target := scopeService(r), r.Header.Get("X-Amz-Target")
	switch {
	case target != "" && r.URL.Path == "/":
		x.rec.ErrorCode = "ThrottlingException"
		h.Set("X-Amzn-Requestid", x.rec.RequestID)
		h.Set("Content-Type", "application/x-amz-json-1.1")
		x.WriteHeader(http.StatusTooManyRequests)
		fmt.Fprint(x, `{"__type":"ThrottlingException","message":"Rate exceeded"}`)
	case service != "" && service != "s3":
		x.rec.ErrorCode = "Throttling"
		h.Set("X-Amzn-Requestid", x.rec.RequestID)
		h.Set("Content-Type", "text/xml")
		x.WriteHeader(http.StatusTooManyRequests)
		fmt.Fprintf(x, "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error>"+
			"<RequestId>%s</RequestId></ErrorResponse>", x.rec.RequestID)
	default:
		x.rec.ErrorCode = "SlowDown"
		h.Set("X-Amz-Request-Id", x.rec.RequestID)
		h.Set("X-Amz-Id-2", x.rec.RequestID)
		h.Set("Content-Type", "application/xml")
		x.WriteHeader(http.StatusServiceUnavailable)
		if r.Method != http.MethodHead {
			fmt.Fprintf(x, `<?xml version="1.0" encoding="UTF-8"?>`+"\n<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message>"+
				"<RequestId>%[1]s</RequestId><HostId>%[1]s</HostId></Error>", x.rec.RequestID)
		}
	}
}
