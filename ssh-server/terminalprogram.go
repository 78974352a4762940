package main

import (
	"io"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// A terminal of Linux holds no more than 64 KiB on its way to us: what comes after that was not said by the program.
	mostLeftOver = 128 << 10
	// Kernels hand over what was written before the end at once; this is for those that do it in passing.
	leftOverPauseMillis = 20
)

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
	p := &program{process: command.Process, terminal: terminal}
	shown := make(chan struct{})
	go func() { _, _ = io.Copy(terminal.master, s.channel) }()
	go func() {
		defer close(shown)
		// Not while the request for the program is answered: a client that reads nothing would hold up its whole connection.
		_, _ = io.WriteString(s.channel, s.greeting)
		_, _ = io.Copy(s.channel, terminal.master)
	}()
	go func() {
		p.wait(command)
		// Linux hangs no pseudo-terminal up when its leader ends: what was put into the background still holds it, and reading
		// would go on for as long as that runs.
		_ = terminal.master.SetReadDeadline(time.Now())
		<-shown
		showLeftOver(s.channel, terminal)
		<-s.answered
		report(s.channel, command.ProcessState)
		terminal.close()
	}()
	return p, nil
}

// showLeftOver passes on what the program said last, without waiting for more.
func showLeftOver(client io.Writer, terminal *terminal) {
	buffer := make([]byte, 32<<10)
	for left := mostLeftOver; left > 0; {
		count := terminal.readNow(buffer)
		if count <= 0 {
			return
		}
		if _, err := client.Write(buffer[:count]); err != nil {
			return
		}
		left -= count
	}
}

// readNow answers how much there was to read; less than 1 for nothing.
func (t *terminal) readNow(buffer []byte) int {
	count := 0
	_ = withDescriptor(t.master, func(fd int) error {
		waiting := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		ready, err := unix.Poll(waiting, leftOverPauseMillis)
		for err == unix.EINTR {
			ready, err = unix.Poll(waiting, leftOverPauseMillis)
		}
		if err == nil && ready > 0 {
			count, err = unix.Read(fd, buffer)
		}
		return err
	})
	return count
}

// foregroundGroup is the process group that has the terminal; 0 where there is none to be known.
func (t *terminal) foregroundGroup() int {
	group := 0
	if t != nil {
		_ = withDescriptor(t.master, func(fd int) (err error) {
			group, err = unix.IoctlGetInt(fd, unix.TIOCGPGRP)
			return err
		})
	}
	return group
}
