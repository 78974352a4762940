package login

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"golang.org/x/crypto/ssh"

	"gpu-dev.io/ssh-server/internal/pod"
)

// checkTimeout is less than the probe's (docs/pod-contract.md), so that the reason is reported.
const checkTimeout = 4 * time.Second

// Check reports why a login to the server of this pod is impossible, or nil. It does what a client
// does before it offers a key: it exchanges keys, checks the host key, and waits for the server's
// answer that a public key may log in, which the server gives once it has read the authorized keys.
func Check(settings pod.Settings) error {
	hostKey, err := readHostKey(settings.HostKeyFile)
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(settings.Address)
	if err != nil {
		return err
	}
	raw, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", port), checkTimeout)
	if err != nil {
		return fmt.Errorf("no connection to the SSH server: %w", err)
	}
	defer raw.Close()
	_ = raw.SetDeadline(time.Now().Add(checkTimeout))
	mayLogIn := false
	config := &ssh.ClientConfig{
		User:            settings.User,
		HostKeyCallback: ssh.FixedHostKey(hostKey.PublicKey()),
		Auth: []ssh.AuthMethod{ssh.PublicKeysCallback(func() ([]ssh.Signer, error) {
			mayLogIn = true
			return nil, nil
		})},
	}
	conn, _, _, err := ssh.NewClientConn(raw, raw.RemoteAddr().String(), config)
	switch {
	case mayLogIn:
		return nil
	case err != nil:
		return fmt.Errorf("a login is impossible: %w", err)
	}
	conn.Close()
	return errors.New("the server accepts a login without a key")
}

func readHostKey(path string) (ssh.Signer, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		const format = "cannot read the host key, which the pod's Secret must contain: %w"
		return nil, fmt.Errorf(format, err)
	}
	hostKey, err := ssh.ParsePrivateKey(text)
	if err != nil {
		return nil, fmt.Errorf("the host key in %s is not valid: %w", path, err)
	}
	return hostKey, nil
}
