package session

import (
	"os"
	"syscall"

	"golang.org/x/crypto/ssh"
)

// signalNumbers are the signals that the protocol has names for.
var signalNumbers = map[string]syscall.Signal{
	"ABRT": syscall.SIGABRT, "ALRM": syscall.SIGALRM, "FPE": syscall.SIGFPE, "HUP": syscall.SIGHUP,
	"ILL": syscall.SIGILL, "INT": syscall.SIGINT, "KILL": syscall.SIGKILL, "PIPE": syscall.SIGPIPE,
	"QUIT": syscall.SIGQUIT, "SEGV": syscall.SIGSEGV, "TERM": syscall.SIGTERM,
	"USR1": syscall.SIGUSR1, "USR2": syscall.SIGUSR2,
}

// reportExit sends the end of the program, after all output, and closes the channel.
func reportExit(channel ssh.Channel, state *os.ProcessState) {
	defer channel.Close()
	_ = channel.CloseWrite()
	status, ok := state.Sys().(syscall.WaitStatus)
	if !ok {
		return
	}
	if !status.Signaled() {
		sendStatus(channel, status.ExitStatus())
		return
	}
	if name := signalName(status.Signal()); name != "" {
		sendSignal(channel, name, status.CoreDump())
		return
	}
	sendStatus(channel, 128+int(status.Signal()))
}

func sendStatus(channel ssh.Channel, code int) {
	payload := ssh.Marshal(struct{ Code uint32 }{uint32(code)})
	_, _ = channel.SendRequest("exit-status", false, payload)
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
