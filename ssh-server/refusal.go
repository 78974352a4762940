package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/crypto/ssh"
)

var (
	errRefused = errors.New("refused")
	errBusy    = errors.New("dropped: too many others have not logged in yet")
)

const (
	// An agent may hold more keys; a log line need not.
	mostOffersTold = 10
	// What a client says can be long.
	mostTold = 300
)

// refusal is what a connection tried before it was refused, for whoever asks why.
type refusal struct {
	user   string
	offers []string
	busy   bool
}

func (r *refusal) offered(user string, key ssh.PublicKey) {
	r.user = user
	offer := ssh.FingerprintSHA256(key)
	if len(r.offers) < mostOffersTold && !slices.Contains(r.offers, offer) {
		r.offers = append(r.offers, offer)
	}
}

func (r *refusal) explain(err error) error {
	var refused *ssh.ServerAuthError
	switch {
	case r.busy:
		return errBusy
	case len(r.offers) > 0:
		return fmt.Errorf("user %s with %s: %w", quoteShort(r.user), strings.Join(r.offers, ", "), errRefused)
	case errors.As(err, &refused):
		return fmt.Errorf("no public key was offered: %w", errRefused)
	}
	return err
}

// logRefusal leaves out what a readiness probe does each second, which is no event: it connects and says nothing. A client's
// own words are quoted: they must not look like lines of this log.
func logRefusal(client net.Conn, err error) {
	switch {
	case errors.Is(err, errRefused), errors.Is(err, errBusy):
		log.Printf("no login for %s: %v", client.RemoteAddr(), err)
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
	default:
		log.Printf("no login for %s: %s", client.RemoteAddr(), quoteShort(err.Error()))
	}
}

func quoteShort(text string) string {
	return fmt.Sprintf("%q", text[:min(len(text), mostTold)])
}
