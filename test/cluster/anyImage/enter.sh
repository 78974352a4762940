#!/bin/sh
# The first process of a test's container, in its own mount and PID namespaces:
#   enter.sh PROGRAM [ARGUMENT...]
# It puts the image's files under a layer in memory, mounts what a container runtime and the pod's
# manifest would mount, and executes the program. Environment variables: IMAGE and WORKSPACE
# (folders), STATE (a private folder), READ_ONLY (1 or 0) and RUN_AS (a user id). STATE/environment
# has the container's environment, and STATE/finish.sh completes the image.
set -eu
view=$STATE/view
layers=$STATE/layers
mkdir -p "$view" "$layers"
mount -t tmpfs tmpfs "$layers"
mkdir "$layers/upper" "$layers/work"
mount -t overlay -o "lowerdir=$IMAGE,upperdir=$layers/upper,workdir=$layers/work" overlay "$view"
cd "$view"
mkdir -p proc dev workspace home/dev etc/gpu-dev/ssh .gpu-dev/ssh
mount -t proc proc proc
mount -t tmpfs -o mode=755 tmpfs dev
for name in null zero full random urandom tty; do
  : >"dev/$name"
  mount --bind "/dev/$name" "dev/$name"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs -o mode=1777 tmpfs dev/shm

mount --bind "$WORKSPACE" workspace
mount --bind "$WORKSPACE/.home" home/dev
: >etc/hosts
mount --bind "$STATE/hosts" etc/hosts
for volume in "secret etc/gpu-dev/ssh" "program .gpu-dev/ssh"; do
  mount --bind "$STATE/${volume% *}" "${volume#* }"
  mount -o remount,bind,ro "${volume#* }"
done
sh -eu "$STATE/finish.sh"
[ "$READ_ONLY" = 0 ] || mount -o remount,ro "$view"

# Each line (NAME=VALUE) becomes an argument of env.
set -- chroot "--userspec=$RUN_AS:$RUN_AS" --groups=2222 "$view" "$@"
while IFS= read -r entry; do set -- "$entry" "$@"; done <"$STATE/environment"
exec env -i "$@"
