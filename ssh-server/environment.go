package main

import (
	"os"
	"regexp"
	"strconv"
	"strings"
)

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// What a client may set: language, and nothing that changes which programs run.
var clientVariable = regexp.MustCompile(`^(LANG|LC_[A-Z]+|TERM)$`)

var wholeGPU = regexp.MustCompile(`^(GPU-.+|\d+)$`)

// surroundings is what each session starts from. It is looked at anew for each: an image can be changed while it runs.
type surroundings struct {
	shell       string
	directory   string
	environment []string
}

func (s settings) surroundings() surroundings {
	account := findAccount(os.Getuid())
	home := findHome(s, account)
	shell := findShell(s, account)
	name := account.name
	if name == "" {
		name = s.user
	}
	path := lookup(s.environment, "PATH")
	if path == "" {
		path = defaultPath
	}
	environment := append([]string{}, s.environment...)
	// GPU_DEV_PATH survives what /etc/profile of many images does to PATH; see startup.go.
	environment = append(environment, "HOME="+home, "USER="+name, "LOGNAME="+name, "PATH="+path, "GPU_DEV_PATH="+path)
	if shell != "" {
		environment = append(environment, "SHELL="+shell)
	}
	environment = append(environment, visibleDevices(s.environment)...)
	return surroundings{shell: shell, directory: findDirectory(s, home), environment: environment}
}

// visibleDevices numbers the GPUs as they are numbered in the container, where neither the image nor the pod does. Parts of a
// GPU (MIG) have no numbers that CUDA would take, and a program sees those that it was given without being told.
func visibleDevices(environment []string) []string {
	count := gpuCount(environment)
	if count == 0 || lookup(environment, "CUDA_VISIBLE_DEVICES") != "" {
		return nil
	}
	numbers := make([]string, count)
	for index := range numbers {
		numbers[index] = strconv.Itoa(index)
	}
	return []string{"CUDA_VISIBLE_DEVICES=" + strings.Join(numbers, ",")}
}

// gpuCount counts whole GPUs that the device plugin gave, by identifier or by number. Other values say nothing of a count: `all` is
// what images set, `void` and a path what container runtimes make of it, `MIG-...` a part.
func gpuCount(environment []string) int {
	count := 0
	for _, device := range strings.Split(lookup(environment, "NVIDIA_VISIBLE_DEVICES"), ",") {
		if wholeGPU.MatchString(device) {
			count++
		}
	}
	return count
}
