package main

import (
	"fmt"
	"net"

	"golang.org/x/crypto/ssh"
)

const keyExtension = "key"

// connection is one login: its channels, and what it listens on for its client.
type connection struct {
	server *server
	ssh    *ssh.ServerConn
	// key is the wire form of the public key that logged in.
	key         string
	fingerprint string
	listeners   *listeners
	agent       agentSocket
}

func newConnection(s *server, conn *ssh.ServerConn) *connection {
	c := &connection{server: s, ssh: conn, listeners: newListeners()}
	c.key = conn.Permissions.Extensions[keyExtension]
	if key, err := ssh.ParsePublicKey([]byte(c.key)); err == nil {
		c.fingerprint = key.Type() + " " + ssh.FingerprintSHA256(key)
	}
	return c
}

// serve ends when the client is gone, and closes what listened for it. Programs may live on.
func (c *connection) serve(channels <-chan ssh.NewChannel, requests <-chan *ssh.Request) {
	go c.answer(requests)
	for channel := range channels {
		go c.open(channel)
	}
	c.listeners.closeAll()
	c.agent.close()
}

func (c *connection) open(channel ssh.NewChannel) {
	switch channel.ChannelType() {
	case "session":
		c.serveSession(channel)
	case "direct-tcpip":
		connectTCP(channel)
	case "direct-streamlocal@openssh.com":
		connectPath(channel)
	default:
		_ = channel.Reject(ssh.UnknownChannelType, "not served here")
	}
}

// answer serves requests that belong to no channel. Those it does not know, keep-alives among them, get an answer too.
func (c *connection) answer(requests <-chan *ssh.Request) {
	for request := range requests {
		var reply []byte
		var ok bool
		switch request.Type {
		case "tcpip-forward":
			reply, ok = c.listenTCP(request.Payload)
		case "streamlocal-forward@openssh.com":
			ok = c.listenPath(request.Payload)
		case "cancel-tcpip-forward":
			ok = c.cancelTCP(request.Payload)
		case "cancel-streamlocal-forward@openssh.com":
			ok = c.cancelPath(request.Payload)
		}
		if request.WantReply {
			_ = request.Reply(ok, reply)
		}
	}
}

// variables tells programs where their client is, as every SSH server does.
func (c *connection) variables() []string {
	client, clientPort := hostPort(c.ssh.RemoteAddr())
	own, ownPort := hostPort(c.ssh.LocalAddr())
	return []string{
		fmt.Sprintf("SSH_CLIENT=%s %s %s", client, clientPort, ownPort),
		fmt.Sprintf("SSH_CONNECTION=%s %s %s %s", client, clientPort, own, ownPort),
	}
}

func hostPort(address net.Addr) (string, string) {
	host, port, err := net.SplitHostPort(address.String())
	if err != nil {
		return "UNKNOWN", "0"
	}
	return host, port
}
