package session

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"gpu-dev.io/ssh-server/internal/pod"
	"gpu-dev.io/ssh-server/internal/sshtest"
)

// testLogin is a login into a temporary directory, without an agent.
func testLogin(t *testing.T) Login {
	t.Helper()
	directory := t.TempDir()
	settings := pod.NewSettings(0, []string{"PATH=/usr/bin:/bin"}).WithSecret(directory)
	settings.Workspace, settings.Home = directory, directory
	noAgent := func() (string, error) { return "", net.ErrClosed }
	return Login{Settings: settings, AgentPath: noAgent}
}

// connectClient returns a client whose sessions are served, and their workspace.
func connectClient(t *testing.T) (client *ssh.Client, workspace string) {
	t.Helper()
	login := testLogin(t)
	client = sshtest.Connect(t, func(
		_ *ssh.ServerConn, channels <-chan ssh.NewChannel, requests <-chan *ssh.Request,
	) {
		go ssh.DiscardRequests(requests)
		for channel := range channels {
			go Serve(channel, login)
		}
	})
	return client, login.Settings.Workspace
}

func openSession(t *testing.T, client *ssh.Client, terminal bool) *ssh.Session {
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

func exitOf(err error) (code int, signal string) {
	var ended *ssh.ExitError
	if errors.As(err, &ended) {
		return ended.ExitStatus(), ended.Signal()
	}
	return -1, ""
}

func TestTheSignalThatEndsAProgramIsReported(t *testing.T) {
	client, _ := connectClient(t)
	for _, name := range []string{"TERM", "KILL", "SEGV"} {
		for _, terminal := range []bool{false, true} {
			session := openSession(t, client, terminal)
			run := func() error { return session.Run("kill -" + name + " $$") }
			err := sshtest.Within(t, name, run)
			if _, signal := exitOf(err); signal != name {
				t.Errorf("ended by %s, terminal %v: %q (%v)", name, terminal, signal, err)
			}
		}
	}
}

func TestTheReplyPrecedesTheExitStatus(t *testing.T) {
	client, _ := connectClient(t)
	for range 200 {
		run := func() error { return openSession(t, client, false).Run("exit 0") }
		if err := sshtest.Within(t, "exit 0", run); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAClientsEarlyEndOfOutputEndsTheProgram(t *testing.T) {
	client, _ := connectClient(t)
	session := openSession(t, client, false)
	output, err := session.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errorOutput bytes.Buffer
	session.Stderr = &errorOutput
	if err := session.Start("yes; echo still received >&2; exit 5"); err != nil {
		t.Fatal(err)
	}
	firstLine := func() error { return sshtest.ReadUntil(output, "y\n") }
	if err := sshtest.Within(t, "output", firstLine); err != nil {
		t.Fatal(err)
	}
	if _, err := session.SendRequest("eow@openssh.com", false, nil); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, output) }()
	code, _ := exitOf(sshtest.Within(t, "the end of yes", session.Wait))
	if code != 5 || !strings.Contains(errorOutput.String(), "still received") {
		t.Errorf("exit code %d, errors %q", code, errorOutput.String())
	}
}

func TestInputSentBeforeTheClientDisconnectsArrives(t *testing.T) {
	client, workspace := connectClient(t)
	channel, requests, err := client.OpenChannel("session", nil)
	if err != nil {
		t.Fatal(err)
	}
	go ssh.DiscardRequests(requests)
	// The program reads late, so most of its input is in transit when the client disconnects.
	command := struct{ Command string }{"sleep 0.3; wc -c > count.new; mv count.new count"}
	if ok, err := channel.SendRequest("exec", true, ssh.Marshal(command)); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if _, err := channel.Write(make([]byte, 1_000_000)); err != nil {
		t.Fatal(err)
	}
	channel.Close()
	path := filepath.Join(workspace, "count")
	counted := sshtest.Within(t, "the count", func() string { return waitForFile(path) })
	if strings.TrimSpace(counted) != "1000000" {
		t.Errorf("%s bytes arrived", counted)
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

func TestVariablesThatAClientMaySet(t *testing.T) {
	for name, want := range map[string]bool{
		"LANG": true, "LC_ALL": true, "TERM": true, "LD_PRELOAD": false, "PATH": false,
	} {
		if clientVariable.MatchString(name) != want {
			t.Errorf("%s: not %v", name, want)
		}
	}
}
