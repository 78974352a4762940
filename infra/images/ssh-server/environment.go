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
	if count := gpuCount(s.environment); count > 0 && lookup(s.environment, "CUDA_VISIBLE_DEVICES") == "" {
		environment = append(environment, "CUDA_VISIBLE_DEVICES="+numbersBelow(count))
	}
	return surroundings{shell: shell, directory: findDirectory(s, home), environment: environment}
}

// gpuCount counts whole GPUs that the device plugin gave by their identifiers; `all` of an image says nothing.
func gpuCount(environment []string) int {
	count := 0
	for _, device := range strings.Split(lookup(environment, "NVIDIA_VISIBLE_DEVICES"), ",") {
		if strings.HasPrefix(device, "GPU-") {
			count++
		}
	}
	return count
}

func numbersBelow(count int) string {
	numbers := make([]string, count)
	for index := range numbers {
		numbers[index] = strconv.Itoa(index)
	}
	return strings.Join(numbers, ",")
}
