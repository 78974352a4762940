package login

import (
	"bytes"
	"encoding/binary"
	"io"
	"log"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"gpu-dev.io/ssh-server/internal/sshtest"
)

// captureLog returns a function that returns the log since the call.
func captureLog(t *testing.T) func() string {
	t.Helper()
	text := &lockedBuffer{}
	log.SetOutput(text)
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	return text.String
}

type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(text)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// waitForLine returns the first line of the log that contains the text.
func waitForLine(t *testing.T, read func() string, text string) string {
	t.Helper()
	deadline := time.Now().Add(sshtest.Timeout)
	for ; time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		for line := range strings.Lines(read()) {
			if strings.Contains(line, text) {
				return strings.TrimSuffix(line, "\n")
			}
		}
	}
	t.Fatalf("no %q in %q", text, read())
	return ""
}

func TestAlgorithmsWithSHA1AreRefused(t *testing.T) {
	key := sshtest.NewKey(t)
	_, address := startServer(t, key.PublicKey())
	aes := []string{ssh.CipherAES128CTR}
	for name, offered := range map[string]ssh.Config{
		"key exchange": {KeyExchanges: []string{
			ssh.InsecureKeyExchangeDH14SHA1, ssh.InsecureKeyExchangeDHGEXSHA1,
		}},
		"MAC":    {Ciphers: aes, MACs: []string{ssh.HMACSHA1, ssh.InsecureHMACSHA196}},
		"cipher": {Ciphers: []string{ssh.InsecureCipherAES128CBC, ssh.InsecureCipherTripleDESCBC}},
	} {
		client, err := ssh.Dial("tcp", address, &ssh.ClientConfig{
			Config: offered, User: "dev", Auth: []ssh.AuthMethod{ssh.PublicKeys(key)},
			HostKeyCallback: ssh.InsecureIgnoreHostKey(),
		})
		if err == nil {
			client.Close()
			t.Errorf("an old %s is accepted", name)
		} else if !strings.Contains(err.Error(), "no common algorithm") {
			t.Error(err)
		}
	}
}

func TestARefusalIsOneLogLine(t *testing.T) {
	logged, known, unknown := captureLog(t), sshtest.NewKey(t), sshtest.NewKey(t)
	_, address := startServer(t, known.PublicKey())
	if _, err := dial(t, address, "dev\nno login for 192.0.2.1: forged", unknown); err == nil {
		t.Fatal("logged in")
	}
	line := waitForLine(t, logged, "192.0.2.1")
	rest := `: user "dev\nno login for 192.0.2.1: forged" with ` +
		ssh.FingerprintSHA256(unknown.PublicKey()) + ": refused"
	if !strings.Contains(line, "no login for 127.0.0.1") || !strings.HasSuffix(line, rest) {
		t.Errorf("log: %q", line)
	}
}

func TestTextFromAClientIsQuotedInTheLog(t *testing.T) {
	logged := captureLog(t)
	_, address := startServer(t)
	client, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	_, _ = io.WriteString(client, "SSH-2.0-x\r\n")
	_, _ = client.Write(plainPacket(ssh.Marshal(struct {
		Kind              byte
		Reason            uint32
		Message, Language string
	}{1, 11, "bye\nlogin from 192.0.2.1 \x1b[31m", ""})))
	_, _ = io.Copy(io.Discard, client)
	line := waitForLine(t, logged, "192.0.2.1")
	if !strings.Contains(line, "no login for 127.0.0.1") || strings.ContainsRune(line, 0x1b) {
		t.Errorf("log: %q", line)
	}
}

// plainPacket frames a payload as it is sent before keys are exchanged.
func plainPacket(payload []byte) []byte {
	padding := 4
	for (5+len(payload)+padding)%8 != 0 {
		padding++
	}
	packet := binary.BigEndian.AppendUint32(nil, uint32(1+len(payload)+padding))
	return append(append(append(packet, byte(padding)), payload...), make([]byte, padding)...)
}

func TestAClientThatExchangesNoKeysIsDropped(t *testing.T) {
	key := sshtest.NewKey(t)
	shorten := func(s *server) { s.exchangeGrace = time.Second }
	_, address := startServerWith(t, shorten, key.PublicKey())
	silent, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	sshtest.Within(t, "the end of a silent connection", func() int64 {
		count, _ := io.Copy(io.Discard, silent)
		return count
	})
	if _, err := dial(t, address, "dev", slowSigner{key}); err != nil {
		t.Errorf("a user who takes longer than that cannot log in: %v", err)
	}
}

// slowSigner is a security key that has to be found and touched first.
type slowSigner struct{ ssh.Signer }

func (s slowSigner) Sign(random io.Reader, data []byte) (*ssh.Signature, error) {
	time.Sleep(1500 * time.Millisecond)
	return s.Signer.Sign(random, data)
}

func TestSilentConnectionsDoNotLockOutUsers(t *testing.T) {
	key := sshtest.NewKey(t)
	_, address := startServerWith(t, func(s *server) {
		s.exchangeGrace = 500 * time.Millisecond
		s.exchanging.soft, s.exchanging.hard = 4, 12
	}, key.PublicKey())
	for range 60 {
		silent, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer silent.Close()
	}
	// Some attempts are rejected; a later one finds a place.
	sshtest.Within(t, "a login", func() bool {
		for {
			if _, err := dial(t, address, "dev", key); err == nil {
				return true
			}
		}
	})
}
