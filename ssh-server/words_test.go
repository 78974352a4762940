package main

import (
	"reflect"
	"testing"
)

func TestWordsOfACommand(t *testing.T) {
	for command, want := range map[string][]string{
		"nvidia-smi -L":          {"nvidia-smi", "-L"},
		`say "two words" 'a $b'`: {"say", "two words", "a $b"},
		`a\ b ""`:                {"a b", ""},
		`"a\"b" x"y"z`:           {`a"b`, "xyz"},
	} {
		if words, err := splitWords(command); err != nil || !reflect.DeepEqual(words, want) {
			t.Errorf("%s: %q, %v", command, words, err)
		}
	}
}

func TestWhatOnlyAShellCanDoIsRefused(t *testing.T) {
	for _, command := range []string{"a | b", "echo $HOME", "a; b", "ls *", `"$HOME"`, "'open", "", "cat <x", "~/a"} {
		if words, err := splitWords(command); err == nil {
			t.Errorf("%s became %q", command, words)
		}
	}
}
