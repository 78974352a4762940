package pod

import (
	"os"
	"path/filepath"
	"testing"
)

func TestPrepareHomeAddsOnlyMissingFiles(t *testing.T) {
	home := t.TempDir()
	writeFile(t, filepath.Join(home, ".bashrc"), "mine")
	for range 2 {
		PrepareHome(Settings{Home: home})
	}
	text, err := os.ReadFile(filepath.Join(home, ".bashrc"))
	if err != nil || string(text) != "mine" {
		t.Errorf("the user's own file became %q, %v", text, err)
	}
	// The next image may run as another user who shares only the group.
	for name, mode := range map[string]os.FileMode{
		".profile": 0o664, ".ssh": 0o700, ".ssh/config": 0o600,
	} {
		if info, err := os.Stat(filepath.Join(home, name)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if entries, err := os.ReadDir(home); err != nil || len(entries) != len(startupFiles)+1 {
		t.Errorf("left over: %v, %v", entries, err)
	}
}
