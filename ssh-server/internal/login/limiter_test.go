package login

import "testing"

func TestLimiterRejectsAtRandomAndThenAll(t *testing.T) {
	l := limiter{soft: 10, hard: 20}
	for range 10 {
		if !l.acquire() {
			t.Fatal("rejected below the soft limit")
		}
	}
	rejected := 0
	for range 10_000 {
		if l.acquire() {
			l.release()
		} else {
			rejected++
		}
	}
	if rejected < 500 || rejected > 1_500 {
		t.Errorf("%d of 10000 rejected, not one of ten", rejected)
	}
	for range 10_000 {
		l.acquire()
	}
	if l.count != 20 {
		t.Errorf("%d connections", l.count)
	}
}
