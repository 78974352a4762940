package forward

import (
	"net"
	"os"
	"path/filepath"
	"sync"

	"gpu-dev.io/ssh-server/internal/socket"
)

// agentSocket lets programs of one login use their user's keys. The keys stay with the client.
type agentSocket struct {
	directories []string
	mu          sync.Mutex
	path        string
	listener    net.Listener
	closed      bool
}

// AgentPath returns the path for SSH_AUTH_SOCK, which all sessions of a login share.
func (l *Listeners) AgentPath() (string, error) {
	a := &l.agent
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return "", net.ErrClosed
	}
	if a.listener != nil {
		return a.path, nil
	}
	directory, err := makePrivateDirectory(a.directories)
	if err != nil {
		return "", err
	}
	path := filepath.Join(directory, "agent")
	listener, err := socket.ListenPrivate(path)
	if err != nil {
		os.Remove(directory)
		return "", err
	}
	a.path, a.listener = path, listener
	go forwardBack(l.client, listener, "auth-agent@openssh.com", func(net.Addr) []byte { return nil })
	return path, nil
}

func (a *agentSocket) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	if a.listener != nil {
		a.listener.Close()
		os.Remove(filepath.Dir(a.path))
	}
}

// makePrivateDirectory uses the first parent that is writable: with a read-only root that is a
// memory file system or the workspace.
func makePrivateDirectory(parents []string) (string, error) {
	var last error
	for _, parent := range parents {
		directory, err := os.MkdirTemp(parent, ".gpu-dev-agent-")
		if err == nil {
			return directory, nil
		}
		last = err
	}
	return "", last
}
