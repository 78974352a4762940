package session

import (
	"os"
	"sync"

	"github.com/creack/pty"
	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"
)

const (
	defaultRows    = 24
	defaultColumns = 80
)

// terminal is a pseudo-terminal: the program has the slave, the channel reads and writes the
// master.
type terminal struct {
	name   string
	master *os.File
	slave  *os.File
	mu     sync.Mutex
	closed bool
}

type windowSize struct {
	Columns, Rows, Width, Height uint32
}

type terminalRequest struct {
	Term  string
	Size  windowSize
	Modes string
}

func parseTerminalRequest(payload []byte, request *terminalRequest) error {
	var flat struct {
		Term                         string
		Columns, Rows, Width, Height uint32
		Modes                        string
	}
	if err := ssh.Unmarshal(payload, &flat); err != nil {
		return err
	}
	size := windowSize{flat.Columns, flat.Rows, flat.Width, flat.Height}
	*request = terminalRequest{flat.Term, size, flat.Modes}
	return nil
}

func openTerminal(request terminalRequest) (*terminal, error) {
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
	t.resize(request.Size)
	// A terminal is useful even if one of its modes cannot be set.
	_ = withDescriptor(slave, func(fd int) error { return setModes(fd, request.Modes) })
	return t, nil
}

// resize replaces a size of 0, which some clients send for "unknown", with the usual one.
func (t *terminal) resize(size windowSize) bool {
	if t == nil {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	window := &unix.Winsize{
		Row: clamp(size.Rows, defaultRows), Col: clamp(size.Columns, defaultColumns),
		Xpixel: clamp(size.Width, 0), Ypixel: clamp(size.Height, 0),
	}
	return withDescriptor(t.master, func(fd int) error {
		return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, window)
	}) == nil
}

// close hangs up the programs that still run on the terminal.
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

func clamp(value uint32, fallback uint16) uint16 {
	if value == 0 || value > 0xffff {
		return fallback
	}
	return uint16(value)
}

// pollable returns the same file in the runtime poller's care, and closes the given one. Closing
// such a file ends a pending read. A read that blocks in the kernel would block the close too, and
// the terminal of a disconnected client would never hang up.
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

// withDescriptor leaves the file in the poller's care; Fd() would make it blocking.
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
