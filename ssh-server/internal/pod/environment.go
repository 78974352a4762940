package pod

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"gpu-dev.io/ssh-server/internal/lease"
)

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

var wholeGPU = regexp.MustCompile(`^(GPU-.+|\d+)$`)

// SessionEnv is what each session starts with.
type SessionEnv struct {
	// Shell is empty if the image has none.
	Shell string
	// Directory is the working directory.
	Directory string
	Variables []string
}

// SessionEnv reads the image again at each call: an image can change while it runs.
func (s Settings) SessionEnv() SessionEnv {
	account := findAccount(os.Getuid())
	home := findHome(s, account)
	shell := findShell(s, account)
	name := account.name
	if name == "" {
		name = s.User
	}
	path := Lookup(s.Environment, "PATH")
	if path == "" {
		path = defaultPath
	}
	variables := append([]string{}, s.Environment...)
	// GPU_DEV_PATH survives /etc/profile, which resets PATH in many images; see home.go.
	variables = append(variables,
		"HOME="+home, "USER="+name, "LOGNAME="+name, "PATH="+path, "GPU_DEV_PATH="+path)
	if shell != "" {
		variables = append(variables, "SHELL="+shell)
	}
	variables = append(variables, VisibleDevices(s.Environment)...)
	return SessionEnv{Shell: shell, Directory: findDirectory(s, home), Variables: variables}
}

// LeaseTexts returns the texts about the lease of this reservation.
func (s Settings) LeaseTexts() lease.Texts {
	return lease.Texts{Name: Lookup(s.Environment, "GPU_DEV_RESERVATION_NAME")}
}

// Greeting returns the lines that a login's terminal shows first.
func (s Settings) Greeting(directory string) string {
	name := Lookup(s.Environment, "GPU_DEV_RESERVATION_NAME")
	if name == "" {
		name = "this pod"
	}
	text := name + "."
	if count := gpuCount(s.Environment); count > 0 {
		text = fmt.Sprintf("%s: %d GPUs.", name, count)
	}
	text += " Your files: " + directory + "\r\n"
	if line := s.LeaseTexts().Greeting(lease.ReadEnd(s.ExpiresFile), time.Now()); line != "" {
		text += line + "\r\n"
	}
	return text
}

// VisibleDevices returns CUDA_VISIBLE_DEVICES with the numbers that the GPUs have inside the
// container, unless the image or the pod sets it. Parts of a GPU (MIG) have no numbers that CUDA
// accepts; a program sees the parts that the container was given without the variable.
func VisibleDevices(environment []string) []string {
	count := gpuCount(environment)
	if count == 0 || Lookup(environment, "CUDA_VISIBLE_DEVICES") != "" {
		return nil
	}
	numbers := make([]string, count)
	for index := range numbers {
		numbers[index] = strconv.Itoa(index)
	}
	return []string{"CUDA_VISIBLE_DEVICES=" + strings.Join(numbers, ",")}
}

// gpuCount counts the whole GPUs that the device plugin assigned, by identifier or by number. Other
// values do not state a count: images set `all`, container runtimes replace it with `void` or a
// path, and `MIG-...` is a part.
func gpuCount(environment []string) int {
	count := 0
	for _, device := range strings.Split(Lookup(environment, "NVIDIA_VISIBLE_DEVICES"), ",") {
		if wholeGPU.MatchString(device) {
			count++
		}
	}
	return count
}
