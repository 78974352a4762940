package main

import (
	"net"
	"path/filepath"
	"strings"
)

// settings is what the pod's environment says; each has a default, so that the program can be tried alone.
type settings struct {
	// address is where to listen: the pod's own, or all.
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

func readSettings(environment []string) settings {
	value := func(name, otherwise string) string {
		if found := lookup(environment, name); found != "" {
			return found
		}
		return otherwise
	}
	directory := value("GPU_DEV_SSH_DIR", "/etc/gpu-dev/ssh")
	return settings{
		address:        net.JoinHostPort(value("GPU_DEV_POD_IP", ""), value("GPU_DEV_SSH_PORT", "2222")),
		user:           value("GPU_DEV_USER", "dev"),
		hostKeyFile:    filepath.Join(directory, "ssh_host_ed25519_key"),
		authorizedKeys: filepath.Join(directory, "authorized_keys"),
		expiresFile:    value("GPU_DEV_EXPIRES_FILE", filepath.Join(directory, "expires_at")),
		workspace:      value("GPU_DEV_WORKSPACE", "/workspace"),
		home:           value("GPU_DEV_HOME", "/home/dev"),
		environment:    environment,
	}
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
