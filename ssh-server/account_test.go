package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
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

func TestNumbersOfGPUs(t *testing.T) {
	for given, want := range map[string]string{
		"GPU-a": "0", "GPU-a,GPU-b": "0,1", "2,5": "0,1",
		"all": "", "void": "", "none": "", "": "", "MIG-a": "", "/var/run/nvidia-container-devices": "",
	} {
		found := lookup(visibleDevices([]string{"NVIDIA_VISIBLE_DEVICES=" + given}), "CUDA_VISIBLE_DEVICES")
		if found != want {
			t.Errorf("%q: %q", given, found)
		}
	}
	if found := visibleDevices([]string{"NVIDIA_VISIBLE_DEVICES=GPU-a", "CUDA_VISIBLE_DEVICES=7"}); found != nil {
		t.Errorf("what the pod says itself is overridden: %v", found)
	}
}

func TestAnImageSaysNothingOfWhoMayLogIn(t *testing.T) {
	plain := podSettings(2222, nil)
	told := podSettings(2222, []string{
		"GPU_DEV_SSH_DIR=/image", "GPU_DEV_USER=root", "GPU_DEV_EXPIRES_FILE=/image/end", "GPU_DEV_WORKSPACE=/image",
		"GPU_DEV_HOME=/image", "GPU_DEV_POD_IP=192.0.2.1", "GPU_DEV_SSH_PORT=22",
	})
	told.environment = nil
	if !reflect.DeepEqual(plain, told) {
		t.Errorf("%+v", told)
	}
}

func TestOptions(t *testing.T) {
	for line, want := range map[string]options{
		"":                   {port: 2222},
		"--port 22000":       {port: 22000},
		"-- /start --port 1": {port: 2222, entrypoint: []string{"/start", "--port", "1"}},
		"--port 1 -- /start": {port: 1, entrypoint: []string{"/start"}},
	} {
		if found, err := parseOptions(strings.Fields(line)); err != nil || !reflect.DeepEqual(found, want) {
			t.Errorf("%q: %+v, %v", line, found, err)
		}
	}
	for _, line := range []string{"--port", "--port x", "--port 70000", "--else 1", "/start"} {
		if found, err := parseOptions(strings.Fields(line)); err == nil {
			t.Errorf("%q: %+v", line, found)
		}
	}
}
