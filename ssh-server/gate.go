package main

import (
	"math/rand/v2"
	"sync"
)

// gate bounds how many connections are in one state at a time. From `busy` on it turns more and more away by chance, and all
// at `full`: whoever fills it up keeps nobody out for certain (sshd's MaxStartups).
type gate struct {
	busy, full int
	mu         sync.Mutex
	inside     int
}

func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.inside >= g.full || g.inside >= g.busy && rand.IntN(g.full-g.busy+1) <= g.inside-g.busy {
		return false
	}
	g.inside++
	return true
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
}
