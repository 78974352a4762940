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
	blocking, slave, err := pty.Open()
	if err != nil {
		return nil, err
	}
	master, err := pollable(blocking)
	if err != nil {
		slave.Close()
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
	return !t.closed && withDescriptor(t.master, func(fd int) error {
		return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{
			Row: clamp(size.Rows, 24), Col: clamp(size.Columns, 80), Xpixel: clamp(size.Width, 0), Ypixel: clamp(size.Height, 0),
		})
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

// pollable answers the same file in the poller's care, and closes the one given: a read that waits ends when such a file is
// closed. While one waits in the kernel, closing waits too, and the terminal of a client that is gone would never hang up.
func pollable(file *os.File) (*os.File, error) {
	defer file.Close()
	fd, err := unix.FcntlInt(file.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), file.Name()), nil
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
