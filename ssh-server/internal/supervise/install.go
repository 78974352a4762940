package supervise

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

const programName = "gpu-dev-sshd"

// Install copies this program into the directory that the workspace container mounts. The file
// appears in one step, so a restarted init container never leaves a partial program.
func Install(directory string) error {
	target := filepath.Join(directory, programName)
	if err := copyProgram(target); err != nil {
		return fmt.Errorf("cannot write %s: %w", target, err)
	}
	return nil
}

func copyProgram(target string) (err error) {
	source, err := os.Open(programPath())
	if err != nil {
		return err
	}
	defer source.Close()
	temporary, err := os.CreateTemp(filepath.Dir(target), programName+".")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(temporary.Name())
		}
	}()
	if _, err = io.Copy(temporary, source); err == nil {
		// The image may run as any user.
		err = temporary.Chmod(0o755)
	}
	if closeErr := temporary.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(temporary.Name(), target)
}

// programPath also works where /proc is not mounted.
func programPath() string {
	if path, err := os.Executable(); err == nil {
		return path
	}
	return os.Args[0]
}
