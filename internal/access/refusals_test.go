package access_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
)

// TestSEC02_Refusals: of a network whose requests are refused one hears once a
// minute, with their number, and of none that is not.
func TestSEC02_Refusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, memkv.NewRerunning())
		one, two := r.createKey("photos"), r.createKey("photos")
		wrong := keyhaven.NewSecret("wrong")
		var mu sync.Mutex
		var told []string
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go r.RunRefusals(ctx, func(n access.Refusals) {
			slices.Sort(n.KeyIDs)
			mu.Lock()
			defer mu.Unlock()
			told = append(told, fmt.Sprint(n.Network, " ", n.Count, " ", strings.Join(n.KeyIDs, ","), " ", n.Last.Sub(n.First), " ", n.Address, " ", n.UserAgent))
		})
		ids := []string{one.ID, two.ID}
		slices.Sort(ids)
		guess := func(address string, n int) {
			t.Helper()
			for i := range n {
				id := []string{one.ID, two.ID}[i%2]
				_ = r.from(address, id, wrong, func(req *http.Request) { req.Header.Set("User-Agent", "guesser/1") })
			}
		}
		want := func(what string, lines ...string) {
			t.Helper()
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if !slices.Equal(told, lines) {
				t.Errorf("%s: told of %q, want %q", what, told, lines)
			}
			told = nil
		}
		const attacker = "192.0.2.66:1234"
		guess(attacker, access.MaxFaults)
		guess("192.0.2.7:1", 5)
		time.Sleep(access.FaultWindow / 2)
		guess(attacker, 7)
		time.Sleep(20 * time.Second)
		guess(attacker, 3)
		want("within the minute")
		time.Sleep(access.FaultWindow - 20*time.Second + 4*time.Second)
		want("after it", "192.0.2.66/32 10 "+strings.Join(ids, ",")+" 20s 192.0.2.66 guesser/1")
		time.Sleep(3 * access.FaultWindow)
		want("later")
		guess("[2001:db8::1]:1", access.MaxFaults)
		guess("[2001:db8::2]:1", 1)
		stop()
		synctest.Wait()
		if left := r.LastRefusals(); len(left) != 1 || left[0].Count != 1 || left[0].Network.String() != "2001:db8::/64" || left[0].Address != "2001:db8::2" {
			t.Errorf("in the end: %v", left)
		}
		if left := r.LastRefusals(); len(left) != 0 {
			t.Errorf("told twice: %v", left)
		}
	})
}
