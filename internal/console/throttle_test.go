package console

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// TestThrottleLocksNoOwnerOut: who guesses a name is made to wait; its owner
// elsewhere is not, nor are others at the same address until it has failed far
// too often.
func TestThrottleLocksNoOwnerOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := newThrottle()
		who := func(address, name string) []string {
			return []string{"address " + address, "address " + address + " user /" + name}
		}
		for range Attempts {
			if th.wait(who("192.0.2.1", "ann")...) != 0 {
				t.Fatal("a first guess waits")
			}
			th.failed(who("192.0.2.1", "ann")...)
		}
		if th.wait(who("192.0.2.1", "ann")...) != Window {
			t.Error("the guesser does not wait")
		}
		if th.wait(who("192.0.2.2", "ann")...) != 0 || th.wait(who("192.0.2.1", "bob")...) != 0 {
			t.Error("the owner elsewhere, or another person at the address, waits")
		}
		th.succeeded(who("192.0.2.1", "bob")[1])
		for i := range AddressAttempts - Attempts {
			th.failed(who("192.0.2.1", fmt.Sprint("name", i))...)
		}
		if th.wait(who("192.0.2.1", "bob")...) == 0 {
			t.Error("an address may try any number of names")
		}
		if th.wait(who("192.0.2.2", "ann")...) != 0 {
			t.Error("the owner elsewhere waits")
		}
		time.Sleep(Window)
		if th.wait(who("192.0.2.1", "ann")...) != 0 {
			t.Error("it never ends")
		}
	})
}
