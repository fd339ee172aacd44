package access

import (
	"context"
	"strings"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/policy"
)

// SetAccountPublicAccessBlock sets what overrides everything public in all
// buckets of an account, from the next request on. Zero removes it.
func (s *Service) SetAccountPublicAccessBlock(ctx context.Context, id keyhaven.AccountID, block keyhaven.PublicAccessBlock) error {
	return s.meta.Update(ctx, func(tx *meta.Txn) error {
		a, err := tx.Account(id)
		if err != nil {
			return err
		}
		a.PublicAccessBlock = block
		return tx.PutAccount(*a)
	})
}

// AccountByCanonicalID returns the account of a canonical id. Errors: NotFound.
func (s *Service) AccountByCanonicalID(ctx context.Context, canonical string) (found *keyhaven.Account, err error) {
	err = s.meta.View(ctx, func(r *meta.Reader) (err error) {
		found, err = byCanonicalID(r, canonical)
		return err
	})
	return found, err
}

func byCanonicalID(r *meta.Reader, canonical string) (found *keyhaven.Account, err error) {
	err = r.Accounts("", func(a *keyhaven.Account) bool {
		if canonical != "" && a.CanonicalID == canonical {
			found = a
		}
		return found == nil
	})
	if err == nil && found == nil {
		err = &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounAccount, ID: canonical}
	}
	return found, err
}

// CheckPrincipals refuses a document that names accounts, users or roles which
// do not exist, as AWS does. Errors: *policy.Error.
func (s *Service) CheckPrincipals(ctx context.Context, doc *policy.Document) error {
	accounts, canonical, arns := doc.Principals()
	return s.meta.View(ctx, func(r *meta.Reader) error {
		for _, id := range accounts {
			if _, err := r.Account(keyhaven.AccountID(id)); err != nil {
				return noPrincipal(err)
			}
		}
		for _, id := range canonical {
			if _, err := byCanonicalID(r, id); err != nil {
				return noPrincipal(err)
			}
		}
		for _, arn := range arns {
			if err := checkARN(r, arn); err != nil {
				return noPrincipal(err)
			}
		}
		return nil
	})
}

func noPrincipal(err error) error {
	if keyhaven.KindOf(err) == keyhaven.NotFound {
		return &policy.Error{Msg: "Invalid principal in policy"}
	}
	return err
}

// checkARN looks up the user or the role that an ARN names; of the session of a
// role its role.
func checkARN(r *meta.Reader, arn string) error {
	parts := strings.SplitN(arn, ":", 6)
	account := keyhaven.AccountID(parts[4])
	typ, path, _ := strings.Cut(parts[5], "/")
	name := path[strings.LastIndexByte(path, '/')+1:]
	missing := &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounResource, ID: arn}
	switch typ {
	case "user":
		u, err := r.User(account, name)
		if err == nil && u.ARN() != arn {
			err = missing
		}
		return err
	case "role":
		role, err := r.Role(account, name)
		if err == nil && role.ARN() != arn {
			err = missing
		}
		return err
	case "assumed-role":
		name, _, _ = strings.Cut(path, "/")
		_, err := r.Role(account, name)
		return err
	}
	_, err := r.Account(account)
	return err
}
