package object

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/blob"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/sse"
)

// KeyRing wraps data keys under the server's master keys.
type KeyRing interface {
	Seal(plaintext []byte, context string) ([]byte, error)
	Open(sealed []byte, context string) ([]byte, error)
}

// EncryptionRequest is how a client wants an object to be encrypted. The zero
// value leaves it to the bucket.
type EncryptionRequest struct {
	Encryption  keyhaven.Encryption
	CustomerKey *keyhaven.CustomerKey // of SSECustomer
}

// dataKeyContext binds what the key ring seals to its purpose.
const dataKeyContext = "object data key"

// sealer encrypts the bytes of one object or upload; nil encrypts nothing.
type sealer struct {
	how     keyhaven.Encryption
	key     sse.Key
	wrapped []byte
}

// encryption is what becomes of a request in a bucket: its own wish, else the
// bucket's default. The zero value is no encryption.
func (s *Service) encryption(ctx context.Context, b *keyhaven.Bucket, req EncryptionRequest) (keyhaven.Encryption, error) {
	conf, err := meta.BucketConfig[keyhaven.EncryptionConfig](ctx, s.meta, b, keyhaven.ConfigEncryption)
	if err != nil || conf == nil {
		return req.Encryption, err
	}
	if req.Encryption.Mode == keyhaven.SSENone {
		return conf.Default, nil
	}
	if req.Encryption.Mode == keyhaven.SSECustomer && conf.BlockSSEC {
		return keyhaven.Encryption{}, &keyhaven.Error{Kind: keyhaven.Denied, Noun: keyhaven.NounEncryption, ID: b.Name}
	}
	return req.Encryption, nil
}

// sealer returns what encrypts a new object, or nil.
func (s *Service) sealer(ctx context.Context, b *keyhaven.Bucket, req EncryptionRequest) (*sealer, error) {
	if req.Encryption.Mode == keyhaven.SSENone && !b.Configs.Has(keyhaven.ConfigEncryption) {
		return nil, nil // the common case
	}
	how, err := s.encryption(ctx, b, req)
	if err != nil || how.Mode == keyhaven.SSENone {
		return nil, err
	}
	e := &sealer{how: how, key: sse.NewKey()}
	switch how.Mode {
	case keyhaven.SSES3:
		if s.opts.Ring == nil {
			return nil, &keyhaven.Error{Kind: keyhaven.NotImplemented}
		}
		e.wrapped, err = s.opts.Ring.Seal(e.key[:], dataKeyContext)
	case keyhaven.SSEKMS:
		var under [sse.KeySize]byte
		if under, err = s.localKey(how.KeyID); err == nil {
			e.wrapped, err = sse.Wrap(under, "kms "+how.KeyID, e.key)
		}
	case keyhaven.SSECustomer:
		e.wrapped, err = sse.Wrap(*req.CustomerKey, "customer", e.key)
	default:
		err = fmt.Errorf("object: unknown encryption %d", how.Mode)
	}
	return e, err
}

func (s *Service) localKey(name string) ([sse.KeySize]byte, error) {
	key, ok := s.opts.LocalKeys.Get(name)
	if !ok {
		return key, &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounEncryption, ID: name, Msg: "Invalid keyId '" + name + "'"}
	}
	return key, nil
}

// HasLocalKey reports whether objects can be encrypted under a named key.
func (s *Service) HasLocalKey(name string) error {
	_, err := s.localKey(name)
	return err
}

// unseal returns the data key of what was encrypted. A customer's key must come
// with it, and with nothing else.
func (s *Service) unseal(how keyhaven.Encryption, wrapped []byte, customer *keyhaven.CustomerKey) (k sse.Key, err error) {
	if how.Mode != keyhaven.SSECustomer && customer != nil {
		return k, badEncryption("The encryption parameters are not applicable to this object.")
	}
	switch how.Mode {
	case keyhaven.SSENone:
		return k, nil
	case keyhaven.SSES3:
		if s.opts.Ring == nil {
			return k, errors.New("object: there is no key ring")
		}
		plain, err := s.opts.Ring.Open(wrapped, dataKeyContext)
		if err == nil && len(plain) != len(k) {
			err = blob.ErrCorrupt
		}
		if err != nil {
			return k, fmt.Errorf("object: data key: %w", err)
		}
		return sse.Key(plain), nil
	case keyhaven.SSEKMS:
		under, err := s.localKey(how.KeyID)
		if err != nil {
			return k, err
		}
		return sse.Unwrap(under, "kms "+how.KeyID, wrapped)
	case keyhaven.SSECustomer:
		if customer == nil {
			return k, badEncryption("The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.")
		}
		if k, err = sse.Unwrap(*customer, "customer", wrapped); err != nil {
			return k, &keyhaven.Error{Kind: keyhaven.Denied, Noun: keyhaven.NounEncryption}
		}
		return k, nil
	}
	return k, fmt.Errorf("object: unknown encryption %d", how.Mode)
}

func badEncryption(msg string) error {
	return &keyhaven.Error{Kind: keyhaven.Invalid, Noun: keyhaven.NounEncryption, Msg: msg}
}

// partSealer returns what encrypts a part of an upload, or nil.
func (s *Service) partSealer(u *meta.Upload, customer *keyhaven.CustomerKey) (*sealer, error) {
	customers := u.Encryption.Mode == keyhaven.SSECustomer
	switch {
	case customers && customer == nil:
		return nil, badEncryption("The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.")
	case !customers && customer != nil:
		return nil, badEncryption("The multipart upload initiate did not request encryption. Please resend the request without sending encryption parameters.")
	case u.Encryption.Mode == keyhaven.SSENone:
		return nil, nil
	}
	key, err := s.unseal(u.Encryption, u.Sealed.Key, customer)
	if keyhaven.KindOf(err) == keyhaven.Denied {
		err = badEncryption("The provided encryption parameters did not match the ones used originally.")
	}
	return &sealer{how: u.Encryption, key: key, wrapped: u.Sealed.Key}, err
}

// mark notes on a version how it is encrypted.
func (e *sealer) mark(v *meta.Version, salt sse.Salt) {
	if e != nil {
		v.Encryption, v.Sealed = e.how, meta.Sealed{Key: e.wrapped, Salt: salt}
	}
}

// small encrypts a body that goes with its record.
func (e *sealer) small(st *stored) error {
	if e == nil || len(st.small) == 0 {
		return nil
	}
	st.salt = sse.NewSalt()
	body, err := sse.NewBody(e.key, st.salt)
	if err != nil {
		return err
	}
	st.small = body.Seal(st.small)
	return nil
}

// writer encrypts what goes to a blob.
func (e *sealer) writer(st *stored, w blob.Writer) (blob.Writer, error) {
	if e == nil {
		return w, nil
	}
	st.salt = sse.NewSalt()
	body, err := sse.NewBody(e.key, st.salt)
	if err != nil {
		return nil, err
	}
	return &sealedWriter{Writer: w, seal: body.Writer(w)}, nil
}

// stored is the size of a blob that will hold so many bytes, -1 when unknown.
func (e *sealer) stored(size int64) int64 {
	if e == nil || size < 0 {
		return size
	}
	return keyhaven.SealedSize(size)
}

type sealedWriter struct {
	blob.Writer
	seal *sse.Writer
}

func (w *sealedWriter) Write(p []byte) (int, error) { return w.seal.Write(p) }

func (w *sealedWriter) Commit(ctx context.Context) (blob.Ref, error) {
	if err := w.seal.Close(); err != nil {
		return blob.Ref{}, err
	}
	return w.Writer.Commit(ctx)
}

func (w *sealedWriter) Abort() error {
	w.seal.Discard()
	return w.Writer.Abort()
}

// opened reads a stretch of a stored body, decrypted if it has a salt.
func opened(r io.ReaderAt, key sse.Key, salt sse.Salt, size, off, length int64) (io.Reader, error) {
	if salt == (sse.Salt{}) {
		return &span{r: r, off: off, end: off + length}, nil
	}
	body, err := sse.NewBody(key, salt)
	if err != nil {
		return nil, err
	}
	return decrypted{body.Reader(r, size, off, length)}, nil
}

// decrypted gives damage the name that it has everywhere.
type decrypted struct{ *sse.Reader }

func (d decrypted) Read(p []byte) (int, error) {
	n, err := d.Reader.Read(p)
	return n, corrupt(err)
}

func (d decrypted) WriteTo(w io.Writer) (int64, error) {
	n, err := d.Reader.WriteTo(w)
	return n, corrupt(err)
}

func corrupt(err error) error {
	if errors.Is(err, sse.ErrDamaged) {
		return fmt.Errorf("object: %w: %w", err, blob.ErrCorrupt)
	}
	return err
}
