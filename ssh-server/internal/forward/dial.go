package forward

import (
	"context"
	"io"
	"net"
	"strconv"
	"time"

	"golang.org/x/crypto/ssh"

	"gpu-dev.io/ssh-server/internal/socket"
)

const (
	dialTimeout  = 30 * time.Second
	drainTimeout = time.Minute
)

// directTCP is the payload of a direct-tcpip and of a forwarded-tcpip channel (RFC 4254, 7.2).
type directTCP struct {
	Host       string
	Port       uint32
	OriginHost string
	OriginPort uint32
}

// directPath is the payload of a direct-streamlocal@openssh.com channel.
type directPath struct {
	Path      string
	Reserved  string
	Reserved2 uint32
}

// halfCloser is what TCP and UNIX connections have in common.
type halfCloser interface {
	net.Conn
	CloseWrite() error
}

// ConnectTCP serves a direct-tcpip channel: -L, -D and -J. Names are resolved in the pod;
// NetworkPolicy decides which hosts are reachable.
func ConnectTCP(channel ssh.NewChannel) {
	var request directTCP
	if err := ssh.Unmarshal(channel.ExtraData(), &request); err != nil {
		_ = channel.Reject(ssh.ConnectionFailed, "malformed request")
		return
	}
	connect(channel, "tcp", net.JoinHostPort(request.Host, strconv.Itoa(int(request.Port))))
}

// ConnectPath serves a direct-streamlocal@openssh.com channel: -L to a UNIX socket, with the rights
// of the pod's user.
func ConnectPath(channel ssh.NewChannel) {
	var request directPath
	if err := ssh.Unmarshal(channel.ExtraData(), &request); err != nil {
		_ = channel.Reject(ssh.ConnectionFailed, "malformed request")
		return
	}
	if !socket.IsPath(request.Path) {
		_ = channel.Reject(ssh.ConnectionFailed, "not a socket path")
		return
	}
	connect(channel, "unix", request.Path)
}

func connect(offered ssh.NewChannel, network, address string) {
	ctx, cancel := context.WithTimeout(context.Background(), dialTimeout)
	defer cancel()
	target, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		_ = offered.Reject(ssh.ConnectionFailed, err.Error())
		return
	}
	channel, requests, err := offered.Accept()
	if err != nil {
		target.Close()
		return
	}
	join(channel, requests, target.(halfCloser))
}

// join copies bytes both ways until both directions have ended. A side that has sent everything
// stays open for the other direction. If the channel is closed altogether, what came before the
// close is still delivered to the connection.
func join(channel ssh.Channel, requests <-chan *ssh.Request, conn halfCloser) {
	var closed, sent, received = make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(closed)
		ssh.DiscardRequests(requests)
		// The client no longer waits: a target that accepts nothing for this long is given up.
		_ = conn.SetWriteDeadline(time.Now().Add(drainTimeout))
	}()
	go func() {
		defer close(sent)
		_, _ = io.Copy(conn, channel)
		_ = conn.CloseWrite()
	}()
	go func() {
		defer close(received)
		_, _ = io.Copy(channel, conn)
		_ = channel.CloseWrite()
	}()
	<-sent
	select {
	case <-received:
	case <-closed:
	}
	channel.Close()
	conn.Close()
}
