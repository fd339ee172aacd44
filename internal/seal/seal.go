package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	form      = 1
	keySize   = 32
	nonceSize = 12
	tagSize   = 16

	wrappedAt = 1 + 4
	secretAt  = wrappedAt + nonceSize + keySize + tagSize
	overhead  = secretAt + nonceSize + tagSize
)

// MaxPlaintext is the longest secret that is sealed, in bytes.
const MaxPlaintext = 64 << 10

var (
	// ErrOpen is what Open returns for anything that this ring did not seal for
	// this context.
	ErrOpen = errors.New("seal: cannot be opened: damaged, sealed by another key ring, or for another context")
	// ErrTooLong is what Seal returns for more than MaxPlaintext.
	ErrTooLong = errors.New("seal: secret is too long")
)

// Seal encrypts a secret for a context.
func (r *Ring) Seal(plaintext []byte, context string) ([]byte, error) {
	if len(plaintext) > MaxPlaintext {
		return nil, ErrTooLong
	}
	master := r.active()
	out := make([]byte, secretAt+nonceSize, len(plaintext)+overhead)
	out[0] = form
	binary.BigEndian.PutUint32(out[1:], master.ID)
	rand.Read(out[wrappedAt : wrappedAt+nonceSize]) // never fails
	rand.Read(out[secretAt:])
	var dataKey [keySize]byte
	rand.Read(dataKey[:])
	wrap, err := gcm(master.Key)
	if err != nil {
		return nil, err
	}
	data, err := gcm(dataKey[:])
	if err != nil {
		return nil, err
	}
	aad := associated(out[:wrappedAt], context)
	wrap.Seal(out[:wrappedAt+nonceSize], out[wrappedAt:wrappedAt+nonceSize], dataKey[:], aad)
	return data.Seal(out, out[secretAt:secretAt+nonceSize], plaintext, aad), nil
}

// Open decrypts what Seal made for the same context. Every failure is ErrOpen.
func (r *Ring) Open(sealed []byte, context string) ([]byte, error) {
	if len(sealed) < overhead || sealed[0] != form {
		return nil, ErrOpen
	}
	master, ok := r.key(binary.BigEndian.Uint32(sealed[1:]))
	if !ok {
		return nil, ErrOpen
	}
	wrap, err := gcm(master.Key)
	if err != nil {
		return nil, err
	}
	aad := associated(sealed[:wrappedAt], context)
	wrapped := sealed[wrappedAt:secretAt]
	dataKey, err := wrap.Open(nil, wrapped[:nonceSize], wrapped[nonceSize:], aad)
	if err != nil {
		return nil, ErrOpen
	}
	data, err := gcm(dataKey)
	if err != nil {
		return nil, err
	}
	secret := sealed[secretAt:]
	plaintext, err := data.Open(nil, secret[:nonceSize], secret[nonceSize:], aad)
	if err != nil {
		return nil, ErrOpen
	}
	return plaintext, nil
}

// associated binds the head of the sealed form and the context.
func associated(head []byte, context string) []byte {
	return append(append(make([]byte, 0, len(head)+len(context)), head...), context...)
}

func gcm(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return aead, nil
}
