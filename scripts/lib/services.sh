# Programs that go on running: started apart from the terminal, remembered by pid file, stopped by that pid only.
# shellcheck shell=bash disable=SC2034,SC2154,SC2164

# The pid, if the service runs and is the process that was started (a pid may have been given to another since).
service_pid() {
  local file=$state/$1.pid pid born
  [[ -s $file ]] || return 1
  read -r pid born <"$file"
  [[ -r /proc/$pid/stat && $(process_born "$pid") == "$born" ]] || return 1
  printf '%s' "$pid"
}
# Field 22 of stat, counted behind the name, which may hold spaces: when the process was born.
process_born() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

# start_service NAME ENV_FILE COMMAND…: its output goes to STATE/NAME.log, readable by its owner alone.
start_service() {
  local name=$1 env_file=$2 pid
  shift 2
  (
    umask 077
    : >"$state/$name.log"
    # shellcheck disable=SC1090
    if [[ -n $env_file ]]; then set -a && . "$env_file" && set +a; fi
    cd /
    setsid "$@" </dev/null >>"$state/$name.log" 2>&1 9>&- &
    pid=$!
    printf '%s %s\n' "$pid" "$(process_born "$pid")" >"$state/$name.pid"
  )
}

stop_service() {
  local name=$1 pid waited=0
  if pid=$(service_pid "$name"); then
    kill -TERM "$pid" 2>/dev/null || true
    while service_pid "$name" >/dev/null && ((waited < 400)); do
      sleep 0.1
      waited=$((waited + 1))
    done
    if service_pid "$name" >/dev/null; then
      warn "$name did not stop within 40 s and is killed"
      kill -KILL "$pid" 2>/dev/null || true
    fi
  fi
  rm -f -- "$state/$name.pid"
}

# The status line's code that a GET answers, or nothing.
http_status() {
  local line
  (
    exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
    printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' "$2" >&3
    read -r -t 5 line <&3 || exit 1
    [[ $line =~ ^HTTP/1\.[01]\ ([0-9]{3}) ]] && printf '%s' "${BASH_REMATCH[1]}"
  ) 2>/dev/null
}

# wait_ready NAME PORT PATH: until it answers 200, at most a minute; if it does not, the end of its log says why.
wait_ready() {
  local name=$1 port=$2 path=$3 until=$((SECONDS + 60))
  while [[ $(http_status "$port" "$path") != 200 ]]; do
    if ! service_pid "$name" >/dev/null || ((SECONDS >= until)); then
      tail -n 20 "$state/$name.log" >&2
      die "$name did not become ready" "its log is $state/$name.log"
    fi
    progress "waiting for $name"
    sleep 0.1
  done
  progress_end
}
