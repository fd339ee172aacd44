package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"strings"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/alarm"
	"github.com/keyhaven/keyhaven/internal/audit"
	"github.com/keyhaven/keyhaven/internal/mail"
)

// mails makes what sends mails, or nil without a server.
func (c *settings) mails(getenv func(string) (string, bool)) (*mail.Sender, error) {
	if c.SMTPServer == "" {
		return nil, nil
	}
	if c.SMTPFrom == "" {
		return nil, errors.New("--smtp-server needs a sender: --smtp-from")
	}
	password, _ := getenv("KEYHAVEN_SMTP_PASSWORD")
	return mail.New(mail.Options{Server: c.SMTPServer, From: c.SMTPFrom, Password: keyhaven.NewSecret(password)})
}

func (c *serveCmd) alarms(d *dataDir, records *audit.Recorder, log *slog.Logger, out outside) *alarm.Service {
	return alarm.New(d.meta, alarm.Options{
		Mail: out.mails != nil, Webhooks: out.hooks.sender != nil,
		URL: out.endpoint, Log: log, Warned: recordExpiry(records),
	})
}

// send sends a message to a webhook, or a mail.
func (out outside) send(ctx context.Context, address, id string, body []byte) error {
	to, isMail := strings.CutPrefix(address, "mailto:")
	if !isMail {
		return out.hooks.send(ctx, address, id, body)
	}
	if out.mails == nil {
		return errors.New("the server has no --smtp-server to send mails through")
	}
	var m alarm.Mail
	if err := json.Unmarshal(body, &m); err != nil {
		return err
	}
	return out.mails.Send(ctx, id, to, m.Subject, m.Text)
}

// verifyContact answers the link that verifies an address.
func verifyContact(alarms *alarm.Service) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		h := w.Header()
		h.Set("Content-Type", "text/plain; charset=utf-8")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		if r.Method == http.MethodHead { // what looks at links only verifies nothing
			return
		}
		ok, err := alarms.Verify(r.Context(), keyhaven.AccountID(q.Get("account")), q.Get("region"), q.Get("token"))
		switch {
		case err != nil:
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte("The subscription could not be confirmed. Please try again.\n"))
		case !ok:
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte("This link is not valid: it was used, has expired, or was replaced by a newer one.\n"))
		default:
			_, _ = w.Write([]byte("The subscription is confirmed.\n"))
		}
	})
}

// ownPaths are the handlers below "/-/".
func ownPaths(ins *instruments, alarms *alarm.Service) map[string]http.Handler {
	paths := map[string]http.Handler{alarm.VerifyPath: verifyContact(alarms)}
	maps.Copy(paths, ins.own())
	return paths
}
