package edge_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// TestContinue: who asks for "100 Continue" gets it once, when the body is
// wanted, or when there is none to wait for; never from a door that refuses.
func TestContinue(t *testing.T) {
	for _, try := range []struct {
		head, body string
		door       http.HandlerFunc
		want       []int
	}{
		{"Content-Length: 5\r\nExpect: 100-continue", "hello", readAll, []int{100, 200}},
		{"Content-Length: 0\r\nExpect: 100-continue", "", readAll, []int{100, 200}},
		{"Expect: 100-Continue", "", readAll, []int{100, 200}},
		{"Content-Length: 5\r\nExpect: 100-continue", "", refuse, []int{403}},
		{"Content-Length: 5", "hello", readAll, []int{200}},
		{"Content-Length: 0", "", readAll, []int{200}},
	} {
		synctest.Test(t, func(t *testing.T) {
			conn, in := start(t, new(logbook), try.door)
			begun := time.Now()
			send(t, conn, "PUT / HTTP/1.1\r\nHost: x\r\n"+try.head+"\r\n\r\n")
			for i, want := range try.want {
				if i == len(try.want)-1 && try.body != "" {
					send(t, conn, try.body)
				}
				status, body := receive(t, in)
				if status != want || status == 200 && body != fmt.Sprintf("%d <nil>", len(try.body)) {
					t.Errorf("%q: answer %d = %d %q, want %d", try.head, i, status, body, want)
				}
			}
			if d := time.Since(begun); d != 0 {
				t.Errorf("%q: the server waited %v for a body that it did not ask for", try.head, d)
			}
		})
	}
}

func refuse(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }
