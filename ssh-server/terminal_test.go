package main

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/crypto/ssh"
)

func TestATerminalEndsWithItsProgram(t *testing.T) {
	client, _ := loggedIn(t)
	session := newSession(t, client, true)
	var said bytes.Buffer
	session.Stdout = &said
	err := within(t, "exit beside a background job", func() error { return session.Run("set -m; sleep 777 & echo $!; exit 3") })
	killJob(t, said.String())
	if code, _ := exitOf(err); code != 3 {
		t.Errorf("not its exit code: %v", err)
	}
}

// killJob ends what a session left in the background, and said the number of first.
func killJob(t *testing.T, output string) {
	t.Helper()
	first, _, _ := strings.Cut(output, "\r\n")
	pid, err := strconv.Atoi(first)
	if err == nil {
		err = syscall.Kill(pid, syscall.SIGKILL)
	}
	if err != nil {
		t.Errorf("no job is left in the background: %v in %.80q", err, output)
	}
}

func TestATerminalShowsAllThatWasSaid(t *testing.T) {
	client, _ := loggedIn(t)
	for range 20 {
		session := newSession(t, client, true)
		output := within(t, "output", func() string {
			output, _ := session.Output("set -m; sleep 777 & echo $!; head -c 60000 /dev/zero | tr '\\0' x; echo END")
			return string(output)
		})
		killJob(t, output)
		if !strings.HasSuffix(output, "END\r\n") || strings.Count(output, "x") != 60_000 {
			t.Fatalf("%d bytes, ends with %q", len(output), output[max(0, len(output)-20):])
		}
	}
}

func TestASignalReachesTheForegroundOfATerminal(t *testing.T) {
	client, _ := loggedIn(t)
	session := newSession(t, client, true)
	output, err := session.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	// With job control each job has a group of its own.
	job := `sh -c 'trap "echo got it; exit 0" INT; echo ready; while :; do sleep 0.05; done'`
	if err := session.Start("set -m; " + job + "; exit 0"); err != nil {
		t.Fatal(err)
	}
	if err := within(t, "ready", func() error { return readUntil(output, "ready") }); err != nil {
		t.Fatal(err)
	}
	if err := session.Signal(ssh.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := within(t, "the signal", func() error { return readUntil(output, "got it") }); err != nil {
		t.Fatal(err)
	}
}

func readUntil(from io.Reader, text string) error {
	var seen bytes.Buffer
	buffer := make([]byte, 1024)
	for !strings.Contains(seen.String(), text) {
		count, err := from.Read(buffer)
		seen.Write(buffer[:count])
		if err != nil {
			return err
		}
	}
	return nil
}

// deafChannel is one whose client lets nothing be sent: its window is used up.
type deafChannel struct {
	ssh.Channel
	closed chan struct{}
}

func (c deafChannel) Write([]byte) (int, error) { <-c.closed; return 0, io.EOF }
func (c deafChannel) Read([]byte) (int, error)  { <-c.closed; return 0, io.EOF }
func (c deafChannel) Stderr() io.ReadWriter     { return c }
func (c deafChannel) CloseWrite() error         { return nil }
func (c deafChannel) Close() error              { return nil }
func (c deafChannel) SendRequest(string, bool, []byte) (bool, error) {
	return false, io.EOF
}

// While a request is answered, the library reads nothing more of the connection, not even its end.
func TestAClientThatReadsNothingIsAnswered(t *testing.T) {
	_, server := loggedIn(t)
	channel := deafChannel{closed: make(chan struct{})}
	s := newSessionOf(&connection{server: server}, channel, nil)
	within(t, "the terminal and its shell", func() bool {
		opened := s.handle(&ssh.Request{Type: "pty-req", Payload: ssh.Marshal(struct {
			Term                         string
			Columns, Rows, Width, Height uint32
			Modes                        string
		}{Term: "xterm"})})
		return opened && s.handle(&ssh.Request{Type: "shell"})
	})
	close(s.answered)
	s.terminal.close()
	close(channel.closed)
}
