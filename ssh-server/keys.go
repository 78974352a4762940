package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"sync"

	"golang.org/x/crypto/ssh"
)

var keyTypes = append([]string{ssh.KeyAlgoRSA}, signatureAlgorithms...)

const maxKeysFile = 1 << 20

// keySet is one reading of authorized_keys: who may log in now.
type keySet map[string]bool

func (k keySet) has(key ssh.PublicKey) bool { return k[string(key.Marshal())] }

// keysFile reads authorized_keys anew each time, so that a key taken out stops working as soon as the file says so.
type keysFile struct {
	path string
	mu   sync.Mutex
	told [sha256.Size]byte
}

func (f *keysFile) read() (keySet, error) {
	file, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxKeysFile))
	if err != nil {
		return nil, err
	}
	keys, refused := parseKeys(text)
	f.tell(text, refused)
	return keys, nil
}

// tell logs what was passed over, once for each content of the file.
func (f *keysFile) tell(text []byte, refused []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	sum := sha256.Sum256(text)
	if sum == f.told {
		return
	}
	f.told = sum
	for _, why := range refused {
		log.Print(why)
	}
}

// parseKeys passes a line with options over: an option that isn't honoured must not open a door. The control plane
// writes none.
func parseKeys(text []byte) (keySet, []string) {
	keys := keySet{}
	var refused []string
	for index, line := range bytes.Split(text, []byte("\n")) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		key, _, options, _, err := ssh.ParseAuthorizedKey(line)
		switch {
		case err != nil:
			refused = append(refused, fmt.Sprintf("authorized_keys line %d is no key", index+1))
		case len(options) > 0:
			refused = append(refused, fmt.Sprintf("authorized_keys line %d has options, which are not supported here; its key can't log in", index+1))
		case !slices.Contains(keyTypes, key.Type()):
			refused = append(refused, fmt.Sprintf("authorized_keys line %d: keys of type %q can't log in", index+1, key.Type()))
		default:
			keys[string(key.Marshal())] = true
		}
	}
	return keys, refused
}
