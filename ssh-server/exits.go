package main

import (
	"os"
	"syscall"

	"golang.org/x/crypto/ssh"
)

// The signals that the protocol has a name for.
var signalNumbers = map[string]syscall.Signal{
	"ABRT": syscall.SIGABRT, "ALRM": syscall.SIGALRM, "FPE": syscall.SIGFPE, "HUP": syscall.SIGHUP,
	"ILL": syscall.SIGILL, "INT": syscall.SIGINT, "KILL": syscall.SIGKILL, "PIPE": syscall.SIGPIPE,
	"QUIT": syscall.SIGQUIT, "SEGV": syscall.SIGSEGV, "TERM": syscall.SIGTERM,
	"USR1": syscall.SIGUSR1, "USR2": syscall.SIGUSR2,
}

// report tells the client how its program ended, after all output, and closes the channel.
func report(channel ssh.Channel, state *os.ProcessState) {
	defer channel.Close()
	_ = channel.CloseWrite()
	status, ok := state.Sys().(syscall.WaitStatus)
	if !ok {
		return
	}
	if status.Signaled() {
		if name := signalName(status.Signal()); name != "" {
			sendSignal(channel, name, status.CoreDump())
			return
		}
	}
	sendStatus(channel, exitCode(status))
}

func sendStatus(channel ssh.Channel, code int) {
	_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Code uint32 }{uint32(code)}))
}

func sendSignal(channel ssh.Channel, name string, dumped bool) {
	_, _ = channel.SendRequest("exit-signal", false, ssh.Marshal(struct {
		Name              string
		Dumped            bool
		Message, Language string
	}{name, dumped, "", ""}))
}

func signalName(number syscall.Signal) string {
	for name, known := range signalNumbers {
		if known == number {
			return name
		}
	}
	return ""
}
