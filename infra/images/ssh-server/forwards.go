package main

import (
	"context"
	"io"
	"net"
	"strconv"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

const dialTimeout = 30 * time.Second

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

// halfCloser is what a TCP connection, a UNIX connection and a channel have in common.
type halfCloser interface {
	io.ReadWriteCloser
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
	connect(channel, "unix", wish.Path)
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
	join(channel, requests, target.(halfCloser))
}

// join carries bytes both ways until both are through. A side that has said all stays open for what the other has to say; a
// channel that is closed altogether closes its socket.
func join(channel ssh.Channel, requests <-chan *ssh.Request, socket halfCloser) {
	go func() {
		ssh.DiscardRequests(requests)
		socket.Close()
	}()
	var both sync.WaitGroup
	both.Go(func() {
		_, _ = io.Copy(socket, channel)
		_ = socket.CloseWrite()
	})
	both.Go(func() {
		_, _ = io.Copy(channel, socket)
		_ = channel.CloseWrite()
	})
	both.Wait()
	channel.Close()
	socket.Close()
}
