import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Gives an empty home the start-up files of a new account. Existing files are the user's and stay
 * unchanged. The PATH line restores the PATH of the login shell, which /etc/profile of many systems
 * overwrites.
 */
export function prepareHome(home: string): void {
  try {
    mkdirSync(home, { recursive: true });
    for (const [name, text] of Object.entries(STARTUP_FILES)) writeIfAbsent(join(home, name), text);
  } catch (error) {
    // Without a login, nobody could free the space of a full disk.
    process.stderr.write(`The home directory is incomplete: ${String(error)}\n`);
  }
}

const KEEP_PATH = `if [ -n "\${GPU_DEV_PATH-}" ]; then
  case ":$PATH:" in
    *":$GPU_DEV_PATH:"*) ;;
    *) PATH="$GPU_DEV_PATH:$PATH"; export PATH ;;
  esac
fi
`;

const STARTUP_FILES = {
  ".profile": `${KEEP_PATH}if [ -n "\${BASH_VERSION-}" ] && [ -f "$HOME/.bashrc" ]; then . "$HOME/.bashrc"; fi
if [ -z "\${BASH_VERSION-}" ] && [ -n "\${PS1-}" ]; then PS1="\${GPU_DEV_RESERVATION_NAME:-gpu-dev} \\$ "; fi
`,
  ".bashrc": `${KEEP_PATH}case $- in *i*) ;; *) return ;; esac
HISTSIZE=10000
HISTFILESIZE=100000
shopt -s histappend checkwinsize
PS1='\\[\\e[1;32m\\]\${GPU_DEV_RESERVATION_NAME:-\\h}\\[\\e[0m\\]:\\[\\e[1;34m\\]\\w\\[\\e[0m\\]\\$ '
alias ls='ls --color=auto'
`,
  ".zprofile": KEEP_PATH,
  ".zshrc": `PROMPT='%F{green}\${GPU_DEV_RESERVATION_NAME:-%m}%f:%F{blue}%~%f%# '
setopt prompt_subst append_history
HISTFILE=~/.zsh_history
HISTSIZE=10000
SAVEHIST=100000
`,
} as const;

function writeIfAbsent(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: "wx", mode: 0o644 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
