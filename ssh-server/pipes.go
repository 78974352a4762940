package main

import (
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"

	"golang.org/x/crypto/ssh"
)

// pipes are our ends of a program's.
type pipes struct {
	input, output, errors *os.File
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
	p := &program{process: command.Process, pipes: &pipes{ours[0], ours[1], ours[2]}}
	go feed(p.pipes.input, s.channel)
	var output sync.WaitGroup
	output.Go(func() { _, _ = io.Copy(s.channel, p.pipes.output) })
	output.Go(func() { _, _ = io.Copy(s.channel.Stderr(), p.pipes.errors) })
	go func() {
		p.wait(command)
		output.Wait()
		<-s.answered
		report(s.channel, command.ProcessState)
		closeFiles(ours)
	}()
	return p, nil
}

// closeOutputs leaves the input to feed: what the client has sent before it went still arrives.
func (p *pipes) closeOutputs() { closeFiles([]*os.File{p.output, p.errors}) }

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
