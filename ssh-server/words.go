package main

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

const noShellMessage = "This image has no shell. Programs can be run by name (ssh HOST PROGRAM ARG...); files and forwarding work."

// splitWords takes a command line apart as a shell would, and refuses what only a shell can do: better no program than another
// one than was meant.
func splitWords(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	inWord := false
	for at := 0; at < len(line); at++ {
		switch char := line[at]; {
		case char == ' ' || char == '\t':
			if inWord {
				words = append(words, word.String())
				word.Reset()
				inWord = false
			}
		case char == '\'' || char == '"':
			end, err := quoted(&word, line, at)
			if err != nil {
				return nil, err
			}
			at, inWord = end, true
		case char == '\\' && at+1 < len(line):
			at++
			word.WriteByte(line[at])
			inWord = true
		case strings.IndexByte("|&;<>()$`*?[#~!{\n\\", char) >= 0:
			return nil, fmt.Errorf("%s\r\nThe command needs one: it has %q outside of quotes.", noShellMessage, string(char))
		default:
			word.WriteByte(char)
			inWord = true
		}
	}
	if inWord {
		words = append(words, word.String())
	}
	if len(words) == 0 {
		return nil, errors.New(noShellMessage)
	}
	return words, nil
}

// quoted reads up to the closing quote, and answers where that is.
func quoted(word *strings.Builder, line string, from int) (int, error) {
	quote := line[from]
	for at := from + 1; at < len(line); at++ {
		char := line[at]
		switch {
		case char == quote:
			return at, nil
		case quote == '"' && char == '\\' && at+1 < len(line) && strings.IndexByte("\"\\$`", line[at+1]) >= 0:
			at++
			word.WriteByte(line[at])
		case quote == '"' && (char == '$' || char == '`'):
			return 0, fmt.Errorf("%s\r\nThe command needs one: it has %q in double quotes.", noShellMessage, string(char))
		default:
			word.WriteByte(char)
		}
	}
	return 0, errors.New("The command has a quote that is not closed.")
}

// findProgram looks on the session's own PATH, not on the server's.
func findProgram(name string, around surroundings) (string, error) {
	if strings.Contains(name, "/") {
		if !filepath.IsAbs(name) {
			name = filepath.Join(around.directory, name)
		}
		return exec.LookPath(name)
	}
	for _, directory := range filepath.SplitList(lookup(around.environment, "PATH")) {
		if path, err := exec.LookPath(filepath.Join(directory, name)); filepath.IsAbs(directory) && err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s: not found. %s", name, noShellMessage)
}
