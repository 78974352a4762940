package session

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"gpu-dev.io/ssh-server/internal/pod"
)

const noShellMessage = "This image has no shell. Programs can be run by name " +
	"(ssh HOST PROGRAM ARG...); files and forwarding work."

// shellSyntax are the characters that only a shell can interpret.
const shellSyntax = "|&;<>()$`*?[#~!{\n\\"

// splitCommandLine splits a command line as a shell would, and refuses what only a shell can do:
// running a different program than the user meant would be worse.
func splitCommandLine(line string) ([]string, error) {
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
			end, err := readQuoted(&word, line, at)
			if err != nil {
				return nil, err
			}
			at, inWord = end, true
		case char == '\\' && at+1 < len(line):
			at++
			word.WriteByte(line[at])
			inWord = true
		case strings.IndexByte(shellSyntax, char) >= 0:
			return nil, needsShell(char, "outside of quotes")
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

// readQuoted reads up to the closing quote and returns its index.
func readQuoted(word *strings.Builder, line string, from int) (int, error) {
	quote := line[from]
	for at := from + 1; at < len(line); at++ {
		char := line[at]
		switch {
		case char == quote:
			return at, nil
		case quote == '"' && isEscape(line, at):
			at++
			word.WriteByte(line[at])
		case quote == '"' && (char == '$' || char == '`'):
			return 0, needsShell(char, "in double quotes")
		default:
			word.WriteByte(char)
		}
	}
	return 0, errors.New("The command has a quote that is not closed.")
}

// isEscape reports whether a backslash in double quotes escapes the next character.
func isEscape(line string, at int) bool {
	return line[at] == '\\' && at+1 < len(line) && strings.IndexByte("\"\\$`", line[at+1]) >= 0
}

func needsShell(char byte, where string) error {
	const format = "%s\r\nThe command needs one: it has %q %s."
	return fmt.Errorf(format, noShellMessage, string(char), where)
}

// findProgram searches the session's own PATH, not the server's.
func findProgram(name string, env pod.SessionEnv) (string, error) {
	if strings.Contains(name, "/") {
		if !filepath.IsAbs(name) {
			name = filepath.Join(env.Directory, name)
		}
		return exec.LookPath(name)
	}
	for _, directory := range filepath.SplitList(pod.Lookup(env.Variables, "PATH")) {
		path, err := exec.LookPath(filepath.Join(directory, name))
		if filepath.IsAbs(directory) && err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s: not found. %s", name, noShellMessage)
}
