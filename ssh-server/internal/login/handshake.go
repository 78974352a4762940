package login

import (
	"log"
	"net"
	"time"

	"golang.org/x/crypto/ssh"
)

// versionText starts with OpenSSH's own. OpenSSH's client reports that nobody reads a program's
// output (`ssh HOST yes | head -1`) only to a server of that name, and npm's ssh2 uses OpenSSH's
// extensions by the same rule. The number is one for which clients know of no defect to work
// around.
const versionText = "SSH-2.0-OpenSSH_9.9 gpu-dev"

const (
	// maxAuthTries exceeds the number of keys in any agent.
	maxAuthTries = 100
	// loginGrace leaves time to type a passphrase and to find the security key.
	loginGrace = 2 * time.Minute
	// exchangeGrace covers the steps that involve no person.
	exchangeGrace = 10 * time.Second
)

// handshake is one connection before its login.
type handshake struct {
	server  *server
	client  net.Conn
	limiter *limiter
	refusal refusal
}

// shake performs the handshake and the login. A connection counts in the state that it is in: key
// exchange, which takes a moment, or login, which takes as long as a person needs.
func (s *server) shake(client net.Conn) (
	*ssh.ServerConn, <-chan ssh.NewChannel, <-chan *ssh.Request, error,
) {
	h := &handshake{server: s, client: client, limiter: &s.exchanging}
	if !h.limiter.acquire() {
		return nil, nil, nil, errBusy
	}
	defer func() { h.limiter.release() }()
	config, err := s.config()
	if err != nil {
		return nil, nil, nil, err
	}
	config.PublicKeyCallback = h.checkKey
	config.PreAuthConnCallback = h.startLogin
	_ = client.SetDeadline(time.Now().Add(s.exchangeGrace))
	conn, channels, requests, err := ssh.NewServerConn(client, config)
	if err != nil {
		return nil, nil, nil, h.refusal.explain(err)
	}
	return conn, channels, requests, client.SetDeadline(time.Time{})
}

// startLogin is called when the connection is encrypted and before the first key is offered.
func (h *handshake) startLogin(ssh.ServerPreAuthConn) {
	if !h.server.loggingIn.acquire() {
		h.refusal.busy = true
		h.client.Close()
		return
	}
	h.limiter.release()
	h.limiter = &h.server.loggingIn
	// No key could log in, and the readiness check must not succeed.
	if _, err := h.server.keys.read(); err != nil {
		log.Printf("cannot check logins: %v", err)
		h.client.Close()
		return
	}
	_ = h.client.SetDeadline(time.Now().Add(loginGrace))
}

// checkKey decides whether the key may log in. The library then checks the signature, and that a
// security key was touched.
func (h *handshake) checkKey(client ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
	h.refusal.recordOffer(client.User(), key)
	if client.User() != h.server.settings.User {
		return nil, errRefused
	}
	keys, err := h.server.keys.read()
	if err != nil {
		log.Printf("cannot check a login: %v", err)
		return nil, errRefused
	}
	if !keys.has(key) {
		return nil, errRefused
	}
	// The library returns the permissions of the key that finally signs, however many were checked.
	return &ssh.Permissions{Extensions: map[string]string{keyExtension: string(key.Marshal())}}, nil
}

// config is built for each connection: the file of the host key may change like any other.
func (s *server) config() (*ssh.ServerConfig, error) {
	hostKey, err := readHostKey(s.settings.HostKeyFile)
	if err != nil {
		return nil, err
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
