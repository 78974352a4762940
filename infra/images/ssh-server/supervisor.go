package main

import (
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"slices"
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

type serveOptions struct {
	entrypoint        []string
	endWithEntrypoint bool
}

func parseServe(args []string) (serveOptions, error) {
	var options serveOptions
	if at := slices.Index(args, "--"); at >= 0 {
		options.entrypoint = args[at+1:]
		args = args[:at]
	}
	for _, arg := range args {
		if arg != "--end-with-entrypoint" {
			return options, fmt.Errorf("unknown argument %q\n%s", arg, usage)
		}
		options.endWithEntrypoint = true
	}
	if options.endWithEntrypoint && len(options.entrypoint) == 0 {
		return options, errors.New("--end-with-entrypoint needs an entrypoint after --")
	}
	return options, nil
}

// supervisor is the container's first process. It does no more than start, reap and stop, so that a defect of the server,
// which talks to the network, ends no training run: the server is a child, and is started again.
// One goroutine does all of it: a child can't be reaped before its number is known.
type supervisor struct {
	options  serveOptions
	server   int
	entry    int
	started  time.Time
	pause    time.Duration
	restart  <-chan time.Time
	deadline <-chan time.Time
	stopping bool
	code     int
}

func supervise(options serveOptions) (int, error) {
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
			return s.code, nil
		}
		if childless := s.reap(); s.stopping && childless {
			return s.code, nil
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
	pid, err := start(exec.Command(ownPath(), "listen"))
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
	pid, err := start(command)
	s.entry = pid
	if err == nil {
		return
	}
	log.Printf("the entrypoint can't be started: %v", err)
	if s.options.endWithEntrypoint {
		s.code = 127
		s.stop()
	}
}

func (s *supervisor) entrypointEnded(status syscall.WaitStatus) {
	s.entry = 0
	log.Printf("the entrypoint ended (%s)", describe(status))
	if s.options.endWithEntrypoint && !s.stopping {
		s.code = exitCode(status)
		s.stop()
	}
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
