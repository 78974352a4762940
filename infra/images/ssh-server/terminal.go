package main

import (
	"os"
	"sync"

	"github.com/creack/pty"
	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"
)

// terminal is a pseudo-terminal: the program has the slave, the channel reads and writes the master.
type terminal struct {
	name   string
	master *os.File
	slave  *os.File
	mu     sync.Mutex
	closed bool
}

func unmarshalTerminal(payload []byte, wish *terminalRequest) error {
	var flat struct {
		Term                         string
		Columns, Rows, Width, Height uint32
		Modes                        string
	}
	if err := ssh.Unmarshal(payload, &flat); err != nil {
		return err
	}
	*wish = terminalRequest{flat.Term, windowSize{flat.Columns, flat.Rows, flat.Width, flat.Height}, flat.Modes}
	return nil
}

func openTerminal(wish terminalRequest) (*terminal, error) {
	master, slave, err := pty.Open()
	if err != nil {
		return nil, err
	}
	t := &terminal{name: slave.Name(), master: master, slave: slave}
	t.resize(wish.Size)
	// A mode that can't be set is no reason to have no terminal.
	_ = withDescriptor(slave, func(fd int) error { return setModes(fd, wish.Modes) })
	return t, nil
}

// resize takes sizes that are 0, which some clients send for "unknown", for the usual ones.
func (t *terminal) resize(size windowSize) bool {
	if t == nil {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.closed && pty.Setsize(t.master, &pty.Winsize{
		Rows: clamp(size.Rows, 24), Cols: clamp(size.Columns, 80), X: clamp(size.Width, 0), Y: clamp(size.Height, 0),
	}) == nil
}

// close hangs up what still runs on it.
func (t *terminal) close() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	t.slave.Close()
	t.master.Close()
}

func clamp(value uint32, otherwise uint16) uint16 {
	if value == 0 || value > 0xffff {
		return otherwise
	}
	return uint16(value)
}

// withDescriptor leaves the file in the poller's care; Fd() would make it block for ever.
func withDescriptor(file *os.File, use func(fd int) error) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var result error
	if err := raw.Control(func(fd uintptr) { result = use(int(fd)) }); err != nil {
		return err
	}
	return result
}

func setModes(fd int, modes string) error {
	settings, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return err
	}
	applyModes(settings, []byte(modes))
	return unix.IoctlSetTermios(fd, unix.TCSETS, settings)
}
