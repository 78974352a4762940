package main

import (
	"net"
	"os"
	"path/filepath"
	"sync"
)

// agentSocket is where programs of one login find their user's keys. The keys stay with the client.
type agentSocket struct {
	mu     sync.Mutex
	path   string
	socket net.Listener
	closed bool
}

// forwardAgent answers the path for SSH_AUTH_SOCK; all sessions of a login share it.
func (c *connection) forwardAgent() (string, error) {
	a := &c.agent
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return "", net.ErrClosed
	}
	if a.socket != nil {
		return a.path, nil
	}
	directory, err := privateDirectory(c.server.settings)
	if err != nil {
		return "", err
	}
	path := filepath.Join(directory, "agent")
	socket, err := listenPrivately(path)
	if err != nil {
		os.Remove(directory)
		return "", err
	}
	a.path, a.socket = path, socket
	go c.forwardBack(socket, "auth-agent@openssh.com", func(net.Addr) []byte { return nil })
	return path, nil
}

func (a *agentSocket) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	if a.socket != nil {
		a.socket.Close()
		os.Remove(filepath.Dir(a.path))
	}
}

// privateDirectory is in the first place that can be written to: with a read-only root that is memory, or the workspace.
func privateDirectory(settings settings) (string, error) {
	var last error
	for _, parent := range []string{os.TempDir(), "/tmp", "/dev/shm", settings.home, settings.workspace} {
		directory, err := os.MkdirTemp(parent, ".gpu-dev-agent-")
		if err == nil {
			return directory, nil
		}
		last = err
	}
	return "", last
}
