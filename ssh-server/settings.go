package main

import (
	"net"
	"path/filepath"
	"strconv"
	"strings"
)

// The places that docs/pod-contract.md names, as the pod's manifest mounts them. None of them is read from the environment: an
// image sets that too, and must not say who may log in.
const (
	secretDirectory    = "/etc/gpu-dev/ssh"
	workspaceDirectory = "/workspace"
	homeDirectory      = "/home/dev"
	loginName          = "dev"
	defaultPort        = 2222
)

// settings is what the server works with.
type settings struct {
	// address is where to listen.
	address string
	// user is the only name that may log in.
	user           string
	hostKeyFile    string
	authorizedKeys string
	expiresFile    string
	workspace      string
	// home is the directory that lies with the workspace, whatever the image's accounts say.
	home string
	// environment is the container's own: the image's PATH and all that it sets.
	environment []string
}

func podSettings(port int, environment []string) settings {
	return settings{
		address:     net.JoinHostPort("", strconv.Itoa(port)),
		user:        loginName,
		workspace:   workspaceDirectory,
		home:        homeDirectory,
		environment: environment,
	}.withSecret(secretDirectory)
}

func (s settings) withSecret(directory string) settings {
	s.hostKeyFile = filepath.Join(directory, "ssh_host_ed25519_key")
	s.authorizedKeys = filepath.Join(directory, "authorized_keys")
	s.expiresFile = filepath.Join(directory, "expires_at")
	return s
}

// lookup answers the last value, as a program would see it.
func lookup(environment []string, name string) string {
	found := ""
	for _, entry := range environment {
		if key, value, ok := strings.Cut(entry, "="); ok && key == name {
			found = value
		}
	}
	return found
}
