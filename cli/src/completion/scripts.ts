/** The shells that completion supports. */
export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** Printed instead of candidates where the shell completes file names itself. */
export const FILES_DIRECTIVE = ":files";

/**
 * Each script passes the words of the command line to the hidden command "complete", which prints
 * one candidate per line, with a tab before its description.
 */
export const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# bash completion for gpu-dev
_gpu_dev() {
  local line program="\${COMP_WORDS[0]/#\\~/$HOME}"
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == ${FILES_DIRECTIVE} ]]; then
      # Readline completes file names itself, with spaces, quotes and "~".
      compopt -o default 2>/dev/null || COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]#=}"))
      return
    fi
    COMPREPLY+=("\${line%%$'\\t'*}")
  done < <("$program" complete bash -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _gpu_dev gpu-dev
`,
  zsh: `#compdef gpu-dev
# zsh completion for gpu-dev
_gpu_dev() {
  local line
  local -a lines values
  lines=("\${(@f)$(\${~words[1]} complete zsh -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ $lines[1] == ${FILES_DIRECTIVE} ]]; then
    [[ $PREFIX == --*=* ]] && compset -P '*='
    _files
    return
  fi
  for line in $lines; do
    values+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  _describe -t values 'gpu-dev' values
}
# Works both from a folder of $fpath and with: source <(gpu-dev completion zsh)
if [[ $funcstack[1] == _gpu-dev ]]; then
  _gpu_dev "$@"
else
  compdef _gpu_dev gpu-dev
fi
`,
  fish: `# fish completion for gpu-dev
function __gpu_dev_complete
    set -l words (commandline -opc)
    set -l program $words[1]
    set -e words[1]
    set -l current (commandline -ct)
    set -l lines ($program complete fish -- $words "$current" 2>/dev/null)
    if test "$lines[1]" = ${FILES_DIRECTIVE}
        if string match -q -- '--*=*' "$current"
            set -l option (string replace -r '=.*' '=' -- $current)
            for path in (__fish_complete_path (string replace -r '^[^=]*=' '' -- $current))
                echo $option$path
            end
        else
            __fish_complete_path "$current"
        end
        return
    end
    printf '%s\\n' $lines
end
complete -c gpu-dev -f -a '(__gpu_dev_complete)'
`,
};
