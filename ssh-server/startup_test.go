package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestAHomeGetsWhatItLacks(t *testing.T) {
	home := t.TempDir()
	write(t, filepath.Join(home, ".bashrc"), "mine")
	for range 2 {
		prepareHome(settings{home: home})
	}
	if text, err := os.ReadFile(filepath.Join(home, ".bashrc")); err != nil || string(text) != "mine" {
		t.Errorf("the user's own file became %q, %v", text, err)
	}
	// Whoever the next image runs as shares no more than the group.
	for name, mode := range map[string]os.FileMode{".profile": 0o664, ".ssh": 0o700, ".ssh/config": 0o600} {
		if info, err := os.Stat(filepath.Join(home, name)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if entries, err := os.ReadDir(home); err != nil || len(entries) != len(startupFiles)+1 {
		t.Errorf("left over: %v, %v", entries, err)
	}
}
