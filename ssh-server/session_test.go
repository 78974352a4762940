package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// patience is for a machine that does much else meanwhile.
const patience = 30 * time.Second

// loggedIn answers a client of a server of its own, and the server.
func loggedIn(t *testing.T) (*ssh.Client, *server) {
	t.Helper()
	key := newKey(t)
	s, address := startServer(t, key.PublicKey())
	client, err := login(t, address, "dev", key)
	if err != nil {
		t.Fatal(err)
	}
	return client, s
}

func newSession(t *testing.T, client *ssh.Client, terminal bool) *ssh.Session {
	t.Helper()
	session, err := client.NewSession()
	if err == nil && terminal {
		err = session.RequestPty("xterm", 24, 80, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return session
}

// within fails the test instead of waiting for ever.
func within[T any](t *testing.T, what string, wait func() T) T {
	t.Helper()
	done := make(chan T, 1)
	go func() { done <- wait() }()
	select {
	case result := <-done:
		return result
	case <-time.After(patience):
		t.Fatalf("%s: not within %s", what, patience)
		panic("unreachable")
	}
}

func exitOf(err error) (int, string) {
	var ended *ssh.ExitError
	if errors.As(err, &ended) {
		return ended.ExitStatus(), ended.Signal()
	}
	return -1, ""
}

func TestTheSignalThatEndedAProgramIsTold(t *testing.T) {
	client, _ := loggedIn(t)
	for _, name := range []string{"TERM", "KILL", "SEGV"} {
		for _, terminal := range []bool{false, true} {
			session := newSession(t, client, terminal)
			err := within(t, name, func() error { return session.Run("kill -" + name + " $$") })
			if _, signal := exitOf(err); signal != name {
				t.Errorf("ended by %s, on a terminal %v, told %q (%v)", name, terminal, signal, err)
			}
		}
	}
}

func TestAnEndIsToldAfterTheAnswer(t *testing.T) {
	client, _ := loggedIn(t)
	for range 200 {
		if err := within(t, "true", func() error { return newSession(t, client, false).Run("exit 0") }); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOutputThatNobodyReadsEndsTheProgram(t *testing.T) {
	client, _ := loggedIn(t)
	session := newSession(t, client, false)
	output, err := session.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errorsSaid bytes.Buffer
	session.Stderr = &errorsSaid
	if err := session.Start("yes; echo still heard >&2; exit 5"); err != nil {
		t.Fatal(err)
	}
	if err := within(t, "output", func() error { return readUntil(output, "y\n") }); err != nil {
		t.Fatal(err)
	}
	if _, err := session.SendRequest("eow@openssh.com", false, nil); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, output) }()
	code, _ := exitOf(within(t, "the end of yes", session.Wait))
	if code != 5 || !strings.Contains(errorsSaid.String(), "still heard") {
		t.Errorf("exit code %d, errors %q", code, errorsSaid.String())
	}
}

func waitForFile(path string) string {
	for {
		if text, err := os.ReadFile(path); err == nil {
			return string(text)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestWhatWasSentBeforeTheClientWentArrives(t *testing.T) {
	client, s := loggedIn(t)
	channel, requests, err := client.OpenChannel("session", nil)
	if err != nil {
		t.Fatal(err)
	}
	go ssh.DiscardRequests(requests)
	// It takes its input up slowly, so that much of it is still under way when the client goes.
	command := struct{ Command string }{"sleep 0.3; wc -c > count.new; mv count.new count"}
	if ok, err := channel.SendRequest("exec", true, ssh.Marshal(command)); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if _, err := channel.Write(make([]byte, 1_000_000)); err != nil {
		t.Fatal(err)
	}
	channel.Close()
	counted := within(t, "the count", func() string { return waitForFile(s.settings.workspace + "/count") })
	if strings.TrimSpace(counted) != "1000000" {
		t.Errorf("%s bytes arrived", counted)
	}
}
