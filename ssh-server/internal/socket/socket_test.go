package socket

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"

	"gpu-dev.io/ssh-server/internal/sshtest"
)

// failingListener fails a few times, as a listener does when the process has no free file
// descriptor.
type failingListener struct {
	net.Listener
	failures int
}

func (l *failingListener) Accept() (net.Conn, error) {
	if l.failures > 0 {
		l.failures--
		return nil, errors.New("too many open files")
	}
	return l.Listener.Accept()
}

func TestAcceptEachSurvivesATemporaryError(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	served := make(chan bool, 1)
	go AcceptEach(&failingListener{listener, 1}, func(client net.Conn) {
		client.Close()
		served <- true
	})
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	sshtest.Within(t, "the next connection", func() bool { return <-served })
}

func TestListenPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	listener, err := ListenPrivate(path)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}
