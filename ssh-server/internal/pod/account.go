package pod

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// account is the image's entry for the user that the container runs as. An image may have none.
type account struct {
	name  string
	home  string
	shell string
}

const passwdFile = "/etc/passwd"

func findAccount(uid int) account {
	file, err := os.Open(passwdFile)
	if err != nil {
		return account{}
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.Split(lines.Text(), ":")
		if len(fields) >= 7 && fields[2] == strconv.Itoa(uid) {
			return account{name: fields[0], home: fields[5], shell: fields[6]}
		}
	}
	return account{}
}

// findHome prefers the home on the workspace volume, which outlives the pod. It never returns "/"
// if another directory is writable: dotfiles do not belong there.
func findHome(settings Settings, account account) string {
	for _, directory := range []string{settings.Home, account.home, settings.Workspace} {
		if directory != "" && directory != "/" && isWritable(directory) {
			return directory
		}
	}
	return "/"
}

// findDirectory returns the directory that sessions start in.
func findDirectory(settings Settings, home string) string {
	for _, directory := range []string{settings.Workspace, home} {
		if unix.Access(directory, unix.X_OK) == nil && isDirectory(directory) {
			return directory
		}
	}
	return "/"
}

// findShell returns "" for an image without a shell. A service account's shell (nologin) does not
// count: every client here has logged in with a key.
func findShell(settings Settings, account account) string {
	candidates := []string{
		Lookup(settings.Environment, "SHELL"), account.shell,
		"/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash", "/bin/ash", "/bin/sh", "/usr/bin/sh",
		"/busybox/sh",
	}
	for _, path := range candidates {
		if isShell(path) {
			return path
		}
	}
	for _, name := range []string{"bash", "ash", "sh"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// nonShells are programs that accounts have in place of a shell to refuse logins.
var nonShells = []string{"nologin", "false", "true", "sync", "halt", "shutdown"}

func isShell(path string) bool {
	if !filepath.IsAbs(path) || slices.Contains(nonShells, filepath.Base(path)) {
		return false
	}
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && unix.Access(path, unix.X_OK) == nil
}

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func isWritable(directory string) bool {
	return isDirectory(directory) && unix.Access(directory, unix.W_OK|unix.X_OK) == nil
}
