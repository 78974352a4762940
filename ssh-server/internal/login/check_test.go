package login

import (
	"io"
	"net"
	"os"
	"strings"
	"testing"

	"gpu-dev.io/ssh-server/internal/pod"
	"gpu-dev.io/ssh-server/internal/sshtest"
)

// checkable returns the settings of a server that runs on loopback.
func checkable(t *testing.T) pod.Settings {
	t.Helper()
	s, address := startServer(t)
	settings := s.settings
	settings.Address = address
	return settings
}

func TestCheckSucceedsQuietlyIfALoginIsPossible(t *testing.T) {
	read := captureLog(t)
	settings := checkable(t)
	if err := Check(settings); err != nil {
		t.Fatal(err)
	}
	if text := read(); strings.Contains(text, "no login") {
		t.Errorf("the check is logged: %q", text)
	}
}

func TestCheckFailsIfKeysCannotBeRead(t *testing.T) {
	settings := checkable(t)
	if err := os.Remove(settings.AuthorizedKeysFile); err != nil {
		t.Fatal(err)
	}
	if Check(settings) == nil {
		t.Error("the server has no authorized keys to read")
	}
}

func TestCheckFailsForAnotherHostKey(t *testing.T) {
	settings := checkable(t)
	other := checkable(t)
	settings.Address = other.Address
	if Check(settings) == nil {
		t.Error("the host key is another pod's")
	}
}

func TestCheckFailsIfNothingAnswers(t *testing.T) {
	settings := checkable(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	go func() {
		if conn, err := silent.Accept(); err == nil {
			_, _ = io.Copy(io.Discard, conn)
		}
	}()
	settings.Address = silent.Addr().String()
	if err := sshtest.Within(t, "the check", func() error { return Check(settings) }); err == nil {
		t.Error("the listener is silent")
	}
}
