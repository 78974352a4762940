// Package sshtest has what the tests of several packages share: keys, an SSH connection without a
// login, and waits with a limit.
package sshtest

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// Timeout allows for a machine that is busy with other work.
const Timeout = 30 * time.Second

// NewPrivateKey returns a new Ed25519 key.
func NewPrivateKey(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return private
}

// NewKey returns a signer with a new Ed25519 key.
func NewKey(t *testing.T) ssh.Signer {
	t.Helper()
	signer, err := ssh.NewSignerFromKey(NewPrivateKey(t))
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// Handler serves a connection after its login.
type Handler func(*ssh.ServerConn, <-chan ssh.NewChannel, <-chan *ssh.Request)

// Connect returns a client of a server that accepts every login and passes it to the handler.
func Connect(t *testing.T, handler Handler) *ssh.Client {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	config := &ssh.ServerConfig{NoClientAuth: true}
	config.AddHostKey(NewKey(t))
	go func() {
		defer listener.Close()
		accepted, err := listener.Accept()
		if err != nil {
			return
		}
		conn, channels, requests, err := ssh.NewServerConn(accepted, config)
		if err != nil {
			accepted.Close()
			return
		}
		handler(conn, channels, requests)
	}()
	client, err := ssh.Dial("tcp", listener.Addr().String(), &ssh.ClientConfig{
		User: "dev", HostKeyCallback: ssh.InsecureIgnoreHostKey(), Timeout: Timeout,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// Within fails the test if wait takes too long.
func Within[T any](t *testing.T, what string, wait func() T) T {
	t.Helper()
	done := make(chan T, 1)
	go func() { done <- wait() }()
	select {
	case result := <-done:
		return result
	case <-time.After(Timeout):
		t.Fatalf("%s: not within %s", what, Timeout)
		panic("unreachable")
	}
}

// ReadUntil reads until the text has appeared.
func ReadUntil(from io.Reader, text string) error {
	var seen bytes.Buffer
	buffer := make([]byte, 1024)
	for !strings.Contains(seen.String(), text) {
		count, err := from.Read(buffer)
		seen.Write(buffer[:count])
		if err != nil {
			return err
		}
	}
	return nil
}
