package blob_test

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/blob/memblob"
)

// A blob is written, committed and read. Abort can be deferred: after Commit it
// does nothing (B5).
func Example() {
	ctx := context.Background()
	store := memblob.New()
	ref, err := save(ctx, store, strings.NewReader("immutable bytes"))
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := store.Open(ctx, ref)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	content, err := io.ReadAll(io.NewSectionReader(r, 10, r.Size()))
	fmt.Println(string(content), err)
	// Output: bytes <nil>
}

func save(ctx context.Context, store blob.Store, from io.Reader) (blob.Ref, error) {
	w, err := store.Create(ctx, -1)
	if err != nil {
		return blob.Ref{}, err
	}
	defer w.Abort()
	if _, err := io.Copy(w, from); err != nil {
		return blob.Ref{}, err
	}
	return w.Commit(ctx)
}
