package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"
)

const (
	// maxAuthTries is more than any agent holds keys; a bound all the same.
	maxAuthTries = 100
	// maxHandshakes bounds those who have not logged in yet: only the gateway gets this far on a real cluster.
	maxHandshakes = 64
	// loginGrace leaves time to type a passphrase and to find the security key.
	loginGrace = 2 * time.Minute
	// keysPeriod plus the kubelet's refresh of the Secret is how long a removed key's session lives on.
	keysPeriod = 5 * time.Second
)

// A client that vanished is noticed in half an hour, and one that slept through lunch is not dropped.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: time.Minute, Interval: time.Minute, Count: 30}

var errRefused = errors.New("refused")

type server struct {
	settings   settings
	keys       *keysFile
	handshakes chan struct{}
	mu         sync.Mutex
	open       map[*connection]bool
}

// listen serves until it is told to stop.
func listen(settings settings) error {
	s := newServer(settings)
	if _, err := s.config(); err != nil {
		return err
	}
	prepareHome(settings)
	// Where sftp and scp begin, see files.go.
	if err := os.Chdir(settings.surroundings().directory); err != nil {
		log.Printf("files will be looked for from /: %v", err)
	}
	stopped, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	socket, err := (&net.ListenConfig{KeepAliveConfig: keepAlive}).Listen(stopped, "tcp", settings.address)
	if err != nil {
		return fmt.Errorf("can't listen: %w", err)
	}
	log.Printf("version %s, listens on %s", version, socket.Addr())
	go s.accept(socket)
	s.watchKeys(stopped)
	socket.Close()
	s.closeAll()
	return nil
}

func newServer(settings settings) *server {
	return &server{
		settings:   settings,
		keys:       &keysFile{path: settings.authorizedKeys},
		handshakes: make(chan struct{}, maxHandshakes),
		open:       map[*connection]bool{},
	}
}

func (s *server) accept(socket net.Listener) {
	for {
		client, err := socket.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			// Out of file descriptors, most likely; that passes.
			log.Printf("a connection can't be accepted: %v", err)
			time.Sleep(100 * time.Millisecond)
			continue
		}
		go s.serve(client)
	}
}

func (s *server) serve(client net.Conn) {
	defer client.Close()
	select {
	case s.handshakes <- struct{}{}:
	default:
		log.Printf("a connection from %s was dropped: %d others have not logged in yet", client.RemoteAddr(), maxHandshakes)
		return
	}
	_ = client.SetDeadline(time.Now().Add(loginGrace))
	conn, channels, requests, err := s.handshake(client)
	<-s.handshakes
	if err != nil {
		logRefusal(client, err)
		return
	}
	_ = client.SetDeadline(time.Time{})
	c := newConnection(s, conn)
	s.remember(c, true)
	defer s.remember(c, false)
	log.Printf("login from %s with %s", conn.RemoteAddr(), c.fingerprint)
	c.serve(channels, requests)
	log.Printf("end of the login from %s", conn.RemoteAddr())
}

func (s *server) handshake(client net.Conn) (*ssh.ServerConn, <-chan ssh.NewChannel, <-chan *ssh.Request, error) {
	config, err := s.config()
	if err != nil {
		return nil, nil, nil, err
	}
	return ssh.NewServerConn(client, config)
}

// config is made for each connection: the host key's file may change as every other.
func (s *server) config() (*ssh.ServerConfig, error) {
	text, err := os.ReadFile(s.settings.hostKeyFile)
	if err != nil {
		return nil, fmt.Errorf("the host key can't be read, the pod's Secret must hold it: %w", err)
	}
	hostKey, err := ssh.ParsePrivateKey(text)
	if err != nil {
		return nil, fmt.Errorf("the host key %s is none: %w", s.settings.hostKeyFile, err)
	}
	config := &ssh.ServerConfig{
		ServerVersion:           "SSH-2.0-gpu-dev",
		MaxAuthTries:            maxAuthTries,
		PublicKeyAuthAlgorithms: signatureAlgorithms,
		PublicKeyCallback:       s.allow,
	}
	config.AddHostKey(hostKey)
	return config, nil
}

// allow answers whether the key would do; the library then checks the signature, and that a security key was touched.
func (s *server) allow(client ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
	if client.User() != s.settings.user {
		return nil, errRefused
	}
	keys, err := s.keys.read()
	if err != nil {
		log.Printf("a login can't be checked: %v", err)
		return nil, errRefused
	}
	if !keys.has(key) {
		return nil, errRefused
	}
	// The library answers those of the key that signed at last, however many were asked for before.
	return &ssh.Permissions{Extensions: map[string]string{keyExtension: string(key.Marshal())}}, nil
}

// A readiness probe connects each second and says nothing: that is no event.
func logRefusal(client net.Conn, err error) {
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) {
		return
	}
	var refused *ssh.ServerAuthError
	if errors.As(err, &refused) {
		log.Printf("no login for %s: none of its keys may log in", client.RemoteAddr())
		return
	}
	log.Printf("no login for %s: %v", client.RemoteAddr(), err)
}
