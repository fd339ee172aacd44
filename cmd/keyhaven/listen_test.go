package main

import (
	"errors"
	"net"
	"testing"
)

// TestR17_ConnectionsAreLimited: what is beyond waits until another one ends,
// and closing the listener ends the wait.
func TestR17_ConnectionsAreLimited(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := limitListener(inner, 2)
	accepted := make(chan net.Conn)
	ended := make(chan error, 1)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				ended <- err
				return
			}
			accepted <- conn
		}
	}()
	for range 3 {
		conn, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	first, second := <-accepted, <-accepted
	if n := len(l.places); n != 2 {
		t.Errorf("%d places are taken, want both", n)
	}
	select {
	case <-accepted:
		t.Error("a third connection is accepted")
	default:
	}
	if err := errors.Join(first.Close(), first.Close()); err == nil {
		t.Error("closing twice is no error of the connection")
	}
	third := <-accepted // the second Close has freed no second place
	if n := len(l.places); n != 2 {
		t.Errorf("%d places are taken after one was given on, want both", n)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept() of a closed listener = %v", err)
	}
	second.Close()
	third.Close()
}

func TestConnectionLimit(t *testing.T) {
	if n := connectionLimit(); n < 64 || n > 1<<20 {
		t.Errorf("connectionLimit() = %d", n)
	}
}
