package session

import (
	"os"
	"os/exec"
	"sync"
	"syscall"
)

// program is what a session runs, in its own process group: on a terminal or on pipes.
type program struct {
	mu       sync.Mutex
	process  *os.Process
	ended    bool
	terminal *terminal
	pipes    *pipes
}

// startProgram starts the command on the session's terminal, or on pipes, and reports its end to
// the client.
func startProgram(s *session, command *exec.Cmd) (*program, error) {
	if s.terminal != nil {
		return startOnTerminal(s, command)
	}
	return startOnPipes(s, command)
}

func (p *program) wait(command *exec.Cmd) {
	_ = command.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
}

// signal reaches the program and its foreground children, never a later process with the same
// number. On a terminal it reaches the foreground process group, like a key that is pressed there.
func (p *program) signal(name string) bool {
	number, known := signalNumbers[name]
	if p == nil || !known {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return false
	}
	group := p.process.Pid
	if foreground := p.terminal.foregroundGroup(); foreground > 0 {
		group = foreground
	}
	return syscall.Kill(-group, number) == nil
}

// disconnect handles the end of the client. The session itself hangs up a terminal.
func (p *program) disconnect() {
	if p != nil && p.pipes != nil {
		p.pipes.closeOutputs()
	}
}

// discardOutput handles a client that stops reading the output, as `head` does: the program's next
// write fails, as in a pipe. The client still receives errors.
func (p *program) discardOutput() {
	switch {
	case p == nil:
	case p.pipes != nil:
		p.pipes.output.Close()
	default:
		p.terminal.close()
	}
}
