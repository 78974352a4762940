// Package session runs the programs of a login: shells, commands and file transfers, on a terminal
// or on pipes.
package session

import (
	"fmt"
	"regexp"

	"golang.org/x/crypto/ssh"

	"gpu-dev.io/ssh-server/internal/pod"
)

// clientVariable matches what a client may set: its language and its terminal, and nothing that
// changes which programs run.
var clientVariable = regexp.MustCompile(`^(LANG|LC_[A-Z]+|TERM)$`)

// Login is what a session needs from the login that it belongs to.
type Login struct {
	Settings pod.Settings
	// Variables describe the connection to programs (SSH_CONNECTION).
	Variables []string
	// AgentPath returns the socket of the client's SSH agent.
	AgentPath func() (string, error)
	// Terminals are the open terminals of all logins.
	Terminals *Terminals
}

// session is one channel of a login with one program: a shell, a command, or sftp.
type session struct {
	login     Login
	channel   ssh.Channel
	variables []string
	terminal  *terminal
	program   *program
	started   bool
	// transfersFiles is true for sftp, which this process serves itself.
	transfersFiles bool
	// replied is closed once the client knows that its program was started. The end of the program
	// must not be reported before that.
	replied chan struct{}
	// greeting is what the terminal of a login shell shows first.
	greeting string
}

func newSession(login Login, channel ssh.Channel) *session {
	variables := append([]string{}, login.Variables...)
	return &session{
		login: login, channel: channel, variables: variables, replied: make(chan struct{}),
	}
}

// Serve accepts a session channel, handles its requests in order and returns when it is closed.
func Serve(offered ssh.NewChannel, login Login) {
	channel, requests, err := offered.Accept()
	if err != nil {
		return
	}
	s := newSession(login, channel)
	for request := range requests {
		before := s.started
		ok := s.handle(request)
		if request.WantReply {
			_ = request.Reply(ok, nil)
		}
		if s.started && !before {
			close(s.replied)
		}
	}
	// The client has disconnected: terminals are hung up and pipes closed, which kills no program
	// that was put into the background.
	s.program.disconnect()
	login.Terminals.remove(s.terminal)
	s.terminal.close()
}

func (s *session) handle(request *ssh.Request) bool {
	switch request.Type {
	case "env":
		return s.setVariable(request.Payload)
	case "pty-req":
		return s.openTerminal(request.Payload)
	case "window-change":
		var size windowSize
		return ssh.Unmarshal(request.Payload, &size) == nil && s.terminal.resize(size)
	case "signal":
		var signal struct{ Name string }
		return ssh.Unmarshal(request.Payload, &signal) == nil && s.program.signal(signal.Name)
	case "eow@openssh.com":
		s.discardOutput()
		return true
	case "auth-agent-req@openssh.com":
		return s.useAgent()
	case "shell":
		return s.start(s.runShell)
	case "exec":
		var exec struct{ Command string }
		return ssh.Unmarshal(request.Payload, &exec) == nil &&
			s.start(func(env pod.SessionEnv) { s.runCommand(env, exec.Command) })
	case "subsystem":
		var subsystem struct{ Name string }
		return ssh.Unmarshal(request.Payload, &subsystem) == nil && subsystem.Name == "sftp" &&
			s.start(func(pod.SessionEnv) { s.serveFiles() })
	default:
		return false
	}
}

// discardOutput handles a client that stops reading. A file transfer is over then.
func (s *session) discardOutput() {
	if s.transfersFiles {
		s.channel.Close()
	}
	s.program.discardOutput()
}

// start runs at most one program in a channel, as the protocol requires.
func (s *session) start(run func(pod.SessionEnv)) bool {
	if s.started {
		return false
	}
	s.started = true
	run(s.login.Settings.SessionEnv())
	return true
}

func (s *session) setVariable(payload []byte) bool {
	var variable struct{ Name, Value string }
	if ssh.Unmarshal(payload, &variable) != nil || !clientVariable.MatchString(variable.Name) {
		return false
	}
	s.variables = append(s.variables, variable.Name+"="+variable.Value)
	return true
}

func (s *session) openTerminal(payload []byte) bool {
	var request terminalRequest
	if s.terminal != nil || s.started || parseTerminalRequest(payload, &request) != nil {
		return false
	}
	opened, err := openTerminal(request)
	if err != nil {
		// A client that reads nothing must not block its connection.
		go fmt.Fprintf(s.channel.Stderr(), "No terminal: %v\r\n", err)
		return false
	}
	s.terminal = opened
	s.login.Terminals.add(opened)
	s.variables = append(s.variables, "TERM="+request.Term, "SSH_TTY="+opened.name)
	return true
}

func (s *session) useAgent() bool {
	path, err := s.login.AgentPath()
	if err != nil {
		return false
	}
	s.variables = append(s.variables, "SSH_AUTH_SOCK="+path)
	return true
}
