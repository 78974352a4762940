package login

import (
	"math/rand/v2"
	"sync"
)

// limiter bounds the number of connections in one state. From `soft` connections on it rejects an
// increasing share at random, and all at `hard`, so a client that fills it cannot lock out everyone
// else for certain (sshd's MaxStartups).
type limiter struct {
	soft, hard int
	mu         sync.Mutex
	count      int
}

func (l *limiter) acquire() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.count >= l.hard || l.count >= l.soft && rand.IntN(l.hard-l.soft+1) <= l.count-l.soft {
		return false
	}
	l.count++
	return true
}

func (l *limiter) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count--
}
