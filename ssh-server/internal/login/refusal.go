package login

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
	errNoOffer = fmt.Errorf("no public key was offered: %w", errRefused)
	errBusy    = errors.New("dropped: too many other clients have not logged in yet")
)

const (
	// maxLoggedOffers is less than an agent may hold.
	maxLoggedOffers = 10
	// maxLoggedLength limits what a client can add to the log.
	maxLoggedLength = 300
)

// refusal records what a client tried before it was refused, for the log.
type refusal struct {
	user   string
	offers []string
	busy   bool
}

func (r *refusal) recordOffer(user string, key ssh.PublicKey) {
	r.user = user
	offer := ssh.FingerprintSHA256(key)
	if len(r.offers) < maxLoggedOffers && !slices.Contains(r.offers, offer) {
		r.offers = append(r.offers, offer)
	}
}

func (r *refusal) explain(err error) error {
	var refused *ssh.ServerAuthError
	switch {
	case r.busy:
		return errBusy
	case len(r.offers) > 0:
		offers := strings.Join(r.offers, ", ")
		return fmt.Errorf("user %s with %s: %w", quote(r.user), offers, errRefused)
	case errors.As(err, &refused):
		return errNoOffer
	}
	return err
}

// logRefusal ignores a connection that ends without a word and one from the pod itself that offers no
// key: probes and the readiness check make them all the time. Text from the client is quoted, so that it cannot imitate lines of this log.
func logRefusal(client net.Conn, err error) {
	switch {
	case errors.Is(err, errNoOffer) && isLoopback(client.RemoteAddr()):
	case errors.Is(err, errRefused), errors.Is(err, errBusy):
		log.Printf("no login for %s: %v", client.RemoteAddr(), err)
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
	default:
		log.Printf("no login for %s: %s", client.RemoteAddr(), quote(err.Error()))
	}
}

func isLoopback(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

func quote(text string) string {
	return fmt.Sprintf("%q", text[:min(len(text), maxLoggedLength)])
}
