package main

import (
	"os"
	"os/exec"
	"sync"
	"syscall"
)

// program is what a session runs, in a session and process group of its own: on a terminal or on pipes.
type program struct {
	mu       sync.Mutex
	process  *os.Process
	ended    bool
	terminal *terminal
	pipes    *pipes
}

// startProgram runs it on the session's terminal, or on pipes, and reports its end to the client.
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

// signal reaches the program and what it started in the foreground, not a later process by that number. On a terminal that is
// what has the terminal now, as if a key had been pressed there.
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

// disconnect is for a client that has gone. A terminal is hung up by its session.
func (p *program) disconnect() {
	if p != nil && p.pipes != nil {
		p.pipes.closeOutputs()
	}
}

// outputUnwanted is for a client that reads no more of what the program says, as `head` does: the program's next line ends it,
// as in a pipe. What it says of errors is still wanted.
func (p *program) outputUnwanted() {
	switch {
	case p == nil:
	case p.pipes != nil:
		p.pipes.output.Close()
	default:
		p.terminal.close()
	}
}
