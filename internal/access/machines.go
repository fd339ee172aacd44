package access

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"strings"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// machineLifetime is how long a machine's credentials are good; SDKs fetch others
// before.
const machineLifetime = time.Hour

// MachineCredentials makes temporary credentials for the registered machine that
// holds the token. They reach the buckets that SetResourceAccessForBucket opened
// for it, as these are at each request. The machine is the one that the token names, nil
// for none; it has proved itself unless the error is Unauthenticated. Errors:
// Unauthenticated access key; Denied instance for one that is stopped.
func (s *Service) MachineCredentials(ctx context.Context, token keyhaven.Secret) (*Session, *keyhaven.Instance, error) {
	rest, ok := strings.CutPrefix(token.Reveal(), keyhaven.MachineToken)
	id, secret, dot := strings.Cut(rest, ".")
	if !ok || !dot || secret == "" {
		return nil, nil, unknownKey("")
	}
	var i *keyhaven.Instance
	err := s.meta.View(ctx, func(r *meta.Reader) (err error) {
		i, err = r.InstanceByID(id)
		return err
	})
	if keyhaven.KindOf(err) == keyhaven.NotFound && err != nil {
		return nil, nil, unknownKey("")
	}
	if err != nil {
		return nil, nil, err
	}
	sum := sha256.Sum256([]byte(secret))
	if i.Token == "" || subtle.ConstantTimeCompare([]byte(hex.EncodeToString(sum[:])), []byte(i.Token)) != 1 {
		return nil, i, unknownKey("")
	}
	if i.State != keyhaven.InstanceRunning {
		return nil, i, &keyhaven.Error{Kind: keyhaven.Denied, Noun: keyhaven.NounInstance, ID: i.Name, Msg: "The machine is stopped."}
	}
	session, err := s.NewSession(SessionInput{
		Kind: MachineSession, Duration: machineLifetime,
		Of: keyhaven.Principal{Kind: keyhaven.InstanceSession, Account: i.Account, ID: i.ID},
	})
	return session, i, err
}
