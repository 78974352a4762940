package main

import (
	"fmt"
	"slices"
	"strconv"

	"gpu-dev.io/ssh-server/internal/pod"
)

type options struct {
	// port differs from the default only in tests, whose containers have no address of their own.
	port int
	// entrypoint is the image's own program with its arguments, if the catalogue names one.
	entrypoint []string
}

func parseOptions(args []string) (options, error) {
	parsed := options{port: pod.DefaultPort}
	if at := slices.Index(args, "--"); at >= 0 {
		parsed.entrypoint = args[at+1:]
		args = args[:at]
	}
	if len(args) == 0 {
		return parsed, nil
	}
	if len(args) != 2 || args[0] != "--port" {
		return parsed, fmt.Errorf("unknown arguments: %q\n%s", args, usage)
	}
	port, err := strconv.ParseUint(args[1], 10, 16)
	if err != nil {
		return parsed, fmt.Errorf("%q is not a port\n%s", args[1], usage)
	}
	parsed.port = int(port)
	return parsed, nil
}
