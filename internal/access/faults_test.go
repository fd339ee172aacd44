package access_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/kv/memkv"
	"github.com/keyhaven/keyhaven/internal/sigv4"
)

// from signs a request of an address and authenticates it.
func (r *rig) from(address, id string, secret keyhaven.Secret, change ...func(*http.Request)) error {
	req := request()
	signer(id, secret).SignHeader(req, nil)
	req.RemoteAddr = address
	for _, fn := range change {
		fn(req)
	}
	_, err := r.Authenticate(req, "s3", "")
	return err
}

// TestFaultsAreThrottled: an address that guesses is refused after MaxFaults,
// right guesses and all; the owner of a key is not, from elsewhere or from behind
// the same address, and after a FaultWindow nobody is.
func TestFaultsAreThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, memkv.NewRerunning())
		k, fresh := r.createKey("photos"), r.createKey("photos")
		wrong := keyhaven.NewSecret("wrong")
		const attacker, elsewhere = "192.0.2.66:1234", "192.0.2.7:1234"
		r.must("the owner, before", r.from(attacker, k.ID, k.Secret)) // behind the same proxy
		for i := range access.MaxFaults {
			if err := r.from(attacker, fresh.ID, wrong); keyhaven.KindOf(err) == keyhaven.Throttled {
				t.Fatalf("guess %d is throttled already", i)
			}
		}
		for what, err := range map[string]error{
			"a wrong secret": r.from(attacker, fresh.ID, wrong), "another port": r.from("192.0.2.66:99", fresh.ID, wrong), "the right secret of a key that was never used from here": r.from(attacker, fresh.ID, fresh.Secret),
		} {
			if keyhaven.KindOf(err) != keyhaven.Throttled {
				t.Errorf("%s after too many = %v, want Throttled", what, err)
			}
		}
		wantUnknown(t, "no key", r.from(attacker, "AKIAIOSFODNN7EXAMPLE", wrong))
		r.must("the owner at the same address", r.from(attacker, k.ID, k.Secret))
		r.must("the owner elsewhere", r.from(elsewhere, fresh.ID, fresh.Secret))
		time.Sleep(access.FaultWindow)
		r.must("anybody, later", r.from(attacker, fresh.ID, fresh.Secret))
	})
}

// TestFaultsOfOneNetwork: addresses of one /64 count together, those of IPv4 do not.
func TestFaultsOfOneNetwork(t *testing.T) {
	r := newRig(t, memkv.NewRerunning())
	k := r.createKey("photos")
	wrong := keyhaven.NewSecret("wrong")
	var throttled4, throttled6 bool
	for i := range access.MaxFaults + 1 {
		throttled6 = keyhaven.KindOf(r.from(fmt.Sprintf("[2001:db8::%x]:1", i+1), k.ID, wrong)) == keyhaven.Throttled
		throttled4 = keyhaven.KindOf(r.from(fmt.Sprintf("10.0.%d.%d:1", i/250, i%250), k.ID, wrong)) == keyhaven.Throttled
	}
	if throttled4 || !throttled6 {
		t.Errorf("throttled: many addresses of IPv4 %t, one network of IPv6 %t", throttled4, throttled6)
	}
	r.must("another network", r.from("[2001:db8:0:1::1]:1", k.ID, k.Secret))
}

// TestMistakesAreNoFaults: neither a wrong clock nor a key that is not there is
// counted.
func TestMistakesAreNoFaults(t *testing.T) {
	r := newRig(t, memkv.NewRerunning())
	k := r.createKey("photos")
	for range access.MaxFaults + 5 {
		wantUnknown(t, "no key", r.from("192.0.2.8:1", "AKIAIOSFODNN7EXAMPLE", k.Secret))
		err := r.from("192.0.2.8:1", k.ID, k.Secret, func(req *http.Request) { req.Header.Set("X-Amz-Date", "20200101T000000Z") })
		if e, ok := errors.AsType[*sigv4.Error](err); !ok || e.Reason == sigv4.SignatureMismatch {
			t.Fatalf("a wrong clock = %v", err)
		}
	}
	r.must("the same address", r.from("192.0.2.8:1", k.ID, k.Secret))
}

// TestFaultsOfManyAddresses: what is counted is bounded.
func TestFaultsOfManyAddresses(t *testing.T) {
	r := newRig(t, memkv.NewRerunning())
	k := r.createKey("photos")
	for i := range 21_000 {
		err := r.from(fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255), k.ID, keyhaven.NewSecret("wrong"))
		if keyhaven.KindOf(err) == keyhaven.Throttled {
			t.Fatalf("address %d is throttled at its first failure", i)
		}
	}
	if n := r.FaultyAddresses(); n > access.MaxFaultyAddresses {
		t.Errorf("%d addresses are counted, want %d at most", n, access.MaxFaultyAddresses)
	}
}
