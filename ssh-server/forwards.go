package main

import (
	"context"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

const (
	dialTimeout  = 30 * time.Second
	drainTimeout = time.Minute
)

type directTCP struct {
	Host       string
	Port       uint32
	OriginHost string
	OriginPort uint32
}

type directPath struct {
	Path      string
	Reserved  string
	Reserved2 uint32
}

// forwarded is what a TCP connection and a UNIX connection have in common.
type forwarded interface {
	net.Conn
	CloseWrite() error
}

// connectTCP serves -L, -D and -J. Names are looked up in the pod, and NetworkPolicy says what can be reached.
func connectTCP(channel ssh.NewChannel) {
	var wish directTCP
	if err := ssh.Unmarshal(channel.ExtraData(), &wish); err != nil {
		_ = channel.Reject(ssh.ConnectionFailed, "not understood")
		return
	}
	connect(channel, "tcp", net.JoinHostPort(wish.Host, strconv.Itoa(int(wish.Port))))
}

// connectPath serves -L to a UNIX socket, with the rights of the pod's user.
func connectPath(channel ssh.NewChannel) {
	var wish directPath
	if err := ssh.Unmarshal(channel.ExtraData(), &wish); err != nil {
		_ = channel.Reject(ssh.ConnectionFailed, "not understood")
		return
	}
	if !isSocketPath(wish.Path) {
		_ = channel.Reject(ssh.ConnectionFailed, "no path of a socket")
		return
	}
	connect(channel, "unix", wish.Path)
}

// isSocketPath knows what Go would take for a socket without a file.
func isSocketPath(path string) bool {
	return path != "" && path[0] != '@' && !strings.ContainsRune(path, 0)
}

func connect(wanted ssh.NewChannel, network, address string) {
	within, cancel := context.WithTimeout(context.Background(), dialTimeout)
	defer cancel()
	target, err := (&net.Dialer{}).DialContext(within, network, address)
	if err != nil {
		_ = wanted.Reject(ssh.ConnectionFailed, err.Error())
		return
	}
	channel, requests, err := wanted.Accept()
	if err != nil {
		target.Close()
		return
	}
	join(channel, requests, target.(forwarded))
}

// join carries bytes both ways until both are through. A side that has said all stays open for what the other has to say. Of a
// channel that is closed altogether, what came before still goes to the socket.
func join(channel ssh.Channel, requests <-chan *ssh.Request, socket forwarded) {
	var closed, forth, back = make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(closed)
		ssh.DiscardRequests(requests)
		// Nobody waits any more: whoever takes nothing for so long takes nothing.
		_ = socket.SetWriteDeadline(time.Now().Add(drainTimeout))
	}()
	go func() {
		defer close(forth)
		_, _ = io.Copy(socket, channel)
		_ = socket.CloseWrite()
	}()
	go func() {
		defer close(back)
		_, _ = io.Copy(channel, socket)
		_ = channel.CloseWrite()
	}()
	<-forth
	select {
	case <-back:
	case <-closed:
	}
	channel.Close()
	socket.Close()
}
