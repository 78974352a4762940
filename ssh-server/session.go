package main

import (
	"fmt"

	"golang.org/x/crypto/ssh"
)

// session is one channel of a login with one program: a shell, a command, or sftp.
type session struct {
	connection *connection
	channel    ssh.Channel
	variables  []string
	terminal   *terminal
	program    *program
	started    bool
	// answered is closed when the client knows that its program was started: not before may it hear of the end.
	answered chan struct{}
	// greeting is what a login's terminal shows first.
	greeting string
}

func newSessionOf(c *connection, channel ssh.Channel, variables []string) *session {
	return &session{connection: c, channel: channel, variables: variables, answered: make(chan struct{})}
}

type windowSize struct {
	Columns, Rows, Width, Height uint32
}

type terminalRequest struct {
	Term  string
	Size  windowSize
	Modes string
}

// serveSession ends when the channel is closed. What a client asks for is answered in the order of asking.
func (c *connection) serveSession(wanted ssh.NewChannel) {
	channel, requests, err := wanted.Accept()
	if err != nil {
		return
	}
	s := newSessionOf(c, channel, c.variables())
	for request := range requests {
		before := s.started
		ok := s.handle(request)
		if request.WantReply {
			_ = request.Reply(ok, nil)
		}
		if s.started && !before {
			close(s.answered)
		}
	}
	// The client is gone: terminals are hung up, pipes closed; what is in the background lives on.
	s.program.disconnect()
	s.terminal.close()
}

func (s *session) handle(request *ssh.Request) bool {
	switch request.Type {
	case "env":
		var wish struct{ Name, Value string }
		if ssh.Unmarshal(request.Payload, &wish) != nil || !clientVariable.MatchString(wish.Name) {
			return false
		}
		s.variables = append(s.variables, wish.Name+"="+wish.Value)
		return true
	case "pty-req":
		return s.openTerminal(request.Payload)
	case "window-change":
		var size windowSize
		return ssh.Unmarshal(request.Payload, &size) == nil && s.terminal.resize(size)
	case "signal":
		var wish struct{ Name string }
		return ssh.Unmarshal(request.Payload, &wish) == nil && s.program.signal(wish.Name)
	case "eow@openssh.com":
		s.program.outputUnwanted()
		return true
	case "auth-agent-req@openssh.com":
		return s.useAgent()
	case "shell":
		return s.start(func(around surroundings) { s.runShell(around) })
	case "exec":
		var wish struct{ Command string }
		return ssh.Unmarshal(request.Payload, &wish) == nil &&
			s.start(func(around surroundings) { s.runCommand(around, wish.Command) })
	case "subsystem":
		var wish struct{ Name string }
		return ssh.Unmarshal(request.Payload, &wish) == nil && wish.Name == "sftp" &&
			s.start(func(surroundings) { s.serveFiles() })
	default:
		return false
	}
}

// start lets a channel have one program, as the protocol says.
func (s *session) start(run func(surroundings)) bool {
	if s.started {
		return false
	}
	s.started = true
	run(s.connection.server.settings.surroundings())
	return true
}

func (s *session) openTerminal(payload []byte) bool {
	var wish terminalRequest
	if s.terminal != nil || s.started || unmarshalTerminal(payload, &wish) != nil {
		return false
	}
	opened, err := openTerminal(wish)
	if err != nil {
		// A client that reads nothing must not hold up its connection.
		go fmt.Fprintf(s.channel.Stderr(), "No terminal: %v\r\n", err)
		return false
	}
	s.terminal = opened
	s.variables = append(s.variables, "TERM="+wish.Term, "SSH_TTY="+opened.name)
	return true
}

func (s *session) useAgent() bool {
	path, err := s.connection.forwardAgent()
	if err != nil {
		return false
	}
	s.variables = append(s.variables, "SSH_AUTH_SOCK="+path)
	return true
}
