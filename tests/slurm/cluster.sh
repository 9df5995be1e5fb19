#!/bin/bash
# A real SLURM cluster of one node, on loopback, for tests. Needs root and the packages munge, slurm-client, slurmctld and slurmd,
# and installs them by apt-get where they are missing.
#   cluster.sh up FOLDER      start; FOLDER takes configuration, state, logs; exit code 77 if SLURM cannot be had here
#   cluster.sh down FOLDER    cancel its jobs and stop what `up` started, nothing else
set -euo pipefail
folder=$(realpath -m "$2") etc=/etc/slurm/slurm.conf
export SLURM_CONF=$folder/slurm.conf

cannot() { echo "no SLURM here: $*" >&2; exit 77; }
runs() { [ "$(cat "/proc/$(cat "$folder/$1.pid" 2> /dev/null)/comm" 2> /dev/null)" = "$1" ]; }
wait_for() { for _ in $(seq 100); do "$@" > /dev/null 2>&1 && return; sleep 0.3; done; echo "'$*' never succeeded, see $folder" >&2; return 1; }
free() { sinfo --noheader --format %t | grep --quiet --extended-regexp "idle|mix|alloc"; }

up() {
  [ "$(id --user)" = 0 ] || cannot "starting its daemons needs root"
  if ! command -v munged slurmctld slurmd sbatch > /dev/null; then
    command -v apt-get > /dev/null || cannot "its packages are missing, and there is no apt-get to install them"
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
      munge slurm-client slurmctld slurmd; } > /dev/null 2>&1 || cannot "its packages cannot be installed"
  fi
  if [ -e "$etc" ] && [ "$(readlink "$etc")" != "$SLURM_CONF" ]; then cannot "$etc is there already, of another cluster"; fi
  umask 022
  mkdir -p "$folder"/{state,spool,munge} "$(dirname $etc)"
  (umask 077; head --bytes 128 /dev/urandom > "$folder/munge.key")
  local host memory
  host=$(hostname -s) memory=$(awk '/MemTotal/ {print int($2 / 1024 * 0.9)}' /proc/meminfo)
  cat > "$SLURM_CONF" << CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=16917
SlurmdPort=16918
SlurmUser=root
AuthInfo=socket=$folder/munge/socket
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0
ReturnToService=2
KillWait=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc --all) RealMemory=$memory State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
  ln -sfn "$SLURM_CONF" "$etc" # the steps of a job look there
  runs munged || munged --force --socket="$folder/munge/socket" --key-file="$folder/munge.key" --pid-file="$folder/munged.pid" \
    --log-file="$folder/munged.log" --seed-file="$folder/munge.seed" 2> /dev/null
  wait_for munge --no-input --socket "$folder/munge/socket"
  runs slurmctld || slurmctld
  wait_for scontrol ping
  runs slurmd || slurmd
  wait_for free
}

down() {
  local jobs
  if runs slurmctld; then
    jobs=$(squeue --noheader --format %i)
    # shellcheck disable=SC2086 # one argument for each job
    [ -z "$jobs" ] || scancel $jobs
    wait_for test -z "$(squeue --noheader --format %i --states running)" || true
  fi
  for daemon in slurmd slurmctld munged; do
    if runs "$daemon"; then
      kill "$(cat "$folder/$daemon.pid")"
      while runs "$daemon"; do sleep 0.2; done
    fi
  done
  if [ -L "$etc" ] && [ "$(readlink "$etc")" = "$SLURM_CONF" ]; then rm "$etc"; fi
}

"$1"
