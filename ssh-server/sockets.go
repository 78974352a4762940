package main

import (
	"context"
	"errors"
	"log"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const acceptPause = 100 * time.Millisecond

// acceptEach serves each connection until the socket is closed. Any other error passes: out of file descriptors, most likely, or a
// connection that was gone before it was accepted.
func acceptEach(socket net.Listener, serve func(net.Conn)) {
	for {
		client, err := socket.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			log.Printf("a connection to %s can't be accepted: %q", socket.Addr(), err.Error())
			time.Sleep(acceptPause)
			continue
		}
		go serve(client)
	}
}

// listenPrivately makes a socket that never was anybody else's: Linux gives the file the mode that the socket has by then.
func listenPrivately(path string) (net.Listener, error) {
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var result error
		err := raw.Control(func(fd uintptr) { result = unix.Fchmod(int(fd), 0o600) })
		return errors.Join(err, result)
	}}
	return config.Listen(context.Background(), "unix", path)
}
