package session

import (
	"log"
	"sync"

	"golang.org/x/sys/unix"
)

// Terminals are the open terminals of all logins.
type Terminals struct {
	mu   sync.Mutex
	open map[*terminal]bool
}

// Notify shows a line in every terminal between the output of its programs, as wall(1) does.
func (t *Terminals) Notify(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for opened := range t.open {
		if err := opened.notify("\r\n\r\n" + line + "\r\n"); err != nil {
			log.Printf("cannot write a notice to %s: %v", opened.name, err)
		}
	}
}

func (t *Terminals) add(opened *terminal) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open == nil {
		t.open = map[*terminal]bool{}
	}
	t.open[opened] = true
}

func (t *Terminals) remove(closed *terminal) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.open, closed)
}

// notify writes on the program's side of the terminal: the kernel never puts the text inside another
// write of the program, such as an escape sequence. A stopped terminal (Ctrl-S) accepts nothing and
// is left alone.
func (t *terminal) notify(text string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil
	}
	// Not os.OpenFile, whose Fd() would make the file blocking.
	const flags = unix.O_WRONLY | unix.O_NOCTTY | unix.O_NONBLOCK | unix.O_CLOEXEC
	fd, err := unix.Open(t.name, flags, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	_, err = unix.Write(fd, []byte(text))
	return err
}
