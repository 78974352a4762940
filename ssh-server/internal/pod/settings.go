// Package pod describes the container that the SSH server runs in: the fixed paths of the pod
// contract (docs/pod-contract.md), and what the image provides: an account, a shell, a home and an
// environment.
package pod

import (
	"net"
	"path/filepath"
	"strconv"
	"strings"
)

// DefaultPort is the port of the SSH server in a pod.
const DefaultPort = 2222

// The paths that docs/pod-contract.md names, as the pod's manifest mounts them. None of them is
// read from the environment: an image sets the environment too, and must not decide who may log in.
const (
	secretDirectory    = "/etc/gpu-dev/ssh"
	workspaceDirectory = "/workspace"
	homeDirectory      = "/home/dev"
	loginName          = "dev"
)

// Settings locate the files of one pod.
type Settings struct {
	// Address is the address to listen on.
	Address string
	// User is the only name that may log in.
	User               string
	HostKeyFile        string
	AuthorizedKeysFile string
	// ExpiresFile holds the end of the lease; it is empty until the lease starts.
	ExpiresFile string
	Workspace   string
	// Home is the directory on the workspace volume, whatever the image's accounts say.
	Home string
	// Environment is the container's own: the image's PATH and every variable that it sets.
	Environment []string
}

// NewSettings returns the settings of a real pod.
func NewSettings(port int, environment []string) Settings {
	return Settings{
		Address:     net.JoinHostPort("", strconv.Itoa(port)),
		User:        loginName,
		Workspace:   workspaceDirectory,
		Home:        homeDirectory,
		Environment: environment,
	}.WithSecret(secretDirectory)
}

// WithSecret returns the settings with the Secret mounted at directory.
func (s Settings) WithSecret(directory string) Settings {
	s.HostKeyFile = filepath.Join(directory, "ssh_host_ed25519_key")
	s.AuthorizedKeysFile = filepath.Join(directory, "authorized_keys")
	s.ExpiresFile = filepath.Join(directory, "expires_at")
	return s
}

// Lookup returns the value of a variable as a program would see it: the last one wins.
func Lookup(environment []string, name string) string {
	found := ""
	for _, entry := range environment {
		if key, value, ok := strings.Cut(entry, "="); ok && key == name {
			found = value
		}
	}
	return found
}
