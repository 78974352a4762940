package main

import (
	"reflect"
	"strings"
	"testing"
)

func TestOptions(t *testing.T) {
	for line, want := range map[string]options{
		"":                   {port: 2222},
		"--port 22000":       {port: 22000},
		"-- /start --port 1": {port: 2222, entrypoint: []string{"/start", "--port", "1"}},
		"--port 1 -- /start": {port: 1, entrypoint: []string{"/start"}},
	} {
		found, err := parseOptions(strings.Fields(line))
		if err != nil || !reflect.DeepEqual(found, want) {
			t.Errorf("%q: %+v, %v", line, found, err)
		}
	}
}

func TestRefusedOptions(t *testing.T) {
	for _, line := range []string{"--port", "--port x", "--port 70000", "--unknown 1", "/start"} {
		if found, err := parseOptions(strings.Fields(line)); err == nil {
			t.Errorf("%q: %+v", line, found)
		}
	}
}
