package main

import (
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"

	"golang.org/x/crypto/ssh"
)

// program is what a session runs, in a session and process group of its own.
type program struct {
	mu      sync.Mutex
	process *os.Process
	ended   bool
	// ours are our ends of its pipes; a terminal's is the terminal's own.
	ours []*os.File
}

// startProgram runs it on the session's terminal, or on pipes, and reports its end to the client.
func startProgram(s *session, path string, argv []string, directory string, environment []string) (*program, error) {
	command := &exec.Cmd{Path: path, Args: argv, Dir: directory, Env: environment}
	if s.terminal != nil {
		return startOnTerminal(s, command)
	}
	return startOnPipes(s, command)
}

// startOnPipes ends the channel, as sshd does, when the program has ended and nobody holds its output any more. Losing the
// channel closes the pipes and kills nothing, so that what was put into the background lives on.
func startOnPipes(s *session, command *exec.Cmd) (*program, error) {
	theirs, ours, err := openPipes()
	if err != nil {
		return nil, err
	}
	defer closeFiles(theirs)
	command.Stdin, command.Stdout, command.Stderr = theirs[0], theirs[1], theirs[2]
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := command.Start(); err != nil {
		closeFiles(ours)
		return nil, err
	}
	p := &program{process: command.Process, ours: ours}
	go feed(ours[0], s.channel)
	var output sync.WaitGroup
	output.Go(func() { _, _ = io.Copy(s.channel, ours[1]) })
	output.Go(func() { _, _ = io.Copy(s.channel.Stderr(), ours[2]) })
	go func() {
		p.wait(command)
		output.Wait()
		report(s.channel, command.ProcessState)
		closeFiles(ours)
	}()
	return p, nil
}

func startOnTerminal(s *session, command *exec.Cmd) (*program, error) {
	terminal := s.terminal
	command.Stdin, command.Stdout, command.Stderr = terminal.slave, terminal.slave, terminal.slave
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0}
	err := command.Start()
	// The program holds it now; while we did too, its end could not be seen.
	terminal.slave.Close()
	if err != nil {
		return nil, err
	}
	p := &program{process: command.Process}
	go func() { _, _ = io.Copy(terminal.master, s.channel) }()
	go func() {
		// The end of its leader hangs a terminal up, so that reading ends also where something else still holds it.
		_, _ = io.Copy(s.channel, terminal.master)
		p.wait(command)
		report(s.channel, command.ProcessState)
	}()
	return p, nil
}

func (p *program) wait(command *exec.Cmd) {
	_ = command.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
}

// signal reaches the program and what it started in the foreground, not a later process by that number.
func (p *program) signal(name string) bool {
	number, known := signalNumbers[name]
	if p == nil || !known {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.ended && syscall.Kill(-p.process.Pid, number) == nil
}

// disconnect is for a client that has gone.
func (p *program) disconnect() {
	if p != nil {
		closeFiles(p.ours)
	}
}

// feed goes on reading when the program takes no more: a client must not be held up by it.
func feed(input *os.File, channel ssh.Channel) {
	_, err := io.Copy(input, channel)
	input.Close()
	if err != nil {
		_, _ = io.Copy(io.Discard, channel)
	}
}

// openPipes answers the program's ends and ours, for input, output and errors.
func openPipes() (theirs, ours []*os.File, err error) {
	for index := range 3 {
		reader, writer, err := os.Pipe()
		if err != nil {
			closeFiles(append(theirs, ours...))
			return nil, nil, err
		}
		if index == 0 {
			theirs, ours = append(theirs, reader), append(ours, writer)
		} else {
			theirs, ours = append(theirs, writer), append(ours, reader)
		}
	}
	return theirs, ours, nil
}

func closeFiles(files []*os.File) {
	for _, file := range files {
		file.Close()
	}
}
