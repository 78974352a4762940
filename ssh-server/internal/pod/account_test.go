package pod

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestShellOfTheImageComesFirst(t *testing.T) {
	shell := filepath.Join(t.TempDir(), "fish")
	writeFile(t, shell, "#!/bin/sh\n")
	if isShell(shell) {
		t.Error("a file that is not executable counts as a shell")
	}
	if err := os.Chmod(shell, 0o755); err != nil {
		t.Fatal(err)
	}
	settings := Settings{Environment: []string{"SHELL=" + shell}}
	if found := findShell(settings, account{shell: "/bin/sh"}); found != shell {
		t.Errorf("the shell is %s, not the image's SHELL", found)
	}
}

func TestNonShells(t *testing.T) {
	for _, path := range []string{"/usr/sbin/nologin", "/bin/false", "sh", t.TempDir(), ""} {
		if isShell(path) {
			t.Errorf("%q counts as a shell", path)
		}
	}
}

func TestHomes(t *testing.T) {
	disk, image := t.TempDir(), t.TempDir()
	for _, test := range []struct {
		name     string
		settings Settings
		account  account
		want     string
	}{
		{"the disk's home first", Settings{Home: disk}, account{home: image}, disk},
		{"then the account's", Settings{Home: "/nowhere"}, account{home: image}, image},
		{"the workspace before /", Settings{Home: "/nowhere", Workspace: disk}, account{home: "/"}, disk},
	} {
		if home := findHome(test.settings, test.account); home != test.want {
			t.Errorf("%s: %s", test.name, home)
		}
	}
}

func TestSessionEnv(t *testing.T) {
	directory := t.TempDir()
	env := Settings{
		User: "dev", Home: directory, Workspace: directory,
		Environment: []string{
			"PATH=/opt/conda/bin", "NVIDIA_VISIBLE_DEVICES=GPU-a,GPU-b", "HOME=/",
		},
	}.SessionEnv()
	for name, want := range map[string]string{
		"PATH": "/opt/conda/bin", "GPU_DEV_PATH": "/opt/conda/bin", "HOME": directory,
		"CUDA_VISIBLE_DEVICES": "0,1",
	} {
		if found := Lookup(env.Variables, name); found != want {
			t.Errorf("%s is %q", name, found)
		}
	}
}

func TestVisibleDevices(t *testing.T) {
	for value, want := range map[string]string{
		"GPU-a": "0", "GPU-a,GPU-b": "0,1", "2,5": "0,1",
		"all": "", "void": "", "none": "", "": "", "MIG-a": "",
		"/var/run/nvidia-container-devices": "",
	} {
		variables := VisibleDevices([]string{"NVIDIA_VISIBLE_DEVICES=" + value})
		if found := Lookup(variables, "CUDA_VISIBLE_DEVICES"); found != want {
			t.Errorf("%q: %q", value, found)
		}
	}
}

func TestVisibleDevicesOfThePodAreKept(t *testing.T) {
	environment := []string{"NVIDIA_VISIBLE_DEVICES=GPU-a", "CUDA_VISIBLE_DEVICES=7"}
	if found := VisibleDevices(environment); found != nil {
		t.Errorf("the pod's own value is overridden: %v", found)
	}
}

func TestAnImageDoesNotDecideWhoMayLogIn(t *testing.T) {
	plain := NewSettings(2222, nil)
	modified := NewSettings(2222, []string{
		"GPU_DEV_SSH_DIR=/image", "GPU_DEV_USER=root", "GPU_DEV_EXPIRES_FILE=/image/end",
		"GPU_DEV_WORKSPACE=/image", "GPU_DEV_HOME=/image", "GPU_DEV_POD_IP=192.0.2.1",
		"GPU_DEV_SSH_PORT=22",
	})
	modified.Environment = nil
	if !reflect.DeepEqual(plain, modified) {
		t.Errorf("%+v", modified)
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
