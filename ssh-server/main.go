// gpu-dev-sshd is the SSH server of a workspace pod. An init container brings it into whatever image the user chose, so it
// is one static file that expects nothing of that image: no account, no shell, no library, no writable root.
// docs/pod-contract.md says what it is told and what a login gets, docs/adr/ why it is a program of ours.
package main

import (
	"errors"
	"fmt"
	"log"
	"os"
)

const usage = `usage:
  gpu-dev-sshd install DIRECTORY                       copy this program into DIRECTORY
  gpu-dev-sshd serve [--port N] [-- PROGRAM ARG...]    first process of a container: server, and the image's own program
  gpu-dev-sshd listen [--port N]                       the server alone
  gpu-dev-sshd version`

// version is set by the linker when an image is built.
var version = "development"

func main() {
	log.SetFlags(0)
	log.SetPrefix("gpu-dev-sshd: ")
	log.SetOutput(os.Stdout)
	code, err := run(os.Args[1:])
	if err != nil {
		log.Print(err)
	}
	os.Exit(code)
}

func run(args []string) (int, error) {
	if len(args) == 0 {
		return 2, errors.New(usage)
	}
	switch command, rest := args[0], args[1:]; command {
	case "install":
		if len(rest) != 1 {
			return 2, errors.New(usage)
		}
		return failure(install(rest[0]))
	case "serve":
		options, err := parseOptions(rest)
		if err != nil {
			return 2, err
		}
		return supervise(options)
	case "listen":
		options, err := parseOptions(rest)
		if err != nil || len(options.entrypoint) > 0 {
			return 2, errors.New(usage)
		}
		return failure(listen(podSettings(options.port, os.Environ())))
	case "version":
		fmt.Println(version)
		return 0, nil
	default:
		return 2, errors.New(usage)
	}
}

func failure(err error) (int, error) {
	if err != nil {
		return 1, err
	}
	return 0, nil
}
