package login

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"io"
	"math/big"
	"testing"

	"golang.org/x/crypto/ssh"
)

const application = "ssh:"

// securityKey signs as a FIDO token does: the hash of the application, flags, a counter and the
// hash of the data.
type securityKey struct {
	public ssh.PublicKey
	flags  byte
	sign   func(message []byte) ([]byte, error)
}

func (k *securityKey) PublicKey() ssh.PublicKey { return k.public }

func (k *securityKey) Sign(_ io.Reader, data []byte) (*ssh.Signature, error) {
	fields := []byte{k.flags, 0, 0, 0, 7}
	app, hash := sha256.Sum256([]byte(application)), sha256.Sum256(data)
	message := append(append(append([]byte{}, app[:]...), fields...), hash[:]...)
	blob, err := k.sign(message)
	return &ssh.Signature{Format: k.public.Type(), Blob: blob, Rest: fields}, err
}

func parseKey(t *testing.T, fields any) ssh.PublicKey {
	t.Helper()
	key, err := ssh.ParsePublicKey(ssh.Marshal(fields))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func ed25519SecurityKey(t *testing.T, flags byte) ssh.Signer {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key := parseKey(t, struct {
		Type        string
		Key         []byte
		Application string
	}{ssh.KeyAlgoSKED25519, public, application})
	return &securityKey{key, flags, func(message []byte) ([]byte, error) {
		return ed25519.Sign(private, message), nil
	}}
}

func ecdsaSecurityKey(t *testing.T, flags byte) ssh.Signer {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := private.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	key := parseKey(t, struct {
		Type, Curve string
		Point       []byte
		Application string
	}{ssh.KeyAlgoSKECDSA256, "nistp256", point, application})
	return &securityKey{key, flags, func(message []byte) ([]byte, error) {
		hash := sha256.Sum256(message)
		r, s, err := ecdsa.Sign(rand.Reader, private, hash[:])
		return ssh.Marshal(struct{ R, S *big.Int }{r, s}), err
	}}
}
