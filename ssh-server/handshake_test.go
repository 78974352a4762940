package main

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
)

// logged answers what the server has logged since.
func logged(t *testing.T) func() string {
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

// waitForLine answers the log's first line that has the text in it.
func waitForLine(t *testing.T, read func() string, text string) string {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		for line := range strings.Lines(read()) {
			if strings.Contains(line, text) {
				return strings.TrimSuffix(line, "\n")
			}
		}
	}
	t.Fatalf("no %q in %q", text, read())
	return ""
}

func TestNothingWithSHA1IsSpoken(t *testing.T) {
	key := newKey(t)
	_, address := startServer(t, key.PublicKey())
	for name, offered := range map[string]ssh.Config{
		"key exchange": {KeyExchanges: []string{ssh.InsecureKeyExchangeDH14SHA1, ssh.InsecureKeyExchangeDHGEXSHA1}},
		"MAC":          {Ciphers: []string{ssh.CipherAES128CTR}, MACs: []string{ssh.HMACSHA1, ssh.InsecureHMACSHA196}},
		"cipher":       {Ciphers: []string{ssh.InsecureCipherAES128CBC, ssh.InsecureCipherTripleDESCBC}},
	} {
		client, err := ssh.Dial("tcp", address, &ssh.ClientConfig{
			Config: offered, User: "dev", Auth: []ssh.AuthMethod{ssh.PublicKeys(key)}, HostKeyCallback: ssh.InsecureIgnoreHostKey(),
		})
		if err == nil {
			client.Close()
			t.Errorf("an old %s is spoken", name)
		} else if !strings.Contains(err.Error(), "no common algorithm") {
			t.Error(err)
		}
	}
}

func TestARefusalIsToldInOneLine(t *testing.T) {
	said, known, unknown := logged(t), newKey(t), newKey(t)
	_, address := startServer(t, known.PublicKey())
	if _, err := login(t, address, "dev\nno login for 192.0.2.1: forged", unknown); err == nil {
		t.Fatal("logged in")
	}
	line := waitForLine(t, said, "192.0.2.1")
	rest := `: user "dev\nno login for 192.0.2.1: forged" with ` + ssh.FingerprintSHA256(unknown.PublicKey()) + ": refused"
	if !strings.Contains(line, "no login for 127.0.0.1") || !strings.HasSuffix(line, rest) {
		t.Errorf("log: %q", line)
	}
}

func TestWhatAClientSaysIsQuoted(t *testing.T) {
	said := logged(t)
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
	line := waitForLine(t, said, "192.0.2.1")
	if !strings.Contains(line, "no login for 127.0.0.1") || strings.ContainsRune(line, 0x1b) {
		t.Errorf("log: %q", line)
	}
}

// plainPacket is one as it is sent before keys are exchanged.
func plainPacket(payload []byte) []byte {
	padding := 4
	for (5+len(payload)+padding)%8 != 0 {
		padding++
	}
	packet := binary.BigEndian.AppendUint32(nil, uint32(1+len(payload)+padding))
	return append(append(append(packet, byte(padding)), payload...), make([]byte, padding)...)
}

func TestWhoExchangesNoKeysIsDroppedSoon(t *testing.T) {
	key := newKey(t)
	_, address := startServerWith(t, func(s *server) { s.exchangeGrace = time.Second }, key.PublicKey())
	silent, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	within(t, "the end of a silent connection", func() int64 { count, _ := io.Copy(io.Discard, silent); return count })
	if _, err := login(t, address, "dev", slowSigner{key}); err != nil {
		t.Errorf("a person who takes longer than that can't log in: %v", err)
	}
}

// slowSigner has to be found and touched first.
type slowSigner struct{ ssh.Signer }

func (s slowSigner) Sign(random io.Reader, data []byte) (*ssh.Signature, error) {
	time.Sleep(1500 * time.Millisecond)
	return s.Signer.Sign(random, data)
}

func TestSilentConnectionsKeepNobodyOut(t *testing.T) {
	key := newKey(t)
	_, address := startServerWith(t, func(s *server) {
		s.exchangeGrace = 500 * time.Millisecond
		s.exchanging.busy, s.exchanging.full = 4, 12
	}, key.PublicKey())
	for range 60 {
		silent, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer silent.Close()
	}
	// Whoever came first is not all there is: a place is left by chance, or soon after.
	within(t, "a login", func() bool {
		for {
			if _, err := login(t, address, "dev", key); err == nil {
				return true
			}
		}
	})
}

func TestAGateTurnsAwayByChanceAndThenAll(t *testing.T) {
	g := gate{busy: 10, full: 20}
	for range 10 {
		if !g.enter() {
			t.Fatal("turned away though there is room")
		}
	}
	refused := 0
	for range 10_000 {
		if g.enter() {
			g.leave()
		} else {
			refused++
		}
	}
	if refused < 500 || refused > 1_500 {
		t.Errorf("%d of 10000 turned away, not one of ten", refused)
	}
	for range 10_000 {
		g.enter()
	}
	if g.inside != 20 {
		t.Errorf("%d are inside", g.inside)
	}
}
