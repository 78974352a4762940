package main

import (
	"fmt"
	"os"
	"strings"

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
	s := &session{connection: c, channel: channel, variables: c.variables()}
	for request := range requests {
		ok := s.handle(request)
		if request.WantReply {
			_ = request.Reply(ok, nil)
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
		fmt.Fprintf(s.channel.Stderr(), "No terminal: %v\r\n", err)
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

// runShell starts a login shell, which a dash before its name says to every shell there is.
func (s *session) runShell(around surroundings) {
	if s.terminal != nil {
		fmt.Fprintf(s.channel, "%s\r\n", s.connection.server.settings.greeting(around.directory))
	}
	if around.shell == "" {
		s.refuse(noShellMessage)
		return
	}
	base := around.shell[strings.LastIndexByte(around.shell, '/')+1:]
	s.launch(around, around.shell, []string{"-" + base})
}

// runCommand gives the line to the shell. Without one, a line that needs none is run as it stands.
func (s *session) runCommand(around surroundings, line string) {
	if around.shell != "" {
		s.launch(around, around.shell, []string{around.shell, "-c", line})
		return
	}
	words, err := splitWords(line)
	if err != nil {
		s.refuse(err.Error())
		return
	}
	path, err := findProgram(words[0], around)
	if err != nil {
		s.refuse(err.Error())
		return
	}
	s.launch(around, path, words)
}

func (s *session) launch(around surroundings, path string, argv []string) {
	environment := append(around.environment, s.variables...)
	started, err := startProgram(s, path, argv, around.directory, environment)
	if err != nil {
		s.refuse(fmt.Sprintf("%s can't be started: %v", path, err))
		return
	}
	s.program = started
}

// refuse tells why there is no program, and ends the channel as a shell would that finds none.
func (s *session) refuse(why string) {
	go func() {
		fmt.Fprintf(s.channel.Stderr(), "%s\r\n", why)
		sendStatus(s.channel, 127)
		s.channel.Close()
	}()
}

func (s settings) greeting(directory string) string {
	name := lookup(s.environment, "GPU_DEV_RESERVATION_NAME")
	if name == "" {
		name = "this pod"
	}
	text := name + "."
	if count := gpuCount(s.environment); count > 0 {
		text = fmt.Sprintf("%s: %d GPUs.", name, count)
	}
	// Empty until the lease runs.
	if end, err := os.ReadFile(s.expiresFile); err == nil && len(end) > 0 && len(end) < 64 {
		text += " Until " + strings.TrimSpace(string(end)) + "."
	}
	return text + " Your files: " + directory
}
