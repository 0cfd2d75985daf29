#!/bin/sh
# The first process of a host, in namespaces of its own: host.sh NAME OWN_FOLDER HOSTS_FILE SHARED_FOLDER...
# The host has its own name, /tmp and /dev/shm. The shared folders are seen at the same place on every host.
set -e
name=$1 own=$2 hosts=$3
shift 3
hostname "$name"
mount --bind "$hosts" /etc/hosts
mkdir -p "$own/tmp" "$own/shm"
chmod 1777 "$own/tmp" "$own/shm"
mount --bind "$own/shm" /dev/shm
for shared; do
    case $shared in
    /tmp/*)
        mkdir -p "$own/tmp/${shared#/tmp/}"
        mount --bind "$shared" "$own/tmp/${shared#/tmp/}"
        ;;
    esac
done
mount --rbind "$own/tmp" /tmp
echo ready
exec sleep infinity
