package main

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

// account is what the image says of the user that the container runs as. An image may say nothing.
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

// findHome prefers the one that lies with the workspace and outlives the pod; "/" would be littered with dotfiles.
func findHome(settings settings, account account) string {
	for _, directory := range []string{settings.home, account.home, settings.workspace} {
		if directory != "" && directory != "/" && isWritable(directory) {
			return directory
		}
	}
	return "/"
}

// findDirectory is where sessions begin.
func findDirectory(settings settings, home string) string {
	for _, directory := range []string{settings.workspace, home} {
		if unix.Access(directory, unix.X_OK) == nil && isDirectory(directory) {
			return directory
		}
	}
	return "/"
}

// findShell answers "" for an image that has none. A service account's shell (nologin) is none; whoever comes here has a key.
func findShell(settings settings, account account) string {
	wanted := []string{
		lookup(settings.environment, "SHELL"), account.shell,
		"/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash", "/bin/ash", "/bin/sh", "/usr/bin/sh", "/busybox/sh",
	}
	for _, path := range wanted {
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

var noShells = []string{"nologin", "false", "true", "sync", "halt", "shutdown"}

func isShell(path string) bool {
	if !filepath.IsAbs(path) || slices.Contains(noShells, filepath.Base(path)) {
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
