#!/bin/sh
# Starts a daemon of mpirun on another host, as ssh would: agent.sh HOST COMMAND...
# $STEMMA_TEST_HOSTS/HOST.before goes before the command (a clock of its own, fewer cores). When the host is off, ssh's
# client hears nothing more, and stays.
host=$1
shift
case $host in -*) echo "agent.sh: unexpected option $host" >&2; exit 2 ;; esac
before=$(cat "$STEMMA_TEST_HOSTS/$host.before" 2>/dev/null)
nsenter --target "$(cat "$STEMMA_TEST_HOSTS/$host.pid")" --net --uts --mount --ipc $before sh -c "$*"
code=$?
[ "$code" -ne 137 ] || exec sleep infinity
exit "$code"
