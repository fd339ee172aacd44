package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// The files that Dev writes.
const (
	DevCA    = "ca.pem"
	devCAKey = "ca-key.pem"
	DevCert  = "cert.pem"
	DevKey   = "key.pem"
)

const (
	devCALife   = 10 * 365 * 24 * time.Hour
	devCertLife = 397 * 24 * time.Hour // what clients accept at most
)

// Dev writes a certificate for the hosts, signed by the authority of the
// directory, which it makes when there is none.
func Dev(dir string, hosts []string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("certs: %w", err)
	}
	ca, key, err := devAuthority(dir)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: hosts[0]}, NotAfter: time.Now().Add(devCertLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	_, _, err = issue(dir, DevCert, DevKey, template, ca, key)
	return err
}

func devAuthority(dir string) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	cert, err := os.ReadFile(filepath.Join(dir, DevCA))
	if errors.Is(err, fs.ErrNotExist) {
		return issue(dir, DevCA, devCAKey, &x509.Certificate{
			Subject: pkix.Name{CommonName: "Keyhaven development authority"}, NotAfter: time.Now().Add(devCALife),
			KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		}, nil, nil)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("certs: %w", err)
	}
	key, err := os.ReadFile(filepath.Join(dir, devCAKey))
	if err != nil {
		return nil, nil, fmt.Errorf("certs: %w", err)
	}
	certBlock, _ := pem.Decode(cert)
	keyBlock, _ := pem.Decode(key)
	if certBlock == nil || keyBlock == nil {
		return nil, nil, fmt.Errorf("certs: the authority in %s is damaged: remove it to make a new one", dir)
	}
	parsed, err := x509.ParseCertificate(certBlock.Bytes)
	if err != nil {
		return nil, nil, fmt.Errorf("certs: %s: %w", DevCA, err)
	}
	private, err := x509.ParsePKCS8PrivateKey(keyBlock.Bytes)
	signer, ok := private.(*ecdsa.PrivateKey)
	if err != nil || !ok {
		return nil, nil, fmt.Errorf("certs: %s holds no key of an authority", devCAKey)
	}
	return parsed, signer, nil
}

// issue makes a key and its certificate and writes both, the key first. Without
// a parent the certificate is its own.
func issue(dir, certFile, keyFile string, template, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("certs: %w", err)
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)); err != nil {
		return nil, nil, fmt.Errorf("certs: %w", err)
	}
	template.NotBefore = time.Now().Add(-5 * time.Minute)
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return nil, nil, fmt.Errorf("certs: %w", err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("certs: %w", err)
	}
	if err := writePEM(filepath.Join(dir, keyFile), "PRIVATE KEY", raw, 0o600); err != nil {
		return nil, nil, err
	}
	if err := writePEM(filepath.Join(dir, certFile), "CERTIFICATE", der, 0o644); err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return cert, key, err
}

// writePEM replaces a file as a whole.
func writePEM(path, typ string, der []byte, mode os.FileMode) error {
	tmp := path + ".tmp"
	err := os.WriteFile(tmp, pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: der}), mode)
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		return fmt.Errorf("certs: %w", err)
	}
	return nil
}
