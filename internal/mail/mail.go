// Package mail sends plain mails through one SMTP server.
package mail

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/keyhaven/keyhaven"
)

// Options name the server and the sender.
type Options struct {
	// Server is smtp://[user@]host[:port], which uses TLS where the server offers
	// it, or smtps://, which insists on it.
	Server   string
	Password keyhaven.Secret // of the user
	From     string          // address of the sender
	Timeout  time.Duration   // of one mail; thirty seconds when zero
}

// Sender sends mails.
type Sender struct {
	from   string
	host   string
	client []gomail.Option
}

// New returns a sender. It does not connect yet.
func New(o Options) (*Sender, error) {
	u, err := url.Parse(o.Server)
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Hostname() == "" || u.Path != "" && u.Path != "/" {
		return nil, errors.New("mail: the server is smtp://[user@]host[:port] or smtps://…")
	}
	if _, hasPassword := u.User.Password(); hasPassword {
		return nil, errors.New("mail: the password does not belong into the address of the server")
	}
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	if err := gomail.NewMsg().From(o.From); err != nil {
		return nil, errors.New("mail: the sender is not an address")
	}
	s := &Sender{from: o.From, host: u.Hostname(), client: []gomail.Option{gomail.WithTimeout(o.Timeout)}}
	port := 587
	if u.Scheme == "smtps" {
		port = 465
		s.client = append(s.client, gomail.WithSSL())
	} else {
		s.client = append(s.client, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	}
	if p := u.Port(); p != "" {
		if port, err = strconv.Atoi(p); err != nil {
			return nil, err
		}
	}
	s.client = append(s.client, gomail.WithPort(port))
	if u.User != nil && u.User.Username() != "" {
		// Without TLS a password is given to a server of this machine alone.
		auth := gomail.SMTPAuthAutoDiscover
		if ip := net.ParseIP(s.host); u.Scheme == "smtp" && ip != nil && ip.IsLoopback() {
			auth = gomail.SMTPAuthPlainNoEnc
		}
		s.client = append(s.client, gomail.WithSMTPAuth(auth), gomail.WithUsername(u.User.Username()), gomail.WithPassword(o.Password.Reveal()))
	}
	if _, err := gomail.NewClient(s.host, s.client...); err != nil {
		return nil, err
	}
	return s, nil
}

// Send sends one mail of plain text. id is the same each time that a mail is
// sent, so that a reader can tell.
func (s *Sender) Send(ctx context.Context, id, to, subject, text string) error {
	m := gomail.NewMsg()
	if err := m.From(s.from); err != nil {
		return err
	}
	if err := m.To(to); err != nil {
		return err
	}
	m.Subject(subject)
	m.SetDate()
	m.SetMessageIDWithValue(id + "@keyhaven")
	m.SetBodyString(gomail.TypeTextPlain, text)
	c, err := gomail.NewClient(s.host, s.client...)
	if err != nil {
		return err
	}
	return c.DialAndSendWithContext(ctx, m)
}
