package console_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/access"
	"github.com/keyhaven/keyhaven/internal/console"
	"github.com/keyhaven/keyhaven/internal/identity"
)

// phone makes a device of a person, and returns what shows its present code. Each
// code is good once, so that the next is half a minute later.
func (r *rig) phone(name string, who identity.Person) func() string {
	r.t.Helper()
	d, err := r.people.CreateMFADevice(context.Background(), account, name, "", nil)
	check(r.t, err)
	code := func() string {
		c, err := totp.GenerateCode(d.Seed.Reveal(), time.Now())
		check(r.t, err)
		time.Sleep(30 * time.Second)
		return c
	}
	first := code()
	check(r.t, r.people.EnableMFADevice(context.Background(), who, d.ARN(), first, code()))
	return code
}

// TestIAM_MFASignIn: who has a device shows its code, after the password or the key,
// and nobody learns without them that there is one.
func TestIAM_MFASignIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		defer r.close()
		ctx := context.Background()
		_, err := r.people.CreateUser(ctx, account, identity.NewUser{Name: "bob"})
		check(t, err)
		_, err = r.people.CreateLogin(ctx, account, "bob", goodPassword, true)
		check(t, err)
		code := r.phone("bob", identity.Person{Account: account, User: "bob"})
		in := map[string]string{"kind": "user", "userName": "bob", "password": otherPassword}
		wantStatus(t, "a wrong password", r.post("/console/sign-in", in), 403, "SignInFailed")
		in["password"] = goodPassword
		wantStatus(t, "no new password", r.post("/console/sign-in", in), 409, "PasswordResetRequired")
		in["newPassword"] = otherPassword
		wantStatus(t, "no code", r.post("/console/sign-in", in), 409, "MFARequired")
		in["mfaCode"] = "000000"
		wantStatus(t, "a wrong code", r.post("/console/sign-in", in), 403, "InvalidMFACode")
		in["mfaCode"], in["newPassword"] = code(), "weak"
		wantStatus(t, "a weak password, which leaves the code", r.post("/console/sign-in", in), 400, "InvalidPassword")
		in["newPassword"] = otherPassword
		res := r.post("/console/sign-in", in)
		wantStatus(t, "with everything", res, 200, `"name":"bob"`)
		delete(in, "newPassword")
		in["password"] = otherPassword
		wantStatus(t, "the code again", r.post("/console/sign-in", in), 403, "InvalidMFACode")
		in["mfaCode"] = code()
		wantStatus(t, "the next code", r.post("/console/sign-in", in), 200)
		r.jar = res.Cookies()
		wantStatus(t, "renewal asks for none", r.send("POST", "/console/credentials", "{}"), 200, "ASIA")
		r.jar = nil
		in["mfaCode"] = "000000"
		for range 5 {
			wantStatus(t, "guessing", r.post("/console/sign-in", in), 403, "InvalidMFACode")
		}
		in["mfaCode"] = code()
		wantStatus(t, "the right code after too many wrong ones", r.post("/console/sign-in", in), 429, "TooManyAttempts")
	})
}

// TestIAM_RootMFASignIn: the root's device is asked for with its password and with
// its key, and a change of the password does not lose it.
func TestIAM_RootMFASignIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log trail
		r := newRig(t, func(o *console.Options) { o.Audit = &log })
		defer r.close()
		root := identity.Person{Account: account}
		check(t, r.people.SetRootPassword(context.Background(), account, goodPassword))
		code := r.phone("root", root)
		in := map[string]string{"kind": "root", "password": goodPassword}
		wantStatus(t, "no code", r.post("/console/sign-in", in), 409, "MFARequired")
		key := map[string]string{"kind": "key", "accessKeyId": r.root.ID, "secretAccessKey": r.root.Secret.Reveal()}
		wantStatus(t, "by the key without a code", r.post("/console/sign-in", key), 409, "MFARequired")
		key["mfaCode"] = code()
		wantStatus(t, "by the key", r.post("/console/sign-in", key), 200)
		key["secretAccessKey"], key["mfaCode"] = "wrong", ""
		wantStatus(t, "a wrong secret", r.post("/console/sign-in", key), 403, "SignInFailed")
		in["mfaCode"] = code()
		log = nil
		res := r.post("/console/sign-in", in)
		wantStatus(t, "by the password", res, 200)
		if len(log) != 1 || !strings.Contains(string(log[0].AdditionalData), `"MFAUsed":"Yes"`) || strings.Contains(string(log[0].AdditionalData), in["mfaCode"]) {
			t.Errorf("the sign-in is recorded as %s", log.lines())
		}
		r.jar = res.Cookies()
		res = r.post("/console/password", map[string]string{"oldPassword": goodPassword, "newPassword": otherPassword})
		wantStatus(t, "another password", res, 200)
		if s := r.signedIn(res); s.Principal.MFA.IsZero() {
			t.Error("the session does not have the device any more")
		}
	})
}

// TestIAM_FirstStartWithMFA: the link of the first start does not get around a
// device.
func TestIAM_FirstStartWithMFA(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		defer r.close()
		r.phone("root", identity.Person{Account: account})
		wantStatus(t, "the link", r.post("/console/first-start", map[string]string{"token": r.first, "password": goodPassword}), 403, "LinkExpired")
	})
}

// signedIn is the session that an answer opened.
func (r *rig) signedIn(res *http.Response) *access.SignIn {
	r.t.Helper()
	s, err := r.keys.SignedIn(context.Background(), keyhaven.NewSecret(res.Cookies()[0].Value))
	check(r.t, err)
	return s
}
