package session

import (
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"

	"golang.org/x/crypto/ssh"
)

// pipes are the server's ends of a program's pipes.
type pipes struct {
	input, output, errors *os.File
}

// startOnPipes closes the channel, as sshd does, when the program has ended and no process holds
// its output open. Losing the channel closes the pipes and kills nothing, so background jobs keep
// running.
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
	p := &program{process: command.Process, pipes: &pipes{ours[0], ours[1], ours[2]}}
	go copyInput(p.pipes.input, s.channel)
	var output sync.WaitGroup
	output.Go(func() { _, _ = io.Copy(s.channel, p.pipes.output) })
	output.Go(func() { _, _ = io.Copy(s.channel.Stderr(), p.pipes.errors) })
	go func() {
		p.wait(command)
		output.Wait()
		<-s.replied
		reportExit(s.channel, command.ProcessState)
		closeFiles(ours)
	}()
	return p, nil
}

// closeOutputs leaves the input to copyInput: what the client sent before it disconnected still
// arrives.
func (p *pipes) closeOutputs() { closeFiles([]*os.File{p.output, p.errors}) }

// copyInput keeps reading when the program accepts no more, so that the program cannot block the
// client.
func copyInput(input *os.File, channel ssh.Channel) {
	_, err := io.Copy(input, channel)
	input.Close()
	if err != nil {
		_, _ = io.Copy(io.Discard, channel)
	}
}

// openPipes returns the program's ends and the server's, for input, output and errors.
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
