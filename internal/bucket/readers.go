package bucket

import (
	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
)

// mayOpen refuses to make all objects public where the account's block of
// public policies forbids it (spec/bucket-semantics.md §4.5).
func mayOpen(tx *meta.Txn, b *keyhaven.Bucket, public *bool) error {
	if public == nil || !*public || b.AccessRules.GetObjectPublic {
		return nil
	}
	a, err := tx.Account(b.Account)
	if keyhaven.KindOf(err) == keyhaven.NotFound {
		return nil
	}
	if err == nil && a.PublicAccessBlock.Has(keyhaven.BlockPublicPolicy) {
		err = &keyhaven.Error{
			Kind: keyhaven.Denied, Noun: keyhaven.NounAccessRules, ID: b.Name,
			Msg: "The account blocks public policies: a bucket cannot be made public.",
		}
	}
	return err
}

// checkReaders checks a list of accounts that may read.
func checkReaders(accounts *[]keyhaven.AccountID) error {
	if accounts == nil {
		return nil
	}
	if len(*accounts) > keyhaven.MaxReadonlyAccounts {
		return &keyhaven.Error{Kind: keyhaven.Invalid, Msg: "A bucket can have at most 10 accounts with read-only access."}
	}
	for _, id := range *accounts {
		if !id.Valid() {
			return &keyhaven.Error{Kind: keyhaven.Invalid, Msg: "An account id has twelve digits."}
		}
	}
	return nil
}
