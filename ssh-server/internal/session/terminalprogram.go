package session

import (
	"io"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// maxLeftOver exceeds the 64 KiB that a Linux terminal buffers: what follows was not written by
	// the program.
	maxLeftOver = 128 << 10
	// leftOverPauseMs is for kernels that deliver the last output with a short delay.
	leftOverPauseMs = 20
)

func startOnTerminal(s *session, command *exec.Cmd) (*program, error) {
	terminal := s.terminal
	command.Stdin, command.Stdout, command.Stderr = terminal.slave, terminal.slave, terminal.slave
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0}
	err := command.Start()
	// The program holds the slave now. Its end is invisible while this process holds it too.
	terminal.slave.Close()
	if err != nil {
		return nil, err
	}
	p := &program{process: command.Process, terminal: terminal}
	shown := make(chan struct{})
	go func() { _, _ = io.Copy(terminal.master, s.channel) }()
	go func() {
		defer close(shown)
		// Not while the request is handled: a client that reads nothing would block its connection.
		_, _ = io.WriteString(s.channel, s.greeting)
		_, _ = io.Copy(s.channel, terminal.master)
	}()
	go func() {
		p.wait(command)
		// Linux does not hang up a pseudo-terminal when its leader ends: background jobs still hold
		// it, and reading would block as long as they run.
		_ = terminal.master.SetReadDeadline(time.Now())
		<-shown
		showLeftOver(s.channel, terminal)
		<-s.replied
		reportExit(s.channel, command.ProcessState)
		terminal.close()
	}()
	return p, nil
}

// showLeftOver copies the program's last output, without waiting for more.
func showLeftOver(client io.Writer, terminal *terminal) {
	buffer := make([]byte, 32<<10)
	for left := maxLeftOver; left > 0; {
		count := terminal.readAvailable(buffer)
		if count <= 0 {
			return
		}
		if _, err := client.Write(buffer[:count]); err != nil {
			return
		}
		left -= count
	}
}

// readAvailable returns the number of bytes read; less than 1 if there was nothing to read.
func (t *terminal) readAvailable(buffer []byte) int {
	count := 0
	_ = withDescriptor(t.master, func(fd int) error {
		waiting := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		ready, err := unix.Poll(waiting, leftOverPauseMs)
		for err == unix.EINTR {
			ready, err = unix.Poll(waiting, leftOverPauseMs)
		}
		if err == nil && ready > 0 {
			count, err = unix.Read(fd, buffer)
		}
		return err
	})
	return count
}

// foregroundGroup returns the process group that owns the terminal, or 0 if it is unknown.
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
