// server serves like `gpu-dev-sshd listen`, but on loopback and with the paths of a test instead of
// the pod's. It is not part of the image. The conduct tests of the SSH contract
// (test/integration/sshConduct) run it without a container.
package main

import (
	"flag"
	"log"
	"net"
	"os"

	"gpu-dev.io/ssh-server/internal/login"
	"gpu-dev.io/ssh-server/internal/pod"
)

func main() {
	log.SetFlags(0)
	log.SetOutput(os.Stdout)
	port := flag.String("port", "", "port on 127.0.0.1")
	secret := flag.String("secret", "", "directory of the Secret")
	workspace := flag.String("workspace", "", "directory of the workspace")
	home := flag.String("home", "", "home on the workspace volume")
	flag.Parse()
	settings := pod.NewSettings(0, os.Environ()).WithSecret(*secret)
	settings.Address = net.JoinHostPort("127.0.0.1", *port)
	settings.Workspace, settings.Home = *workspace, *home
	if err := login.Serve(settings); err != nil {
		log.Fatal(err)
	}
}
