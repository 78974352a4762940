package session

import (
	"reflect"
	"testing"
)

func TestSplitCommandLine(t *testing.T) {
	for line, want := range map[string][]string{
		"nvidia-smi -L":          {"nvidia-smi", "-L"},
		`say "two words" 'a $b'`: {"say", "two words", "a $b"},
		`a\ b ""`:                {"a b", ""},
		`"a\"b" x"y"z`:           {`a"b`, "xyz"},
	} {
		if words, err := splitCommandLine(line); err != nil || !reflect.DeepEqual(words, want) {
			t.Errorf("%s: %q, %v", line, words, err)
		}
	}
}

func TestSplitCommandLineRefusesShellSyntax(t *testing.T) {
	for _, line := range []string{
		"a | b", "echo $HOME", "a; b", "ls *", `"$HOME"`, "'open", "", "cat <x", "~/a",
	} {
		if words, err := splitCommandLine(line); err == nil {
			t.Errorf("%s became %q", line, words)
		}
	}
}
