#!/bin/bash
# A real SLURM cluster of one node, on loopback, for tests. Needs root and the packages munge, slurm-client, slurmctld and slurmd,
# and installs them by apt-get where they are missing. Accounting, which `sacct` and the efficiency report need, comes with slurmdbd and
# mariadb-server; where these cannot be had it goes without, and says so.
#   cluster.sh up FOLDER      start; FOLDER takes configuration, state, logs; exit code 77 if SLURM cannot be had here
#   cluster.sh down FOLDER    cancel its jobs and stop what `up` started, nothing else
set -euo pipefail
folder=$(realpath -m "$2") etc=/etc/slurm/slurm.conf
export SLURM_CONF=$folder/slurm.conf

cannot() { echo "no SLURM here: $*" >&2; exit 77; }
runs() { [ "$(cat "/proc/$(cat "$folder/$1.pid" 2> /dev/null)/comm" 2> /dev/null)" = "$1" ]; }
wait_for() { for _ in $(seq 100); do "$@" > /dev/null 2>&1 && return; sleep 0.3; done; echo "'$*' never succeeded, see $folder" >&2; return 1; }
free() { sinfo --noheader --format %t | grep --quiet --extended-regexp "idle|mix|alloc"; }

has() { for program; do command -v "$program" > /dev/null || return 1; done; } # all of them
idle() { [ -z "$(squeue --noheader --format %i --states running)" ]; }

install() { { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$@"; } > /dev/null 2>&1; }
accounting() { has slurmdbd mariadbd || install slurmdbd mariadb-server; }

database() { # SLURM's daemon for accounting and the database behind it
  local data=$folder/mysql password
  mkdir -p "$data"
  chown mysql: "$data"
  [ -d "$data/mysql" ] || mariadb-install-db --no-defaults --user=mysql --datadir="$data" --skip-test-db \
    --auth-root-authentication-method=normal > "$folder/mariadbd.log" 2>&1
  runs mariadbd || { setsid mariadbd --no-defaults --user=mysql --datadir="$data" --socket="$data/sock" --pid-file="$data/pid" \
    --bind-address=127.0.0.1 --port=16920 --skip-name-resolve < /dev/null >> "$folder/mariadbd.log" 2>&1 & echo $! > "$folder/mariadbd.pid"; }
  local sql=(mariadb --no-defaults --socket="$data/sock" --user=root)
  wait_for "${sql[@]}" --execute "select 1"
  password=$(head --bytes 18 /dev/urandom | base64 | tr --delete "/+=")
  "${sql[@]}" --execute "create or replace user slurm@'127.0.0.1' identified by '$password'; grant all on slurm_acct_db.* to slurm@'127.0.0.1'"
  (umask 077; cat > "$folder/slurmdbd.conf" << CONF
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort=16919
SlurmUser=root
PidFile=$folder/slurmdbd.pid
LogFile=$folder/slurmdbd.log
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=16920
StorageUser=slurm
StoragePass=$password
CONF
  )
  runs slurmdbd || slurmdbd
  wait_for sacctmgr --noheader list cluster
  sacctmgr --immediate --quiet add cluster test > /dev/null || true # it is there if this is not the first start
}

up() {
  [ "$(id --user)" = 0 ] || cannot "starting its daemons needs root"
  if ! has munged slurmctld slurmd sbatch; then
    install munge slurm-client slurmctld slurmd || cannot "its packages cannot be installed"
  fi
  local store=accounting_storage/none
  if accounting; then store=accounting_storage/slurmdbd; else echo "no accounting: slurmdbd or mariadb-server cannot be had" >&2; fi
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
AccountingStorageType=$store
AccountingStorageHost=127.0.0.1
AccountingStoragePort=16919
AccountingStoragePass=$folder/munge/socket
AccountingStoreFlags=job_comment
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
  [ "$store" = accounting_storage/none ] || database
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
    wait_for idle || true
  fi
  for daemon in slurmd slurmctld slurmdbd mariadbd munged; do
    if runs "$daemon"; then
      kill "$(cat "$folder/$daemon.pid")"
      while runs "$daemon"; do sleep 0.2; done
    fi
  done
  if [ -L "$etc" ] && [ "$(readlink "$etc")" = "$SLURM_CONF" ]; then rm "$etc"; fi
}

"$1"
