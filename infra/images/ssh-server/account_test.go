package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestShells(t *testing.T) {
	directory := t.TempDir()
	shell := filepath.Join(directory, "fish")
	write(t, shell, "#!/bin/sh\n")
	if isShell(shell) {
		t.Error("a file that can't be run is a shell")
	}
	if err := os.Chmod(shell, 0o755); err != nil {
		t.Fatal(err)
	}
	given := settings{environment: []string{"SHELL=" + shell}}
	if found := findShell(given, account{shell: "/bin/sh"}); found != shell {
		t.Errorf("the image's SHELL is passed over for %s", found)
	}
	for _, none := range []string{"/usr/sbin/nologin", "/bin/false", "sh", directory, ""} {
		if isShell(none) {
			t.Errorf("%q is a shell", none)
		}
	}
}

func TestHomes(t *testing.T) {
	disk, image := t.TempDir(), t.TempDir()
	if home := findHome(settings{home: disk}, account{home: image}); home != disk {
		t.Errorf("not the home on the disk: %s", home)
	}
	if home := findHome(settings{home: "/nowhere"}, account{home: image}); home != image {
		t.Errorf("not the image's: %s", home)
	}
	if home := findHome(settings{home: "/nowhere", workspace: disk}, account{home: "/"}); home != disk {
		t.Errorf("not the workspace: %s", home)
	}
}

func TestEnvironmentOfASession(t *testing.T) {
	directory := t.TempDir()
	around := settings{
		user: "dev", home: directory, workspace: directory,
		environment: []string{"PATH=/opt/conda/bin", "NVIDIA_VISIBLE_DEVICES=GPU-a,GPU-b", "HOME=/"},
	}.surroundings()
	for name, want := range map[string]string{
		"PATH": "/opt/conda/bin", "GPU_DEV_PATH": "/opt/conda/bin", "HOME": directory, "CUDA_VISIBLE_DEVICES": "0,1",
	} {
		if found := lookup(around.environment, name); found != want {
			t.Errorf("%s is %q", name, found)
		}
	}
	if !clientVariable.MatchString("LC_ALL") || clientVariable.MatchString("LD_PRELOAD") {
		t.Error("a client sets what it may not, or may not set its language")
	}
}
