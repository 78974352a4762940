package main

import (
	"context"
	"log"
	"time"
)

// watchKeys closes the connections whose key is no longer in the file, until stopped. A file that can't be read says
// nothing of a key: it lets nobody in, and closes nothing.
func (s *server) watchKeys(stopped context.Context) {
	ticker := time.NewTicker(keysPeriod)
	defer ticker.Stop()
	told := false
	for {
		select {
		case <-stopped.Done():
			return
		case <-ticker.C:
		}
		connections := s.connections()
		if len(connections) == 0 {
			continue
		}
		keys, err := s.keys.read()
		if err != nil && !told {
			log.Printf("authorized_keys can't be read, open sessions go on: %v", err)
		}
		told = err != nil
		if err == nil {
			closeRevoked(connections, keys)
		}
	}
}

func closeRevoked(connections []*connection, keys keySet) {
	for _, c := range connections {
		if !keys[c.key] {
			log.Printf("the login from %s is closed: its key was removed", c.ssh.RemoteAddr())
			c.ssh.Close()
		}
	}
}

func (s *server) remember(c *connection, open bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if open {
		s.open[c] = true
	} else {
		delete(s.open, c)
	}
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

// closeAll hangs every terminal up, and lets each login remove the sockets that it made.
func (s *server) closeAll() {
	connections := s.connections()
	for _, c := range connections {
		c.ssh.Close()
	}
	for range 40 {
		if len(s.connections()) == 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	log.Printf("%d logins did not end in order", len(s.connections()))
}
