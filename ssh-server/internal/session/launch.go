package session

import (
	"fmt"
	"os/exec"
	"path/filepath"

	"gpu-dev.io/ssh-server/internal/pod"
)

// notStarted is the exit status of a shell that cannot find the program.
const notStarted = 127

// runShell starts a login shell: a dash before its name means that to every shell.
func (s *session) runShell(env pod.SessionEnv) {
	if s.terminal != nil {
		s.greeting = s.login.Settings.Greeting(env.Directory)
	}
	if env.Shell == "" {
		s.refuse(noShellMessage)
		return
	}
	s.launch(env, env.Shell, []string{"-" + filepath.Base(env.Shell)})
}

// runCommand passes the line to the shell. In an image without a shell, it runs a line that needs
// none.
func (s *session) runCommand(env pod.SessionEnv, line string) {
	if env.Shell != "" {
		s.launch(env, env.Shell, []string{env.Shell, "-c", line})
		return
	}
	words, err := splitCommandLine(line)
	if err != nil {
		s.refuse(err.Error())
		return
	}
	path, err := findProgram(words[0], env)
	if err != nil {
		s.refuse(err.Error())
		return
	}
	s.launch(env, path, words)
}

func (s *session) launch(env pod.SessionEnv, path string, argv []string) {
	variables := append(env.Variables, s.variables...)
	command := &exec.Cmd{Path: path, Args: argv, Dir: env.Directory, Env: variables}
	started, err := startProgram(s, command)
	if err != nil {
		s.refuse(fmt.Sprintf("cannot start %s: %v", path, err))
		return
	}
	s.program = started
}

// refuse reports why there is no program, and ends the channel as a shell would that finds none.
func (s *session) refuse(reason string) {
	go func() {
		<-s.replied
		fmt.Fprintf(s.channel.Stderr(), "%s%s\r\n", s.greeting, reason)
		sendStatus(s.channel, notStarted)
		s.channel.Close()
	}()
}
