// Package supervise is the first process of the workspace container: it starts the server and the
// image's own program, reaps orphans and stops everything when the pod stops.
package supervise

import (
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"gpu-dev.io/ssh-server/internal/pod"
)

// stopGrace is less than the pod's grace period (10 s), so that the kubelet kills no process that
// ends in order.
const stopGrace = 8 * time.Second

// serverGrace exceeds the time that the server takes to close its logins.
const serverGrace = 3 * time.Second

const (
	firstRestartPause = time.Second
	maxRestartPause   = 10 * time.Second
	// backoffResetAfter is how long the server has to run for its earlier failures to be forgotten.
	backoffResetAfter = time.Minute
)

// Options name the programs to start.
type Options struct {
	// ServerArgs are the arguments with which this program serves.
	ServerArgs []string
	// Entrypoint is the image's own program with its arguments; it may be empty.
	Entrypoint []string
}

// supervisor only starts, reaps and stops. The server, which talks to the network, is a child and
// is restarted, so a defect of it ends no training run. One goroutine does everything: a child must
// not be reaped before its number is known.
type supervisor struct {
	options    Options
	server     int
	entrypoint int
	started    time.Time
	pause      time.Duration
	restart    <-chan time.Time
	deadline   <-chan time.Time
	// serverDeadline is when the server has had its time to tell the clients why they are disconnected.
	serverDeadline <-chan time.Time
	stopping       bool
}

// Run returns when the container has been stopped.
func Run(options Options) {
	// A disk may be used by one image as root and by the next as another user. They share the group
	// of the volume (the pod's fsGroup), so files must be writable for that group. No other group
	// exists in the container.
	syscall.Umask(0o002)
	// Orphans must come here even if another process is the first one (a shared process namespace).
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		log.Printf("cannot reap orphans: %v", err)
	}
	signals := make(chan os.Signal, 64)
	// SIGHUP has no meaning here, and must not end the container.
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
		case <-s.serverDeadline:
			s.stopPrograms()
		case <-s.deadline:
			log.Print("some processes did not end in time; they will be killed")
			return
		}
		if childless := s.reap(); s.stopping && childless {
			return
		}
	}
}

// reap waits for every child that has ended, orphans included, and reports whether none is left.
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
		case pid == s.entrypoint:
			s.entrypointEnded(status)
		}
	}
}

func (s *supervisor) startServer() {
	pid, err := start(exec.Command(programPath(), s.options.ServerArgs...))
	if err != nil {
		log.Printf("cannot start the server: %v", err)
		s.restart = time.After(s.pause)
	}
	s.server, s.started = pid, time.Now()
}

func (s *supervisor) serverEnded(status syscall.WaitStatus) {
	s.server = 0
	if s.stopping {
		s.stopPrograms()
		return
	}
	if time.Since(s.started) > backoffResetAfter {
		s.pause = firstRestartPause
	}
	log.Printf("the server ended (%s); restarting it in %s", describe(status), s.pause)
	s.restart = time.After(s.pause)
	s.pause = min(2*s.pause, maxRestartPause)
}

func (s *supervisor) startEntrypoint() {
	argv := s.options.Entrypoint
	if len(argv) == 0 {
		return
	}
	command := exec.Command(argv[0], argv[1:]...)
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	// The image's program uses the same GPUs as a session.
	command.Env = append(os.Environ(), pod.VisibleDevices(os.Environ())...)
	pid, err := start(command)
	s.entrypoint = pid
	if err != nil {
		log.Printf("cannot start the entrypoint: %v", err)
	}
}

func (s *supervisor) entrypointEnded(status syscall.WaitStatus) {
	s.entrypoint = 0
	log.Printf("the entrypoint ended (%s)", describe(status))
}

// stop ends the server first: while its sessions still run, it can tell their clients why they are
// disconnected.
func (s *supervisor) stop() {
	if s.stopping {
		return
	}
	s.stopping = true
	s.restart = nil
	s.deadline = time.After(stopGrace)
	if s.server == 0 {
		s.stopPrograms()
		return
	}
	_ = syscall.Kill(s.server, syscall.SIGTERM)
	s.serverDeadline = time.After(serverGrace)
}

// stopPrograms asks every process in the container to end: a kubelet signals only the first one.
func (s *supervisor) stopPrograms() {
	s.serverDeadline = nil
	if os.Getpid() == 1 {
		// -1 is every process of the namespace except this one. Never use it outside a namespace.
		_ = syscall.Kill(-1, syscall.SIGTERM)
		_ = syscall.Kill(-1, syscall.SIGCONT)
		return
	}
	if s.entrypoint > 0 {
		_ = syscall.Kill(-s.entrypoint, syscall.SIGTERM)
	}
}

// start leaves waiting for the process to reap.
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
