#!/bin/sh
# First process of a pod: podInit.sh DIRECTORY HOSTNAME PROGRAM [ARGUMENT...]
# Writes who it is to DIRECTORY/pid, makes the pod's own view of the file system out of DIRECTORY/mounts where there is
# one (then it runs in its own mount and PID namespace), starts the program, and reaps whatever is left to it.
# When it ends, the kernel ends everything else in its PID namespace.
set -eu
PATH=$PATH:/usr/sbin:/sbin
directory=$1
name=$2
shift 2
# A stop may come before there is a program; without this a PID namespace's first process would ignore it.
trap 'exit 143' TERM

# Read by the shell itself, through the proc of the machine: the process id as the node agent sees it, and its start time.
read -r stat </proc/self/stat
printf '%s\n' "$stat" >"$directory/pid"

make_view() {
  view=$directory/view
  mkdir -p "$view"
  mount -t tmpfs -o mode=755 tmpfs "$view"
  while IFS='	' read -r kind source target; do
    case $kind in
    link) ln -s "$source" "$view$target" ;;
    file)
      mkdir -p "$view${target%/*}"
      : >"$view$target"
      mount --bind "$source" "$view$target"
      ;;
    tmpfs)
      mkdir -p "$view$target"
      mount -t tmpfs -o "$source" tmpfs "$view$target"
      ;;
    proc)
      mkdir -p "$view$target"
      mount -t proc proc "$view$target"
      ;;
    names) link_names "$source" "$target" ;;
    *)
      mkdir -p "$view$target"
      mount --rbind "$source" "$view$target"
      [ "$kind" = dir ] || mount -o remount,bind,ro "$view$target"
      ;;
    esac
  done <"$directory/mounts"
  cd "$view"
  mkdir .machine
  pivot_root . .machine
  umount -l /.machine
  rmdir /.machine
  cd /
}

# A directory of the pod's own whose names lead to the machine's files: something can be added without touching those.
link_names() (
  kept=/.gpu-dev/machine$2
  [ ! -L "$view$2" ] || rm "$view$2"
  mkdir -p "$view$kept"
  # Without -p: should it be there, it would be the machine's own.
  mkdir "$view$2"
  mount --rbind "$1" "$view$kept"
  from=$1
  to=$2
  set --
  for entry in "$from"/* "$from"/.[!.]*; do
    [ ! -e "$entry" ] && [ ! -L "$entry" ] || set -- "$@" "$kept/${entry##*/}"
  done
  [ $# -eq 0 ] || ln -s "$@" "$view$to/"
)

if [ -f "$directory/mounts" ]; then
  make_view
  # What a user namespace gave for mounting is not the program's.
  [ "$(id -u)" = 0 ] || set -- setpriv --ambient-caps=-all --inh-caps=-all "$@"
  hostname "$name" 2>/dev/null || echo "$name" >/proc/sys/kernel/hostname || true
fi

unset OLDPWD
"$@" &
child=$!
trap 'kill -TERM "$child" 2>/dev/null || true' TERM
while :; do
  code=0
  wait "$child" || code=$?
  kill -0 "$child" 2>/dev/null || exit "$code"
done
