package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

func newKey(t *testing.T) ssh.Signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func line(key ssh.PublicKey) string { return string(ssh.MarshalAuthorizedKey(key)) }

func TestKeysOfAFile(t *testing.T) {
	plain, limited, commented := newKey(t).PublicKey(), newKey(t).PublicKey(), newKey(t).PublicKey()
	text := "# a comment\n\n" + line(plain) +
		"restrict,command=\"true\" " + line(limited) +
		strings.TrimSpace(line(commented)) + " somebody@somewhere\r\n" +
		"ssh-ed25519 notbase64\n"
	keys, refused := parseKeys([]byte(text))
	if !keys.has(plain) || !keys.has(commented) {
		t.Error("a plain line opens no door")
	}
	if keys.has(limited) {
		t.Error("a line with options opens the door, and its options are not honoured")
	}
	if len(refused) != 2 || !strings.Contains(refused[0], "line 4 has options") {
		t.Errorf("refused: %q", refused)
	}
}

func TestCertificatesAreNoKeys(t *testing.T) {
	authority, subject := newKey(t), newKey(t)
	certificate := &ssh.Certificate{Key: subject.PublicKey(), CertType: ssh.UserCert, ValidBefore: ssh.CertTimeInfinity}
	if err := certificate.SignCert(rand.Reader, authority); err != nil {
		t.Fatal(err)
	}
	keys, refused := parseKeys([]byte(line(certificate)))
	if len(keys) != 0 || len(refused) != 1 {
		t.Errorf("%d keys, refused %q", len(keys), refused)
	}
}

func hostKeyOf(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return private
}
