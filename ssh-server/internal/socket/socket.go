// Package socket accepts connections and creates private UNIX sockets.
package socket

import (
	"context"
	"errors"
	"log"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const acceptPause = 100 * time.Millisecond

// AcceptEach serves each connection in its own goroutine until the listener is closed. Any other
// error is temporary, for example no free file descriptor or a connection that was closed before it
// was accepted.
func AcceptEach(listener net.Listener, serve func(net.Conn)) {
	for {
		client, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			log.Printf("cannot accept a connection to %s: %q", listener.Addr(), err.Error())
			time.Sleep(acceptPause)
			continue
		}
		go serve(client)
	}
}

// ListenPrivate creates a UNIX socket that is private from its first moment: Linux gives the file
// the mode that the socket has when it is bound.
func ListenPrivate(path string) (net.Listener, error) {
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var result error
		err := raw.Control(func(fd uintptr) { result = unix.Fchmod(int(fd), 0o600) })
		return errors.Join(err, result)
	}}
	listener, err := config.Listen(context.Background(), "unix", path)
	if err != nil {
		return nil, err
	}
	// Go would remove whatever has that name when the listener is closed.
	listener.(*net.UnixListener).SetUnlinkOnClose(false)
	info, err := os.Lstat(path)
	if err != nil {
		listener.Close()
		return nil, err
	}
	return &ownPath{Listener: listener, path: path, info: info}, nil
}

// ownPath removes the file of its socket, and no file that has replaced it.
type ownPath struct {
	net.Listener
	path string
	info os.FileInfo
}

func (l *ownPath) Close() error {
	if info, err := os.Lstat(l.path); err == nil && os.SameFile(info, l.info) {
		os.Remove(l.path)
	}
	return l.Listener.Close()
}

// IsPath reports whether path names a file. Go treats "" and "@name" as sockets without a file.
func IsPath(path string) bool {
	return path != "" && path[0] != '@' && !strings.ContainsRune(path, 0)
}
