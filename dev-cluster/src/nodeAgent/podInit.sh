#!/bin/sh
# First process of a pod: podInit.sh DIRECTORY HOSTNAME PROGRAM [ARGUMENT...]
# Writes its process id to DIRECTORY/pid, builds the pod's view of the file system from DIRECTORY/mounts if that file
# exists (it then runs in its own mount and PID namespace), starts the program, and reaps orphaned processes.
# When it ends, the kernel ends every other process in its PID namespace.
set -eu
PATH=$PATH:/usr/sbin:/sbin
directory=$1
name=$2
shift 2
# A stop may come before the program runs; without a trap, the first process of a PID namespace ignores it.
trap 'exit 143' TERM

# Read by the shell itself, from the machine's /proc: the process id as the node agent sees it, and its start time.
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
    hide)
      # Also in a directory that was rebuilt from links.
      for place in "$view$target" "$view/.gpu-dev/machine$target"; do
        [ ! -d "$place" ] || mount -t tmpfs -o ro,mode=000,size=4k tmpfs "$place"
      done
      ;;
    temporary)
      [ -d "$view$target" ] || continue
      mkdir -p "$source"
      chmod 1777 "$source"
      mount --bind "$source" "$view$target"
      ;;
    replace)
      # Only in a directory that was rebuilt from links: this removes the link, not the machine's file.
      rm "$view$target"
      : >"$view$target"
      mount --bind "$source" "$view$target"
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

# Creates a directory of links to the machine's files, so that names can be added without changing the machine.
link_names() (
  kept=/.gpu-dev/machine$2
  [ ! -L "$view$2" ] || rm "$view$2"
  mkdir -p "$view$kept"
  # Without -p: an existing directory would be the machine's own.
  mkdir "$view$2"
  mount --rbind "$1" "$view$kept"
  from=$1
  to=$2
  set --
  for entry in "$from"/* "$from"/.[!.]*; do
    if [ -L "$entry" ]; then
      # The link itself: a relative one would lead elsewhere from another directory.
      ln -s "$(readlink "$entry")" "$view$to/${entry##*/}"
    elif [ -e "$entry" ]; then
      set -- "$@" "$kept/${entry##*/}"
    fi
  done
  [ $# -eq 0 ] || ln -s "$@" "$view$to/"
)

if [ -f "$directory/mounts" ]; then
  make_view
  # Drop the capabilities that the user namespace granted for mounting.
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
