package pod

import (
	"log"
	"os"
	"path/filepath"
)

// keepPath restores the PATH of the image, which /etc/profile of many images resets, and with it
// Python or CUDA.
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

// sshConfig exists before a user writes one: OpenSSH's client refuses a configuration that its
// group may write to, as files of this container are (umask 002), and an existing file keeps its
// mode.
const sshConfig = "# Yours, for ssh from this pod to elsewhere.\n"

// PrepareHome creates the files of a new account in the home on the workspace volume. Existing
// files are the user's and are left alone, as is a home of the image's own.
func PrepareHome(settings Settings) {
	if !isWritable(settings.Home) {
		return
	}
	for name, text := range startupFiles {
		createFile(filepath.Join(settings.Home, name), text, 0o664)
	}
	sshDirectory := filepath.Join(settings.Home, ".ssh")
	if err := os.Mkdir(sshDirectory, 0o700); err == nil {
		createFile(filepath.Join(sshDirectory, "config"), sshConfig, 0o600)
	}
}

func createFile(path, text string, mode os.FileMode) {
	if err := writeIfAbsent(path, text, mode); err != nil && !os.IsExist(err) {
		log.Printf("cannot write %s: %v", path, err)
	}
}

// writeIfAbsent creates the whole file or none, even if the process is killed half-way.
func writeIfAbsent(path, text string, mode os.FileMode) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), ".gpu-dev-new-")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.WriteString(text)
	if err == nil {
		err = temporary.Chmod(mode)
	}
	if closeErr := temporary.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	// A link, unlike a rename, never replaces an existing file.
	return os.Link(temporary.Name(), path)
}
