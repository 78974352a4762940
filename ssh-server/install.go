package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

const programName = "gpu-dev-sshd"

// install copies this very program into the directory that the workspace container mounts. The name appears in one step: a
// restarted init container never leaves half a program behind.
func install(directory string) error {
	target := filepath.Join(directory, programName)
	if err := copyProgram(target); err != nil {
		return fmt.Errorf("%s can't be written: %w", target, err)
	}
	return nil
}

func copyProgram(target string) (err error) {
	source, err := os.Open(ownPath())
	if err != nil {
		return err
	}
	defer source.Close()
	made, err := os.CreateTemp(filepath.Dir(target), programName+".")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(made.Name())
		}
	}()
	if _, err = io.Copy(made, source); err == nil {
		// Whoever the image runs as has to start it.
		err = made.Chmod(0o755)
	}
	if closing := made.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return err
	}
	return os.Rename(made.Name(), target)
}

// ownPath is where this program lies, also where /proc is not mounted.
func ownPath() string {
	if path, err := os.Executable(); err == nil {
		return path
	}
	return os.Args[0]
}
