package main

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

func TestAForwardDeliversWhatWasSentBeforeItWasClosed(t *testing.T) {
	client, _ := loggedIn(t)
	forward, inside := bothEnds(t, client)
	const sent = 1_900_000
	if _, err := forward.Write(make([]byte, sent)); err != nil {
		t.Fatal(err)
	}
	forward.Close()
	// A target that takes its time: the server has to keep what its socket does not take yet.
	time.Sleep(200 * time.Millisecond)
	got := within(t, "the end of what was sent", func() int64 {
		count, _ := io.Copy(io.Discard, inside)
		return count
	})
	if got != sent {
		t.Errorf("%d of %d bytes arrived", got, sent)
	}
}

func TestAForwardEndsWithItsChannel(t *testing.T) {
	client, _ := loggedIn(t)
	// The target says nothing, and does not close its side.
	forward, _ := bothEnds(t, client)
	forward.Close()
	within(t, "the end of all that carried it", func() bool {
		for strings.Contains(stacks(), ".join(") {
			time.Sleep(10 * time.Millisecond)
		}
		return true
	})
}

func stacks() string {
	buffer := make([]byte, 1<<20)
	return string(buffer[:runtime.Stack(buffer, true)])
}

func TestSocketsThatAreNoFiles(t *testing.T) {
	client, s := loggedIn(t)
	for _, path := range []string{"", "@abstract", "a\x00b"} {
		if socket, err := client.ListenUnix(path); err == nil {
			socket.Close()
			t.Errorf("listens on %q", path)
		}
		if forward, err := client.Dial("unix", path); err == nil {
			forward.Close()
			t.Errorf("connects to %q", path)
		}
	}
	path := filepath.Join(s.settings.workspace, "socket")
	socket, err := client.ListenUnix(path)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

// stumbling is a socket that fails once, as one does when the process has no file descriptor left.
type stumbling struct {
	net.Listener
	failures int
}

func (s *stumbling) Accept() (net.Conn, error) {
	if s.failures > 0 {
		s.failures--
		return nil, errors.New("too many open files")
	}
	return s.Listener.Accept()
}

func TestASocketOutlivesAnErrorThatPasses(t *testing.T) {
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan bool, 1)
	go acceptEach(&stumbling{socket, 1}, func(local net.Conn) { local.Close(); served <- true })
	if client, err := net.Dial("tcp", socket.Addr().String()); err == nil {
		defer client.Close()
	}
	within(t, "the next connection", func() bool { return <-served })
	socket.Close()
}

// bothEnds answers both ends of a connection that the client opened through the server.
func bothEnds(t *testing.T, client *ssh.Client) (forward, inside net.Conn) {
	t.Helper()
	target, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	if forward, err = client.Dial("tcp", target.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if inside, err = target.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { inside.Close() })
	return forward, inside
}
