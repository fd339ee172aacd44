package identity_test

import (
	"bytes"
	"fmt"
	"image/png"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/identity"
	"github.com/keyhaven/keyhaven/internal/meta"
)

var bob = identity.Person{Account: account, User: "bob"}

// phone is a device as its holder has it.
type phone struct {
	r      *rig
	serial string
	seed   string
}

func (r *rig) phone(name string) phone {
	r.t.Helper()
	d, err := r.CreateMFADevice(r.ctx, account, name, "", nil)
	r.must("device", err)
	return phone{r, d.ARN(), d.Seed.Reveal()}
}

// code is that of so many steps after the present.
func (p phone) code(steps int64) string {
	p.r.t.Helper()
	c, err := hotp.GenerateCodeCustom(p.seed, uint64(p.r.now.Unix()/30+steps), hotp.ValidateOpts{Digits: otp.DigitsSix})
	p.r.must("code", err)
	return c
}

func (p phone) enable(who identity.Person) {
	p.r.t.Helper()
	p.r.must("enable", p.r.EnableMFADevice(p.r.ctx, who, p.serial, p.code(-1), p.code(0)))
}

// wrong is six digits that are no code of about now.
func (p phone) wrong() string {
	for n := range 1000 {
		c := fmt.Sprintf("%06d", n)
		good := false
		for step := int64(-3); step <= 3; step++ {
			good = good || p.code(step) == c
		}
		if !good {
			return c
		}
	}
	p.r.t.Fatal("no wrong code")
	return ""
}

func (r *rig) user(name string) {
	r.t.Helper()
	_, err := r.CreateUser(r.ctx, account, identity.NewUser{Name: name})
	r.must("user", err)
}

// TestMFASeedIsSealed: the seed is in the answer of the call that makes the device
// and in nothing that is stored or printed.
func TestMFASeedIsSealed(t *testing.T) {
	r := newRig(t)
	d, err := r.CreateMFADevice(r.ctx, account, "phone", "/div/", nil)
	r.must("device", err)
	seed := d.Seed.Reveal()
	if len(seed) != 32 || d.ARN() != "arn:aws:iam::111122223333:mfa/div/phone" {
		t.Errorf("device %s with a seed of %d characters", d.ARN(), len(seed))
	}
	if img, err := png.Decode(bytes.NewReader(d.QR)); err != nil || img.Bounds().Dx() != 298 {
		t.Errorf("the picture: %v, %v", img, err)
	}
	if s := fmt.Sprintf("%v %+v %#v", d, d.MFADevice, d); strings.Contains(s, seed) {
		t.Error("the seed is printed with the device")
	}
	r.must("pairs", r.meta.View(r.ctx, func(rd *meta.Reader) error {
		return rd.Pairs(func(k, v []byte) error {
			if bytes.Contains(v, []byte(seed)) {
				t.Errorf("the seed stands under %q", k)
			}
			return nil
		})
	}))
	_, err = r.CreateMFADevice(r.ctx, account, "PHONE", "", nil)
	r.fails("the name again", err, keyhaven.AlreadyExists, keyhaven.NounMFADevice)
	for _, bad := range []string{"", "a/b", "a b", strings.Repeat("x", 227)} {
		_, err = r.CreateMFADevice(r.ctx, account, bad, "", nil)
		r.fails("the name "+bad, err, keyhaven.Invalid, keyhaven.NounNone)
	}
}

// TestMFALife: a device from its making to its end.
func TestMFALife(t *testing.T) {
	r := newRig(t)
	r.user("bob")
	p := r.phone("phone")
	r.fails("a wrong pair", r.EnableMFADevice(r.ctx, bob, p.serial, p.code(0), p.wrong()), keyhaven.Denied, keyhaven.NounMFADevice)
	r.fails("codes that do not follow", r.EnableMFADevice(r.ctx, bob, p.serial, p.code(0), p.code(2)), keyhaven.Denied, keyhaven.NounMFADevice)
	r.fails("no such device", r.EnableMFADevice(r.ctx, bob, "arn:aws:iam::111122223333:mfa/x", p.code(0), p.code(1)), keyhaven.NotFound, keyhaven.NounMFADevice)
	r.fails("another path", r.EnableMFADevice(r.ctx, bob, "arn:aws:iam::111122223333:mfa/a/phone", p.code(0), p.code(1)), keyhaven.NotFound, keyhaven.NounMFADevice)
	r.fails("another account's", r.EnableMFADevice(r.ctx, identity.Person{Account: other}, p.serial, p.code(0), p.code(1)), keyhaven.NotFound, keyhaven.NounMFADevice)
	r.fails("no such user", r.EnableMFADevice(r.ctx, identity.Person{Account: account, User: "eve"}, p.serial, p.code(0), p.code(1)), keyhaven.NotFound, keyhaven.NounUser)
	r.fails("a device that is nobody's yet", r.UseMFACode(r.ctx, bob, p.serial, p.code(0)), keyhaven.NotFound, keyhaven.NounMFADevice)
	p.enable(bob)
	r.fails("enabled twice", r.EnableMFADevice(r.ctx, identity.Person{Account: account}, p.serial, p.code(1), p.code(2)), keyhaven.AlreadyExists, keyhaven.NounMFADevice)
	all, err := r.MFADevicesOf(r.ctx, bob)
	if err != nil || len(all) != 1 || all[0].ARN() != p.serial || all[0].EnabledAt.IsZero() {
		t.Errorf("bob's devices are %v, %v", all, err)
	}
	if s, err := r.Summary(r.ctx, account); err != nil || s.MFADevices != 1 || s.MFADevicesInUse != 1 || s.RootMFA {
		t.Errorf("summary %+v, %v", s, err)
	}
	r.fails("deleting a device in use", r.DeleteMFADevice(r.ctx, account, p.serial), keyhaven.NotEmpty, keyhaven.NounMFADevice)
	r.fails("deleting its user", r.DeleteUser(r.ctx, account, "bob"), keyhaven.NotEmpty, keyhaven.NounUser)
	r.must("rename", r.UpdateUser(r.ctx, account, "bob", "robert", ""))
	robert := identity.Person{Account: account, User: "robert"}
	r.must("a code under the new name", r.UseMFACode(r.ctx, robert, "", p.code(1)))
	r.fails("another's device", r.DeactivateMFADevice(r.ctx, identity.Person{Account: account}, p.serial), keyhaven.NotFound, keyhaven.NounMFADevice)
	r.must("deactivate", r.DeactivateMFADevice(r.ctx, robert, p.serial))
	r.fails("a code afterwards", r.UseMFACode(r.ctx, robert, p.serial, p.code(2)), keyhaven.NotFound, keyhaven.NounMFADevice)
	r.fails("enabled again by codes that were used", r.EnableMFADevice(r.ctx, robert, p.serial, p.code(0), p.code(1)), keyhaven.Denied, keyhaven.NounMFADevice)
	r.must("delete", r.DeleteMFADevice(r.ctx, account, p.serial))
	r.must("delete the user", r.DeleteUser(r.ctx, account, "robert"))
}

// TestMFACodesAreGoodOnce: no code is taken twice, nor one before it, also after
// the clock goes back, and a device is let run ahead by what a resync has seen.
func TestMFACodesAreGoodOnce(t *testing.T) {
	r := newRig(t)
	r.user("bob")
	p := r.phone("phone")
	p.enable(bob)
	r.fails("the code that enabled it", r.UseMFACode(r.ctx, bob, p.serial, p.code(0)), keyhaven.Denied, keyhaven.NounMFADevice)
	r.now = r.now.Add(2 * time.Minute)
	for _, bad := range []string{p.code(-2), p.code(2), "", "12345", "1234567", "abcdef"} {
		r.fails("the code "+bad, r.UseMFACode(r.ctx, bob, p.serial, bad), keyhaven.Denied, keyhaven.NounMFADevice)
		r.now = r.now.Add(24 * time.Hour)
	}
	r.must("the present code", r.UseMFACode(r.ctx, bob, p.serial, p.code(0)))
	r.fails("again", r.UseMFACode(r.ctx, bob, p.serial, p.code(0)), keyhaven.Denied, keyhaven.NounMFADevice)
	r.fails("the one before", r.UseMFACode(r.ctx, bob, p.serial, p.code(-1)), keyhaven.Denied, keyhaven.NounMFADevice)
	r.must("the next", r.UseMFACode(r.ctx, bob, p.serial, p.code(1)))
	r.now = r.now.Add(-10 * time.Minute)
	r.fails("when the clock has gone back", r.UseMFACode(r.ctx, bob, p.serial, p.code(0)), keyhaven.Denied, keyhaven.NounMFADevice)

	r.now = r.now.Add(time.Hour)
	r.fails("codes too far off", r.ResyncMFADevice(r.ctx, bob, p.serial, p.code(30), p.code(31)), keyhaven.Denied, keyhaven.NounMFADevice)
	r.must("resync", r.ResyncMFADevice(r.ctx, bob, p.serial, p.code(10), p.code(11)))
	r.fails("the true time", r.UseMFACode(r.ctx, bob, p.serial, p.code(0)), keyhaven.Denied, keyhaven.NounMFADevice)
	r.must("the device's time", r.UseMFACode(r.ctx, bob, p.serial, p.code(12)))
}

// TestMFAGuessing: after a few wrong codes nobody may try for longer and longer;
// another person may.
func TestMFAGuessing(t *testing.T) {
	r := newRig(t)
	r.user("bob")
	root := identity.Person{Account: account}
	p, own := r.phone("phone"), r.phone("root")
	p.enable(bob)
	own.enable(root)
	r.now = r.now.Add(time.Hour)
	for range 5 {
		r.fails("a wrong code", r.UseMFACode(r.ctx, bob, "", p.wrong()), keyhaven.Denied, keyhaven.NounMFADevice)
	}
	r.fails("the right one too soon", r.UseMFACode(r.ctx, bob, "", p.code(0)), keyhaven.Throttled, keyhaven.NounMFADevice)
	r.must("the root's", r.UseMFACode(r.ctx, root, "", own.code(0)))
	r.now = r.now.Add(time.Minute)
	r.fails("one more wrong", r.UseMFACode(r.ctx, bob, "", p.wrong()), keyhaven.Denied, keyhaven.NounMFADevice)
	r.now = r.now.Add(time.Minute)
	r.fails("twice as long", r.UseMFACode(r.ctx, bob, "", p.code(0)), keyhaven.Throttled, keyhaven.NounMFADevice)
	r.now = r.now.Add(time.Minute)
	r.must("then", r.UseMFACode(r.ctx, bob, "", p.code(0)))
	r.fails("and the count begins anew", r.UseMFACode(r.ctx, bob, "", p.wrong()), keyhaven.Denied, keyhaven.NounMFADevice)
	r.must("so that the next is looked at", r.UseMFACode(r.ctx, bob, "", p.code(1)))
}

// TestMFACodeAtOnce: of many calls with the same code at the same time one is taken.
func TestMFACodeAtOnce(t *testing.T) {
	r := newRig(t)
	root := identity.Person{Account: account}
	p := r.phone("phone")
	p.enable(root)
	code, taken := p.code(1), atomic.Int64{}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if err := r.UseMFACode(r.ctx, root, "", code); err == nil {
				taken.Add(1)
			} else if !keyhaven.Is(err, keyhaven.Denied, keyhaven.NounMFADevice) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := taken.Load(); n != 1 {
		t.Errorf("a code was taken %d times", n)
	}
}

// TestMFAQuota: eight devices of a person, any of which is good.
func TestMFAQuota(t *testing.T) {
	r := newRig(t)
	root := identity.Person{Account: account}
	var last phone
	for n := range 8 {
		last = r.phone(fmt.Sprint("d", n))
		last.enable(root)
	}
	ninth := r.phone("d8")
	r.fails("a ninth", r.EnableMFADevice(r.ctx, root, ninth.serial, ninth.code(0), ninth.code(1)), keyhaven.LimitExceeded, keyhaven.NounMFADevice)
	r.must("the eighth", r.UseMFACode(r.ctx, root, "", last.code(1)))
	unassigned, assigned := false, true
	if all, _, err := r.MFADevices(r.ctx, account, &assigned, identity.Page{Max: 100}); err != nil || len(all) != 8 || all[0].Root == nil {
		t.Errorf("%d assigned, %v", len(all), err)
	}
	if all, _, err := r.MFADevices(r.ctx, account, &unassigned, identity.Page{Max: 100}); err != nil || len(all) != 1 || all[0].Root != nil {
		t.Errorf("%d unassigned, %v", len(all), err)
	}
	all, next, err := r.MFADevices(r.ctx, account, nil, identity.Page{Max: 5})
	if err != nil || len(all) != 5 || next == "" {
		t.Errorf("a page of %d, %q, %v", len(all), next, err)
	}
	if all, next, err = r.MFADevices(r.ctx, account, nil, identity.Page{Marker: next, Max: 5}); err != nil || len(all) != 4 || next != "" {
		t.Errorf("the rest: %d, %q, %v", len(all), next, err)
	}
}
