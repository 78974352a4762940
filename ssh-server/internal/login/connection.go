package login

import (
	"fmt"
	"net"
	"os"

	"golang.org/x/crypto/ssh"

	"gpu-dev.io/ssh-server/internal/forward"
	"gpu-dev.io/ssh-server/internal/pod"
	"gpu-dev.io/ssh-server/internal/session"
)

const keyExtension = "key"

// connection is one login: its channels, and the sockets on which the pod listens for its client.
type connection struct {
	settings pod.Settings
	ssh      *ssh.ServerConn
	// raw is the connection below ssh.
	raw       net.Conn
	terminals *session.Terminals
	// key is the wire form of the public key that logged in.
	key         string
	fingerprint string
	listeners   *forward.Listeners
}

func newConnection(
	settings pod.Settings, conn *ssh.ServerConn, raw net.Conn, terminals *session.Terminals,
) *connection {
	c := &connection{
		settings:  settings,
		raw:       raw,
		terminals: terminals,
		ssh:       conn,
		key:       conn.Permissions.Extensions[keyExtension],
		listeners: forward.NewListeners(conn, agentDirectories(settings)),
	}
	if key, err := ssh.ParsePublicKey([]byte(c.key)); err == nil {
		c.fingerprint = key.Type() + " " + ssh.FingerprintSHA256(key)
	}
	return c
}

// serve returns when the client has disconnected, and closes the sockets that listened for it.
// Programs may keep running.
func (c *connection) serve(channels <-chan ssh.NewChannel, requests <-chan *ssh.Request) {
	go c.handle(requests)
	for channel := range channels {
		go c.open(channel)
	}
	c.listeners.Close()
}

func (c *connection) open(channel ssh.NewChannel) {
	switch channel.ChannelType() {
	case "session":
		session.Serve(channel, session.Login{
			Settings:  c.settings,
			Variables: c.variables(),
			AgentPath: c.listeners.AgentPath,
			Terminals: c.terminals,
		})
	case "direct-tcpip":
		forward.ConnectTCP(channel)
	case "direct-streamlocal@openssh.com":
		forward.ConnectPath(channel)
	default:
		_ = channel.Reject(ssh.UnknownChannelType, "channel type not supported")
	}
}

// handle serves requests that belong to no channel. Unknown ones, such as keep-alives, get a reply
// too.
func (c *connection) handle(requests <-chan *ssh.Request) {
	for request := range requests {
		ok, reply := c.listeners.Handle(request)
		if request.WantReply {
			_ = request.Reply(ok, reply)
		}
	}
}

// variables describe the connection to programs, as every SSH server does.
func (c *connection) variables() []string {
	client, clientPort := hostPort(c.ssh.RemoteAddr())
	server, serverPort := hostPort(c.ssh.LocalAddr())
	return []string{
		fmt.Sprintf("SSH_CLIENT=%s %s %s", client, clientPort, serverPort),
		fmt.Sprintf("SSH_CONNECTION=%s %s %s %s", client, clientPort, server, serverPort),
	}
}

func hostPort(address net.Addr) (host, port string) {
	host, port, err := net.SplitHostPort(address.String())
	if err != nil {
		return "UNKNOWN", "0"
	}
	return host, port
}

func agentDirectories(settings pod.Settings) []string {
	return []string{os.TempDir(), "/tmp", "/dev/shm", settings.Home, settings.Workspace}
}
