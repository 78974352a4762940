package login

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

const maxKeysFileSize = 1 << 20

// keySet is the content of authorized_keys at one time: the keys that may log in.
type keySet map[string]bool

func (k keySet) has(key ssh.PublicKey) bool { return k[string(key.Marshal())] }

// keysFile reads authorized_keys each time it is asked, so a removed key stops working as soon as
// the file changes.
type keysFile struct {
	path     string
	mu       sync.Mutex
	reported [sha256.Size]byte
}

func (f *keysFile) read() (keySet, error) {
	file, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxKeysFileSize))
	if err != nil {
		return nil, err
	}
	keys, rejected := parseKeys(text)
	f.report(text, rejected)
	return keys, nil
}

// report logs the rejected lines once for each content of the file.
func (f *keysFile) report(text []byte, rejected []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	sum := sha256.Sum256(text)
	if sum == f.reported {
		return
	}
	f.reported = sum
	for _, reason := range rejected {
		log.Print(reason)
	}
}

// parseKeys rejects lines with options: an option that is not enforced must not grant access. The
// control plane writes none.
func parseKeys(text []byte) (keys keySet, rejected []string) {
	keys = keySet{}
	for index, line := range bytes.Split(text, []byte("\n")) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		key, _, options, _, err := ssh.ParseAuthorizedKey(line)
		reason := ""
		switch {
		case err != nil:
			reason = "not a public key"
		case len(options) > 0:
			reason = "options are not supported; its key cannot log in"
		case !slices.Contains(keyTypes, key.Type()):
			reason = fmt.Sprintf("keys of type %q cannot log in", key.Type())
		default:
			keys[string(key.Marshal())] = true
			continue
		}
		rejected = append(rejected, fmt.Sprintf("authorized_keys line %d: %s", index+1, reason))
	}
	return keys, rejected
}
