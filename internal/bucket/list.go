package bucket

import (
	"context"
	"encoding/base64"
	"strings"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// The sizes of pages. A page of buckets is larger than Lightsail's cap, as most
// of its clients read one page only.
const (
	bucketPage    = 1000
	operationPage = 200
)

// tokenPrefix makes page tokens recognizable and lets their form change.
const tokenPrefix = "1."

func encodeToken(s string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(tokenPrefix + s))
}

func decodeToken(token string) (string, error) {
	if token == "" {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	s, ok := strings.CutPrefix(string(raw), tokenPrefix)
	if err != nil || !ok || s == "" {
		return "", &keyhaven.Error{Kind: keyhaven.Invalid, Noun: keyhaven.NounPageToken, ID: token}
	}
	return s, nil
}

// List returns a page of the account's buckets in a region, or in all when
// region is empty, in order of name, and the token of the next page.
func (s *Service) List(ctx context.Context, account keyhaven.AccountID, region, pageToken string) (buckets []*keyhaven.Bucket, next string, err error) {
	err = s.Each(ctx, EachInput{Account: account, Region: region, Token: pageToken}, func(b *keyhaven.Bucket) bool {
		if len(buckets) == bucketPage {
			next = Token(b.Name)
			return false
		}
		buckets = append(buckets, b)
		return true
	})
	return buckets, next, err
}

// ActiveNames returns a page of the names of the resources in a region.
func (s *Service) ActiveNames(ctx context.Context, account keyhaven.AccountID, region, pageToken string) ([]string, string, error) {
	buckets, next, err := s.List(ctx, account, region, pageToken)
	names := make([]string, len(buckets))
	for i, b := range buckets {
		names[i] = b.Name
	}
	return names, next, err
}

// Operation returns an operation of the account. Errors: NotFound.
func (s *Service) Operation(ctx context.Context, account keyhaven.AccountID, id string) (op *keyhaven.Operation, err error) {
	err = s.meta.View(ctx, func(r *meta.Reader) (err error) {
		op, err = r.Operation(account, id)
		return err
	})
	return op, err
}

// Operations returns a page of the operations in a region, newest first.
func (s *Service) Operations(ctx context.Context, account keyhaven.AccountID, region, pageToken string) ([]keyhaven.Operation, string, error) {
	return s.operations(ctx, account, region, "", pageToken)
}

// OperationsForResource returns a page of the operations on one resource, which
// may be gone, newest first. Errors: NotFound when nothing was ever done to a
// resource of this name.
func (s *Service) OperationsForResource(ctx context.Context, account keyhaven.AccountID, region, name, pageToken string) ([]keyhaven.Operation, string, error) {
	ops, next, err := s.operations(ctx, account, region, name, pageToken)
	if err == nil && len(ops) == 0 && pageToken == "" {
		return nil, "", &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounResource, ID: name}
	}
	return ops, next, err
}

func (s *Service) operations(ctx context.Context, account keyhaven.AccountID, region, name, pageToken string) (ops []keyhaven.Operation, next string, err error) {
	before, err := decodeToken(pageToken)
	if err != nil {
		return nil, "", err
	}
	err = s.meta.View(ctx, func(r *meta.Reader) error {
		return r.Operations(account, region, name, before, func(op *keyhaven.Operation) bool {
			if len(ops) == operationPage {
				next = encodeToken(ops[len(ops)-1].ID)
				return false
			}
			ops = append(ops, *op)
			return true
		})
	})
	return ops, next, err
}

// EachInput chooses buckets of an account.
type EachInput struct {
	Account keyhaven.AccountID
	Prefix  string
	Region  string // any when empty
	Token   string // of Token; where to go on
}

// Token makes the page token that goes on at the bucket of this name.
func Token(name string) string { return encodeToken(name) }

// Each calls fn for the chosen buckets in order of name until it returns false.
func (s *Service) Each(ctx context.Context, in EachInput, fn func(*keyhaven.Bucket) bool) error {
	from, err := decodeToken(in.Token)
	if err != nil {
		return err
	}
	from = max(from, in.Prefix)
	return s.meta.View(ctx, func(r *meta.Reader) error {
		return r.Buckets(in.Account, from, func(b *keyhaven.Bucket) bool {
			if !strings.HasPrefix(b.Name, in.Prefix) {
				return false
			}
			return in.Region != "" && b.Region != in.Region || fn(b)
		})
	})
}
