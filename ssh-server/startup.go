package main

import (
	"log"
	"os"
	"path/filepath"
)

// /etc/profile of many images forgets the PATH that the image itself sets, and with it Python or CUDA.
const keepPath = `if [ -n "${GPU_DEV_PATH-}" ]; then
  case ":$PATH:" in
    *":$GPU_DEV_PATH:"*) ;;
    *) PATH="$GPU_DEV_PATH:$PATH"; export PATH ;;
  esac
fi
`

var startupFiles = map[string]string{
	".profile": keepPath + `if [ -n "${BASH_VERSION-}" ] && [ -f "$HOME/.bashrc" ]; then . "$HOME/.bashrc"; fi
if [ -z "${BASH_VERSION-}" ] && [ -n "${PS1-}" ]; then PS1="${GPU_DEV_RESERVATION_NAME:-gpu-dev} \$ "; fi
`,
	".bashrc": keepPath + `case $- in *i*) ;; *) return ;; esac
HISTSIZE=10000
HISTFILESIZE=100000
shopt -s histappend checkwinsize
PS1='\[\e[1;32m\]${GPU_DEV_RESERVATION_NAME:-\h}\[\e[0m\]:\[\e[1;34m\]\w\[\e[0m\]\$ '
`,
	".zprofile": keepPath,
	".zshrc": `PROMPT='%F{green}${GPU_DEV_RESERVATION_NAME:-%m}%f:%F{blue}%~%f%# '
setopt prompt_subst append_history
HISTFILE=~/.zsh_history
HISTSIZE=10000
SAVEHIST=100000
`,
}

// sshConfig is there before a user writes one: OpenSSH's client refuses a file that its group may write to, which files of
// this container are (see supervise), and a file that is there keeps its mode.
const sshConfig = "# Yours, for ssh from this pod to elsewhere.\n"

// prepareHome gives the home that lies with the workspace the files that a new account would get. What is there stays as it is:
// it is the user's. A home of the image's own is not touched.
func prepareHome(settings settings) {
	if !isWritable(settings.home) {
		return
	}
	for name, text := range startupFiles {
		give(filepath.Join(settings.home, name), text, 0o664)
	}
	own := filepath.Join(settings.home, ".ssh")
	if err := os.Mkdir(own, 0o700); err == nil {
		give(filepath.Join(own, "config"), sshConfig, 0o600)
	}
}

func give(path, text string, mode os.FileMode) {
	if err := writeIfAbsent(path, text, mode); err != nil && !os.IsExist(err) {
		log.Printf("%s can't be written: %v", path, err)
	}
}

// writeIfAbsent makes the whole file or none, also when it is ended half-way.
func writeIfAbsent(path, text string, mode os.FileMode) error {
	made, err := os.CreateTemp(filepath.Dir(path), ".gpu-dev-new-")
	if err != nil {
		return err
	}
	defer os.Remove(made.Name())
	_, err = made.WriteString(text)
	if err == nil {
		err = made.Chmod(mode)
	}
	if closing := made.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return err
	}
	// Unlike a renaming, this replaces nothing.
	return os.Link(made.Name(), path)
}
