package login

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"gpu-dev.io/ssh-server/internal/pod"
	"gpu-dev.io/ssh-server/internal/socket"
	"gpu-dev.io/ssh-server/internal/sshtest"
)

// touched is the flag of a security key that its user has touched.
const touched = 1

// startServer serves on loopback and accepts the keys; `allow` replaces them later.
func startServer(t *testing.T, keys ...ssh.PublicKey) (s *server, address string) {
	t.Helper()
	return startServerWith(t, func(*server) {}, keys...)
}

func startServerWith(
	t *testing.T, change func(*server), keys ...ssh.PublicKey,
) (s *server, address string) {
	t.Helper()
	directory := t.TempDir()
	hostKey, err := ssh.MarshalPrivateKey(sshtest.NewPrivateKey(t), "")
	if err != nil {
		t.Fatal(err)
	}
	settings := pod.NewSettings(0, []string{"PATH=/usr/bin:/bin"}).WithSecret(directory)
	settings.Workspace, settings.Home = directory, directory
	writeFile(t, settings.HostKeyFile, string(pem.EncodeToMemory(hostKey)))
	s, err = newServer(settings)
	if err != nil {
		t.Fatal(err)
	}
	change(s)
	allow(t, s, keys...)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go socket.AcceptEach(listener, s.serve)
	return s, listener.Addr().String()
}

func allow(t *testing.T, s *server, keys ...ssh.PublicKey) {
	t.Helper()
	var text strings.Builder
	for _, key := range keys {
		text.WriteString(keyLine(key))
	}
	writeFile(t, s.settings.AuthorizedKeysFile, text.String())
}

func dial(t *testing.T, address, user string, keys ...ssh.Signer) (*ssh.Client, error) {
	t.Helper()
	client, err := ssh.Dial("tcp", address, &ssh.ClientConfig{
		User: user, Auth: []ssh.AuthMethod{ssh.PublicKeys(keys...)},
		HostKeyCallback: ssh.InsecureIgnoreHostKey(), Timeout: 5 * time.Second,
	})
	if err == nil {
		t.Cleanup(func() { client.Close() })
	}
	return client, err
}

func TestNewServerNeedsAHostKey(t *testing.T) {
	settings := pod.NewSettings(0, nil).WithSecret(t.TempDir())
	if _, err := newServer(settings); err == nil || !strings.Contains(err.Error(), "cannot read") {
		t.Errorf("without a key: %v", err)
	}
	writeFile(t, settings.HostKeyFile, "not a key")
	if _, err := newServer(settings); err == nil || !strings.Contains(err.Error(), "not valid") {
		t.Errorf("with a malformed key: %v", err)
	}
}

func TestKeyTypesThatLogIn(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]ssh.Signer{
		"ed25519": sshtest.NewKey(t), "rsa": rsaKey,
		"sk-ed25519": ed25519SecurityKey(t, touched), "sk-ecdsa": ecdsaSecurityKey(t, touched),
	} {
		t.Run(name, func(t *testing.T) {
			_, address := startServer(t, sshtest.NewKey(t).PublicKey(), key.PublicKey())
			client, err := dial(t, address, "dev", key)
			if err != nil {
				t.Fatal(err)
			}
			session, err := client.NewSession()
			if err != nil {
				t.Fatal(err)
			}
			output, err := session.Output("echo in; exit 0")
			if err != nil || string(output) != "in\n" {
				t.Errorf("%q, %v", output, err)
			}
		})
	}
}

func TestRefusedLogins(t *testing.T) {
	known, untouched := sshtest.NewKey(t), ed25519SecurityKey(t, 0)
	_, address := startServer(t, known.PublicKey(), untouched.PublicKey())
	for _, test := range []struct {
		name string
		user string
		key  ssh.Signer
	}{
		{"another key", "dev", sshtest.NewKey(t)},
		{"another user", "root", known},
		{"a security key that was not touched", "dev", untouched},
	} {
		if _, err := dial(t, address, test.user, test.key); err == nil {
			t.Errorf("%s logged in", test.name)
		}
	}
}

func TestTheKeyThatSignedIsWatched(t *testing.T) {
	offered, signing := sshtest.NewKey(t), sshtest.NewKey(t)
	s, address := startServer(t, offered.PublicKey(), signing.PublicKey())
	client, err := dial(t, address, "dev", sshtest.NewKey(t), signing)
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan error, 1)
	go func() { closed <- client.Wait() }()
	allow(t, s, signing.PublicKey())
	checkKeysNow(t, s)
	if _, err := client.NewSession(); err != nil {
		t.Fatalf("closed although its key is authorized: %v", err)
	}
	allow(t, s, offered.PublicKey())
	checkKeysNow(t, s)
	select {
	case <-closed:
	case <-time.After(5 * time.Second):
		t.Error("open although its key was removed")
	}
}

func checkKeysNow(t *testing.T, s *server) {
	t.Helper()
	keys, err := s.keys.read()
	if err != nil {
		t.Fatal(err)
	}
	closeRevoked(s.connections(), keys)
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
