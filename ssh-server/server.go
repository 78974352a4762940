package main

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
)

// keysPeriod plus the kubelet's refresh of the Secret is how long a removed key's session lives on.
const keysPeriod = 5 * time.Second

// A client that vanished is noticed in half an hour, and one that slept through lunch is not dropped.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: time.Minute, Interval: time.Minute, Count: 30}

type server struct {
	settings   settings
	keys       *keysFile
	exchanging gate
	loggingIn  gate
	// exchangeGrace is the constant of that name, and shorter in tests.
	exchangeGrace time.Duration
	mu            sync.Mutex
	open          map[*connection]bool
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
	go acceptEach(socket, s.serve)
	s.watchKeys(stopped)
	socket.Close()
	s.closeAll()
	return nil
}

func newServer(settings settings) *server {
	return &server{
		settings: settings,
		keys:     &keysFile{path: settings.authorizedKeys},
		// On a real cluster only the gateway gets this far.
		exchanging:    gate{busy: 32, full: 128},
		loggingIn:     gate{busy: 32, full: 128},
		exchangeGrace: exchangeGrace,
		open:          map[*connection]bool{},
	}
}

func (s *server) serve(client net.Conn) {
	defer client.Close()
	conn, channels, requests, err := s.shake(client)
	if err != nil {
		logRefusal(client, err)
		return
	}
	c := newConnection(s, conn)
	s.remember(c, true)
	defer s.remember(c, false)
	log.Printf("login from %s with %s", conn.RemoteAddr(), c.fingerprint)
	c.serve(channels, requests)
	log.Printf("end of the login from %s", conn.RemoteAddr())
}
