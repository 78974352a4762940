package main

import (
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Less than the grace that the pod has (10 s): what ends in order shall not be killed for our sake.
const stopGrace = 8 * time.Second

const (
	firstRestartPause = time.Second
	maxRestartPause   = 10 * time.Second
	// A server that ran for so long starts over without a memory of earlier ends.
	forgivenAfter = time.Minute
)

// supervisor is the container's first process. It does no more than start, reap and stop, so that a defect of the server,
// which talks to the network, ends no training run: the server is a child, and is started again.
// One goroutine does all of it: a child can't be reaped before its number is known.
type supervisor struct {
	options  options
	server   int
	entry    int
	started  time.Time
	pause    time.Duration
	restart  <-chan time.Time
	deadline <-chan time.Time
	stopping bool
}

func supervise(options options) (int, error) {
	// A disk is used by one image as root and by the next as another user. They share the group of the volume (the pod's
	// fsGroup), so what one makes has to be writable to that group; whoever else is in the container is nobody.
	syscall.Umask(0o002)
	// Also where another process is the first one (a shared process namespace): orphans come to us.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		log.Printf("orphans can't be reaped: %v", err)
	}
	signals := make(chan os.Signal, 64)
	// A hang-up means nothing here, and must not end the container.
	signal.Notify(signals, syscall.SIGCHLD, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	s := &supervisor{options: options, pause: firstRestartPause}
	s.startServer()
	s.startEntrypoint()
	for {
		select {
		case received := <-signals:
			if received == syscall.SIGTERM || received == syscall.SIGINT {
				s.stop()
			}
		case <-s.restart:
			s.restart = nil
			s.startServer()
		case <-s.deadline:
			log.Print("some processes did not end in time; they are killed")
			return 0, nil
		}
		if childless := s.reap(); s.stopping && childless {
			return 0, nil
		}
	}
}

// reap takes every child that has ended, ours or an orphan; answers whether none is left.
func (s *supervisor) reap() bool {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return true
		case pid == 0:
			return false
		case pid == s.server:
			s.serverEnded(status)
		case pid == s.entry:
			s.entrypointEnded(status)
		}
	}
}

func (s *supervisor) startServer() {
	pid, err := start(exec.Command(ownPath(), "listen", "--port", strconv.Itoa(s.options.port)))
	if err != nil {
		log.Printf("the server can't be started: %v", err)
		s.restart = time.After(s.pause)
	}
	s.server, s.started = pid, time.Now()
}

func (s *supervisor) serverEnded(status syscall.WaitStatus) {
	s.server = 0
	if s.stopping {
		return
	}
	if time.Since(s.started) > forgivenAfter {
		s.pause = firstRestartPause
	}
	log.Printf("the server ended (%s); it is started again in %s", describe(status), s.pause)
	s.restart = time.After(s.pause)
	s.pause = min(2*s.pause, maxRestartPause)
}

func (s *supervisor) startEntrypoint() {
	argv := s.options.entrypoint
	if len(argv) == 0 {
		return
	}
	command := exec.Command(argv[0], argv[1:]...)
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	// As a session gets it: the image's program is to use the same GPUs.
	command.Env = append(os.Environ(), visibleDevices(os.Environ())...)
	pid, err := start(command)
	s.entry = pid
	if err != nil {
		log.Printf("the entrypoint can't be started: %v", err)
	}
}

func (s *supervisor) entrypointEnded(status syscall.WaitStatus) {
	s.entry = 0
	log.Printf("the entrypoint ended (%s)", describe(status))
}

// stop asks everything in the container to end. A kubelet tells the first process alone.
func (s *supervisor) stop() {
	if s.stopping {
		return
	}
	s.stopping = true
	s.restart = nil
	s.deadline = time.After(stopGrace)
	if os.Getpid() == 1 {
		// -1 is every process of the namespace but this one; nowhere else may it be used.
		_ = syscall.Kill(-1, syscall.SIGTERM)
		_ = syscall.Kill(-1, syscall.SIGCONT)
		return
	}
	if s.entry > 0 {
		_ = syscall.Kill(-s.entry, syscall.SIGTERM)
	}
	if s.server > 0 {
		_ = syscall.Kill(s.server, syscall.SIGTERM)
	}
}

// start leaves the waiting to reap.
func start(command *exec.Cmd) (int, error) {
	command.Stdout = os.Stdout
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		return 0, err
	}
	pid := command.Process.Pid
	return pid, command.Process.Release()
}

func describe(status syscall.WaitStatus) string {
	if status.Signaled() {
		return "signal " + status.Signal().String()
	}
	return fmt.Sprintf("exit code %d", status.ExitStatus())
}

func exitCode(status syscall.WaitStatus) int {
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}
