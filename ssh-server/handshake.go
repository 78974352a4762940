package main

import (
	"fmt"
	"log"
	"net"
	"os"
	"time"

	"golang.org/x/crypto/ssh"
)

// versionText begins as OpenSSH's own does, since its client tells a server of no other name that nobody reads a program's
// output any more (`ssh HOST yes | head -1`), nor does npm's ssh2 use OpenSSH's extensions with one. Which OpenSSH is of no matter,
// as long as clients know of no defect in it that they work around.
const versionText = "SSH-2.0-OpenSSH_9.9 gpu-dev"

const (
	// maxAuthTries is more than any agent holds keys; a bound all the same.
	maxAuthTries = 100
	// loginGrace leaves time to type a passphrase and to find the security key.
	loginGrace = 2 * time.Minute
	// exchangeGrace is for what no person takes part in.
	exchangeGrace = 10 * time.Second
)

// handshake is one connection before its login.
type handshake struct {
	server  *server
	client  net.Conn
	within  *gate
	refusal refusal
}

// shake answers the login, or an error. A connection counts where it stands: those who exchange keys, at once, and those who log
// in, for as long as a person may take.
func (s *server) shake(client net.Conn) (*ssh.ServerConn, <-chan ssh.NewChannel, <-chan *ssh.Request, error) {
	h := &handshake{server: s, client: client, within: &s.exchanging}
	if !h.within.enter() {
		return nil, nil, nil, errBusy
	}
	defer func() { h.within.leave() }()
	config, err := s.config()
	if err != nil {
		return nil, nil, nil, err
	}
	config.PublicKeyCallback = h.allow
	config.PreAuthConnCallback = h.exchanged
	_ = client.SetDeadline(time.Now().Add(s.exchangeGrace))
	conn, channels, requests, err := ssh.NewServerConn(client, config)
	if err != nil {
		return nil, nil, nil, h.refusal.explain(err)
	}
	return conn, channels, requests, client.SetDeadline(time.Time{})
}

// exchanged is called when the connection is encrypted and before the first key is offered.
func (h *handshake) exchanged(ssh.ServerPreAuthConn) {
	if !h.server.loggingIn.enter() {
		h.refusal.busy = true
		h.client.Close()
		return
	}
	h.within.leave()
	h.within = &h.server.loggingIn
	_ = h.client.SetDeadline(time.Now().Add(loginGrace))
}

// allow answers whether the key would do; the library then checks the signature, and that a security key was touched.
func (h *handshake) allow(client ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
	h.refusal.offered(client.User(), key)
	if client.User() != h.server.settings.user {
		return nil, errRefused
	}
	keys, err := h.server.keys.read()
	if err != nil {
		log.Printf("a login can't be checked: %v", err)
		return nil, errRefused
	}
	if !keys.has(key) {
		return nil, errRefused
	}
	// The library answers those of the key that signed at last, however many were asked for before.
	return &ssh.Permissions{Extensions: map[string]string{keyExtension: string(key.Marshal())}}, nil
}

// config is made for each connection: the host key's file may change as every other.
func (s *server) config() (*ssh.ServerConfig, error) {
	text, err := os.ReadFile(s.settings.hostKeyFile)
	if err != nil {
		return nil, fmt.Errorf("the host key can't be read, the pod's Secret must hold it: %w", err)
	}
	hostKey, err := ssh.ParsePrivateKey(text)
	if err != nil {
		return nil, fmt.Errorf("the host key %s is none: %w", s.settings.hostKeyFile, err)
	}
	config := &ssh.ServerConfig{
		Config:                  algorithms,
		ServerVersion:           versionText,
		MaxAuthTries:            maxAuthTries,
		PublicKeyAuthAlgorithms: signatureAlgorithms,
	}
	config.AddHostKey(hostKey)
	return config, nil
}
