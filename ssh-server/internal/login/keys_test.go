package login

import (
	"crypto/rand"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"gpu-dev.io/ssh-server/internal/sshtest"
)

func keyLine(key ssh.PublicKey) string { return string(ssh.MarshalAuthorizedKey(key)) }

func TestParseKeys(t *testing.T) {
	plain, limited := sshtest.NewKey(t).PublicKey(), sshtest.NewKey(t).PublicKey()
	commented := sshtest.NewKey(t).PublicKey()
	text := "# a comment\n\n" + keyLine(plain) +
		"restrict,command=\"true\" " + keyLine(limited) +
		strings.TrimSpace(keyLine(commented)) + " user@example\r\n" +
		"ssh-ed25519 notbase64\n"
	keys, rejected := parseKeys([]byte(text))
	if !keys.has(plain) || !keys.has(commented) {
		t.Error("a plain key is not accepted")
	}
	if keys.has(limited) {
		t.Error("a key with options is accepted, and its options are not enforced")
	}
	if len(rejected) != 2 || !strings.Contains(rejected[0], "line 4: options") {
		t.Errorf("rejected: %q", rejected)
	}
}

func TestParseKeysRejectsCertificates(t *testing.T) {
	authority, subject := sshtest.NewKey(t), sshtest.NewKey(t)
	certificate := &ssh.Certificate{
		Key: subject.PublicKey(), CertType: ssh.UserCert, ValidBefore: ssh.CertTimeInfinity,
	}
	if err := certificate.SignCert(rand.Reader, authority); err != nil {
		t.Fatal(err)
	}
	keys, rejected := parseKeys([]byte(keyLine(certificate)))
	if len(keys) != 0 || len(rejected) != 1 {
		t.Errorf("%d keys, rejected %q", len(keys), rejected)
	}
}
