// Package forward carries the connections of one login that are not sessions: forwards to the pod
// (-L, -D, -J), listeners for the client (-R) and the client's SSH agent.
package forward

import (
	"net"
	"strconv"
	"sync"

	"golang.org/x/crypto/ssh"

	"gpu-dev.io/ssh-server/internal/socket"
)

// bindTCP is the payload of tcpip-forward and its cancellation (RFC 4254, 7.1).
type bindTCP struct {
	Host string
	Port uint32
}

// bindPath is the payload of streamlocal-forward@openssh.com and its cancellation.
type bindPath struct {
	Path string
}

// Listeners are the sockets on which the pod listens for one client.
type Listeners struct {
	client ssh.Conn
	agent  agentSocket
	mu     sync.Mutex
	open   map[string][]net.Listener
	closed bool
}

// NewListeners returns the listeners of a login. The agent's socket is created in the first of
// agentDirectories that is writable.
func NewListeners(client ssh.Conn, agentDirectories []string) *Listeners {
	return &Listeners{
		client: client,
		agent:  agentSocket{directories: agentDirectories},
		open:   map[string][]net.Listener{},
	}
}

// Handle serves a global request. It returns false for a failed and for an unknown request.
func (l *Listeners) Handle(request *ssh.Request) (ok bool, reply []byte) {
	switch request.Type {
	case "tcpip-forward":
		return l.listenTCP(request.Payload)
	case "streamlocal-forward@openssh.com":
		return l.listenPath(request.Payload), nil
	case "cancel-tcpip-forward":
		return l.cancelTCP(request.Payload), nil
	case "cancel-streamlocal-forward@openssh.com":
		return l.cancelPath(request.Payload), nil
	default:
		return false, nil
	}
}

// Close closes all sockets, and those that are requested later.
func (l *Listeners) Close() {
	l.agent.close()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for _, sockets := range l.open {
		closeSockets(sockets)
	}
}

// listenTCP listens on loopback only, whatever address was requested, as sshd does without
// GatewayPorts.
func (l *Listeners) listenTCP(payload []byte) (bool, []byte) {
	var request bindTCP
	if ssh.Unmarshal(payload, &request) != nil {
		return false, nil
	}
	first, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(int(request.Port))))
	if err != nil {
		return false, nil
	}
	port := uint32(first.Addr().(*net.TCPAddr).Port)
	sockets := []net.Listener{first}
	// `localhost` may mean either address; skip IPv6 if the pod has none or the port is taken.
	second, err := net.Listen("tcp", net.JoinHostPort("::1", strconv.Itoa(int(port))))
	if err == nil {
		sockets = append(sockets, second)
	}
	l.listen(tcpName(request.Host, port), sockets, "forwarded-tcpip", func(from net.Addr) []byte {
		origin := from.(*net.TCPAddr)
		return ssh.Marshal(directTCP{request.Host, port, origin.IP.String(), uint32(origin.Port)})
	})
	if request.Port != 0 {
		return true, nil
	}
	return true, ssh.Marshal(struct{ Port uint32 }{port})
}

func (l *Listeners) listenPath(payload []byte) bool {
	var request bindPath
	if ssh.Unmarshal(payload, &request) != nil || !socket.IsPath(request.Path) {
		return false
	}
	listener, err := socket.ListenPrivate(request.Path)
	if err != nil {
		return false
	}
	describe := func(net.Addr) []byte {
		return ssh.Marshal(struct{ Path, Reserved string }{request.Path, ""})
	}
	l.listen(request.Path, []net.Listener{listener}, "forwarded-streamlocal@openssh.com", describe)
	return true
}

func (l *Listeners) cancelTCP(payload []byte) bool {
	var request bindTCP
	return ssh.Unmarshal(payload, &request) == nil && l.cancel(tcpName(request.Host, request.Port))
}

func (l *Listeners) cancelPath(payload []byte) bool {
	var request bindPath
	return ssh.Unmarshal(payload, &request) == nil && l.cancel(request.Path)
}

func (l *Listeners) listen(
	name string, sockets []net.Listener, kind string, describe func(net.Addr) []byte,
) {
	if !l.add(name, sockets) {
		return
	}
	for _, listener := range sockets {
		go forwardBack(l.client, listener, kind, describe)
	}
}

// add closes sockets that are requested after the end of the login.
func (l *Listeners) add(name string, sockets []net.Listener) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		closeSockets(sockets)
		return false
	}
	l.open[name] = sockets
	return true
}

func (l *Listeners) cancel(name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	sockets, found := l.open[name]
	closeSockets(sockets)
	delete(l.open, name)
	return found
}

// forwardBack opens a channel to the client for each connection to the listener.
func forwardBack(
	client ssh.Conn, listener net.Listener, kind string, describe func(net.Addr) []byte,
) {
	socket.AcceptEach(listener, func(local net.Conn) {
		channel, requests, err := client.OpenChannel(kind, describe(local.RemoteAddr()))
		if err != nil {
			local.Close()
			return
		}
		join(channel, requests, local.(halfCloser))
	})
}

// closeSockets also removes the files of UNIX sockets.
func closeSockets(sockets []net.Listener) {
	for _, listener := range sockets {
		listener.Close()
	}
}

func tcpName(host string, port uint32) string {
	return net.JoinHostPort(host, strconv.Itoa(int(port)))
}
