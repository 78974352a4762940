// Package login accepts connections, decides which clients may log in, and closes the logins whose
// key is removed.
package login

import (
	"context"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"gpu-dev.io/ssh-server/internal/lease"
	"gpu-dev.io/ssh-server/internal/pod"
	"gpu-dev.io/ssh-server/internal/session"
	"gpu-dev.io/ssh-server/internal/socket"
)

const (
	// secretPeriod is how often the Secret is read for removed keys and the end of the lease. It plus
	// the kubelet's refresh is the longest that the session of a removed key stays open.
	secretPeriod = 5 * time.Second
	// closeGrace is the time that logins get to remove their sockets when the server stops.
	closeGrace   = 2 * time.Second
	closePollGap = 50 * time.Millisecond
	// On a real cluster only the gateway can open this many connections.
	softLimit = 32
	hardLimit = 128
)

// keepAlive detects a client that vanished after half an hour, and keeps the connection of a laptop
// that sleeps for less.
var keepAlive = net.KeepAliveConfig{
	Enable: true, Idle: time.Minute, Interval: time.Minute, Count: 30,
}

// server is the SSH server of one pod.
type server struct {
	settings   pod.Settings
	keys       *keysFile
	exchanging limiter
	loggingIn  limiter
	// exchangeGrace is the constant of that name; tests shorten it.
	exchangeGrace time.Duration
	mu            sync.Mutex
	open          map[*connection]bool
	terminals     session.Terminals
}

// Serve runs the SSH server of a pod until the process receives SIGTERM or SIGINT. It changes the
// working directory: sftp and scp resolve relative names against it.
func Serve(settings pod.Settings) error {
	s, err := newServer(settings)
	if err != nil {
		return err
	}
	pod.PrepareHome(settings)
	if err := os.Chdir(settings.SessionEnv().Directory); err != nil {
		log.Printf("relative file names start at /: %v", err)
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	return s.listenAndServe(ctx)
}

// newServer returns an error if the host key is missing or not valid.
func newServer(settings pod.Settings) (*server, error) {
	s := &server{
		settings:      settings,
		keys:          &keysFile{path: settings.AuthorizedKeysFile},
		exchanging:    limiter{soft: softLimit, hard: hardLimit},
		loggingIn:     limiter{soft: softLimit, hard: hardLimit},
		exchangeGrace: exchangeGrace,
		open:          map[*connection]bool{},
	}
	if _, err := s.config(); err != nil {
		return nil, err
	}
	return s, nil
}

// listenAndServe serves until ctx is done, and then closes every login.
func (s *server) listenAndServe(ctx context.Context) error {
	config := net.ListenConfig{KeepAliveConfig: keepAlive}
	listener, err := config.Listen(ctx, "tcp", s.settings.Address)
	if err != nil {
		return fmt.Errorf("cannot listen: %w", err)
	}
	log.Printf("listening on %s", listener.Addr())
	go socket.AcceptEach(listener, s.serve)
	s.watchSecret(ctx)
	listener.Close()
	s.closeAll()
	return nil
}

func (s *server) serve(client net.Conn) {
	defer client.Close()
	conn, channels, requests, err := s.shake(client)
	if err != nil {
		logRefusal(client, err)
		return
	}
	c := newConnection(s.settings, conn, client, &s.terminals)
	s.track(c)
	defer s.untrack(c)
	log.Printf("login from %s with %s", conn.RemoteAddr(), c.fingerprint)
	c.serve(channels, requests)
	log.Printf("logout from %s", conn.RemoteAddr())
}

// watchSecret closes the connections whose key is no longer in the file, and warns terminals of the
// end of the lease, until ctx is done. A file that cannot be read says nothing about a key: it admits
// no client and closes no connection.
func (s *server) watchSecret(ctx context.Context) {
	ticker := time.NewTicker(secretPeriod)
	defer ticker.Stop()
	reported := false
	var warnings lease.Warnings
	for {
		end, now := lease.ReadEnd(s.settings.ExpiresFile), time.Now()
		if warnings.IsDue(end, now) {
			s.terminals.Notify(s.settings.LeaseTexts().Warning(end, now))
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		connections := s.connections()
		if len(connections) == 0 {
			continue
		}
		keys, err := s.keys.read()
		if err != nil && !reported {
			log.Printf("cannot read authorized_keys; open sessions continue: %v", err)
		}
		reported = err != nil
		if err == nil {
			closeRevoked(connections, keys)
		}
	}
}

func closeRevoked(connections []*connection, keys keySet) {
	for _, c := range connections {
		if !keys[c.key] {
			log.Printf("closing the login from %s: its key was removed", c.ssh.RemoteAddr())
			disconnect(c.ssh, c.raw, lease.KeyRemoved)
		}
	}
}

func (s *server) track(c *connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[c] = true
}

func (s *server) untrack(c *connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
}

func (s *server) connections() []*connection {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*connection, 0, len(s.open))
	for c := range s.open {
		all = append(all, c)
	}
	return all
}

// closeAll tells every client why the pod ends, which hangs up its terminals, and lets each login
// remove the sockets that it created.
func (s *server) closeAll() {
	reason := s.settings.LeaseTexts().Ended(lease.ReadEnd(s.settings.ExpiresFile), time.Now())
	var notified sync.WaitGroup
	for _, c := range s.connections() {
		notified.Go(func() { disconnect(c.ssh, c.raw, reason) })
	}
	notified.Wait()
	for deadline := time.Now().Add(closeGrace); time.Now().Before(deadline); {
		if len(s.connections()) == 0 {
			return
		}
		time.Sleep(closePollGap)
	}
	log.Printf("%d logins did not end in time", len(s.connections()))
}
