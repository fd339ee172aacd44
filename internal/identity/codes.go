package identity

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// The numbers of virtual MFA devices: those that every authenticator app knows
// (RFC 6238: SHA-1, six digits, 30 seconds).
const (
	stepSeconds = 30
	seedBytes   = 20 // RFC 4226, section 4, R6
	qrPixels    = 250
	qrBorder    = 24 // that cameras need, and not every viewer has white around it
	issuer      = "Keyhaven"

	codeWindow   = 1  // steps before and after the present whose codes are good
	resyncWindow = 20 // of two codes in a row
)

// How many wrong codes of one person are looked at before the next must wait: the
// wait doubles with each that follows.
const (
	freeCodes   = 5
	firstWait   = time.Minute
	longestWait = time.Hour
	maxGuessers = 100_000
	forgetAfter = 24 * time.Hour // the last wrong one
)

// newSeed returns a seed in base32 and the picture that apps read it from.
func newSeed(label string) (seed keyhaven.Secret, qr []byte, err error) {
	key, err := totp.Generate(totp.GenerateOpts{Issuer: issuer, AccountName: label, SecretSize: seedBytes, Period: stepSeconds})
	if err != nil {
		return seed, nil, fmt.Errorf("identity: seed of an MFA device: %w", err)
	}
	code, err := key.Image(qrPixels, qrPixels)
	if err != nil {
		return seed, nil, errors.New("identity: no picture of an MFA device's seed") // the cause may hold it
	}
	img := image.NewGray(image.Rect(0, 0, qrPixels+2*qrBorder, qrPixels+2*qrBorder))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(img, code.Bounds().Add(image.Pt(qrBorder, qrBorder)), code, image.Point{}, draw.Src)
	var buf bytes.Buffer
	if err := png.Encode(&buf, img); err != nil {
		return seed, nil, errors.New("identity: no picture of an MFA device's seed")
	}
	return keyhaven.NewSecret(key.Secret()), buf.Bytes(), nil
}

func wrongCode(serial string) error {
	return failure(keyhaven.Denied, keyhaven.NounMFADevice, serial, "Authentication code for device is not valid.")
}

// codes returns the codes of a device by their time steps.
func (s *Service) codes(d *keyhaven.MFADevice) (func(step int64) string, error) {
	seed, err := s.ring.Open(d.Seed, d.SealContext())
	if err != nil {
		return nil, fmt.Errorf("identity: MFA device %s: %w", d.ID, err)
	}
	return func(step int64) string {
		code, err := hotp.GenerateCodeCustom(string(seed), uint64(step), hotp.ValidateOpts{Digits: otp.DigitsSix})
		if err != nil {
			return "" // which equals no code: they have six digits
		}
		return code
	}, nil
}

func sameCode(given, want string) bool {
	return len(want) == 6 && subtle.ConstantTimeCompare([]byte(given), []byte(want)) == 1
}

// step is the time step of the present.
func (s *Service) step() int64 { return s.now().Unix() / stepSeconds }

// synchronize finds two codes in a row near the present, and stores the device with
// what they tell of its clock.
func (s *Service) synchronize(tx *meta.Txn, d *keyhaven.MFADevice, first, second string) error {
	code, err := s.codes(d)
	if err != nil {
		return err
	}
	now := s.step()
	for step := max(d.Step+1, now-resyncWindow); step < now+resyncWindow; step++ {
		if sameCode(first, code(step)) && sameCode(second, code(step+1)) {
			d.Step, d.Drift = step+1, step+1-now
			return tx.PutEntity(d)
		}
	}
	return wrongCode(d.ARN())
}

// UseMFACode proves that a user or a root has a device by its code of the present,
// which no other call can then use again; serial is empty for any of their devices.
// Errors: NotFound MFA device when they have none, or not this one; Denied MFA
// device for a wrong code; Throttled MFA device after too many of them.
func (s *Service) UseMFACode(ctx context.Context, who Person, serial, code string) error {
	var id string
	mine := func(r *meta.Reader) (all []*keyhaven.MFADevice, err error) {
		if all, err = r.MFADevicesOf(id); err == nil && serial != "" {
			all = slices.DeleteFunc(all, func(d *keyhaven.MFADevice) bool { return d.ARN() != serial })
		}
		if err == nil && len(all) == 0 {
			err = devices.missing(serial)
		}
		return all, err
	}
	err := s.meta.View(ctx, func(r *meta.Reader) (err error) {
		if id, err = who.id(r); err == nil {
			_, err = mine(r)
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := s.guesses.begin(id, s.now()); err != nil {
		return err
	}
	err = s.meta.Update(ctx, func(tx *meta.Txn) error {
		all, err := mine(&tx.Reader)
		if err != nil {
			return err
		}
		for _, d := range all {
			ok, err := s.takes(d, code)
			if err != nil {
				return err
			}
			if ok {
				return tx.PutEntity(d)
			}
		}
		return wrongCode(serial)
	})
	if err == nil {
		s.guesses.succeeded(id)
	}
	return err
}

// takes reports whether a code is one of the device's that is good now, and notes
// its time step, up to which no other is good.
func (s *Service) takes(d *keyhaven.MFADevice, given string) (bool, error) {
	code, err := s.codes(d)
	if err != nil {
		return false, err
	}
	now := s.step() + d.Drift
	for step := max(d.Step+1, now-codeWindow); step <= now+codeWindow; step++ {
		if sameCode(given, code(step)) {
			d.Step = step
			return true, nil
		}
	}
	return false, nil
}

// guesses counts wrong codes by person. They are lost with the process.
type guesses struct {
	mu sync.Mutex
	of map[string]*guess
}

type guess struct {
	wrong int
	until time.Time // before which no code is looked at
	last  time.Time
}

// begin counts a code as wrong until it succeeds, so that many at the same time
// are not more than one after the other.
func (g *guesses) begin(id string, now time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := g.of[id]
	if n == nil || now.Sub(n.last) >= forgetAfter {
		g.room(now)
		n = &guess{}
		g.of[id] = n
	}
	if wait := n.until.Sub(now); wait > 0 {
		return failure(keyhaven.Throttled, keyhaven.NounMFADevice, "",
			"Too many wrong codes of MFA devices. Try again in "+strconv.Itoa(int(wait/time.Second)+1)+" seconds.")
	}
	n.wrong, n.last = n.wrong+1, now
	if more := n.wrong - freeCodes; more >= 0 {
		n.until = now.Add(min(longestWait, firstWait<<min(more, 10)))
	}
	return nil
}

// room forgets who need not wait when very many are counted.
func (g *guesses) room(now time.Time) {
	if len(g.of) < maxGuessers {
		return
	}
	for id, n := range g.of {
		if !n.until.After(now) {
			delete(g.of, id)
		}
	}
}

func (g *guesses) succeeded(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.of, id)
}
