package sts

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/edge"
)

// fetchCredentials is what the audit log calls it.
const fetchCredentials = "GetMachineCredentials"

// Machines hands registered machines their credentials by the protocol of
// container credential providers, which every SDK speaks
// (AWS_CONTAINER_CREDENTIALS_FULL_URI and AWS_CONTAINER_AUTHORIZATION_TOKEN).
func (d *Door) Machines() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, answer := http.StatusOK, map[string]string{}
		rec := edge.RecordOf(w)
		rec.Door, rec.Op = Service, fetchCredentials
		s, machine, err := d.access.MachineCredentials(r.Context(), keyhaven.NewSecret(r.Header.Get("Authorization")))
		d.manage(rec, s, machine, err)
		switch {
		case keyhaven.KindOf(err) == keyhaven.Unauthenticated && err != nil:
			status, answer = http.StatusUnauthorized, map[string]string{"code": "AccessDenied", "message": "The authorization token is not a registered machine's."}
		case keyhaven.Is(err, keyhaven.Denied, keyhaven.NounInstance):
			status, answer = http.StatusForbidden, map[string]string{"code": "AccessDenied", "message": "The machine is stopped."}
		case err != nil:
			rec.Err = err
			status, answer = http.StatusInternalServerError, map[string]string{"code": "InternalError", "message": "The service failed. Please try again."}
		default:
			answer["AccessKeyId"], answer["SecretAccessKey"], answer["Token"] = s.AccessKeyID, s.Secret.Reveal(), s.Token.Reveal()
			answer["Expiration"] = s.Expires.UTC().Format(time.RFC3339)
		}
		rec.ErrorCode, rec.ErrorMessage = answer["code"], answer["message"]
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(answer) // the client is gone: there is nobody to tell
	})
}

// manage marks a fetch as a call that the audit log records: of a machine that has
// proved itself at most once a minute, since nothing keeps it from fetching for every
// request; of one that has not, within the bound for such callers.
func (d *Door) manage(rec *edge.Record, s *access.Session, machine *keyhaven.Instance, err error) {
	m := &edge.Management{Source: Service + ".amazonaws.com", Region: "us-east-1", ReadOnly: true, Unproven: d.account}
	proved := keyhaven.KindOf(err) != keyhaven.Unauthenticated
	if machine != nil {
		m.Region, m.Unproven, m.Resources = machine.Region, machine.Account, []string{machine.ARN()}
		if proved {
			p := access.MachinePrincipal(machine)
			rec.Principal, m.Sparse = &p, machine.ID
		}
	} else if proved {
		return // the server failed before it knew who asks
	}
	if s != nil {
		m.Response, _ = json.Marshal(map[string]any{"credentials": map[string]string{
			"accessKeyId": s.AccessKeyID, "expiration": s.Expires.UTC().Format(time.RFC3339),
		}})
	}
	rec.Management = m
}
