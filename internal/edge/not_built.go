package edge

import (
	"encoding/xml"
	"net/http"
)

// NotBuilt answers every call of a Query-protocol service that this release does
// not have, in that protocol's own error form.
func NotBuilt(service string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := RecordOf(w)
		rec.Door, rec.ErrorCode = service, "InvalidAction"
		type failure struct {
			Type, Code, Message string
		}
		body, err := xml.Marshal(struct {
			XMLName   xml.Name `xml:"ErrorResponse"`
			Error     failure
			RequestID string `xml:"RequestId"`
		}{
			Error:     failure{"Sender", "InvalidAction", "The " + service + " API is not available on this server."},
			RequestID: rec.RequestID,
		})
		if err != nil {
			rec.Err = err
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write(body)
	})
}
