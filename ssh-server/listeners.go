package main

import (
	"net"
	"strconv"
	"sync"

	"golang.org/x/crypto/ssh"
)

type bindTCP struct {
	Host string
	Port uint32
}

type bindPath struct {
	Path string
}

// listeners are the sockets of one login's -R, by what was asked for.
type listeners struct {
	mu     sync.Mutex
	open   map[string][]net.Listener
	closed bool
}

func newListeners() *listeners { return &listeners{open: map[string][]net.Listener{}} }

// listenTCP listens on loopback only, whatever address was asked for, as sshd does without GatewayPorts.
func (c *connection) listenTCP(payload []byte) ([]byte, bool) {
	var wish bindTCP
	if ssh.Unmarshal(payload, &wish) != nil {
		return nil, false
	}
	first, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(int(wish.Port))))
	if err != nil {
		return nil, false
	}
	port := uint32(first.Addr().(*net.TCPAddr).Port)
	sockets := []net.Listener{first}
	// Where the pod has IPv6 and nobody else took it: `localhost` may mean either.
	if second, err := net.Listen("tcp", net.JoinHostPort("::1", strconv.Itoa(int(port)))); err == nil {
		sockets = append(sockets, second)
	}
	c.listen(tcpName(wish.Host, port), sockets, "forwarded-tcpip", func(from net.Addr) []byte {
		origin := from.(*net.TCPAddr)
		return ssh.Marshal(directTCP{wish.Host, port, origin.IP.String(), uint32(origin.Port)})
	})
	if wish.Port != 0 {
		return nil, true
	}
	return ssh.Marshal(struct{ Port uint32 }{port}), true
}

func (c *connection) listenPath(payload []byte) bool {
	var wish bindPath
	if ssh.Unmarshal(payload, &wish) != nil || !isSocketPath(wish.Path) {
		return false
	}
	socket, err := listenPrivately(wish.Path)
	if err != nil {
		return false
	}
	c.listen(wish.Path, []net.Listener{socket}, "forwarded-streamlocal@openssh.com", func(net.Addr) []byte {
		return ssh.Marshal(struct{ Path, Reserved string }{wish.Path, ""})
	})
	return true
}

func (c *connection) cancelTCP(payload []byte) bool {
	var wish bindTCP
	return ssh.Unmarshal(payload, &wish) == nil && c.listeners.close(tcpName(wish.Host, wish.Port))
}

func (c *connection) cancelPath(payload []byte) bool {
	var wish bindPath
	return ssh.Unmarshal(payload, &wish) == nil && c.listeners.close(wish.Path)
}

func (c *connection) listen(name string, sockets []net.Listener, kind string, describe func(net.Addr) []byte) {
	if !c.listeners.add(name, sockets) {
		return
	}
	for _, socket := range sockets {
		go c.forwardBack(socket, kind, describe)
	}
}

// forwardBack opens a channel to the client for each connection that the socket gets, until it is closed.
func (c *connection) forwardBack(socket net.Listener, kind string, describe func(net.Addr) []byte) {
	acceptEach(socket, func(local net.Conn) {
		channel, requests, err := c.ssh.OpenChannel(kind, describe(local.RemoteAddr()))
		if err != nil {
			local.Close()
			return
		}
		join(channel, requests, local.(forwarded))
	})
}

// add closes what comes after the end of the login.
func (l *listeners) add(name string, sockets []net.Listener) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		closeSockets(sockets)
		return false
	}
	l.open[name] = sockets
	return true
}

func (l *listeners) close(name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	sockets, found := l.open[name]
	closeSockets(sockets)
	delete(l.open, name)
	return found
}

func (l *listeners) closeAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for _, sockets := range l.open {
		closeSockets(sockets)
	}
}

// closeSockets also removes the names of UNIX sockets: whoever listens made them.
func closeSockets(sockets []net.Listener) {
	for _, socket := range sockets {
		socket.Close()
	}
}

func tcpName(host string, port uint32) string {
	return net.JoinHostPort(host, strconv.Itoa(int(port)))
}
