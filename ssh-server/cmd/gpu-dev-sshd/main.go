// gpu-dev-sshd is the SSH server of a workspace pod. An init container copies it into the image
// that the user chose, so it is one static file and requires nothing of that image: no account, no
// shell, no library, no writable root. docs/pod-contract.md specifies its inputs and what a login
// gets; docs/adr/ explains why it exists.
package main

import (
	"errors"
	"fmt"
	"log"
	"os"
	"strconv"

	"gpu-dev.io/ssh-server/internal/login"
	"gpu-dev.io/ssh-server/internal/pod"
	"gpu-dev.io/ssh-server/internal/supervise"
)

const usage = `usage:
  gpu-dev-sshd install DIRECTORY                     copy this program into DIRECTORY
  gpu-dev-sshd serve [--port N] [-- PROGRAM ARG...]  run as the first process of a container:
                                                     start the server and the image's own program
  gpu-dev-sshd listen [--port N]                     run only the server
  gpu-dev-sshd check [--port N]                      succeed if a login to the server is possible
  gpu-dev-sshd version                               print the version`

const (
	exitFailure = 1
	exitUsage   = 2
)

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

func run(args []string) (code int, err error) {
	if len(args) == 0 {
		return exitUsage, errors.New(usage)
	}
	switch command, rest := args[0], args[1:]; command {
	case "install":
		if len(rest) != 1 {
			return exitUsage, errors.New(usage)
		}
		return exitCode(supervise.Install(rest[0]))
	case "serve":
		options, err := parseOptions(rest)
		if err != nil {
			return exitUsage, err
		}
		serverArgs := []string{"listen", "--port", strconv.Itoa(options.port)}
		supervise.Run(supervise.Options{ServerArgs: serverArgs, Entrypoint: options.entrypoint})
		return 0, nil
	case "listen":
		options, err := parseOptions(rest)
		if err != nil || len(options.entrypoint) > 0 {
			return exitUsage, errors.New(usage)
		}
		log.Printf("version %s", version)
		return exitCode(login.Serve(pod.NewSettings(options.port, os.Environ())))
	case "check":
		options, err := parseOptions(rest)
		if err != nil || len(options.entrypoint) > 0 {
			return exitUsage, errors.New(usage)
		}
		return exitCode(login.Check(pod.NewSettings(options.port, os.Environ())))
	case "version":
		fmt.Println(version)
		return 0, nil
	default:
		return exitUsage, errors.New(usage)
	}
}

func exitCode(err error) (int, error) {
	if err != nil {
		return exitFailure, err
	}
	return 0, nil
}
