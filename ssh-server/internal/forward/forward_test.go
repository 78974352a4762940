package forward

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"gpu-dev.io/ssh-server/internal/sshtest"
)

// connectClient returns a client whose forwards are served.
func connectClient(t *testing.T) *ssh.Client {
	t.Helper()
	return sshtest.Connect(t, func(
		conn *ssh.ServerConn, channels <-chan ssh.NewChannel, requests <-chan *ssh.Request,
	) {
		listeners := NewListeners(conn, nil)
		defer listeners.Close()
		go func() {
			for request := range requests {
				ok, reply := listeners.Handle(request)
				_ = request.Reply(ok, reply)
			}
		}()
		for channel := range channels {
			if channel.ChannelType() == "direct-tcpip" {
				go ConnectTCP(channel)
			} else {
				go ConnectPath(channel)
			}
		}
	})
}

func TestAForwardDeliversEverythingSentBeforeItsEnd(t *testing.T) {
	forward, inside := dialThrough(t, connectClient(t))
	const sent = 1_900_000
	if _, err := forward.Write(make([]byte, sent)); err != nil {
		t.Fatal(err)
	}
	forward.Close()
	// With a slow target, the server has to keep what the socket does not accept yet.
	time.Sleep(200 * time.Millisecond)
	received := sshtest.Within(t, "the end of the data", func() int64 {
		count, _ := io.Copy(io.Discard, inside)
		return count
	})
	if received != sent {
		t.Errorf("%d of %d bytes arrived", received, sent)
	}
}

func TestAForwardEndsWithItsChannel(t *testing.T) {
	// The target sends nothing, and does not close its side.
	forward, _ := dialThrough(t, connectClient(t))
	forward.Close()
	sshtest.Within(t, "the end of the forward", func() bool {
		for strings.Contains(stacks(), "forward.join(") {
			time.Sleep(10 * time.Millisecond)
		}
		return true
	})
}

func stacks() string {
	buffer := make([]byte, 1<<20)
	return string(buffer[:runtime.Stack(buffer, true)])
}

func TestSocketsWithoutAFileAreRefused(t *testing.T) {
	client := connectClient(t)
	for _, path := range []string{"", "@abstract", "a\x00b"} {
		if listener, err := client.ListenUnix(path); err == nil {
			listener.Close()
			t.Errorf("listens on %q", path)
		}
		if forward, err := client.Dial("unix", path); err == nil {
			forward.Close()
			t.Errorf("connects to %q", path)
		}
	}
}

func TestAListenersSocketIsPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	listener, err := connectClient(t).ListenUnix(path)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

// dialThrough returns both ends of a connection that the client opened through the server.
func dialThrough(t *testing.T, client *ssh.Client) (forward, inside net.Conn) {
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
