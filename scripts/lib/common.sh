# Sourced by every script: where the checkout is, how to speak, where state is kept, and what a machine must have.
# shellcheck shell=bash disable=SC2034
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
started_at=$SECONDS
is_terminal=false
[[ -t 1 && ${TERM:-dumb} != dumb ]] && is_terminal=true

elapsed() { printf '%d:%02d' $(((SECONDS - started_at) / 60)) $(((SECONDS - started_at) % 60)); }

# A step's name; on a terminal in bold.
step() {
  if $is_terminal; then printf '\033[1m==> [%s] %s\033[0m\n' "$(elapsed)" "$*"; else printf '==> [%s] %s\n' "$(elapsed)" "$*"; fi
}
say() { printf '    %s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die() {
  printf '\nerror: %s\n' "$1" >&2
  shift
  local line
  for line in "$@"; do printf '       %s\n' "$line" >&2; done
  exit 1
}

# One line that is rewritten in place on a terminal; elsewhere a plain line every five seconds.
progress_shown_at=-5
progress() {
  if $is_terminal; then
    printf '\r\033[K    %.110s' "$*"
  elif ((SECONDS - progress_shown_at >= 5)); then
    progress_shown_at=$SECONDS
    say "$(printf '%.110s' "$*")"
  fi
}
progress_end() { if $is_terminal; then printf '\r\033[K'; fi; }

# run_logged LOG TEXT COMMAND…: runs it with its output in LOG, shows TEXT and the seconds meanwhile, and the log's end if it fails.
logged_pid=
logged_text=
run_logged() {
  local log=$1 text=$2
  shift 2
  local from=$SECONDS status=0
  "$@" >"$log" 2>&1 </dev/null &
  logged_pid=$!
  logged_text=$text
  while kill -0 "$logged_pid" 2>/dev/null; do
    progress "$text: $((SECONDS - from)) s  $(tail -n 1 "$log" 2>/dev/null | tr -d '\r')"
    sleep 0.2
  done
  wait "$logged_pid" || status=$?
  logged_pid=
  progress_end
  if ((status != 0)); then
    tail -n 30 "$log" >&2
    die "$text failed (exit $status)" "the whole output is in $log"
  fi
}

# For traps: ends what run_logged is doing; an installation of packages is let finish, so that dpkg is left whole.
end_logged() {
  [[ -n $logged_pid ]] && kill -0 "$logged_pid" 2>/dev/null || return 0
  if [[ $logged_text == apt-get* ]]; then warn "waiting for $logged_text to finish"; else kill "$logged_pid" 2>/dev/null || true; fi
  wait "$logged_pid" 2>/dev/null || true
  logged_pid=
}

# A checkout's state lies inside it, or, when root runs us, where the unprivileged database user can reach it.
checkout_hash() { printf '%s' "$root" | sha256sum | cut -c1-10; }
state_root() {
  if [[ -n ${FAIRLEAD_STATE_DIR:-} ]]; then
    printf '%s' "$FAIRLEAD_STATE_DIR"
  elif ((EUID == 0)); then
    printf '/var/lib/fairlead-%s' "$(checkout_hash)"
  else
    printf '%s/.run' "$root"
  fi
}

# make_dir PATH MODE: makes a folder; one that another user owns is refused, so that nobody can lay one out for us.
make_dir() {
  local path=$1 mode=$2
  [[ -d $path ]] || mkdir -p -- "$path"
  [[ -O $path || $EUID -eq 0 ]] || die "$path belongs to another user" "remove it, or set FAIRLEAD_STATE_DIR to a folder of your own"
  chmod "$mode" "$path"
}

check_machine() {
  local id version
  # shellcheck disable=SC1091
  id=$(. /etc/os-release 2>/dev/null && printf '%s' "${ID:-unknown}")
  # shellcheck disable=SC1091
  version=$(. /etc/os-release 2>/dev/null && printf '%s' "${VERSION_ID:-}")
  command -v apt-get >/dev/null || die "this machine has no apt-get" \
    "the scripts install packages of Debian 12; this is $id $version: use a Debian 12 machine, container or virtual machine"
  [[ $id == debian && $version == 12 ]] || warn "made for Debian 12, this is $id $version: packages may be missing or have other versions"
  local free_kb memory_kb
  free_kb=$(df -Pk "$root" | awk 'NR == 2 {print $4}')
  ((free_kb >= 3 * 1024 * 1024)) || die "not enough disk: $((free_kb / 1024)) MiB free at $root, 3 GiB are needed" \
    "free some space, or put the checkout on a larger disk"
  memory_kb=$(awk '/^MemTotal:/ {print $2}' /proc/meminfo)
  ((memory_kb >= 1900 * 1024)) || die "not enough memory: $((memory_kb / 1024)) MiB, compiling needs 2 GiB" \
    "use a machine with more memory"
}

# Compilers at once: as many as there are processors and memory for (one takes up to 1.2 GiB).
build_jobs() {
  local by_memory processors
  by_memory=$(awk '/^MemAvailable:/ {print int($2 / 1258291)}' /proc/meminfo)
  processors=$(nproc)
  if ((by_memory < 1)); then by_memory=1; fi
  if ((by_memory < processors)); then printf '%d' "$by_memory"; else printf '%d' "$processors"; fi
}

# A port of 127.0.0.1 that nobody listens on: the wanted one, else one that the system names.
free_port() {
  /usr/bin/python3 - "$@" <<'PY'
import socket, sys

taken = set(map(int, sys.argv[2:]))
def free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            return probe.getsockname()[1]
        except OSError:
            return None
wanted = int(sys.argv[1])
port = free(wanted) if wanted not in taken else None
while port is None or port in taken:
    port = free(0)
print(port)
PY
}

random_hex() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }
