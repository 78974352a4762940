package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// runShell starts a login shell, which a dash before its name says to every shell there is.
func (s *session) runShell(around surroundings) {
	if s.terminal != nil {
		s.greeting = s.connection.server.settings.greeting(around.directory) + "\r\n"
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
	command := &exec.Cmd{Path: path, Args: argv, Dir: around.directory, Env: environment}
	started, err := startProgram(s, command)
	if err != nil {
		s.refuse(fmt.Sprintf("%s can't be started: %v", path, err))
		return
	}
	s.program = started
}

// refuse tells why there is no program, and ends the channel as a shell would that finds none.
func (s *session) refuse(why string) {
	go func() {
		<-s.answered
		fmt.Fprintf(s.channel.Stderr(), "%s%s\r\n", s.greeting, why)
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
