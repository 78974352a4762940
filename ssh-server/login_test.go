package main

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
)

const touched = 1

// startServer serves on loopback with the keys given; the file may be written anew.
func startServer(t *testing.T, keys ...ssh.PublicKey) (*server, string) {
	t.Helper()
	return startServerWith(t, func(*server) {}, keys...)
}

func startServerWith(t *testing.T, change func(*server), keys ...ssh.PublicKey) (*server, string) {
	t.Helper()
	directory := t.TempDir()
	hostKey, err := ssh.MarshalPrivateKey(hostKeyOf(t), "")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(directory, "ssh_host_ed25519_key"), string(pem.EncodeToMemory(hostKey)))
	given := podSettings(0, []string{"PATH=/usr/bin:/bin"}).withSecret(directory)
	given.workspace, given.home = directory, directory
	s := newServer(given)
	change(s)
	allow(t, s, keys...)
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	go acceptEach(socket, s.serve)
	return s, socket.Addr().String()
}

func allow(t *testing.T, s *server, keys ...ssh.PublicKey) {
	t.Helper()
	var text strings.Builder
	for _, key := range keys {
		text.WriteString(line(key))
	}
	write(t, s.settings.authorizedKeys, text.String())
}

func login(t *testing.T, address, user string, keys ...ssh.Signer) (*ssh.Client, error) {
	t.Helper()
	client, err := ssh.Dial("tcp", address, &ssh.ClientConfig{
		User: user, Auth: []ssh.AuthMethod{ssh.PublicKeys(keys...)}, HostKeyCallback: ssh.InsecureIgnoreHostKey(),
		Timeout: 5 * time.Second,
	})
	if err == nil {
		t.Cleanup(func() { client.Close() })
	}
	return client, err
}

func TestKeysThatLogIn(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]ssh.Signer{
		"ed25519": newKey(t), "rsa": rsaKey,
		"sk-ed25519": ed25519SecurityKey(t, touched), "sk-ecdsa": ecdsaSecurityKey(t, touched),
	} {
		t.Run(name, func(t *testing.T) {
			_, address := startServer(t, newKey(t).PublicKey(), key.PublicKey())
			client, err := login(t, address, "dev", key)
			if err != nil {
				t.Fatal(err)
			}
			session, err := client.NewSession()
			if err != nil {
				t.Fatal(err)
			}
			if output, err := session.Output("echo in; exit 0"); err != nil || string(output) != "in\n" {
				t.Errorf("%q, %v", output, err)
			}
		})
	}
}

func TestWhoDoesNotLogIn(t *testing.T) {
	known, untouched := newKey(t), ed25519SecurityKey(t, 0)
	_, address := startServer(t, known.PublicKey(), untouched.PublicKey())
	for name, attempt := range map[string]func() (*ssh.Client, error){
		"another key":                        func() (*ssh.Client, error) { return login(t, address, "dev", newKey(t)) },
		"another name":                       func() (*ssh.Client, error) { return login(t, address, "root", known) },
		"a security key that nobody touched": func() (*ssh.Client, error) { return login(t, address, "dev", untouched) },
	} {
		if _, err := attempt(); err == nil {
			t.Errorf("%s logged in", name)
		}
	}
}

func TestTheKeyThatSignedIsTheOneThatIsWatched(t *testing.T) {
	asked, signing := newKey(t), newKey(t)
	s, address := startServer(t, asked.PublicKey(), signing.PublicKey())
	client, err := login(t, address, "dev", newKey(t), signing)
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan error, 1)
	go func() { closed <- client.Wait() }()
	allow(t, s, signing.PublicKey())
	closeNow(t, s)
	if _, err := client.NewSession(); err != nil {
		t.Fatalf("closed though its key is there: %v", err)
	}
	allow(t, s, asked.PublicKey())
	closeNow(t, s)
	select {
	case <-closed:
	case <-time.After(5 * time.Second):
		t.Error("open though its key is gone")
	}
}

func closeNow(t *testing.T, s *server) {
	t.Helper()
	keys, err := s.keys.read()
	if err != nil {
		t.Fatal(err)
	}
	closeRevoked(s.connections(), keys)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
