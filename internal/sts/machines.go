package sts

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/keyhaven/keyhaven"
)

// Machines hands registered machines their credentials by the protocol of
// container credential providers, which every SDK speaks
// (AWS_CONTAINER_CREDENTIALS_FULL_URI and AWS_CONTAINER_AUTHORIZATION_TOKEN).
func (d *Door) Machines() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, answer := http.StatusOK, map[string]string{}
		s, err := d.access.MachineCredentials(r.Context(), keyhaven.NewSecret(r.Header.Get("Authorization")))
		switch {
		case keyhaven.KindOf(err) == keyhaven.Unauthenticated && err != nil:
			status, answer = http.StatusUnauthorized, map[string]string{"code": "AccessDenied", "message": "The authorization token is not a registered machine's."}
		case keyhaven.Is(err, keyhaven.Denied, keyhaven.NounInstance):
			status, answer = http.StatusForbidden, map[string]string{"code": "AccessDenied", "message": "The machine is stopped."}
		case err != nil:
			status, answer = http.StatusInternalServerError, map[string]string{"code": "InternalError", "message": "The service failed. Please try again."}
		default:
			answer["AccessKeyId"], answer["SecretAccessKey"], answer["Token"] = s.AccessKeyID, s.Secret.Reveal(), s.Token.Reveal()
			answer["Expiration"] = s.Expires.UTC().Format(time.RFC3339)
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(answer) // the client is gone: there is nobody to tell
	})
}
