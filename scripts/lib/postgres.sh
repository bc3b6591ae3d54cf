# A private PostgreSQL 15 cluster: its own folder, its own Unix socket, no TCP port; the system's clusters are never touched.
# shellcheck shell=bash disable=SC2034,SC2154,SC2164

postgres_bin=/usr/lib/postgresql/15/bin

# PostgreSQL refuses to run as root: then the package's user postgres runs it.
as_postgres() {
  if ((EUID == 0)); then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}
give_to_postgres() { if ((EUID == 0)); then chown postgres:postgres "$@"; fi; }

# Where the socket lies: in the cluster's folder, or, as such paths may have 107 bytes only, under /tmp.
postgres_socket_dir() {
  local folder=$1
  if ((${#folder} <= 80)); then
    printf '%s/socket' "$folder"
  else
    printf '/tmp/fairlead-%s-%s' "$EUID" "$(printf '%s' "$folder" | sha256sum | cut -c1-10)"
  fi
}

postgres_is_running() {
  [[ -f $1/data/postmaster.pid ]] && as_postgres "$postgres_bin/pg_ctl" -D "$1/data" status >/dev/null 2>&1
}

# postgres_create FOLDER PASSWORD_FILE|trust: initdb; the superuser is "postgres". Durability stays on, as in production.
postgres_create() {
  local folder=$1 password_file=$2 auth=(--auth=trust) copy=
  [[ -s $folder/data/PG_VERSION ]] && return 0
  make_dir "$folder" 700
  give_to_postgres "$folder"
  rm -rf -- "$folder/data"
  if [[ $password_file != trust ]]; then
    copy=$folder/first-password
    (umask 077 && cp -- "$password_file" "$copy")
    give_to_postgres "$copy"
    auth=(--auth=scram-sha-256 "--pwfile=$copy")
  fi
  run_logged "${postgres_log:-/dev/null}" "initdb" as_postgres "$postgres_bin/initdb" -D "$folder/data" -U postgres \
    --encoding=UTF8 --locale=C.UTF-8 "${auth[@]}"
  [[ -z $copy ]] || rm -f -- "$copy"
}

postgres_start() {
  local folder=$1 socket
  postgres_is_running "$folder" && return 0
  socket=$(postgres_socket_dir "$folder")
  if [[ -e $socket ]] && ((EUID == 0)) && [[ ! $(stat -c %U "$socket") =~ ^(root|postgres)$ ]]; then die "$socket belongs to another user"; fi
  make_dir "$socket" 700
  give_to_postgres "$socket"
  local options="-c listen_addresses='' -c unix_socket_directories='$socket' -c max_connections=300 -c shared_buffers=256MB"
  options+=" -c fsync=on -c synchronous_commit=on -c max_wal_size=2GB -c log_timezone=UTC -c timezone=UTC"
  if ! as_postgres "$postgres_bin/pg_ctl" -D "$folder/data" -l "$folder/postgres.log" -w -t 60 -o "$options" start >/dev/null; then
    as_postgres tail -n 20 "$folder/postgres.log" >&2 || true
    die "PostgreSQL did not start" "its log is $folder/postgres.log"
  fi
}

postgres_stop() {
  local folder=$1
  postgres_is_running "$folder" || return 0
  as_postgres "$postgres_bin/pg_ctl" -D "$folder/data" -w -t 60 -m fast stop >/dev/null || warn "PostgreSQL in $folder did not stop"
}

postgres_remove() {
  local folder=$1 socket
  [[ -d $folder ]] || return 0
  postgres_stop "$folder"
  socket=$(postgres_socket_dir "$folder")
  rm -rf -- "$folder" "$socket"
}
