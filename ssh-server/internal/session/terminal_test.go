package session

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/crypto/ssh"

	"gpu-dev.io/ssh-server/internal/sshtest"
)

func TestATerminalEndsWithItsProgram(t *testing.T) {
	client, _ := connectClient(t)
	session := openSession(t, client, true)
	var output bytes.Buffer
	session.Stdout = &output
	run := func() error { return session.Run("set -m; sleep 777 & echo $!; exit 3") }
	err := sshtest.Within(t, "exit with a background job", run)
	killJob(t, output.String())
	if code, _ := exitOf(err); code != 3 {
		t.Errorf("not the program's exit code: %v", err)
	}
}

// killJob ends the background job of a session that printed the job's process id first.
func killJob(t *testing.T, output string) {
	t.Helper()
	first, _, _ := strings.Cut(output, "\r\n")
	pid, err := strconv.Atoi(first)
	if err == nil {
		err = syscall.Kill(pid, syscall.SIGKILL)
	}
	if err != nil {
		t.Errorf("no background job is left: %v in %.80q", err, output)
	}
}

func TestATerminalShowsAllOutput(t *testing.T) {
	client, _ := connectClient(t)
	const command = "set -m; sleep 777 & echo $!; head -c 60000 /dev/zero | tr '\\0' x; echo END"
	for range 20 {
		session := openSession(t, client, true)
		output := sshtest.Within(t, "output", func() string {
			output, _ := session.Output(command)
			return string(output)
		})
		killJob(t, output)
		if !strings.HasSuffix(output, "END\r\n") || strings.Count(output, "x") != 60_000 {
			t.Fatalf("%d bytes, ends with %q", len(output), output[max(0, len(output)-20):])
		}
	}
}

func TestASignalReachesTheForegroundOfATerminal(t *testing.T) {
	client, _ := connectClient(t)
	session := openSession(t, client, true)
	output, err := session.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	// With job control each job has its own process group.
	job := `sh -c 'trap "echo got it; exit 0" INT; echo ready; while :; do sleep 0.05; done'`
	if err := session.Start("set -m; " + job + "; exit 0"); err != nil {
		t.Fatal(err)
	}
	shows := func(text string) error {
		return sshtest.Within(t, text, func() error { return sshtest.ReadUntil(output, text) })
	}
	if err := shows("ready"); err != nil {
		t.Fatal(err)
	}
	if err := session.Signal(ssh.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := shows("got it"); err != nil {
		t.Fatal(err)
	}
}

// blockedChannel is the channel of a client that reads nothing: its window is used up.
type blockedChannel struct {
	ssh.Channel
	closed chan struct{}
}

func (c blockedChannel) Write([]byte) (int, error) { <-c.closed; return 0, io.EOF }
func (c blockedChannel) Read([]byte) (int, error)  { <-c.closed; return 0, io.EOF }
func (c blockedChannel) Stderr() io.ReadWriter     { return c }
func (c blockedChannel) CloseWrite() error         { return nil }
func (c blockedChannel) Close() error              { return nil }
func (c blockedChannel) SendRequest(string, bool, []byte) (bool, error) {
	return false, io.EOF
}

// While a request is handled, the library reads nothing else from the connection, not even its end.
func TestAClientThatReadsNothingGetsReplies(t *testing.T) {
	channel := blockedChannel{closed: make(chan struct{})}
	s := newSession(testLogin(t), channel)
	sshtest.Within(t, "the terminal and its shell", func() bool {
		opened := s.handle(&ssh.Request{Type: "pty-req", Payload: ssh.Marshal(struct {
			Term                         string
			Columns, Rows, Width, Height uint32
			Modes                        string
		}{Term: "xterm"})})
		return opened && s.handle(&ssh.Request{Type: "shell"})
	})
	close(s.replied)
	s.terminal.close()
	close(channel.closed)
}
