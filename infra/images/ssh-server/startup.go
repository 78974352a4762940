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

// prepareHome gives the home that lies with the workspace the files that a new account would get. What is there stays as it is:
// it is the user's. A home of the image's own is not touched.
func prepareHome(settings settings) {
	if !isWritable(settings.home) {
		return
	}
	for name, text := range startupFiles {
		if err := writeIfAbsent(filepath.Join(settings.home, name), text); err != nil && !os.IsExist(err) {
			log.Printf("%s can't be written: %v", name, err)
		}
	}
}

func writeIfAbsent(path, text string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	if closing := file.Close(); err == nil {
		err = closing
	}
	return err
}
