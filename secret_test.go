package keyhaven

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// TestSecretsArePrintedByNobody formats a secret in every way that logs, errors
// and answers are made (S9, SEC-03).
func TestSecretsArePrintedByNobody(t *testing.T) {
	const canary = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	secret := NewSecret(canary)
	key := AccessKey{ID: "AKIAIOSFODNN7EXAMPLE", Secret: secret}
	type hidden struct{ secret Secret }
	type holder struct {
		Name   string
		Secret Secret
		Keys   []AccessKey
		ByID   map[string]Secret
	}
	values := []any{
		secret, &secret, key, &key,
		[]Secret{secret},
		map[Secret]Secret{secret: secret},
		[1]Secret{secret},
		holder{"n", secret, []AccessKey{key}, map[string]Secret{"k": secret}},
		struct{ Any any }{secret},
		hidden{secret},
		&hidden{secret},
		[]*AccessKey{&key},
		map[string]*AccessKey{"k": &key},
	}
	var out []string
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%10.3s", "%d", "%t", "%c", "%U", "%o", "%p"} {
			out = append(out, fmt.Sprintf(verb, v))
		}
		out = append(out, fmt.Sprint(v), fmt.Sprintln(v), fmt.Errorf("wrapped: %w, %v", errors.New("x"), v).Error())
		if text, err := json.Marshal(v); err == nil {
			out = append(out, string(text))
		}
		if text, err := xml.Marshal(v); err == nil {
			out = append(out, string(text))
		}
		var log bytes.Buffer
		for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
			l := slog.New(handler)
			l.Info("message", "value", v, slog.Group("group", slog.Any("value", v)))
			l.With("value", v).Info("message")
		}
		out = append(out, log.String())
	}
	hex := fmt.Sprintf("%x", canary)
	redactions := 0
	for _, s := range out {
		if strings.Contains(s, canary) || strings.Contains(s, canary[:20]) || strings.Contains(strings.ToLower(strings.ReplaceAll(s, " ", "")), hex) {
			t.Errorf("a secret is printed: %s", s)
		}
		redactions += strings.Count(s, redacted)
	}
	if redactions < len(values) {
		t.Errorf("%d redactions in all: nothing was printed at all", redactions)
	}
}

func TestSecretItself(t *testing.T) {
	if s := NewSecret("x"); s.Reveal() != "x" || s.IsZero() {
		t.Errorf("Reveal() = %q", s.Reveal())
	}
	if s := (Secret{}); s.Reveal() != "" || !s.IsZero() || s.String() != redacted {
		t.Error("the zero secret")
	}
}
