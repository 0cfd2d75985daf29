#!/usr/bin/env bash
# A real Slurm (munge, slurmctld, slurmd; Debian's packages) on this machine, without systemd, for tests of the batch
# scripts.
#   local_slurm.sh up [NODES]   start it with NODES "nodes" (default 1) of $SLURM_LOCAL_CPUS CPUs each (default 8), then print how to use it
#   local_slurm.sh down         stop it and remove its files
#
# Its folder is $SLURM_LOCAL_DIR. Its ports are $SLURM_LOCAL_PORT (default 16817) and the 20 ports after it.
#
# Needs root and: apt-get install -y --no-install-recommends slurm-wlm munge openmpi-bin
#
# Use: export SLURM_CONF=<the path printed by `up`>, then sbatch, srun, squeue, scancel, scontrol requeue as on a
# cluster.
#
# Partitions: batch (default) and urgent. A job in urgent preempts a job in batch by REQUEUE.
#
# MPI traffic stays on loopback: export OMPI_MCA_btl_tcp_if_include=lo OMPI_MCA_oob_tcp_if_include=lo in the job. With
# two "nodes" also export OMPI_MCA_btl=tcp,self. Without it ranks look for each other in a shared memory that two hosts
# would not have.
set -euo pipefail
dir=${SLURM_LOCAL_DIR:-${TMPDIR:-/tmp}/local-slurm}
port=${SLURM_LOCAL_PORT:-16817}
cpus=${SLURM_LOCAL_CPUS:-8}
host=$(hostname -s)
conf=$dir/slurm.conf

down() {
  for pid_file in "$dir"/slurmd*.pid "$dir"/slurmctld.pid; do
    [ -f "$pid_file" ] && kill "$(cat "$pid_file")" 2>/dev/null || true
  done
  for _ in $(seq 50); do ls "$dir"/*.pid >/dev/null 2>&1 || break; sleep 0.1; done
  rm -rf "$dir"
}

up() {
  local nodes=${1:-1} i
  [ -e "$dir" ] && { echo "local_slurm.sh: $dir exists; run 'local_slurm.sh down' first" >&2; exit 1; }
  mkdir -p "$dir"/{state,spool,log,pmix} /run/munge /var/lib/munge /var/log/munge
  if [ ! -f /etc/munge/munge.key ]; then
    dd if=/dev/urandom of=/etc/munge/munge.key bs=1 count=1024 status=none
  fi
  chown munge:munge /etc/munge/munge.key /run/munge /var/lib/munge /var/log/munge
  chmod 400 /etc/munge/munge.key
  pgrep -x munged >/dev/null || su -s /bin/sh munge -c /usr/sbin/munged

  cat >"$conf" <<CONF
ClusterName=local
SlurmctldHost=$host
AuthType=auth/munge
# How long a requeued job waits (120 by default).
AuthInfo=cred_expire=5
SlurmUser=root
SlurmctldPort=$port
StateSaveLocation=$dir/state
SlurmctldLogFile=$dir/log/slurmctld.log
SlurmctldPidFile=$dir/slurmctld.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
SlurmctldTimeout=30
SlurmdTimeout=30
SlurmdParameters=config_overrides
ReturnToService=2
MpiDefault=pmix
JobAcctGatherType=jobacct_gather/none
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
KillWait=15
Licenses=matlab:3
CONF
  if [ "$nodes" = 1 ]; then
    cat >>"$conf" <<CONF
SlurmdPort=$((port + 1))
SlurmdSpoolDir=$dir/spool
SlurmdLogFile=$dir/log/slurmd.log
SlurmdPidFile=$dir/slurmd.pid
NodeName=$host CPUs=$cpus RealMemory=8000 TmpDisk=1000 State=UNKNOWN
PartitionName=batch Nodes=$host Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=urgent Nodes=$host MaxTime=INFINITE State=UP PriorityTier=2
CONF
  else
    cat >>"$conf" <<CONF
SlurmdSpoolDir=$dir/spool-%n
SlurmdLogFile=$dir/log/slurmd-%n.log
SlurmdPidFile=$dir/slurmd-%n.pid
CONF
    for i in $(seq 1 "$nodes"); do
      echo "NodeName=n$i NodeHostname=$host Port=$((port + 1 + i)) CPUs=$cpus RealMemory=8000 TmpDisk=1000 State=UNKNOWN" >>"$conf"
    done
    echo "PartitionName=batch Nodes=n[1-$nodes] Default=YES MaxTime=INFINITE State=UP PriorityTier=1" >>"$conf"
    echo "PartitionName=urgent Nodes=n[1-$nodes] MaxTime=INFINITE State=UP PriorityTier=2" >>"$conf"
  fi
  echo "PMIxCliTmpDirBase=$dir/pmix" >"$dir/mpi.conf"

  export SLURM_CONF=$conf
  slurmctld -f "$conf"
  if [ "$nodes" = 1 ]; then
    slurmd -f "$conf"
  else
    # Each slurmd sees its own directory under $dir/pmix, as separate hosts would.
    for i in $(seq 1 "$nodes"); do
      mkdir -p "$dir/spool-n$i" "$dir/pmix-n$i"
      unshare -m --propagation private sh -c "mount --bind '$dir/pmix-n$i' '$dir/pmix' && exec slurmd -f '$conf' -N n$i"
    done
  fi
  for _ in $(seq 30); do
    [ "$(sinfo -h -p batch -t idle -o %D 2>/dev/null)" = "$nodes" ] && { echo "export SLURM_CONF=$conf"; return; }
    sleep 1
  done
  echo "local_slurm.sh: nodes did not become idle; see $dir/log" >&2
  exit 1
}

case ${1:-} in
  up) up "${2:-1}" ;;
  down) down ;;
  *) sed -n '2,11p' "$0"; exit 2 ;;
esac
