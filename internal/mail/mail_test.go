package mail_test

import (
	"bufio"
	"net"
	"strings"
	"testing"

	"github.com/keyhaven/keyhaven/internal/mail"
)

// server takes one mail by SMTP and returns its text.
func server(t *testing.T) (address string, got chan string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	got = make(chan string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		say := func(s string) { _, _ = c.Write([]byte(s + "\r\n")) }
		say("220 test")
		lines := bufio.NewScanner(c)
		var envelope, data strings.Builder
		inData := false
		for lines.Scan() {
			line := lines.Text()
			switch {
			case inData && line == ".":
				inData = false
				got <- envelope.String() + "\n" + data.String()
				say("250 taken")
			case inData:
				data.WriteString(line + "\n")
			case strings.HasPrefix(line, "EHLO"):
				say("250 test")
			case strings.HasPrefix(line, "DATA"):
				inData = true
				say("354 go on")
			case strings.HasPrefix(line, "QUIT"):
				say("221 bye")
				return
			default:
				envelope.WriteString(line + "\n")
				say("250 ok")
			}
		}
	}()
	return l.Addr().String(), got
}

func TestSend(t *testing.T) {
	address, got := server(t)
	s, err := mail.New(mail.Options{Server: "smtp://" + address, From: "keyhaven@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), "id-1", "somebody@example.org", "ALARM: x", "It is full.\n"); err != nil {
		t.Fatal(err)
	}
	text := <-got
	for _, want := range []string{
		"MAIL FROM:<keyhaven@example.com>", "RCPT TO:<somebody@example.org>", "Subject: ALARM: x", "It is full.", "Message-ID: <id-1@keyhaven>",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the mail has no %q:\n%s", want, text)
		}
	}
	if err := s.Send(t.Context(), "id-2", "no address", "x", "y"); err == nil {
		t.Error("a mail to no address is sent")
	}
}

func TestBadOptions(t *testing.T) {
	for _, o := range []mail.Options{
		{Server: "mail.example.com", From: "a@b.example"},
		{Server: "http://mail.example.com", From: "a@b.example"},
		{Server: "smtp://user:password@mail.example.com", From: "a@b.example"},
		{Server: "smtp://mail.example.com", From: "nobody"},
		{Server: "smtp://mail.example.com/x", From: "a@b.example"},
	} {
		if _, err := mail.New(o); err == nil {
			t.Errorf("New(%+v) succeeds", o)
		}
	}
}
